//! Units of work hold one connection and wait for another.
//!
//! **What was seen.** Callers waited a second and longer for a connection while they held one already. When all connections are held by such callers, each waits for
//! the others, and nobody gets one before the time limit.
//!
//! **What to do.** Pass the connection on to where the second one is taken, `&mut *tx` instead of `&pool`. Where that cannot be, the pool needs at least
//! units of work at once, times connections held by each before its last, plus one.
//!
//! **When it is wrong.** Never, where waits were that long. It cannot tell where it is not known who waits.

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority, Wait};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) struct NestedAcquire;

const WAITED_MIN: Duration = Duration::from_secs(1);
const WAITS_MIN: usize = 3;

impl Rule for NestedAcquire {
    fn name(&self) -> &'static str {
        "nested-acquire"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        if seen.story.waits.iter().all(|wait| wait.holds.is_none()) {
            return say.cannot_tell("", "what a waiting unit of work holds already is not known");
        }
        let nested = nested(seen);
        if nested.len() < WAITS_MIN {
            return say.quiet("", format!("{} long waits while holding a connection", nested.len()));
        }
        say.found("pools", None, advice(&nested));
    }
}

/// Whether those who wait for long hold a connection already.
pub(super) fn are_nested(seen: &Seen<'_>) -> bool {
    nested(seen).len() >= WAITS_MIN
}

fn nested<'a>(seen: &Seen<'a>) -> Vec<&'a Wait> {
    let is_nested = |wait: &&Wait| wait.holds.is_some_and(|holds| holds > 0) && wait.waited >= WAITED_MIN;
    seen.story.waits.iter().filter(is_nested).collect()
}

fn advice(nested: &[&Wait]) -> Found {
    let holds = nested.iter().filter_map(|wait| wait.holds).max().unwrap_or(1);
    let units: BTreeSet<_> = nested.iter().filter_map(|wait| wait.scope).collect();
    Found {
        category: Category::Pool,
        effort: Effort::Medium,
        confidence: Confidence::Observed,
        risk: Some(Priority::High),
        saves: None,
        title: "units of work hold one connection and wait for another".into(),
        meaning: "when all connections are held by such waiters, each waits for the others until the time limit".into(),
        remedy: vec![
            "pass the connection on to where the second one is taken: `&mut *tx` in the place of `&pool`".into(),
            format!("else the pool needs units of work at once × {holds} + 1 connections"),
        ],
        evidence: Evidence::default()
            .fact("waits while holding a connection", nested.len())
            .fact("units of work", units.len())
            .fact("longest wait", format!("{:.0?}", nested.iter().map(|wait| wait.waited).max().unwrap_or_default())),
    }
}

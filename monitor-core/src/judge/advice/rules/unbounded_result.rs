//! A statement gives as many rows as there are, and there are many, or more and more.
//!
//! **What was seen.** A `select` without `limit` that gives ten thousand rows a call, or whose rows per call doubled while the monitor
//! watched. All of them are read, sent, decoded and held in memory at once; it grows with the table until something breaks.
//!
//! **What to do.** Page by key, `where id > ? order by id limit ?`, or read the rows as a stream and let each go.
//!
//! **When it is wrong.** An export means all rows; mute it there. Fewer than five calls are no habit. Where the rows of one and the same parameter stay alike, and only other
//! parameters are asked for, nothing is said.

use std::collections::BTreeMap;

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::identify::{Fingerprint, Kind};
use crate::judge::advice::{Category, Confidence, Effort, Evidence};
use crate::snapshot::{Activity, StatementActivity};

pub(super) struct UnboundedResult;

/// Rows per call that are many whatever they are for.
const ROWS_MANY: f64 = 10_000.0;
/// Calls that make a habit of it: a cache that is filled once at the start is none.
const CALLS_MANY_MIN: u64 = 5;
/// Rows per call from which on growth is told.
const ROWS_GROWN_MIN: f64 = 1_000.0;
/// How much rows per call must have grown.
const GROWTH_MIN: f64 = 2.0;
/// Calls needed now and before to speak of growth.
const CALLS_MIN: u64 = 20;
/// Share of the time saved that is expected of a page in the place of everything.
const SAVES: f64 = 0.9;

impl Rule for UnboundedResult {
    fn name(&self) -> &'static str {
        "unbounded-result"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for statement in &seen.lately().statements {
            let Some(fingerprint) = statement.fingerprint.filter(|_| statement.kind == Kind::Select) else { continue };
            let Some(shape) = seen.shape(fingerprint) else { continue };
            if !shape.limited && !shape.aggregated {
                judge(seen, say, statement, fingerprint);
            }
        }
    }
}

fn judge(seen: &Seen<'_>, say: &mut Say<'_>, statement: &StatementActivity, fingerprint: Fingerprint) {
    let Some(rows) = rows_per_call(&statement.activity) else {
        return say.cannot_tell(&*statement.text, "the driver does not tell rows");
    };
    if rows >= ROWS_MANY && statement.activity.calls < CALLS_MANY_MIN {
        let calls = statement.activity.calls;
        return say.too_soon(&*statement.text, format!("{rows:.0} rows a call, {calls} times, which has to be {CALLS_MANY_MIN}"));
    }
    if rows >= ROWS_MANY {
        let title = format!("a call gives {rows:.0} rows");
        return say.found_in(statement, advice(title, Evidence::default()));
    }
    let Some((before, now)) = before_and_now(seen, fingerprint) else {
        return say.quiet(&*statement.text, format!("{rows:.0} rows a call are few"));
    };
    let grown = now >= ROWS_GROWN_MIN && now >= GROWTH_MIN * before;
    match grown.then(|| same_parameters_grew(seen, fingerprint)) {
        None => say.quiet(&*statement.text, format!("rows per call went from {before:.0} to {now:.0}")),
        Some(Some(false)) => say.quiet(&*statement.text, "rows of the same parameters stay alike"),
        Some(None) if seen.shape(fingerprint).is_some_and(|shape| shape.is_narrowed) => {
            say.cannot_tell(&*statement.text, "whether the same values give more rows, or others are asked for, is not known");
        }
        Some(Some(true) | None) => {
            let evidence = Evidence::default()
                .fact("rows per call before", format!("{before:.0}"))
                .fact("rows per call now", format!("{now:.0}"));
            say.found_in(statement, advice("a call gives more and more rows".into(), evidence));
        }
    }
}

fn advice(title: String, evidence: Evidence) -> Found {
    Found {
        category: Category::Query,
        effort: Effort::Medium,
        confidence: Confidence::Observed,
        risk: None,
        saves: Some(SAVES),
        title,
        meaning: "all rows are read, sent and held in memory at once, and nothing bounds how many there will be".into(),
        remedy: vec![
            "page by key: `where id > ? order by id limit ?`".into(),
            "or read the rows as a stream, and let each go".into(),
        ],
        evidence,
    }
}

fn rows_per_call(activity: &Activity) -> Option<f64> {
    let calls = activity.calls.checked_sub(activity.rows_unknown).filter(|calls| *calls > 0)?;
    Some(activity.rows_returned as f64 / calls as f64)
}

/// Rows per call in the time before the last minute, and in the last minute.
fn before_and_now(seen: &Seen<'_>, fingerprint: Fingerprint) -> Option<(f64, f64)> {
    let (recent, older) = seen.recent_and_older(fingerprint)?;
    if recent.calls < CALLS_MIN || older.calls < CALLS_MIN {
        return None;
    }
    rows_per_call(&older).zip(rows_per_call(&recent))
}

/// Whether calls with the same parameters give more rows than they did; `None` where parameters are not known, or
/// none came again.
fn same_parameters_grew(seen: &Seen<'_>, fingerprint: Fingerprint) -> Option<bool> {
    let mut spans = BTreeMap::<u64, (u64, u64)>::new();
    for call in seen.story.calls.iter().filter(|call| call.fingerprint == fingerprint) {
        let (parameters, rows) = (call.parameters?, call.rows.returned?);
        spans.entry(parameters).and_modify(|span| span.1 = rows).or_insert((rows, rows));
    }
    let mut again = spans.values().filter(|(first, _)| *first > 0).peekable();
    again.peek()?;
    Some(again.any(|(first, last)| *last as f64 >= GROWTH_MIN * *first as f64))
}

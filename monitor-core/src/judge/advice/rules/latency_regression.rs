//! A statement takes three times as long as it did, for the same work.
//!
//! **What was seen.** In the last minute its median call took three times as long or more than in the time before (or its slowest twentieth three times and the
//! median half as long again), while the rows it gives did not grow alike.
//!
//! **What to do.** Look what changed: a deploy, a plan that flipped (`explain` it, refresh statistics), a dropped index, a lock that somebody holds, a cold cache
//! after a restart.
//!
//! Where half of the statements, and three at least, slowed down together, the database itself is slower, and that is said once.
//!
//! **When it is wrong.** Less than thirty calls in either time are too few.

use super::Rule;
use super::pressure;
use super::seen::{Found, Say, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::{Activity, StatementActivity};
use std::time::Duration;

pub(super) struct LatencyRegression;

/// Calls needed in the last minute, and before.
const CALLS_MIN: u64 = 30;
const SLOWER_MIN: f64 = 3.0;
/// From so many on, and from half of all on, statements that slowed down together are one piece of advice.
const MANY_MIN: usize = 3;
/// Statements named in it.
const NAMED_MAX: usize = 5;
/// How much the median must have grown where only the slowest twentieth grew by [`SLOWER_MIN`].
const MEDIAN_SLOWER_MIN: f64 = 1.5;
/// A call that is faster than this is not felt, however much slower it became.
const TIME_MIN: Duration = Duration::from_millis(1);

impl Rule for LatencyRegression {
    fn name(&self) -> &'static str {
        "latency-regression"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let fill_a_pool: Vec<_> = pressure::long_full(seen)
            .filter_map(|full| pressure::filling_statement(seen, &full.pool)?.0.fingerprint)
            .collect();
        let mut slowed = Vec::new();
        let mut judged = 0;
        for statement in &seen.lately().statements {
            let Some(fingerprint) = statement.fingerprint else { continue };
            if fill_a_pool.contains(&fingerprint) {
                say.quiet(&*statement.text, "the pool it fills is told by slow-query");
                continue;
            }
            let Some((now, before)) = seen.recent_and_older(fingerprint) else { continue };
            if now.calls < CALLS_MIN || before.calls < CALLS_MIN {
                let (now, before) = (now.calls, before.calls);
                say.too_soon(&*statement.text, format!("{now} calls now and {before} before, of {CALLS_MIN}"));
            } else {
                judged += 1;
                match judge(&before, &now) {
                    Ok(found) => slowed.push((statement, found)),
                    Err(why) => say.quiet(&*statement.text, why),
                }
            }
        }
        match slowed.len() {
            MANY_MIN.. if slowed.len() * 2 >= judged => say.found("", None, all_slower(&slowed, judged)),
            _ => slowed.into_iter().for_each(|(statement, found)| say.found_in(statement, found)),
        }
    }
}

/// The database itself is slower: one word for all of its statements.
fn all_slower(slowed: &[(&StatementActivity, Found)], judged: usize) -> Found {
    let mut evidence = Evidence::default().fact("statements that slowed down", format!("{} of {judged}", slowed.len()));
    let named = slowed.iter().filter(|(statement, _)| !statement.muted).take(NAMED_MAX);
    evidence.statements = named.filter_map(|(one, _)| Some((one.fingerprint?, one.text.to_string()))).collect();
    Found {
        category: Category::Configuration,
        effort: Effort::Medium,
        confidence: Confidence::Observed,
        risk: Some(Priority::High),
        saves: None,
        title: format!("{} of {judged} statements take three times as long as before", slowed.len()),
        meaning: "so many at once do not change by themselves: the server, or the way to it, is slower for all".into(),
        remedy: vec![
            "look at the server: its processors, disks and memory, a backup, a vacuum, another service on it".into(),
            "look what changed at that time: a deploy, a setting, a lock that all wait for".into(),
        ],
        evidence,
    }
}

/// How many times longer it takes now, for the same rows.
fn times(before: Duration, now: Duration, growth: f64) -> f64 {
    now.as_secs_f64() / before.as_secs_f64().max(1e-9) / growth
}

fn rows_per_call(activity: &Activity) -> f64 {
    let told = activity.calls.saturating_sub(activity.rows_unknown).max(1) as f64;
    (activity.rows_returned + activity.rows_affected) as f64 / told
}

fn judge(before: &Activity, now: &Activity) -> Result<Found, String> {
    // A statement that gives fewer rows is not expected to be faster: the rest of its work stays.
    let growth = (rows_per_call(now).max(1.0) / rows_per_call(before).max(1.0)).max(1.0);
    let median = times(before.p50(), now.p50(), growth);
    let tail = times(before.p95(), now.p95(), growth);
    let is_slower = median >= SLOWER_MIN || (tail >= SLOWER_MIN && median >= MEDIAN_SLOWER_MIN);
    if now.p95() < TIME_MIN || !is_slower {
        return Err(format!("for the same rows it takes {median:.1} times as long"));
    }
    Ok(Found {
        category: Category::Query,
        effort: Effort::Medium,
        confidence: Confidence::Observed,
        risk: None,
        saves: Some(1.0 - 1.0 / median.max(SLOWER_MIN)),
        title: format!("it takes {:.0} times as long as before", median.max(tail)),
        meaning: "the rows it gives did not grow alike, so the way to them did".into(),
        remedy: vec![
            "look what changed at that time: a deploy, an index, statistics, a lock".into(),
            "ask for its plan with `explain`, and refresh its tables' statistics with `analyze`".into(),
        ],
        evidence: Evidence::default()
            .fact("median before", format!("{:.2?}", before.p50()))
            .fact("median in the last minute", format!("{:.2?}", now.p50()))
            .fact("p95 before", format!("{:.2?}", before.p95()))
            .fact("p95 in the last minute", format!("{:.2?}", now.p95())),
    })
}

//! Connections are taken and not used.
//!
//! **What was seen.** Connections were out for five seconds and longer, and the database worked for less than a tenth of that time: somebody does something else meanwhile, or
//! forgot to give them back. The pool runs dry though the database has nothing to do.
//!
//! **What to do.** Give the connection back before calling anybody else, and take it again after. One that is never given back is held by the line named in the evidence, if the adapter saw it.
//!
//! **When it is wrong.** A connection that listens for notifications, holds an advisory lock or feeds a `copy` is idle on purpose; give it a pool of its own. A single such connection is not told.

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Hold, Priority};
use crate::snapshot::{Histogram, SourceActivity};
use std::time::Duration;

pub(super) struct ConnectionHeldIdle;

/// A connection that is out for so long is held.
const HELD_MIN: Duration = Duration::from_secs(5);
/// The database works for less of that time than this where it is held idle.
const BUSY_MAX: f64 = 0.1;
/// One connection may be idle on purpose.
const HOLDS_MIN: usize = 2;
/// Share of the idle time that was spent in transactions, from which on those are the reason.
const IN_TRANSACTION_MIN: f64 = 0.5;

/// Connections of one pool that were held and not used.
pub(super) struct Idle {
    pub(super) pool: String,
    pub(super) holds: usize,
    pub(super) time: Duration,
    pub(super) in_transaction: bool,
    callers: Vec<String>,
}

impl Rule for ConnectionHeldIdle {
    fn name(&self) -> &'static str {
        "connection-held-idle"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for idle in idle_pools(seen) {
            match idle {
                Ok(idle) if idle.in_transaction => say.quiet(idle.pool, "they are in transactions: see idle-in-transaction"),
                Ok(idle) => say.found(&idle.pool.clone(), None, advice(&idle)),
                Err((pool, why)) => say.quiet(pool, why),
            }
        }
    }
}

fn advice(idle: &Idle) -> Found {
    idle.advice(
        format!("connections of {} are held and not used", idle.pool),
        "the pool runs dry though the database has nothing to do",
        vec![
            "give the connection back before calling anybody else, and take it again after".into(),
            "see that every path gives it back, also the one where something fails".into(),
        ],
    )
}

/// Whether connections of a pool are held and not used.
pub(super) fn is_idle(seen: &Seen<'_>, pool: &str) -> bool {
    idle_pools(seen).into_iter().flatten().any(|idle| idle.pool == pool)
}

/// Each pool whose connections are held and not used, or why it is not one.
pub(super) fn idle_pools(seen: &Seen<'_>) -> Vec<Result<Idle, (String, String)>> {
    let pools = seen.snapshot.sources.iter().filter(|source| source.pool.is_some());
    let judged = pools.map(|source| {
        let holds = seen.story.holds.iter().filter(|hold| *hold.pool == *source.name);
        let holds: Vec<_> = holds.collect();
        let idle = if holds.is_empty() { by_sums(seen, source) } else { by_holds(source, &holds) };
        idle.map_err(|why| (source.name.to_string(), why))
    });
    judged.collect()
}

/// By single holds, where somebody tells them.
fn by_holds(source: &SourceActivity, holds: &[&Hold]) -> Result<Idle, String> {
    let is_idle = |hold: &&&Hold| {
        let busy = hold.busy.map_or(f64::MAX, |busy| busy.as_secs_f64());
        hold.held >= HELD_MIN && busy < BUSY_MAX * hold.held.as_secs_f64()
    };
    let idle: Vec<_> = holds.iter().filter(is_idle).collect();
    let time: Duration = idle.iter().map(|hold| hold.held).sum();
    let inside: Duration = idle.iter().filter(|hold| hold.in_transaction).map(|hold| hold.held).sum();
    let callers = idle.iter().filter_map(|hold| hold.caller.as_deref()).map(str::to_owned);
    found(source, idle.len(), time, inside, callers.collect())
}

/// By sums of the last hour: all calls to the pool's database together took less than a tenth of the time of the long
/// holds, so the holds were idle, whichever connections the calls ran on.
fn by_sums(seen: &Seen<'_>, source: &SourceActivity) -> Result<Idle, String> {
    let lately = seen.source_lately(source).unwrap_or(source);
    let (Some(pool), Some(now)) = (&lately.pool, &source.pool) else { return Err("it is no pool".into()) };
    let (mut holds, mut time) = longer_than(&pool.checkouts.hold, HELD_MIN);
    let out = now.held.iter().filter(|held| held.held >= HELD_MIN);
    for held in out.clone() {
        holds += 1;
        time += held.held;
    }
    let statements = seen.lately().statements.iter().filter(|one| one.database == source.database);
    let busy: Duration = statements.map(|statement| statement.activity.time).sum();
    if holds > 0 && busy.as_secs_f64() >= BUSY_MAX * time.as_secs_f64() {
        return Err("calls may have filled the time".into());
    }
    let (_, inside) = longer_than(&lately.transactions.duration, HELD_MIN);
    let callers = out.filter_map(|held| held.call_site).map(|site| site.to_string());
    found(source, holds, time, inside, callers.collect())
}

fn found(
    source: &SourceActivity,
    holds: usize,
    time: Duration,
    inside: Duration,
    mut callers: Vec<String>,
) -> Result<Idle, String> {
    if holds < HOLDS_MIN {
        return Err(format!("{holds} connections were held for long and not used"));
    }
    callers.sort_unstable();
    callers.dedup();
    let in_transaction = inside.as_secs_f64() >= IN_TRANSACTION_MIN * time.as_secs_f64();
    Ok(Idle { pool: source.name.to_string(), holds, time, in_transaction, callers })
}

/// How many durations reach a bound, and how long they are together at the least.
fn longer_than(histogram: &Histogram, bound: Duration) -> (usize, Duration) {
    let mut count = 0;
    let mut time = Duration::ZERO;
    for (index, calls) in histogram.buckets() {
        let low = (f64::from(index - 1) / 8.0).exp2();
        let low = Duration::try_from_secs_f64(low).unwrap_or_default();
        if low >= bound {
            count += usize::try_from(calls).unwrap_or(usize::MAX);
            time += low * u32::try_from(calls).unwrap_or(u32::MAX);
        }
    }
    (count, time)
}

// === impl Idle ===

impl Idle {
    pub(super) fn advice(&self, title: String, meaning: &str, remedy: Vec<String>) -> Found {
        let mut evidence = Evidence::default()
            .fact("held for long and not used", self.holds)
            .fact("for, together", format!("{:.0?}", self.time));
        for caller in self.callers.iter().take(CALLERS_MAX) {
            evidence = evidence.fact("taken at", caller);
        }
        Found {
            category: Category::Pool,
            effort: Effort::Medium,
            confidence: Confidence::Observed,
            risk: Some(Priority::High),
            saves: None,
            title,
            meaning: meaning.into(),
            remedy,
            evidence,
        }
    }
}

/// Lines named in the evidence.
const CALLERS_MAX: usize = 5;

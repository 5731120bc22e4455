//! Why a pool gave no connection in time.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

use super::Thresholds;
use crate::snapshot::{CheckoutTimeout, HeldConnection};

/// Why a checkout timed out. Found by [`explain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Starvation {
    /// The pool had room for more connections, and could not make them.
    CannotConnect,
    /// Connections were out for longer than the leak threshold, and ran nothing.
    Leak,
    /// Connections ran one call for as long as the caller waited.
    SlowStatement,
    /// Connections had been given back and were still busy with calls whose callers had gone.
    Draining,
    /// Connections were out and ran nothing: held while the application did something else.
    HeldIdle,
    /// Every connection came and went, and there were too few of them.
    PoolTooSmall,
}

/// What [`explain`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The reason.
    pub starvation: Starvation,
    /// What was seen, what it means and what to try, in three lines, and a line for each holder.
    pub text: String,
}

/// Holders that [`Explanation::text`] has a line for.
const HOLDERS_SHOWN_MAX: usize = 10;

/// Says why a checkout timed out, from who held the connections at that moment.
///
/// The first that holds of these is the reason: a connect failed meanwhile and the pool had room;
/// at least half of the connections were busy after their callers had gone; at least half of the holders
/// had a connection for longer than [`leak_after`](Thresholds::leak_after) and called nothing for as long;
/// at least half had been running one call for as long as the caller waited; at least half ran nothing. Otherwise the pool is too small for
/// its work. What holders run is known only from adapters that tell; where it is not, only the first
/// and the last can be told apart, and leaks by their age.
#[must_use]
pub fn explain(timeout: &CheckoutTimeout, thresholds: &Thresholds) -> Explanation {
    let starvation = reason(timeout, thresholds);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, timeout, starvation);
    Explanation { starvation, text }
}

fn reason(timeout: &CheckoutTimeout, thresholds: &Thresholds) -> Starvation {
    let has_room =
        timeout.levels.is_none_or(|levels| levels.max.is_none_or(|max| levels.size < max));
    if timeout.connect_failed && has_room {
        return Starvation::CannotConnect;
    }
    if timeout.draining > 0 && timeout.draining >= timeout.out {
        return Starvation::Draining;
    }
    let held = &timeout.held;
    let half = |is: &dyn Fn(&HeldConnection) -> bool| {
        !held.is_empty() && held.iter().filter(|held| is(held)).count() * 2 >= held.len()
    };
    if half(&|held| held.running.is_none() && held.is_leak(thresholds.leak_after)) {
        Starvation::Leak
    } else if half(&|held| held.running.is_some_and(|running| running >= timeout.waited)) {
        Starvation::SlowStatement
    } else if half(&|held| held.is_seen && is_idle(held, timeout.waited)) {
        Starvation::HeldIdle
    } else {
        Starvation::PoolTooSmall
    }
}

/// Out for as long as the caller waited, and running nothing.
fn is_idle(held: &HeldConnection, waited: Duration) -> bool {
    held.running.is_none() && held.held >= waited
}

fn write(text: &mut String, timeout: &CheckoutTimeout, starvation: Starvation) -> fmt::Result {
    let CheckoutTimeout { waited, out, waiting, .. } = timeout;
    write!(text, "no connection within {waited:.1?}")?;
    if let Some(line) = timeout.call_site {
        write!(text, " at {line}")?;
    }
    write!(text, ": {out} out")?;
    if let Some(max) = timeout.levels.and_then(|levels| levels.max) {
        write!(text, " of {max}")?;
    }
    if timeout.draining > 0 {
        write!(text, ", {} busy after their callers had gone", timeout.draining)?;
    }
    writeln!(text, ", {waiting} others waiting")?;
    writeln!(text, "{}", meaning(starvation, timeout))?;
    writeln!(text, "try: {}", remedy(starvation))?;
    for held in timeout.held.iter().take(HOLDERS_SHOWN_MAX) {
        holder(text, held)?;
    }
    match timeout.held.len().checked_sub(HOLDERS_SHOWN_MAX) {
        Some(more @ 1..) => writeln!(text, "  and {more} more"),
        _ => Ok(()),
    }
}

fn meaning(starvation: Starvation, timeout: &CheckoutTimeout) -> String {
    match starvation {
        Starvation::CannotConnect => {
            "an attempt to connect failed meanwhile, so the pool could not grow".into()
        }
        Starvation::Leak => "most connections ran nothing and were not given back for long".into(),
        Starvation::SlowStatement => match commonest(timeout) {
            Some((statement, holders)) => {
                format!(
                    "most connections were busy with one call each, {holders} with `{statement}`"
                )
            }
            None => "most connections were busy with one call each".into(),
        },
        Starvation::Draining => {
            "most connections were still busy with calls that nobody waited for any more".into()
        }
        Starvation::HeldIdle => {
            "most connections ran nothing: they were held while the application did something else"
                .into()
        }
        Starvation::PoolTooSmall => {
            "no holder stands out: there was more work than connections".into()
        }
    }
}

fn remedy(starvation: Starvation) -> &'static str {
    match starvation {
        Starvation::CannotConnect => "look whether the database takes connections, and how many",
        Starvation::Leak => "look at the lines that took them for a connection that is kept",
        Starvation::SlowStatement => "make that statement faster, or run it on a pool of its own",
        Starvation::Draining => {
            "let the database end such calls itself, with a time limit of the statement's below the \
             caller's"
        }
        Starvation::HeldIdle => {
            "take a connection later and give it back sooner, before waiting for anything else"
        }
        Starvation::PoolTooSmall => {
            "raise the pool's maximum, or run fewer things at once; see what a call takes"
        }
    }
}

/// What most busy holders run.
fn commonest(timeout: &CheckoutTimeout) -> Option<(&str, usize)> {
    let mut counts = BTreeMap::<&str, usize>::new();
    let busy = timeout.held.iter().filter(|held| held.running.is_some());
    for statement in busy.filter_map(|held| held.statement.as_deref()) {
        *counts.entry(statement).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, holders)| *holders)
}

fn holder(text: &mut String, held: &HeldConnection) -> fmt::Result {
    write!(text, "  out for {:.1?}", held.held)?;
    if let Some(line) = held.call_site {
        write!(text, ", taken at {line}")?;
    }
    match (&held.statement, held.running) {
        (Some(statement), Some(running)) => {
            write!(text, ", running `{statement}` for {running:.1?}")?
        }
        (Some(statement), None) => write!(text, ", idle since `{statement}`")?,
        (None, _) if held.is_seen => write!(text, ", has run nothing")?,
        (None, _) => {}
    }
    if let Some(open) = held.transaction {
        write!(text, ", in a transaction for {open:.1?}")?;
    }
    writeln!(text)
}

// === impl Starvation ===

impl Starvation {
    /// The reason as a word, such as `slow_statement`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CannotConnect => "cannot_connect",
            Self::Leak => "leak",
            Self::SlowStatement => "slow_statement",
            Self::Draining => "draining",
            Self::HeldIdle => "held_idle",
            Self::PoolTooSmall => "pool_too_small",
        }
    }
}

impl fmt::Display for Starvation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

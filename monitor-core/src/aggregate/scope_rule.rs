//! What units of work of a name should keep to.

use std::time::Duration;

/// What units of work of one name should keep to, and from when on repeated calls are worth a word.
///
/// ```
/// use std::time::Duration;
/// use monitor_core::{Monitor, ScopeRule};
///
/// let monitor = Monitor::builder()
///     .scopes(ScopeRule::default().repeats_min(10))
///     .scope_rule("GET /orders", ScopeRule::default().calls_max(20).time_max(Duration::from_millis(100)))
///     .scope_rule("job:nightly-export", ScopeRule::muted())
///     .build()?;
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a rule does nothing until it is given to the builder"]
pub struct ScopeRule {
    pub(crate) calls_max: Option<u64>,
    pub(crate) time_max: Option<Duration>,
    pub(crate) repeats_min: usize,
    pub(crate) repeats_time_min: Duration,
    pub(crate) muted: bool,
}

// === impl ScopeRule ===

impl ScopeRule {
    /// Calls of one statement from one line in one unit from which on they are repeated calls, by
    /// default; what Sentry's detector of N+1 queries takes.
    pub const REPEATS_MIN: usize = 5;
    /// Time of repeated calls together below which nobody feels them, by default.
    pub const REPEATS_TIME_MIN: Duration = Duration::from_millis(10);

    /// Says nothing about repeated calls. Numbers are counted all the same.
    pub fn muted() -> Self {
        Self { muted: true, ..Self::default() }
    }

    /// A unit that makes more calls is over its budget. Default: no budget.
    pub fn calls_max(self, calls: u64) -> Self {
        Self { calls_max: Some(calls), ..self }
    }

    /// A unit that takes more of the database's time is over its budget. Default: no budget.
    pub fn time_max(self, time: Duration) -> Self {
        Self { time_max: Some(time), ..self }
    }

    /// Calls of one statement from one line in one unit from which on they are repeated calls; at
    /// least 2. Default: [`REPEATS_MIN`](Self::REPEATS_MIN), 5. Duplicates count from three on, and writes from
    /// four times as many on.
    pub fn repeats_min(self, calls: usize) -> Self {
        Self { repeats_min: calls.max(2), ..self }
    }

    /// Time of repeated calls together below which nothing is said. Default:
    /// [`REPEATS_TIME_MIN`](Self::REPEATS_TIME_MIN), 10 ms.
    pub fn repeats_time_min(self, time: Duration) -> Self {
        Self { repeats_time_min: time, ..self }
    }
}

impl Default for ScopeRule {
    fn default() -> Self {
        Self {
            calls_max: None,
            time_max: None,
            repeats_min: Self::REPEATS_MIN,
            repeats_time_min: Self::REPEATS_TIME_MIN,
            muted: false,
        }
    }
}

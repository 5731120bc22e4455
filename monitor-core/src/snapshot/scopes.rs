//! What units of work came to: requests, jobs, tests.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Histogram, RowHistogram};
use crate::capture::Database;
use crate::identify::Fingerprint;

/// All units of work of one name that have ended.
///
/// A call belongs to the unit it is made in and to the units around that one, so what a request does
/// in a nested unit is part of the request.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ScopeActivity {
    /// The name: a route, a job, a test. `(other)` for names beyond the limit.
    pub name: Arc<str>,
    /// Units that have ended.
    pub units: u64,
    /// Calls they made.
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// How many calls each unit made.
    pub calls_each: RowHistogram,
    /// The most calls one unit made.
    pub calls_max: u64,
    /// From the beginning of each unit to its end, together.
    pub time: Duration,
    /// The same, unit by unit.
    pub times: Histogram,
    /// The database's time, together; calls that ran at once add up.
    pub database_time: Duration,
    /// The same, unit by unit.
    pub database_times: Histogram,
    /// Time in which at least one call ran: what the user waits for.
    pub busy_time: Duration,
    /// Waits for connections.
    pub pool_wait: Duration,
    /// Time in transactions that have ended.
    pub transaction_time: Duration,
    /// Statements of each unit, counted once however often it called them, together. Lists of
    /// different [size classes](crate::identify::ListSize) count apart.
    pub distinct: u64,
    /// Calls of a statement that the same unit had called before.
    pub repeated: u64,
    /// Reads that the same unit had made before with the same values, and nothing was written in between.
    pub duplicates: u64,
    /// The time those took.
    pub duplicate_time: Duration,
    /// Reads that began while the same read with the same values ran, in this unit or another, outside of
    /// transactions: one answer would have done for all of them.
    pub at_once: u64,
    /// The time those took.
    pub at_once_time: Duration,
    /// Reads that waited for another read, though neither their text nor their values came from it:
    /// round trips that could run together.
    pub waited_needlessly: u64,
    /// What running them together would have saved.
    pub needless_wait: Duration,
    /// The most calls a unit should make, where a budget says so.
    pub calls_budget: Option<u64>,
    /// The most time of the database it should take, where a budget says so.
    pub time_budget: Option<Duration>,
    /// Units beyond their budget.
    pub over_budget: u64,
    /// When a unit beyond its budget ended last.
    pub over_budget_at: Option<SystemTime>,
    /// Statements that units call again and again, most time saved first.
    pub repeats: Vec<RepeatedCalls>,
    /// The unit that took most of the database's time.
    pub worst: Option<ScopeExample>,
}

/// A statement that one line calls again and again within one unit of work.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RepeatedCalls {
    /// In which way.
    pub kind: RepeatKind,
    /// The statement's fingerprint.
    pub fingerprint: Fingerprint,
    /// Its normalised text.
    pub text: Arc<str>,
    /// Its operations and tables in a few words.
    pub summary: Arc<str>,
    /// The database it runs on.
    pub database: Arc<Database>,
    /// The line that calls it, where it is known.
    pub call_site: Option<Arc<str>>,
    /// The text of the statement that was called before, which may have given the list.
    pub behind: Option<Arc<str>>,
    /// The line that called that one.
    pub behind_call_site: Option<Arc<str>>,
    /// Units of work in which this was seen.
    pub units: u64,
    /// The most calls in one unit.
    pub calls_max: u64,
    /// Calls in all those units.
    pub calls: u64,
    /// The time they took.
    pub time: Duration,
    /// What one call in the place of many would have saved.
    pub saved: Duration,
    /// When this was seen last.
    pub last_at: SystemTime,
    /// Whether a comment in the statement's text, or the rule of the unit's name, mutes it.
    pub muted: bool,
}

/// The ways of calling a statement again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RepeatKind {
    /// A read for each row of a list, one after another.
    Loop,
    /// A read for each row of a list, sent at once, and run at once as far as there were connections: through a pool of
    /// one it is a [`Loop`](Self::Loop).
    FanOut,
    /// A write for each row of a list.
    Writes,
    /// The same question with the same values.
    Duplicate,
    /// The same question with the same values, while somebody else waited for its answer. `calls_max` is how many ran
    /// at once; the first of them does not count as one of `calls`.
    AtOnce,
}

/// One unit of work.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScopeExample {
    /// When it ended.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Calls it made.
    pub calls: u64,
    /// The database's time.
    pub database_time: Duration,
    /// Waits for connections.
    pub pool_wait: Duration,
    /// The statements that took most of it.
    pub statements: Vec<ScopeStatement>,
}

/// A statement's share of a unit of work.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScopeStatement {
    /// Its normalised text; `(other)` where the statement has lost its place meanwhile.
    pub text: Arc<str>,
    /// Calls of it.
    pub calls: u64,
    /// The time they took.
    pub time: Duration,
    /// The line that called it first, where it is known.
    pub call_site: Option<Arc<str>>,
}

// === impl ScopeActivity ===

impl ScopeActivity {
    /// Calls of a unit, on average.
    #[must_use]
    pub fn calls_mean(&self) -> f64 {
        self.calls as f64 / self.units.max(1) as f64
    }

    /// Time in which at least one call ran, as a share of all time; from 0 to 1.
    #[must_use]
    pub fn database_share(&self) -> f64 {
        let share = self.busy_time.as_secs_f64() / self.time.as_secs_f64().max(f64::MIN_POSITIVE);
        share.min(1.0)
    }
}

// === impl RepeatKind ===

impl RepeatKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Loop, Self::FanOut, Self::Writes, Self::Duplicate, Self::AtOnce];

    /// The kind as a word: `loop`, `fan_out`, `writes`, `duplicate`, `at_once`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::FanOut => "fan_out",
            Self::Writes => "writes",
            Self::Duplicate => "duplicate",
            Self::AtOnce => "at_once",
        }
    }
}

impl std::fmt::Display for RepeatKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

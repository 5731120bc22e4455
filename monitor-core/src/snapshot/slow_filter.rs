//! Which calls of the slow log somebody wants to see.

use std::cmp::Reverse;
use std::time::{Duration, SystemTime};

use super::CallRecord;
use crate::capture::OutcomeKind;
use crate::identify::{Fingerprint, Kind};

/// What to look for in the slow log: all conditions must hold, and an empty filter lets all pass.
///
/// ```
/// use std::time::Duration;
/// use monitor_core::{Monitor, snapshot::SlowFilter};
///
/// let monitor = Monitor::builder().build()?;
/// let filter = SlowFilter::new()
///     .pool("main")
///     .table("orders")
///     .at_least(Duration::from_secs(2))
///     .slowest_first()
///     .limit(20);
/// for call in monitor.slow_log(&filter) {
///     println!("{:?} {}", call.duration, call.statement);
/// }
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlowFilter {
    since: Option<SystemTime>,
    until: Option<SystemTime>,
    database: Option<String>,
    pool: Option<String>,
    table: Option<String>,
    kind: Option<Kind>,
    statement: Option<Fingerprint>,
    duration_min: Duration,
    user: Option<String>,
    tag: Option<String>,
    outcome: Option<OutcomeKind>,
    only_very_slow: bool,
    slowest_first: bool,
    limit: Option<usize>,
}

// === impl SlowFilter ===

impl SlowFilter {
    /// A filter that lets every call pass, newest first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls that ended at this moment or later.
    #[must_use]
    pub fn since(self, moment: SystemTime) -> Self {
        Self { since: Some(moment), ..self }
    }

    /// Calls that ended before this moment.
    #[must_use]
    pub fn until(self, moment: SystemTime) -> Self {
        Self { until: Some(moment), ..self }
    }

    /// Calls on a database, by its name or by its address as [`Database`](crate::capture::Database)
    /// displays it.
    #[must_use]
    pub fn database(self, database: &str) -> Self {
        Self { database: Some(database.to_owned()), ..self }
    }

    /// Calls through a pool.
    #[must_use]
    pub fn pool(self, name: &str) -> Self {
        Self { pool: Some(name.to_owned()), ..self }
    }

    /// Calls of statements that read or write a table; `orders` finds `shop.orders` too.
    #[must_use]
    pub fn table(self, table: &str) -> Self {
        Self { table: Some(table.to_lowercase()), ..self }
    }

    /// Calls of one kind of statement.
    #[must_use]
    pub fn kind(self, kind: Kind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Calls of one statement.
    #[must_use]
    pub fn statement(self, fingerprint: Fingerprint) -> Self {
        Self { statement: Some(fingerprint), ..self }
    }

    /// Calls that took this long or longer.
    #[must_use]
    pub fn at_least(self, duration: Duration) -> Self {
        Self { duration_min: duration, ..self }
    }

    /// Calls that were very slow for their statement.
    #[must_use]
    pub fn only_very_slow(self) -> Self {
        Self { only_very_slow: true, ..self }
    }

    /// Calls for one user (or tenant).
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self }
    }

    /// Calls with one tag.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), ..self }
    }

    /// Calls that ended in one way.
    #[must_use]
    pub fn outcome(self, outcome: OutcomeKind) -> Self {
        Self { outcome: Some(outcome), ..self }
    }

    /// The slowest call first, instead of the newest.
    #[must_use]
    pub fn slowest_first(self) -> Self {
        Self { slowest_first: true, ..self }
    }

    /// At most so many calls: the first ones in the order asked for.
    #[must_use]
    pub fn limit(self, calls: usize) -> Self {
        Self { limit: Some(calls), ..self }
    }

    /// Whether a call passes, whatever the order and the limit.
    #[must_use]
    pub fn admits(&self, call: &CallRecord) -> bool {
        self.since.is_none_or(|since| call.at >= since)
            && self.until.is_none_or(|until| call.at < until)
            && call.duration >= self.duration_min
            && (call.is_very_slow() || !self.only_very_slow)
            && self.kind.is_none_or(|kind| call.kind == kind)
            && self.statement.is_none_or(|statement| call.fingerprint == statement)
            && self.outcome.is_none_or(|outcome| call.outcome == outcome)
            && is_same(&self.pool, call.pool.as_deref())
            && is_same(&self.user, call.user.as_deref())
            && is_same(&self.tag, call.tag.as_deref())
            && self.is_on_database(call)
            && self.touches_table(call)
    }

    fn is_on_database(&self, call: &CallRecord) -> bool {
        let is = |name: &str| call.database.name == name || call.database.to_string() == name;
        self.database.as_deref().is_none_or(is)
    }

    fn touches_table(&self, call: &CallRecord) -> bool {
        let Some(wanted) = self.table.as_deref() else { return true };
        let mut names = call.tables.read.iter().chain(&call.tables.written);
        names.any(|name| name == wanted || name.rsplit('.').next() == Some(wanted))
    }

    /// The calls that pass, in the order asked for.
    #[must_use]
    pub fn choose(&self, calls: impl IntoIterator<Item = CallRecord>) -> Vec<CallRecord> {
        let mut chosen: Vec<_> = calls.into_iter().filter(|call| self.admits(call)).collect();
        match self.slowest_first {
            true => chosen.sort_by_key(|call| Reverse((call.duration, call.at))),
            false => chosen.sort_by_key(|call| Reverse((call.at, call.duration))),
        }
        chosen.truncate(self.limit.unwrap_or(usize::MAX));
        chosen
    }
}

/// Whether a word is the one that is wanted, if one is.
fn is_same(wanted: &Option<String>, word: Option<&str>) -> bool {
    wanted.as_deref().is_none_or(|wanted| word == Some(wanted))
}

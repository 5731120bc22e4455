//! From how long on a call is slow: for all, for one statement, for a table, against its own past.

use std::collections::HashMap;
use std::time::Duration;

use super::event::nanos;
use crate::identify::{Fingerprint, Tables};
use crate::snapshot::{SlowReason, SlowVerdict};

/// From how long on calls of one statement, or of one table's statements, are slow and very slow.
///
/// ```
/// use std::time::Duration;
/// use monitor_core::SlowAfter;
///
/// let strict = SlowAfter::new(Duration::from_millis(50));
/// assert_eq!(strict.very_slow(), Some(Duration::from_millis(250)));
/// assert_eq!(SlowAfter::NEVER.slow(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowAfter(Option<(Duration, Duration)>);

/// When a call is slow because it took far longer than calls of its statement do.
///
/// The yardstick is the 95th percentile of all calls of the series (statement, source and list size)
/// since it was first seen, as it was on the last beat; it is at most 9 % off, as a histogram's is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowRelative {
    /// Times the 95th percentile from which on a call is slow; above 1.
    pub factor: f64,
    /// Calls a series must have had before any is measured by it: before that its 95th percentile
    /// says little. At least 20, so that one call in twenty exists.
    pub calls_min: u64,
    /// Shorter calls are not slow, whatever the others took.
    pub duration_min: Duration,
}

/// What the builder was told about slowness, checked.
pub(crate) struct SlowRules {
    pub(crate) everywhere: SlowAfter,
    pub(crate) statements: HashMap<Fingerprint, SlowAfter>,
    /// By the table's name in lower case.
    pub(crate) tables: HashMap<String, SlowAfter>,
    pub(crate) relative: Option<SlowRelative>,
}

/// From how many nanoseconds on a call of one series is slow: the rules, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slowness {
    slow: u64,
    very_slow: u64,
    /// By the series' own past; [`NEVER`] where that says nothing.
    relative: u64,
}

/// No call lasts as long: longer ones are recorded as a nanosecond less.
const NEVER: u64 = u64::MAX;

// === impl SlowAfter ===

impl SlowAfter {
    /// Calls are never slow, however long they take: a nightly report, a `LISTEN`.
    pub const NEVER: Self = Self(None);

    /// How many times as long as a slow call a very slow one takes, unless it is told: as between the
    /// defaults of 1 s and 5 s.
    pub const VERY_SLOW_TIMES: u32 = 5;

    /// Slow from this length on, and very slow at five times as much.
    #[must_use]
    pub fn new(slow: Duration) -> Self {
        Self::both(slow, slow.saturating_mul(Self::VERY_SLOW_TIMES))
    }

    /// Slow from one length on, very slow from another.
    #[must_use]
    pub fn both(slow: Duration, very_slow: Duration) -> Self {
        Self(Some((slow, very_slow)))
    }

    /// From how long on a call is slow; `None` where none ever is.
    #[must_use]
    pub fn slow(self) -> Option<Duration> {
        self.0.map(|(slow, _)| slow)
    }

    /// From how long on a call is very slow; `None` where none ever is.
    #[must_use]
    pub fn very_slow(self) -> Option<Duration> {
        self.0.map(|(_, very_slow)| very_slow)
    }
}

/// As [`new`](SlowAfter::new).
impl From<Duration> for SlowAfter {
    fn from(slow: Duration) -> Self {
        Self::new(slow)
    }
}

// === impl SlowRelative ===

impl SlowRelative {
    /// Default of [`calls_min`](Self::calls_min).
    pub const CALLS_MIN: u64 = 100;
    /// Default of [`duration_min`](Self::duration_min): below it people notice nothing, and the
    /// scheduler alone makes outliers.
    pub const DURATION_MIN: Duration = Duration::from_millis(50);

    /// Slow from so many times the statement's 95th percentile on, with the defaults for the rest.
    #[must_use]
    pub fn times(factor: f64) -> Self {
        Self { factor, calls_min: Self::CALLS_MIN, duration_min: Self::DURATION_MIN }
    }
}

// === impl SlowRules ===

impl SlowRules {
    /// Rules for a statement: its own, or the strictest of its tables', or everybody's.
    pub(super) fn of(&self, fingerprint: Fingerprint, tables: &Tables) -> SlowAfter {
        let own = self.statements.get(&fingerprint).copied();
        own.or_else(|| self.of_tables(tables)).unwrap_or(self.everywhere)
    }

    fn of_tables(&self, tables: &Tables) -> Option<SlowAfter> {
        if self.tables.is_empty() {
            return None;
        }
        let names = tables.read.iter().chain(&tables.written);
        let found = names.filter_map(|name| self.of_table(name));
        found.min_by_key(|after| after.slow().unwrap_or(Duration::MAX))
    }

    /// A rule for `orders` holds for `shop.orders` as well, unless that has one of its own.
    fn of_table(&self, name: &str) -> Option<SlowAfter> {
        let bare = || name.rsplit('.').next().and_then(|bare| self.tables.get(bare));
        self.tables.get(name).or_else(bare).copied()
    }

    /// No call shorter than this is slow by any rule, in nanoseconds.
    pub(super) fn least(&self) -> u64 {
        let told = [&self.everywhere].into_iter().chain(self.statements.values());
        let told = told.chain(self.tables.values()).filter_map(|after| after.slow());
        let relative = self.relative.map(|relative| relative.duration_min);
        told.chain(relative).min().map_or(NEVER, nanos)
    }
}

// === impl Slowness ===

impl Slowness {
    pub(super) fn of(after: SlowAfter) -> Self {
        let word = |duration: Option<Duration>| duration.map_or(NEVER, nanos);
        Self { slow: word(after.slow()), very_slow: word(after.very_slow()), relative: NEVER }
    }

    /// The same with other rules, and what its own past says as it is.
    pub(super) fn ruled(self, after: SlowAfter) -> Self {
        Self { relative: self.relative, ..Self::of(after) }
    }

    /// Measures by a series' own past: the number of its calls and their 95th percentile.
    pub(super) fn learn(&mut self, rule: SlowRelative, calls: u64, p95: Duration) {
        let never = self.slow == NEVER || calls < rule.calls_min;
        let after = nanos(p95) as f64 * rule.factor;
        // Saturates: what is beyond `u64` is never.
        self.relative = if never { NEVER } else { (after as u64).max(nanos(rule.duration_min)) };
    }

    #[inline]
    pub(super) fn is_slow(self, nanos: u64) -> bool {
        nanos >= self.slow.min(self.relative)
    }

    #[inline]
    pub(super) fn is_very_slow(self, nanos: u64) -> bool {
        nanos >= self.very_slow
    }

    /// Whether and why a call is slow.
    #[inline]
    pub(super) fn judge(self, nanos: u64) -> Option<SlowVerdict> {
        self.is_slow(nanos).then(|| self.verdict(nanos))
    }

    fn verdict(self, nanos: u64) -> SlowVerdict {
        let (reason, threshold) = match nanos >= self.slow {
            true => (SlowReason::Absolute, self.slow),
            false => (SlowReason::Relative, self.relative),
        };
        SlowVerdict {
            reason,
            threshold: Duration::from_nanos(threshold),
            very_slow: self.is_very_slow(nanos),
        }
    }

    /// From how long on calls are slow by the rules; `None` where none ever is.
    pub(super) fn slow_after(self) -> Option<Duration> {
        (self.slow != NEVER).then(|| Duration::from_nanos(self.slow))
    }

    /// From how long on calls are very slow by the rules; `None` where none ever is.
    pub(super) fn very_slow_after(self) -> Option<Duration> {
        (self.very_slow != NEVER).then(|| Duration::from_nanos(self.very_slow))
    }
}

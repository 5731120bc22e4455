//! What a set of calls adds up to.

use std::time::Duration;

use super::{Histogram, PartSums, RowHistogram, buckets};
use crate::capture::ErrorClass;

/// Calls added up: of a statement, a kind, a table, a pool, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Calls that ended, however they ended.
    pub calls: u64,
    /// Calls that ended with an error.
    pub failed: u64,
    /// Calls whose caller went away.
    pub cancelled: u64,
    /// Calls that were slow by the threshold of their statement, the very slow ones included.
    pub slow: u64,
    /// Calls that took the very slow threshold of their statement or longer.
    pub very_slow: u64,
    /// Rows handed to callers.
    pub rows_returned: u64,
    /// Rows inserted, updated or deleted.
    pub rows_affected: u64,
    /// Calls whose rows the driver did not tell; their rows are missing above.
    pub rows_unknown: u64,
    /// How the numbers of returned rows are spread, over the calls of which it is known.
    pub rows_histogram: RowHistogram,
    /// Time of all calls together, however they ended.
    pub time: Duration,
    /// The shortest call.
    pub time_min: Duration,
    /// The longest call.
    pub time_max: Duration,
    /// How the calls' times are spread.
    pub histogram: Histogram,
    /// Where that time went, and what was waited beside it.
    pub parts: PartSums,
    /// Failures by class and code, most frequent first.
    pub errors: Vec<ErrorCount>,
}

/// How often one error happened, and how long the calls took that it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCount {
    /// The sort of error.
    pub class: ErrorClass,
    /// The database's own code, where the driver gives it.
    pub code: Option<String>,
    /// How often.
    pub count: u64,
    /// Time of the calls it ended.
    pub time: Duration,
    /// How that time is spread.
    pub histogram: Histogram,
}

/// Many sets of calls on their way to one, added up without looking for each bucket's place.
#[derive(Default)]
pub(crate) struct Adding {
    /// All but the times' histogram.
    sum: Activity,
    slots: Option<Box<[u64; buckets::SLOTS]>>,
}

// === impl Adding ===

impl Adding {
    pub(crate) fn add(&mut self, other: &Activity) {
        self.sum.merge_numbers(other);
        let slots = self.slots.get_or_insert_with(|| Box::new([0; buckets::SLOTS]));
        for (index, count) in other.histogram.buckets() {
            let slot = &mut slots[buckets::slot_of_index(index)];
            *slot = slot.saturating_add(count);
        }
    }

    pub(crate) fn into_sum(self) -> Activity {
        let slots = self.slots.as_ref().map_or(&[][..], |slots| &slots[..]);
        let counts = slots.iter().copied().enumerate().filter(|(_, count)| *count > 0);
        Activity { histogram: Histogram::from_slots(counts), ..self.sum }
    }
}

// === impl Activity ===

impl Activity {
    /// Calls that completed.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.calls.saturating_sub(self.failed.saturating_add(self.cancelled))
    }

    /// The calls that did not fail: how many, their time, and how it is spread.
    #[must_use]
    pub fn without_failed(&self) -> (u64, Duration, Histogram) {
        let mut failed = Histogram::default();
        let mut time = Duration::ZERO;
        for error in &self.errors {
            failed.merge(&error.histogram);
            time = time.saturating_add(error.time);
        }
        let histogram = self.histogram.since(&failed);
        (self.calls.saturating_sub(self.failed), self.time.saturating_sub(time), histogram)
    }

    /// Failed calls as a share of all, from 0 to 1. A cancelled call has not failed.
    #[must_use]
    pub fn error_rate(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.failed as f64 / self.calls as f64 }
    }

    /// Mean time of a call; zero when there was none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        if self.calls == 0 {
            return Duration::ZERO;
        }
        Duration::from_nanos((self.time.as_nanos() / u128::from(self.calls)) as u64)
    }

    /// The time that a share `q` (0 to 1) of the calls did not exceed, at most 9 % off, and never
    /// outside minimum and maximum; zero when there was no call.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Duration {
        self.histogram.quantile(q).map_or(Duration::ZERO, |found| {
            found.max(self.time_min).min(self.time_max.max(self.time_min))
        })
    }

    /// The median time.
    #[must_use]
    pub fn p50(&self) -> Duration {
        self.quantile(0.5)
    }

    /// The 90th percentile.
    #[must_use]
    pub fn p90(&self) -> Duration {
        self.quantile(0.9)
    }

    /// The 95th percentile.
    #[must_use]
    pub fn p95(&self) -> Duration {
        self.quantile(0.95)
    }

    /// The 99th percentile.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.quantile(0.99)
    }

    /// Adds what another set of calls adds up to.
    pub fn merge(&mut self, other: &Self) {
        self.merge_numbers(other);
        self.histogram.merge(&other.histogram);
    }

    /// Adds all but how times are spread.
    fn merge_numbers(&mut self, other: &Self) {
        if other.calls > 0 {
            self.time_min =
                if self.calls == 0 { other.time_min } else { self.time_min.min(other.time_min) };
            self.time_max = self.time_max.max(other.time_max);
        }
        self.calls = self.calls.saturating_add(other.calls);
        self.failed = self.failed.saturating_add(other.failed);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
        self.slow = self.slow.saturating_add(other.slow);
        self.very_slow = self.very_slow.saturating_add(other.very_slow);
        self.rows_returned = self.rows_returned.saturating_add(other.rows_returned);
        self.rows_affected = self.rows_affected.saturating_add(other.rows_affected);
        self.rows_unknown = self.rows_unknown.saturating_add(other.rows_unknown);
        self.rows_histogram.merge(&other.rows_histogram);
        self.time = self.time.saturating_add(other.time);
        self.parts.merge(&other.parts);
        merge_errors(&mut self.errors, &other.errors);
    }

    /// What was added since `earlier`, an older reading of the same calls.
    ///
    /// Minimum and maximum come from the histogram's bounds, as the older calls' own are not known
    /// apart; they stay within the lifetime's.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let histogram = self.histogram.since(&earlier.histogram);
        let (low, high) = histogram.range().unwrap_or_default();
        let errors = self.errors.iter().filter_map(|error| {
            let before = earlier.errors.iter().find(|e| same_error(e, error));
            let since = before.map_or_else(|| error.clone(), |before| error.since(before));
            (since.count > 0).then_some(since)
        });
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            failed: self.failed.saturating_sub(earlier.failed),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            slow: self.slow.saturating_sub(earlier.slow),
            very_slow: self.very_slow.saturating_sub(earlier.very_slow),
            rows_returned: self.rows_returned.saturating_sub(earlier.rows_returned),
            rows_affected: self.rows_affected.saturating_sub(earlier.rows_affected),
            rows_unknown: self.rows_unknown.saturating_sub(earlier.rows_unknown),
            rows_histogram: self.rows_histogram.since(&earlier.rows_histogram),
            time: self.time.saturating_sub(earlier.time),
            time_min: low.max(self.time_min),
            time_max: high.min(self.time_max),
            parts: self.parts.since(&earlier.parts),
            errors: errors.collect(),
            histogram,
        }
    }
}

// === impl ErrorCount ===

impl ErrorCount {
    pub(crate) fn new(class: ErrorClass, code: Option<&str>) -> Self {
        let code = code.map(str::to_owned);
        Self { class, code, count: 0, time: Duration::ZERO, histogram: Histogram::default() }
    }

    /// Counts one call that it ended.
    pub(crate) fn add(&mut self, duration: Duration) {
        self.count += 1;
        self.time = self.time.saturating_add(duration);
        self.histogram.record(duration);
    }

    fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.time = self.time.saturating_add(other.time);
        self.histogram.merge(&other.histogram);
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            count: self.count.saturating_sub(earlier.count),
            time: self.time.saturating_sub(earlier.time),
            histogram: self.histogram.since(&earlier.histogram),
            ..self.clone()
        }
    }
}

fn same_error(a: &ErrorCount, b: &ErrorCount) -> bool {
    a.class == b.class && a.code == b.code
}

/// Error codes kept apart in one set of calls; further ones are counted by class only.
pub(crate) const ERROR_CODES_MAX: usize = 16;

/// Error codes kept apart so far.
pub(crate) fn codes(errors: &[ErrorCount]) -> usize {
    errors.iter().filter(|error| error.code.is_some()).count()
}

/// Adds up errors of the same class and code, most frequent first, and at most
/// [`ERROR_CODES_MAX`] of them beside those that are counted by class only.
pub(crate) fn merge_errors(errors: &mut Vec<ErrorCount>, others: &[ErrorCount]) {
    if others.is_empty() {
        return;
    }
    for other in others {
        let full = other.code.is_some() && codes(errors) >= ERROR_CODES_MAX;
        let known = errors.iter().position(|known| same_error(known, other));
        let known = known.or_else(|| {
            let by_class = |error: &ErrorCount| error.class == other.class && error.code.is_none();
            full.then(|| errors.iter().position(by_class)).flatten()
        });
        match known {
            Some(place) => errors[place].merge(other),
            None if full => errors.push(ErrorCount { code: None, ..other.clone() }),
            None => errors.push(other.clone()),
        }
    }
    // By class and code where they are equal: the same errors are shown in the same order, however they were added up.
    errors.sort_by(|a, b| (b.count, a.class, &a.code).cmp(&(a.count, b.class, &b.code)));
}

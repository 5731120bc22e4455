//! The newest numbers of one series, in the form that is quickest to add to.

use std::time::Duration;

use super::entry::Entry;
use super::event::RowCounts;
use super::slowness::Slowness;
use crate::capture::OutcomeKind;
use crate::snapshot::buckets::slot_of;
use crate::snapshot::{Activity, ErrorCount, Histogram, PartSums, RowHistogram, merge_errors};

/// What an [`Activity`] says, of the calls since the last time it was taken out: whole nanoseconds, and a
/// counter to be found by its place for each bucket.
#[derive(Clone, Default)]
pub(super) struct Fresh {
    pub(super) calls: u64,
    failed: u64,
    cancelled: u64,
    slow: u64,
    very_slow: u64,
    rows_returned: u64,
    rows_affected: u64,
    rows_unknown: u64,
    /// In nanoseconds, as the two below. Wide, as one call may be as long as a word can say.
    time: u128,
    time_min: u64,
    time_max: u64,
    rows: [u64; RowHistogram::BUCKETS],
    times: Span,
    pub(super) parts: PartSums,
    pub(super) errors: Vec<ErrorCount>,
}

/// Counts of neighbouring slots: calls of one statement mostly differ by a few doublings.
#[derive(Clone, Default)]
struct Span {
    first: usize,
    counts: Vec<u64>,
}

/// Slots a span grows by: a doubling.
const SLOTS_AT_ONCE: usize = 8;

// === impl Fresh ===

impl Fresh {
    /// Counts calls, but not what went wrong. Says how many of them are slow.
    #[inline]
    pub(super) fn count(
        &mut self,
        calls: &[Entry],
        rows: impl Fn(&Entry) -> RowCounts,
        slowness: Slowness,
    ) -> u64 {
        let Some(first) = calls.first() else { return 0 };
        let mut least = if self.calls == 0 { u64::MAX } else { self.time_min };
        let (mut most, mut time) = (0, self.time);
        let mut differences = 0;
        for call in calls {
            let nanos = call.nanos;
            (least, most) = (least.min(nanos), most.max(nanos));
            time += u128::from(nanos);
            differences |= call.stands_out_from(first);
            self.times.add(slot_of(nanos), 1);
        }
        self.calls += calls.len() as u64;
        (self.time_min, self.time_max, self.time) = (least, most.max(self.time_max), time);
        // Calls of one statement mostly return as many rows as the one before.
        if differences == 0 {
            self.count_rows(rows(first), calls.len() as u64);
        } else {
            self.count_other_ends(calls);
            for run in calls.chunk_by(Entry::has_rows_of) {
                self.count_rows(rows(&run[0]), run.len() as u64);
            }
        }
        let none_is_slow = !slowness.is_slow(most) && !slowness.is_very_slow(most);
        if none_is_slow { 0 } else { self.count_slow(calls, slowness) }
    }

    /// Says how many of these calls are slow.
    #[cold]
    fn count_slow(&mut self, calls: &[Entry], slowness: Slowness) -> u64 {
        let those = |is: fn(Slowness, u64) -> bool| {
            calls.iter().filter(|call| is(slowness, call.nanos)).count() as u64
        };
        let slow = those(Slowness::is_slow);
        self.slow += slow;
        self.very_slow += those(Slowness::is_very_slow);
        slow
    }

    fn count_other_ends(&mut self, calls: &[Entry]) {
        let those = |end| calls.iter().filter(|call| call.outcome() == end).count() as u64;
        self.failed += those(OutcomeKind::Failed);
        self.cancelled += those(OutcomeKind::Cancelled);
    }

    #[inline]
    fn count_rows(&mut self, rows: RowCounts, calls: u64) {
        let (returned, affected) = rows.known();
        self.rows_returned = self.rows_returned.saturating_add(returned.saturating_mul(calls));
        self.rows_affected = self.rows_affected.saturating_add(affected.saturating_mul(calls));
        self.rows_unknown += if rows.is_unknown() { calls } else { 0 };
        if let Some(returned) = rows.returned() {
            self.rows[RowHistogram::bucket_of(returned)] += calls;
        }
    }

    /// Adds the numbers of another one, but not its errors.
    pub(super) fn merge(&mut self, other: &Self) {
        // A call that has waited may not have ended.
        self.parts.merge(&other.parts);
        if other.calls == 0 {
            return;
        }
        let least = if self.calls == 0 { other.time_min } else { self.time_min };
        self.time_min = least.min(other.time_min);
        self.time_max = self.time_max.max(other.time_max);
        self.time += other.time;
        self.calls += other.calls;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.slow += other.slow;
        self.very_slow += other.very_slow;
        self.rows_returned = self.rows_returned.saturating_add(other.rows_returned);
        self.rows_affected = self.rows_affected.saturating_add(other.rows_affected);
        self.rows_unknown += other.rows_unknown;
        self.rows.iter_mut().zip(other.rows).for_each(|(mine, theirs)| *mine += theirs);
        other.times.counts().for_each(|(slot, count)| self.times.add(slot, count));
    }

    /// The same in the form that everybody reads.
    pub(super) fn activity(&self) -> Activity {
        let mut errors = Vec::new();
        merge_errors(&mut errors, &self.errors);
        Activity {
            calls: self.calls,
            failed: self.failed,
            cancelled: self.cancelled,
            slow: self.slow,
            very_slow: self.very_slow,
            rows_returned: self.rows_returned,
            rows_affected: self.rows_affected,
            rows_unknown: self.rows_unknown,
            rows_histogram: RowHistogram::from_counts(self.rows),
            time: wide(self.time),
            time_min: Duration::from_nanos(self.time_min),
            time_max: Duration::from_nanos(self.time_max),
            parts: self.parts,
            histogram: self.histogram(),
            errors,
        }
    }

    pub(super) fn histogram(&self) -> Histogram {
        Histogram::from_slots(self.times.counts())
    }

    /// Begins anew, with the memory that it has.
    pub(super) fn clear(&mut self) {
        let mut times = std::mem::take(&mut self.times);
        times.counts.fill(0);
        *self = Self { times, ..Self::default() };
    }
}

fn wide(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % SECOND) as u32)
}

// === impl Span ===

impl Span {
    #[inline]
    fn add(&mut self, slot: usize, count: u64) {
        // A slot before the first is far beyond the end.
        if let Some(known) = self.counts.get_mut(slot.wrapping_sub(self.first)) {
            *known += count;
        } else {
            self.grow(slot);
            self.counts[slot - self.first] += count;
        }
    }

    /// Grows to where a slot belongs.
    #[cold]
    fn grow(&mut self, slot: usize) {
        let (first, after) =
            (slot - slot % SLOTS_AT_ONCE, slot - slot % SLOTS_AT_ONCE + SLOTS_AT_ONCE);
        if self.counts.is_empty() {
            self.first = first;
        }
        let before = self.first.saturating_sub(first);
        self.counts.splice(..0, std::iter::repeat_n(0, before));
        self.first -= before;
        let length = self.counts.len().max(after - self.first);
        self.counts.resize(length, 0);
    }

    /// Slots and what they counted, ascending.
    fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(place, count)| (self.first + place, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_like_an_array_wherever_it_begins() {
        let mut state = 7u64;
        for start in [0usize, 3, 8, 130, 255] {
            let (mut span, mut array) = (Span::default(), [0u64; 264]);
            for step in 0..200 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let slot = if step == 0 { start } else { (state >> 33) as usize % 258 };
                span.add(slot, 1 + step);
                array[slot] += 1 + step;
            }
            let wanted: Vec<_> =
                array.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
            assert_eq!(span.counts().collect::<Vec<_>>(), wanted, "from {start}");
        }
    }
}

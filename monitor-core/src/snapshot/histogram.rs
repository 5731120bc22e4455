//! How durations are spread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::buckets;

/// Durations counted in base-2 exponential buckets of schema 3, sparse and mergeable.
///
/// Bucket `i` holds durations in `(2^((i-1)/8), 2^(i/8)]` seconds, as a Prometheus native histogram
/// of schema 3 does; an OTLP exponential histogram of scale 3 calls the same bucket `i - 1`.
/// Durations up to 60 ns share bucket -192, those beyond 256 s share bucket 65.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Prometheus index and count, ascending by index, no count zero. Shared until one of its holders counts on, as a snapshot
    /// shows the same numbers from many sides.
    counts: Arc<Vec<(i32, u64)>>,
}

impl Histogram {
    /// From slots and their counts, as storage keeps them: ascending, no count zero.
    pub(crate) fn from_slots(slots: impl Iterator<Item = (usize, u64)>) -> Self {
        let slots = slots.map(|(slot, count)| (buckets::index_of_slot(slot), count));
        Self { counts: Arc::new(slots.collect()) }
    }

    /// From Prometheus indices and counts, as they were written; `None` where they are not those of a
    /// histogram: ascending, of buckets that exist, no count zero.
    pub(crate) fn from_buckets(counts: Vec<(i32, u64)>) -> Option<Self> {
        let last = buckets::index_of_slot(buckets::SLOTS - 1);
        let exist = |(index, count): &(i32, u64)| {
            (buckets::index_of_slot(0)..=last).contains(index) && *count > 0
        };
        let ascend = counts.is_sorted_by(|(a, _), (b, _)| a < b);
        (ascend && counts.iter().all(exist)).then(|| Self { counts: Arc::new(counts) })
    }

    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        self.record_nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts one duration in nanoseconds.
    pub(crate) fn record_nanos(&mut self, nanos: u64) {
        let index = buckets::index_of_slot(buckets::slot_of(nanos));
        let counts = Arc::make_mut(&mut self.counts);
        match counts.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(place) => counts[place].1 += 1,
            Err(place) => counts.insert(place, (index, 1)),
        }
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.is_empty() {
            return;
        }
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
            return;
        }
        let mut place = 0;
        let counts = Arc::make_mut(&mut self.counts);
        for (index, count) in other.counts.iter() {
            while counts.get(place).is_some_and(|(known, _)| known < index) {
                place += 1;
            }
            match counts.get_mut(place) {
                Some((known, sum)) if known == index => *sum = sum.saturating_add(*count),
                _ => counts.insert(place, (*index, *count)),
            }
        }
    }

    /// What was counted since `earlier`, an older reading of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut old = earlier.counts.iter().peekable();
        let mut counts = Vec::new();
        for (index, count) in self.counts.iter() {
            while old.next_if(|(known, _)| known < index).is_some() {}
            let before = old.next_if(|(known, _)| known == index).map_or(0, |(_, count)| *count);
            if *count > before {
                counts.push((*index, count - before));
            }
        }
        Self { counts: Arc::new(counts) }
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Prometheus bucket index and count of every bucket that is not empty, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        self.counts.iter().copied()
    }

    /// How many durations were at most `bound`, counting a bucket when its upper bound is.
    ///
    /// Exact where `bound` is a bucket's bound; otherwise it leaves out the bucket `bound` falls in.
    #[must_use]
    pub fn count_at_most(&self, bound: Duration) -> u64 {
        self.counts
            .iter()
            .take_while(|(index, _)| buckets::bounds_of_index(*index).1 <= bound)
            .map(|(_, count)| count)
            .sum()
    }

    /// The duration that a share `q` (0 to 1) of the calls did not exceed; `None` when empty.
    ///
    /// Between a bucket's bounds the value is interpolated on the logarithmic scale, as PromQL does
    /// for native histograms, so it is at most 9 % off.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let q = if q.is_nan() { 0.0 } else { q.clamp(0.0, 1.0) };
        let rank = q * self.count() as f64;
        let mut below = 0u64;
        let mut last = None;
        for (index, count) in self.counts.iter() {
            let (low, high) = buckets::bounds_of_index(*index);
            let within = ((rank - below as f64) / *count as f64).clamp(0.0, 1.0);
            last = Some(interpolate(low, high, within));
            below = below.saturating_add(*count);
            if below as f64 >= rank {
                break;
            }
        }
        last
    }

    /// Bounds of the lowest and the highest bucket that is not empty: lower bound, upper bound.
    #[must_use]
    pub fn range(&self) -> Option<(Duration, Duration)> {
        let (first, _) = self.counts.first()?;
        let (last, _) = self.counts.last()?;
        Some((buckets::bounds_of_index(*first).0, buckets::bounds_of_index(*last).1))
    }
}

/// What a person wants to know of it; the buckets are a screenful.
impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .finish_non_exhaustive()
    }
}

/// A point between two bounds, on the logarithmic scale; the outermost buckets give the bound they have.
fn interpolate(low: Duration, high: Duration, within: f64) -> Duration {
    if high == Duration::MAX {
        return low;
    }
    if low.is_zero() {
        return high.mul_f64(within);
    }
    low.mul_f64((high.as_secs_f64() / low.as_secs_f64()).powf(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        millis.into_iter().for_each(|ms| histogram.record(Duration::from_millis(ms)));
        histogram
    }

    #[test]
    fn a_quantile_is_within_a_bucket_of_the_truth() {
        let histogram = of(1..=1000);
        for (q, truth) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = histogram.quantile(q).unwrap().as_secs_f64() * 1000.0;
            assert!((found / truth - 1.0).abs() < 0.091, "q{q}: {found} for {truth}");
        }
    }

    #[test]
    fn an_empty_histogram_has_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram::default().range(), None);
    }

    #[test]
    fn an_older_reading_can_be_taken_off_again() {
        let (old, new) = (of([1, 5]), of([5, 9, 9]));
        let mut sum = old.clone();
        sum.merge(&new);
        assert_eq!(sum.since(&old), new);
        assert_eq!(sum.count(), 5);
    }

    #[test]
    fn what_is_longer_than_every_bucket_reads_as_the_last_bound() {
        let histogram = of([1_000_000]);
        assert_eq!(histogram.quantile(0.99), Some(Duration::from_secs(256)));
    }

    #[test]
    fn counting_up_to_a_bound_is_exact_at_bucket_bounds() {
        let histogram = of([500, 1000, 1001, 3000]);
        assert_eq!(histogram.count_at_most(Duration::from_secs(1)), 2);
        assert_eq!(histogram.count_at_most(Duration::from_secs(2)), 3);
    }
}

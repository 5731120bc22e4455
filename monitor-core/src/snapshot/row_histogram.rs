//! How numbers of rows are spread.

/// Numbers of returned rows, counted in the buckets that OpenTelemetry advises for
/// `db.client.response.returned_rows`. Mergeable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowHistogram {
    /// A count per bucket; the last one is that of everything beyond the last bound.
    counts: [u64; RowHistogram::BUCKETS],
}

// === impl RowHistogram ===

impl RowHistogram {
    /// Upper bounds of the buckets, each included in its own.
    pub const BOUNDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

    /// Buckets there are: one for each bound, and that of everything beyond.
    pub(crate) const BUCKETS: usize = Self::BOUNDS.len() + 1;

    /// From a count per bucket.
    pub(crate) fn from_counts(counts: [u64; Self::BUCKETS]) -> Self {
        Self { counts }
    }

    /// From upper bounds and counts, as they were written; `None` where a bound is none of
    /// [`BOUNDS`](Self::BOUNDS) or a count is zero.
    pub(crate) fn from_buckets(counts: &[(Option<u64>, u64)]) -> Option<Self> {
        let mut read = Self::default();
        for (bound, count) in counts {
            let bucket = match bound {
                Some(bound) => Self::BOUNDS.binary_search(bound).ok()?,
                None => Self::BOUNDS.len(),
            };
            let count = (*count > 0).then_some(*count)?;
            read.counts[bucket] = read.counts[bucket].saturating_add(count);
        }
        Some(read)
    }

    /// The bucket of the rows of one call.
    #[inline]
    pub(crate) fn bucket_of(rows: u64) -> usize {
        // Most calls return one row, or none.
        if rows <= 1 { 0 } else { Self::BOUNDS.partition_point(|bound| *bound < rows) }
    }

    /// Counts the rows of one call.
    pub fn record(&mut self, rows: u64) {
        let count = &mut self.counts[Self::bucket_of(rows)];
        *count = count.saturating_add(1);
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        let counts = self.counts.iter_mut().zip(other.counts);
        counts.for_each(|(count, more)| *count = count.saturating_add(more));
    }

    /// What was counted since `earlier`, an older reading of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let since = |bucket: usize| self.counts[bucket].saturating_sub(earlier.counts[bucket]);
        Self { counts: std::array::from_fn(since) }
    }

    /// How many calls were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Upper bound and count of every bucket that is not empty, ascending; `None` is the bound of
    /// what is beyond the last.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let bounds = Self::BOUNDS.into_iter().map(Some).chain([None]);
        bounds.zip(self.counts).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_one_row_more_to_the_next() {
        let mut histogram = RowHistogram::default();
        [0, 1, 2, 5, 6, 10_000, 10_001, u64::MAX]
            .into_iter()
            .for_each(|rows| histogram.record(rows));
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(
            buckets,
            [(Some(1), 2), (Some(2), 1), (Some(5), 1), (Some(10), 1), (Some(10_000), 1), (None, 2)]
        );
        assert_eq!(histogram.count(), 8);
    }

    #[test]
    fn an_older_reading_can_be_taken_off_again() {
        let mut old = RowHistogram::default();
        old.record(3);
        let mut new = old.clone();
        new.record(3);
        new.record(70);
        let mut both = old.clone();
        both.merge(&new.since(&old));
        assert_eq!(both, new);
    }
}

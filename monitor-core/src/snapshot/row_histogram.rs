//! How numbers of rows are spread.

/// Numbers of returned rows, counted in the buckets that OpenTelemetry advises for
/// `db.client.response.returned_rows`. Sparse and mergeable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowHistogram {
    /// Bucket and count, ascending, no count zero. The bucket after the last bound is that of
    /// everything beyond.
    counts: Vec<(u8, u64)>,
}

// === impl RowHistogram ===

impl RowHistogram {
    /// Upper bounds of the buckets, each included in its own.
    pub const BOUNDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

    /// From upper bounds and counts, as they were written; `None` where a bound is none of
    /// [`BOUNDS`](Self::BOUNDS) or a count is zero.
    pub(crate) fn from_buckets(counts: &[(Option<u64>, u64)]) -> Option<Self> {
        let mut read = Self::default();
        for (bound, count) in counts {
            let bucket = match bound {
                Some(bound) => Self::BOUNDS.binary_search(bound).ok()?,
                None => Self::BOUNDS.len(),
            };
            read.add(bucket as u8, (*count > 0).then_some(*count)?);
        }
        Some(read)
    }

    /// Counts the rows of one call.
    pub fn record(&mut self, rows: u64) {
        let bucket = Self::BOUNDS.partition_point(|bound| *bound < rows) as u8;
        self.add(bucket, 1);
    }

    fn add(&mut self, bucket: u8, count: u64) {
        match self.counts.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(place) => self.counts[place].1 = self.counts[place].1.saturating_add(count),
            Err(place) => self.counts.insert(place, (bucket, count)),
        }
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            self.add(*bucket, *count);
        }
    }

    /// What was counted since `earlier`, an older reading of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |bucket: u8| {
            let found = earlier.counts.iter().find(|(known, _)| *known == bucket);
            found.map_or(0, |(_, count)| *count)
        };
        let since = self
            .counts
            .iter()
            .map(|(bucket, count)| (*bucket, count.saturating_sub(before(*bucket))));
        Self { counts: since.filter(|(_, count)| *count > 0).collect() }
    }

    /// How many calls were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Upper bound and count of every bucket that is not empty, ascending; `None` is the bound of
    /// what is beyond the last.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let bound = |bucket: u8| Self::BOUNDS.get(usize::from(bucket)).copied();
        self.counts.iter().map(move |(bucket, count)| (bound(*bucket), *count))
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

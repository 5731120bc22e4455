//! Buckets as Prometheus wants them.

use std::time::Duration;

use monitor_core::snapshot::{Histogram, RowHistogram};

/// The schema of the monitor's own buckets: eight to a doubling.
pub(crate) const SCHEMA: i32 = 3;

/// Classic bounds are the powers of two from 2^-13 s (122 µs) to 2^4 s (16 s): all of them are
/// bounds of the monitor's own buckets, so that the counts are exact, which those that semantic
/// conventions advise (1 ms, 5 ms, 10 ms ...) would not be.
const POWERS: std::ops::RangeInclusive<i32> = -13..=4;

/// How many classic buckets there are besides the one without a bound.
const LAST: i32 = *POWERS.end() - *POWERS.start() + 1;

/// Bounds of the classic buckets, the one without a bound last.
pub(crate) fn classic_bounds() -> impl Iterator<Item = f64> {
    POWERS.map(|power| f64::from(power).exp2()).chain([f64::INFINITY])
}

/// Bound and count of each classic bucket, not cumulative, the one without a bound last.
pub(crate) fn classic(histogram: &Histogram) -> Vec<(f64, u64)> {
    let mut counts: Vec<(f64, u64)> = classic_bounds().map(|bound| (bound, 0)).collect();
    for (index, count) in histogram.buckets() {
        counts[place_of(index)].1 += count;
    }
    counts
}

/// The classic bucket that a duration is counted in.
pub(crate) fn classic_place(duration: Duration) -> usize {
    let mut one = Histogram::default();
    one.record(duration);
    one.buckets().next().map_or(0, |(index, _)| place_of(index))
}

/// The classic bucket that one of the monitor's own belongs to: `index` ends at 2^(index/8), which is in the next
/// power of two.
fn place_of(index: i32) -> usize {
    let power = index.div_euclid(8) + i32::from(index.rem_euclid(8) != 0);
    (power - POWERS.start()).clamp(0, LAST) as usize
}

/// Bounds of the buckets of rows, the one without a bound last.
pub(crate) fn row_bounds() -> impl Iterator<Item = f64> {
    RowHistogram::BOUNDS.iter().map(|bound| *bound as f64).chain([f64::INFINITY])
}

/// Bound and count of each bucket of rows.
pub(crate) fn rows(histogram: &RowHistogram) -> Vec<(f64, u64)> {
    let mut counts: Vec<(f64, u64)> = row_bounds().map(|bound| (bound, 0)).collect();
    for (bound, count) in histogram.buckets() {
        let bound = bound.map_or(f64::INFINITY, |bound| bound as f64);
        if let Some(bucket) = counts.iter_mut().find(|(known, _)| *known == bound) {
            bucket.1 += count;
        }
    }
    counts
}

/// Spans (gap and length) and deltas of a native histogram's positive buckets.
pub(crate) fn native(histogram: &Histogram) -> (Vec<(i32, u32)>, Vec<i64>) {
    let mut spans: Vec<(i32, u32)> = Vec::new();
    let mut deltas = Vec::new();
    let mut next = None;
    let mut before = 0;
    for (index, count) in histogram.buckets() {
        match (next, spans.last_mut()) {
            (Some(next), Some(last)) if next == index => last.1 += 1,
            // The first offset is an index, the others are gaps.
            (next, _) => spans.push((index - next.unwrap_or(0), 1)),
        }
        next = Some(index + 1);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        deltas.push(count - before);
        before = count;
    }
    (spans, deltas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        micros.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
        histogram
    }

    #[test]
    fn classic_counts_are_exact_at_their_bounds() {
        let histogram = of(&[1, 500_000, 500_001, 1_000_000, 16_000_000, 16_100_000, 900_000_000]);
        let counts = classic(&histogram);
        let at = |bound: f64| counts.iter().find(|(known, _)| *known == bound).unwrap().1;
        assert_eq!((at(0.5), at(1.0), at(16.0), at(f64::INFINITY)), (1, 2, 1, 2));
        assert_eq!(counts[0], (2f64.powi(-13), 1));
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), histogram.count());
    }

    #[test]
    fn spans_and_deltas_give_the_buckets_back() {
        let histogram = of(&[900_000, 900_000, 1_000_000, 1_050_000, 1_050_000, 4_000_000]);
        let (spans, deltas) = native(&histogram);
        let (mut found, mut index, mut count) = (Vec::new(), 0, 0);
        let mut deltas = deltas.into_iter();
        for (offset, length) in spans {
            index += offset;
            for _ in 0..length {
                count += deltas.next().unwrap();
                found.push((index, count as u64));
                index += 1;
            }
        }
        assert_eq!(found, histogram.buckets().collect::<Vec<_>>());
        assert_eq!(deltas.next(), None);
    }
}

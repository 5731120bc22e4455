//! Durations that were counted in buckets, one by one again.

use std::time::Duration;

use monitor_core::snapshot::Histogram;

/// Bucket of durations beyond 256 s, which has no upper bound.
const OPEN_BUCKET: i32 = 65;
/// Bucket of durations up to 60 ns, which reaches down to zero.
const LOWEST_BUCKET: i32 = -192;

/// Seconds, and how many durations of about that length there were.
///
/// OpenTelemetry's API takes durations one by one. Each comes back within its bucket, at most 9 % off,
/// and all of them at the same relative place between its bounds, which is chosen so that they add up
/// to the time they really took.
pub(crate) fn replay(histogram: &Histogram, time: Duration) -> Vec<(f64, u64)> {
    let total = time.as_secs_f64();
    let at = |place: f64| {
        histogram.buckets().map(move |(index, count)| {
            let (low, high) = bounds(index);
            (index, low + (high - low) * place, count)
        })
    };
    let sum = |place| at(place).map(|(_, value, count)| value * count as f64).sum::<f64>();
    let (low, high) = (sum(0.0), sum(1.0));
    let place = if high > low { (total - low) / (high - low) } else { 1.0 };
    // Off the bounds by more than what rounding does.
    let place = place.clamp(1e-4, 1.0 - 1e-4);
    let rest = (total - sum(place)).max(0.0);
    at(place)
        .map(|(index, value, count)| match index {
            OPEN_BUCKET => (value + rest / count as f64, count),
            _ => (value, count),
        })
        .collect()
}

/// The bounds of a bucket in seconds; both are the lower one where there is no upper.
fn bounds(index: i32) -> (f64, f64) {
    let bound = |index: i32| (f64::from(index) / 8.0).exp2();
    match index {
        OPEN_BUCKET => (bound(index - 1), bound(index - 1)),
        LOWEST_BUCKET => (0.0, bound(index)),
        _ => (bound(index - 1), bound(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(durations: &[Duration]) {
        let mut histogram = Histogram::default();
        durations.iter().for_each(|duration| histogram.record(*duration));
        let time: Duration = durations.iter().sum();
        let replayed = replay(&histogram, time);
        let count: u64 = replayed.iter().map(|(_, count)| count).sum();
        assert_eq!(count, durations.len() as u64);
        let sum: f64 = replayed.iter().map(|(value, count)| value * *count as f64).sum();
        assert!((sum - time.as_secs_f64()).abs() <= 1e-9 * sum, "{sum} for {time:?}");
        let mut again = Histogram::default();
        for (value, count) in replayed {
            (0..count).for_each(|_| again.record(Duration::from_secs_f64(value)));
        }
        assert_eq!(again.buckets().collect::<Vec<_>>(), histogram.buckets().collect::<Vec<_>>());
    }

    #[test]
    fn durations_come_back_in_their_buckets_and_with_their_sum() {
        let ms = Duration::from_millis;
        check(&[ms(1)]);
        check(&[ms(1), ms(1), ms(2), ms(700), ms(30_000)]);
        check(&[Duration::from_nanos(20), ms(3)]);
        check(&[ms(4), ms(600_000), ms(400_000)]);
        check(&[]);
    }
}

//! Chance, and what is more than chance: the tests that trends and comparisons rest on.
//!
//! All of them ask how often a difference at least as large would come about if nothing had changed
//! (the two-sided p-value). Counts are tested exactly: what is approximately normal in the middle
//! is not so far out, and many tests at once are decided far out.

use crate::snapshot::Histogram;

/// What a test of two sets of durations found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shift {
    /// How often chance alone does this.
    pub(super) p: f64,
    /// The share of pairs in which the later duration is the longer one, ties counted half; 0.5 where
    /// nothing moved.
    pub(super) longer: f64,
}

/// The rank-sum test (Wilcoxon 1945, Mann and Whitney 1947) of two small sets of values, exactly:
/// of all ways to choose as many values as `now` has, the share whose ranks add up as far from
/// the middle. Ties share their ranks. Nothing is assumed of how the values are spread, only that
/// without a change their order would be arbitrary.
///
/// Costs about `now² · (before + now)²` additions: for minutes of an hour, a fraction of a millisecond.
pub(super) fn rank_sum(before: &[f64], now: &[f64]) -> f64 {
    let ranks = doubled_ranks(before, now);
    let seen: usize = ranks[before.len()..].iter().sum();
    let most = 2 * ranks.len() * now.len();
    // ways[k][s]: how many choices of k values have ranks that add up to s.
    let mut ways = vec![vec![0.0; most + 1]; now.len() + 1];
    ways[0][0] = 1.0;
    for rank in &ranks {
        for chosen in (0..now.len()).rev() {
            let (less, more) = ways.split_at_mut(chosen + 1);
            let from = &less[chosen][..=most - rank];
            for (to, ways) in more[0][*rank..].iter_mut().zip(from) {
                *to += ways;
            }
        }
    }
    let ways = &ways[now.len()];
    let below: f64 = ways[..=seen].iter().sum();
    let above: f64 = ways[seen..].iter().sum();
    let all: f64 = ways.iter().sum();
    two_sided(below / all, above / all)
}

/// The smallest p-value that [`rank_sum`] can give for so many values: that of two sets that do not
/// overlap at all.
pub(super) fn rank_sum_least(before: usize, now: usize) -> f64 {
    let (few, all) = (before.min(now) as f64, (before + now) as f64);
    if few == 0.0 { 1.0 } else { (2.0 * (-ln_choose(all, few)).exp()).min(1.0) }
}

/// The rank of each value among all, from 2 on and in steps of two, so that ties have whole ranks too.
fn doubled_ranks(before: &[f64], now: &[f64]) -> Vec<usize> {
    let all = || before.iter().chain(now);
    let rank = |value: &f64| {
        let less = all().filter(|other| *other < value).count();
        let same = all().filter(|other| *other == value).count();
        2 * less + same + 1
    };
    all().map(rank).collect()
}

/// The rank-sum test of two histograms, by the normal approximation with its correction for ties
/// (Lehmann, Nonparametrics, 1975): durations of one bucket are equal to it.
///
/// It sees calls as independent of each other. Asks for at least twenty on either side.
pub(super) fn mann_whitney(before: &Histogram, after: &Histogram) -> Shift {
    let (n, m) = (before.count() as f64, after.count() as f64);
    let all = n + m;
    let mut both = before.clone();
    both.merge(after);
    let (mut wins, mut ties, mut below) = (0.0, 0.0, 0.0);
    let mut olds = before.buckets().peekable();
    let mut news = after.buckets().peekable();
    for (index, count) in both.buckets() {
        let old = olds.next_if(|(known, _)| *known == index).map_or(0.0, |(_, count)| count as f64);
        let new = news.next_if(|(known, _)| *known == index).map_or(0.0, |(_, count)| count as f64);
        wins += new * (below + old / 2.0);
        below += old;
        let share = count as f64 / all;
        ties += share * share * share;
    }
    let longer = wins / (n * m);
    // The variance of `longer`; the tie term makes it zero where all durations are equal.
    let variance = (all * (1.0 - ties)) / (12.0 * n * m);
    let deviation = (longer - 0.5).abs() / variance.sqrt();
    let p = if variance > 0.0 { libm::erfc(deviation / std::f64::consts::SQRT_2) } else { 1.0 };
    if longer.is_nan() || p.is_nan() { Shift { p: 1.0, longer: 0.5 } } else { Shift { p, longer } }
}

/// Fisher's exact test (1935): whether a share of `before_of` and one of `after_of` are the same.
pub(super) fn shares(before: u64, before_of: u64, after: u64, after_of: u64) -> f64 {
    let [a, n, b, m] = [before, before_of, after, after_of].map(|count| count as f64);
    if a > n || b > m || n == 0.0 || m == 0.0 {
        return 1.0;
    }
    // Given how many there are in all, how many of them fall to `after` is hypergeometric.
    let hits = a + b;
    let ln = |k: f64| ln_choose(m, k) + ln_choose(n, hits - k) - ln_choose(n + m, hits);
    let (least, most) = ((hits - n).max(0.0), hits.min(m));
    two_sided(tail(b, least, -1.0, &ln), tail(b, most, 1.0, &ln))
}

/// The exact conditional test of two Poisson rates (Przyborowski and Wilenski 1940): given how many
/// calls there were in all, how many of them fall into the later time is binomial.
///
/// It sees calls as independent of each other, so calls that come in bursts look surer than they
/// are; ask for a large difference besides.
pub(super) fn rates(before: u64, before_time: f64, after: u64, after_time: f64) -> f64 {
    let (b, all) = (after as f64, before as f64 + after as f64);
    let share = after_time / (before_time + after_time);
    if !(share > 0.0 && share < 1.0) || all == 0.0 {
        return 1.0;
    }
    let ln = |k: f64| ln_choose(all, k) + k * share.ln() + (all - k) * (1.0 - share).ln();
    two_sided(tail(b, 0.0, -1.0, &ln), tail(b, all, 1.0, &ln))
}

/// Probability of `from` and everything beyond it up to `to`, by the logarithm of each; 1 where that
/// holds the likeliest and is no tail.
fn tail(from: f64, to: f64, step: f64, ln: &impl Fn(f64) -> f64) -> f64 {
    /// A tail of more terms than this is a heavy one.
    const TERMS_MAX: usize = 10_000;
    /// A term so small beside the sum changes no digit of it.
    const NEGLIGIBLE: f64 = 1e-15;
    if from != to && ln(from + step) > ln(from) {
        return 1.0;
    }
    let (mut sum, mut k) = (0.0, from);
    for _ in 0..TERMS_MAX {
        let term = ln(k).exp();
        sum += term;
        if k == to || term <= sum * NEGLIGIBLE {
            return sum;
        }
        k += step;
    }
    1.0
}

fn two_sided(below: f64, above: f64) -> f64 {
    let p = 2.0 * below.min(above);
    if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }
}

/// Logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: f64, k: f64) -> f64 {
    let ln_factorial = |n: f64| libm::lgamma(n + 1.0);
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// The level at which each of many tests has to be decided, so that the chance of a single false
/// alarm among all of them stays below `level`.
///
/// Bonferroni's correction in Tarone's form (Biometrics 46, 1990): a test of so few values that it
/// could never pass costs the others nothing. `least` is the smallest p-value each can give.
pub(super) fn level_of_each(level: f64, least: impl IntoIterator<Item = f64>) -> f64 {
    let mut least: Vec<f64> = least.into_iter().collect();
    least.sort_by(f64::total_cmp);
    let mut tests = 1;
    while least.partition_point(|least| *least <= level / tests as f64) > tests {
        tests += 1;
    }
    level / tests as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn close(found: f64, truth: f64) {
        assert!((found / truth - 1.0).abs() < 1e-3, "{found} for {truth}");
    }

    #[test]
    fn exact_tests_give_the_values_of_the_textbooks() {
        // Two sets that do not overlap: one of C(8, 3) = 56 choices, on either side.
        close(rank_sum(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0]), 2.0 / 56.0);
        close(rank_sum_least(5, 3), 2.0 / 56.0);
        // Fisher's tea: 3 of 4 against 1 of 4 has a one-sided p of 17/70.
        close(shares(1, 4, 3, 4), 34.0 / 70.0);
        // Ten calls all in the second half of the time: 2^-10.
        close(rates(0, 60.0, 10, 60.0), 2.0 / 1024.0);
        close(rates(5, 60.0, 5, 60.0), 1.0);
    }

    #[test]
    fn one_minute_with_errors_among_sixty_is_no_wonder() {
        let mut now = [0.0; 5];
        now[0] = 0.5;
        close(rank_sum(&[0.0; 55], &now), 2.0 * 5.0 / 60.0);
        close(rank_sum(&[1.0; 55], &[1.0; 5]), 1.0);
    }

    #[test]
    fn large_counts_are_tested_in_bounded_time() {
        assert!(rates(1_000_000_000, 3600.0, 1_000_000_100, 3600.0) > 0.5);
        assert!(rates(1_000_000_000, 3600.0, 1_100_000_000, 3600.0) < 1e-9);
        assert!(shares(1_000, 1_000_000, 2_000, 1_000_000) < 1e-9);
        for p in [rates(u64::MAX, 1.0, 3, 1.0), shares(u64::MAX, u64::MAX, 1, u64::MAX)] {
            assert!((0.0..=1.0).contains(&p), "{p}");
        }
    }

    #[test]
    fn a_shift_of_durations_is_seen_and_equal_ones_are_not() {
        let of = |millis: &[u64]| {
            let mut histogram = Histogram::default();
            millis.iter().for_each(|ms| histogram.record(Duration::from_millis(*ms)));
            histogram
        };
        let (short, long) = (of(&[10; 30]), of(&[20; 30]));
        let shift = mann_whitney(&short, &long);
        assert!(shift.p < 1e-9 && shift.longer > 0.99, "{shift:?}");
        assert_eq!(mann_whitney(&short, &short), Shift { p: 1.0, longer: 0.5 });
        assert_eq!(mann_whitney(&short, &Histogram::default()).p, 1.0);
    }

    #[test]
    fn tests_that_cannot_pass_cost_the_others_nothing() {
        close(level_of_each(0.01, [1e-9; 10]), 0.001);
        close(level_of_each(0.01, [1e-9, 0.5, 0.5, 0.5]), 0.01);
        close(level_of_each(0.01, []), 0.01);
    }
}

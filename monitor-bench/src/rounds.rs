//! Blocks in turning order, and what can be said of them.

use std::time::Instant;

use crate::variants::Variant;

/// Nanoseconds a call took, by variant and round.
pub(crate) struct Rounds(Vec<Vec<f64>>);

/// What a variant's rounds say.
pub(crate) struct Cost {
    pub(crate) median: f64,
    pub(crate) quarter: f64,
    pub(crate) three_quarters: f64,
    /// Median of the differences to the first variant in the same round.
    pub(crate) above: f64,
    /// Median of the ratios to the first variant in the same round.
    pub(crate) ratio: f64,
}

// === impl Rounds ===

impl Rounds {
    /// Runs every variant once a round, beginning with another one each time.
    pub(crate) fn run(variants: &mut [Variant], rounds: usize, block: u32) -> Self {
        let mut times = vec![Vec::with_capacity(rounds); variants.len()];
        for round in 0..rounds {
            for step in 0..variants.len() {
                let turn = (round + step) % variants.len();
                let start = Instant::now();
                (variants[turn].block)(block);
                times[turn].push(start.elapsed().as_secs_f64() * 1e9 / f64::from(block));
            }
        }
        Self(times)
    }

    pub(crate) fn costs(&self) -> impl Iterator<Item = Cost> + '_ {
        self.0.iter().map(|times| {
            let pairs = || times.iter().zip(&self.0[0]);
            let above = pairs().map(|(time, first)| time - first);
            let ratio = pairs().map(|(time, first)| time / first);
            Cost {
                median: quantile(times.iter().copied(), 0.5),
                quarter: quantile(times.iter().copied(), 0.25),
                three_quarters: quantile(times.iter().copied(), 0.75),
                above: quantile(above, 0.5),
                ratio: quantile(ratio, 0.5),
            }
        })
    }
}

fn quantile(values: impl Iterator<Item = f64>, q: f64) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

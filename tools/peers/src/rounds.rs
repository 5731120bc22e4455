//! Blocks in turning order, and what can be said of them.

use std::time::{Duration, Instant};

/// One thing to do so many times.
pub struct Variant {
    /// What it is called in tables.
    pub name: &'static str,
    block: Box<dyn FnMut(u32) -> Duration>,
}

/// Nanoseconds that one time took, by variant and round.
pub struct Rounds(Vec<Vec<f64>>);

/// What a variant's rounds say, in nanoseconds.
pub struct Cost {
    /// Half of the rounds took less.
    pub median: f64,
    /// A quarter of the rounds took less.
    pub quarter: f64,
    /// Three quarters of the rounds took less.
    pub three_quarters: f64,
    /// Median of the differences to the first variant in the same round.
    pub above: f64,
    /// Median of the ratios to the first variant in the same round.
    pub ratio: f64,
}

// === impl Variant ===

impl Variant {
    /// A variant that is measured from a block's beginning to its end.
    pub fn new(name: &'static str, mut once: impl FnMut(u32) + 'static) -> Self {
        Self::timed(name, move |times| {
            let start = Instant::now();
            (0..times).for_each(&mut once);
            start.elapsed()
        })
    }

    /// A variant that tells itself how long so many times took: what it leaves out is not measured.
    pub fn timed(name: &'static str, block: impl FnMut(u32) -> Duration + 'static) -> Self {
        Self { name, block: Box::new(block) }
    }
}

// === impl Rounds ===

impl Rounds {
    /// Runs every variant once a round, beginning with another one each time; once more before, uncounted.
    pub fn run(variants: &mut [Variant], rounds: usize, block: u32) -> Self {
        for variant in variants.iter_mut() {
            (variant.block)(block);
        }
        let mut times = vec![Vec::with_capacity(rounds); variants.len()];
        for round in 0..rounds {
            for step in 0..variants.len() {
                let turn = (round + step) % variants.len();
                let took = (variants[turn].block)(block);
                times[turn].push(took.as_secs_f64() * 1e9 / f64::from(block));
            }
        }
        Self(times)
    }

    /// What each variant cost, in their order.
    pub fn costs(&self) -> impl Iterator<Item = Cost> + '_ {
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

/// The value that this share of the values lies below.
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

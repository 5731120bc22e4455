//! Random numbers that are the same on every run.

use std::time::Duration;

/// A generator of random numbers from a seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from 0 to 1, never 0.
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A duration whose logarithm is normal: `median` seconds, and `sigma` for how far they scatter.
    pub(crate) fn lognormal(&mut self, median: f64, sigma: f64) -> Duration {
        let angle = std::f64::consts::TAU * self.share();
        let normal = (-2.0 * self.share().ln()).sqrt() * angle.cos();
        Duration::from_secs_f64(median * (sigma * normal).exp())
    }
}

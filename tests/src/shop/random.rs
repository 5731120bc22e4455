//! Random numbers that are the same everywhere and for ever.
//!
//! SplitMix64 (Steele, Lea and Flood, 2014): its stream is fixed by its publication, where a crate's may change with
//! its version and every golden value with it. Good enough to fill tables, useless for secrets.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of a name: a table's rows do not depend on which tables were made before it.
    pub(super) fn named(seed: u64, name: &str) -> Self {
        let mut stream = Self::new(seed);
        for byte in name.bytes() {
            stream.0 = stream.next() ^ u64::from(byte);
        }
        stream
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from zero up to, and never, one.
    pub(super) fn unit(&mut self) -> f64 {
        // 53 bits are what a float holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number, both ends included, each as likely.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.unit() * (high - low + 1) as f64) as i64
    }

    /// A number from one to `high` where small ones are common: the customers and products a shop lives on.
    pub(super) fn skewed(&mut self, high: i64) -> i64 {
        1 + (self.unit().powi(3) * high as f64) as i64
    }

    /// One of these, each as likely.
    pub(super) fn choice<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.between(0, from.len() as i64 - 1) as usize]
    }

    /// One of these by its share; shares add up to one, and what rounding leaves over goes to the first.
    pub(super) fn pick<T: Copy>(&mut self, shares: &[(T, f64)]) -> T {
        let mut at = self.unit();
        for &(value, share) in shares {
            if at < share {
                return value;
            }
            at -= share;
        }
        shares[0].0
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        let stream: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            stream,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn both_ends_of_a_range_come_up_and_nothing_beyond() {
        let mut random = Random::new(1);
        let drawn: Vec<i64> = (0..1000).map(|_| random.between(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
    }

    #[test]
    fn names_have_streams_of_their_own() {
        let next = |name| Random::named(7, name).next();
        assert_ne!(next("orders"), next("events"));
        assert_eq!(next("orders"), next("orders"));
    }
}

//! Where a duration falls among base-2 exponential buckets of schema 3.
//!
//! Bucket *i* holds durations in `(2^((i-1)/8), 2^(i/8)]` seconds: eight to a doubling, each at
//! most 9.1 % wide, the resolution that Prometheus native histograms (schema 3) and OTLP
//! exponential histograms (scale 3) carry without loss. Storage keeps a *slot* per bucket: slot 0
//! takes everything up to 2^-24 s (60 ns), the last one everything beyond 2^8 s (256 s).

use std::time::Duration;

/// Prometheus index of slot 0.
const FIRST_INDEX: i32 = -24 * 8;
/// Prometheus index of the last bucket with an upper bound.
const LAST_INDEX: i32 = 8 * 8;
const BOUNDED: usize = (LAST_INDEX - FIRST_INDEX + 1) as usize;

/// Slots a histogram needs: one per bucket, one more for what is longer than them all.
pub(crate) const SLOTS: usize = BOUNDED + 1;

/// 2^(k/8).
const ROOTS: [f64; 8] = [
    1.0,
    1.090_507_732_665_257_7,
    1.189_207_115_002_721,
    1.296_839_554_651_009_6,
    std::f64::consts::SQRT_2,
    1.542_210_825_407_940_8,
    1.681_792_830_507_429,
    1.834_008_086_409_342_4,
];

/// Upper bound of each slot in whole nanoseconds, rounded down: a whole number is at most the
/// bound exactly when it is at most the bound rounded down.
static BOUNDS: [u64; BOUNDED] = bounds();

/// For a duration's [key], the first slot it may fall in.
static GUESS: [u16; KEYS] = guesses();
const KEYS: usize = 64 * 16;

const fn bounds() -> [u64; BOUNDED] {
    let mut bounds = [0; BOUNDED];
    let mut slot = 0;
    while slot < BOUNDED {
        let index = FIRST_INDEX + slot as i32;
        let (power, root) = (index.div_euclid(8), index.rem_euclid(8) as usize);
        let mut seconds = ROOTS[root];
        let mut p = power;
        while p > 0 {
            seconds *= 2.0;
            p -= 1;
        }
        while p < 0 {
            seconds /= 2.0;
            p += 1;
        }
        bounds[slot] = (seconds * 1e9) as u64;
        slot += 1;
    }
    bounds
}

const fn guesses() -> [u16; KEYS] {
    let bounds = bounds();
    let mut guesses = [0; KEYS];
    let mut slot = 0;
    let mut step = 0;
    while step < KEYS {
        let (bit, rest) = (step / 16, step as u64 % 16);
        // The least that has this key; below 2^4 it may be no whole number, and the one below it will do.
        let lowest = if bit >= 4 { (16 + rest) << (bit - 4) } else { (16 + rest) >> (4 - bit) };
        while slot < BOUNDED && bounds[slot] < lowest {
            slot += 1;
        }
        guesses[key(lowest_float(bit, rest))] = slot as u16;
        step += 1;
    }
    guesses
}

/// `2^bit * (1 + rest/16)`.
const fn lowest_float(bit: usize, rest: u64) -> f64 {
    f64::from_bits((1_023 + bit as u64) << 52 | rest << 48)
}

/// A number's highest set bit and the four bits after it, as floating point has them side by side.
#[inline]
const fn key(nanos: f64) -> usize {
    (nanos.to_bits() >> 48) as usize % KEYS
}

/// The slot of a duration in nanoseconds: one table look-up and at most three steps. What is longer than `i64` takes as many
/// steps as there are slots.
#[inline]
pub(crate) fn slot_of(nanos: u64) -> usize {
    // Below 2^53 it is exact, and beyond 2^38 there is one slot for all. Zero has the key of 2.
    let mut slot = usize::from(GUESS[key(nanos as i64 as f64)]);
    while slot < BOUNDED && nanos > BOUNDS[slot] {
        slot += 1;
    }
    slot
}

/// The Prometheus index of a slot; the slot of everything longer gets the next index.
pub(crate) fn index_of_slot(slot: usize) -> i32 {
    FIRST_INDEX + slot as i32
}

/// The slot of a Prometheus index that exists; others count with the nearest.
pub(crate) fn slot_of_index(index: i32) -> usize {
    (index.saturating_sub(FIRST_INDEX).max(0) as usize).min(SLOTS - 1)
}

/// Lower and upper bound of a bucket by its Prometheus index.
pub(crate) fn bounds_of_index(index: i32) -> (Duration, Duration) {
    let bound = |index: i32| {
        usize::try_from(index - FIRST_INDEX).map_or(Duration::ZERO, |slot| {
            BOUNDS.get(slot).map_or(Duration::MAX, |nanos| Duration::from_nanos(*nanos))
        })
    };
    (bound(index - 1), bound(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_the_next_nanosecond_to_the_next() {
        for (slot, &bound) in BOUNDS.iter().enumerate() {
            assert_eq!(slot_of(bound), slot, "at {bound}");
            assert_eq!(slot_of(bound + 1), slot + 1, "after {bound}");
        }
        assert_eq!(slot_of(0), 0);
        assert_eq!(slot_of(u64::MAX), SLOTS - 1);
    }

    #[test]
    fn one_second_is_the_upper_bound_of_bucket_zero() {
        assert_eq!(index_of_slot(slot_of(1_000_000_000)), 0);
        assert_eq!(bounds_of_index(0).1, Duration::from_secs(1));
        assert_eq!(index_of_slot(slot_of(2_000_000_000)), 8);
    }

    #[test]
    fn no_bucket_is_wider_than_the_ninth_of_a_doubling() {
        for pair in BOUNDS.windows(2) {
            let ratio = pair[1] as f64 / pair[0] as f64;
            assert!(ratio < 1.11, "{pair:?}");
        }
    }
}

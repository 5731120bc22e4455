//! Whether a series still has its place, without the books' lock.

use super::event::SeriesRef;
use super::sync::{AtomicU32, Relaxed};

/// The generation of each place, to be read without the lock: a look-up that finds another one
/// than it remembers has found a series that lost its place.
pub(super) struct Generations(Box<[AtomicU32]>);

// === impl Generations ===

impl Generations {
    pub(super) fn new(places_max: usize) -> Self {
        Self((0..places_max).map(|_| AtomicU32::new(0)).collect())
    }

    #[inline]
    pub(super) fn is_current(&self, series: SeriesRef) -> bool {
        self.0[series.place()].load(Relaxed) == series.generation()
    }

    pub(super) fn set(&self, place: usize, generation: u32) {
        self.0[place].store(generation, Relaxed);
    }
}

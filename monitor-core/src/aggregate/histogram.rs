//! A histogram for what is counted where it happens: checkouts, connections, transactions.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::snapshot::Histogram;
use crate::snapshot::buckets::{SLOTS, slot_of};

/// A histogram that many threads may add to. 2 KB, whatever is in it.
pub(super) struct AtomicHistogram([AtomicU64; SLOTS]);

// === impl AtomicHistogram ===

impl Default for AtomicHistogram {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; SLOTS])
    }
}

impl AtomicHistogram {
    pub(super) fn record(&self, nanos: u64) {
        self.0[slot_of(nanos)].fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Histogram {
        let slots = self.0.iter().map(|slot| slot.load(Relaxed)).enumerate();
        Histogram::from_slots(slots.filter(|(_, count)| *count > 0))
    }
}

//! Where calls are counted: atomics that threads rarely share.

use std::cell::Cell as LocalCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::capture::Rows;
use crate::snapshot::buckets::{SLOTS, slot_of};
use crate::snapshot::{Activity, Histogram};

/// Threads are dealt round-robin over this many places, so that two busy ones rarely write to the
/// same cache line.
pub(super) const SHARDS: usize = 4;

/// A histogram that many threads may add to.
pub(super) struct AtomicHistogram([AtomicU64; SLOTS]);

/// The counters of one set of calls, for the threads of one shard.
struct Cell {
    histogram: AtomicHistogram,
    nanos: AtomicU64,
    nanos_min: AtomicU64,
    nanos_max: AtomicU64,
    slow: AtomicU64,
    very_slow: AtomicU64,
    rows_returned: AtomicU64,
    rows_affected: AtomicU64,
    rows_unknown: AtomicU64,
}

/// The counters of one set of calls. A shard's cell is made when a thread of it first counts.
#[derive(Default)]
pub(super) struct Cells([OnceLock<Box<Cell>>; SHARDS]);

/// What one call adds.
#[derive(Clone, Copy)]
pub(super) struct Addition {
    pub(super) duration: Duration,
    pub(super) rows: Rows,
    pub(super) slow: bool,
    pub(super) very_slow: bool,
}

/// The shard of the calling thread.
pub(super) fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: LocalCell<usize> = const { LocalCell::new(usize::MAX) };
    }
    // A thread that is ending has no locals any more; it shares the first shard.
    MINE.try_with(|mine| {
        if mine.get() == usize::MAX {
            mine.set(NEXT.fetch_add(1, Relaxed) % SHARDS);
        }
        mine.get()
    })
    .unwrap_or(0)
}

/// A duration as nanoseconds; half a millennium at most.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

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
        Histogram::from_slots(self.0.iter().map(|slot| slot.load(Relaxed)))
    }
}

// === impl Cell ===

impl Default for Cell {
    fn default() -> Self {
        Self {
            histogram: AtomicHistogram::default(),
            nanos: AtomicU64::new(0),
            nanos_min: AtomicU64::new(u64::MAX),
            nanos_max: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            very_slow: AtomicU64::new(0),
            rows_returned: AtomicU64::new(0),
            rows_affected: AtomicU64::new(0),
            rows_unknown: AtomicU64::new(0),
        }
    }
}

impl Cell {
    fn add(&self, addition: &Addition) {
        let nanos = nanos(addition.duration);
        self.histogram.record(nanos);
        self.nanos.fetch_add(nanos, Relaxed);
        if nanos < self.nanos_min.load(Relaxed) {
            self.nanos_min.fetch_min(nanos, Relaxed);
        }
        if nanos > self.nanos_max.load(Relaxed) {
            self.nanos_max.fetch_max(nanos, Relaxed);
        }
        bump(&self.slow, u64::from(addition.slow));
        bump(&self.very_slow, u64::from(addition.very_slow));
        let Rows { returned, affected } = addition.rows;
        bump(&self.rows_returned, returned.unwrap_or(0));
        bump(&self.rows_affected, affected.unwrap_or(0));
        bump(&self.rows_unknown, u64::from(returned.is_none() && affected.is_none()));
    }

    fn read(&self) -> Activity {
        let histogram = self.histogram.read();
        let calls = histogram.count();
        Activity {
            calls,
            slow: self.slow.load(Relaxed),
            very_slow: self.very_slow.load(Relaxed),
            rows_returned: self.rows_returned.load(Relaxed),
            rows_affected: self.rows_affected.load(Relaxed),
            rows_unknown: self.rows_unknown.load(Relaxed),
            time: Duration::from_nanos(self.nanos.load(Relaxed)),
            time_min: match self.nanos_min.load(Relaxed) {
                u64::MAX => Duration::ZERO,
                nanos => Duration::from_nanos(nanos),
            },
            time_max: Duration::from_nanos(self.nanos_max.load(Relaxed)),
            histogram,
            ..Activity::default()
        }
    }
}

/// Most of what a call adds is zero, and adding it would still take the cache line.
fn bump(counter: &AtomicU64, by: u64) {
    if by > 0 {
        counter.fetch_add(by, Relaxed);
    }
}

// === impl Cells ===

impl Cells {
    pub(super) fn add(&self, addition: &Addition) {
        self.0[shard()].get_or_init(Box::default).add(addition);
    }

    pub(super) fn read(&self) -> Activity {
        let mut sum = Activity::default();
        for cell in self.0.iter().filter_map(OnceLock::get) {
            sum.merge(&cell.read());
        }
        sum
    }
}

//! Waits for connections, as the driver itself reports them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::event::nanos;
use crate::snapshot::ReportedWaits;

/// Waits that somebody else has measured, who tells of some only.
#[derive(Default)]
pub(crate) struct Reported {
    reported: AtomicU64,
    slow: AtomicU64,
    nanos: AtomicU64,
    nanos_max: AtomicU64,
}

// === impl Reported ===

impl Reported {
    pub(crate) fn waited(&self, waited: Duration, is_slow: bool) {
        self.reported.fetch_add(1, Relaxed);
        self.slow.fetch_add(is_slow.into(), Relaxed);
        self.nanos.fetch_add(nanos(waited), Relaxed);
        self.nanos_max.fetch_max(nanos(waited), Relaxed);
    }

    pub(super) fn read(&self) -> ReportedWaits {
        ReportedWaits {
            reported: self.reported.load(Relaxed),
            slow: self.slow.load(Relaxed),
            time: Duration::from_nanos(self.nanos.load(Relaxed)),
            longest: Duration::from_nanos(self.nanos_max.load(Relaxed)),
        }
    }
}

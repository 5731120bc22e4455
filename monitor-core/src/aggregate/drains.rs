//! Connections that stay busy after their caller has gone.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use super::event::nanos;
use super::histogram::AtomicHistogram;
use super::sources::gauge;
use crate::snapshot::Histogram;

/// Connections that were given back in the middle of an answer: the pool has them, and nobody can.
#[derive(Default)]
pub(crate) struct Drains {
    now: AtomicI64,
    took: AtomicHistogram,
}

// === impl Drains ===

impl Drains {
    pub(crate) fn begins(&self) {
        self.now.fetch_add(1, Relaxed);
    }

    pub(crate) fn ends(&self, took: Duration) {
        self.now.fetch_sub(1, Relaxed);
        self.took.record(nanos(took));
    }

    pub(super) fn now(&self) -> u64 {
        gauge(&self.now)
    }

    pub(super) fn read(&self) -> Histogram {
        self.took.read()
    }
}

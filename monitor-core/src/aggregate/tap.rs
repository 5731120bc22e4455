//! Calls on their way to observers.

use std::sync::Arc;

use super::slow::Kept;
use super::sources::Source;
use crate::capture::Clock;
use crate::snapshot::FinishedCall;

/// Calls that are in the books and that observers have not been told of yet.
///
/// Bounded: where observers are slower than calls, the newest are not told, and counted.
pub(super) struct Tap {
    calls: Vec<Kept>,
    calls_max: usize,
    /// Somebody was asked to come and take them.
    asked: bool,
    pub(super) missed: u64,
}

/// Calls taken out to be told, with all it takes to do so without the books.
pub(crate) struct Untold {
    calls: Vec<Kept>,
    sources: Vec<Arc<Source>>,
    clock: Clock,
}

// === impl Tap ===

impl Tap {
    pub(super) fn new(calls_max: usize) -> Self {
        Self { calls: Vec::new(), calls_max, asked: false, missed: 0 }
    }

    pub(super) fn push(&mut self, call: Kept) {
        if self.calls.len() < self.calls_max {
            self.calls.push(call);
        } else {
            self.missed += 1;
        }
    }

    /// Whether it is half full; says so once until it is emptied.
    pub(super) fn is_due(&mut self) -> bool {
        self.calls.len() > self.calls_max / 2 && !std::mem::replace(&mut self.asked, true)
    }

    pub(super) fn take(&mut self) -> Vec<Kept> {
        self.asked = false;
        std::mem::take(&mut self.calls)
    }
}

// === impl Untold ===

impl Untold {
    pub(super) fn new(calls: Vec<Kept>, sources: Vec<Arc<Source>>, clock: Clock) -> Self {
        Self { calls, sources, clock }
    }

    /// Tells the calls, so many at once.
    pub(crate) fn tell(self, at_once: usize, mut tell: impl FnMut(&[FinishedCall])) {
        let mut finished = Vec::with_capacity(self.calls.len().min(at_once));
        for calls in self.calls.chunks(at_once) {
            finished.extend(calls.iter().map(|call| call.finished(&self.sources, &self.clock)));
            tell(&finished);
            finished.clear();
        }
    }
}

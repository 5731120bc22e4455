//! What a connection is running, to be read by others than the thread that runs it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::event::SeriesRef;
use crate::capture::Tick;

/// The last call of one connection.
///
/// Its connection writes, whoever asks who holds the connection reads; a reader that comes in
/// between may see a statement with the time of the one before it.
#[derive(Debug)]
pub(crate) struct LastCall {
    series: AtomicU64,
    /// Nanoseconds of the clock; [`NEVER`] while nothing runs.
    since: AtomicU64,
}

/// No series, and no moment.
const NEVER: u64 = u64::MAX;

// === impl LastCall ===

impl LastCall {
    pub(crate) fn begins(&self, series: SeriesRef, at: Tick) {
        self.since.store(at.as_nanos(), Relaxed);
        self.series.store(series.word(), Relaxed);
    }

    pub(crate) fn ends(&self) {
        self.since.store(NEVER, Relaxed);
    }

    /// Somebody else has the connection, who has called nothing yet.
    pub(crate) fn forget(&self) {
        self.series.store(NEVER, Relaxed);
        self.ends();
    }

    /// What was called last.
    pub(super) fn series(&self) -> Option<SeriesRef> {
        let word = self.series.load(Relaxed);
        (word != NEVER).then(|| SeriesRef::from_word(word))
    }

    /// For how long it has been running, if it still is.
    pub(super) fn running(&self, now: Tick) -> Option<Duration> {
        let since = self.since.load(Relaxed);
        (since != NEVER).then(|| Duration::from_nanos(now.as_nanos().saturating_sub(since)))
    }
}

impl Default for LastCall {
    fn default() -> Self {
        Self { series: AtomicU64::new(NEVER), since: AtomicU64::new(NEVER) }
    }
}

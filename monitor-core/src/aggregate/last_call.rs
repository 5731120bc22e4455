//! What a connection is running, to be read by others than the thread that runs it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::event::SeriesRef;
use crate::capture::Tick;

/// The last call of one connection, and the transaction it is in.
///
/// Its connection writes, whoever asks who holds the connection reads; a reader that comes in
/// between may see a statement with the time of the one before it.
#[derive(Debug)]
pub(crate) struct LastCall {
    series: AtomicU64,
    /// When it began, in nanoseconds of the clock; [`NEVER`] before the first.
    began: AtomicU64,
    is_running: AtomicBool,
    /// When the open transaction began.
    transaction: AtomicU64,
    /// Since when the open transaction runs nothing.
    idle: AtomicU64,
}

/// No series, and no moment.
const NEVER: u64 = u64::MAX;

// === impl LastCall ===

impl LastCall {
    pub(crate) fn begins(&self, series: SeriesRef, at: Tick) {
        self.began.store(at.as_nanos(), Relaxed);
        self.series.store(series.word(), Relaxed);
        self.is_running.store(true, Relaxed);
    }

    pub(crate) fn ends(&self) {
        self.is_running.store(false, Relaxed);
    }

    /// Somebody else has the connection, who has called nothing yet.
    pub(crate) fn forget(&self) {
        self.series.store(NEVER, Relaxed);
        self.began.store(NEVER, Relaxed);
        self.transaction_ends();
        self.ends();
    }

    pub(crate) fn transaction_begins(&self, at: Tick) {
        self.transaction.store(at.as_nanos(), Relaxed);
    }

    pub(crate) fn transaction_ends(&self) {
        self.transaction.store(NEVER, Relaxed);
        self.idle.store(NEVER, Relaxed);
    }

    /// The open transaction runs nothing from now on.
    pub(crate) fn idles(&self, at: Tick) {
        self.idle.store(at.as_nanos(), Relaxed);
    }

    /// The open transaction runs something.
    pub(crate) fn works(&self) {
        self.idle.store(NEVER, Relaxed);
    }

    /// What was called last.
    pub(super) fn series(&self) -> Option<SeriesRef> {
        let word = self.series.load(Relaxed);
        (word != NEVER).then(|| SeriesRef::from_word(word))
    }

    /// How long ago the last call began.
    pub(super) fn called(&self, now: Tick) -> Option<Duration> {
        since(&self.began, now)
    }

    /// For how long it has been running, if it still is.
    pub(super) fn running(&self, now: Tick) -> Option<Duration> {
        self.is_running.load(Relaxed).then(|| self.called(now)).flatten()
    }

    /// For how long a transaction has been open, if one is.
    pub(super) fn transaction(&self, now: Tick) -> Option<Duration> {
        since(&self.transaction, now)
    }

    /// For how long the open transaction has been running nothing.
    pub(super) fn idle(&self, now: Tick) -> Option<Duration> {
        since(&self.idle, now)
    }
}

fn since(moment: &AtomicU64, now: Tick) -> Option<Duration> {
    let moment = moment.load(Relaxed);
    (moment != NEVER).then(|| Duration::from_nanos(now.as_nanos().saturating_sub(moment)))
}

impl Default for LastCall {
    fn default() -> Self {
        let never = || AtomicU64::new(NEVER);
        Self {
            series: never(),
            began: never(),
            is_running: AtomicBool::new(false),
            transaction: never(),
            idle: never(),
        }
    }
}

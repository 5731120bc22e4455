//! From diesel's transaction events to transactions.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use monitor_core::{Source, TransactionTimer};

/// The transaction of one connection.
///
/// diesel tells what it is about to do, and never how that went; the call that follows does. Only
/// the outermost level is a transaction, what is inside of it are savepoints.
///
/// Outside of transactions it costs a load a call.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    state: Mutex<State>,
    is_announced: AtomicBool,
    is_open: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    next: Option<Step>,
    open: Option<TransactionTimer>,
}

/// What a call does to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    /// Opens a level inside of it, at this depth.
    Savepoint(u32),
    Commit,
    Rollback,
}

// === impl Step ===

impl Step {
    /// What diesel calls "begin" at a depth.
    pub(crate) fn begin(depth: NonZeroU32) -> Self {
        match depth.get() {
            1 => Self::Begin,
            depth => Self::Savepoint(depth),
        }
    }
}

// === impl Transaction ===

impl Transaction {
    /// diesel is about to take a step; `None` where it only leaves a savepoint.
    pub(crate) fn announce(&self, step: Option<Step>) {
        self.state().next = step;
        self.is_announced.store(step.is_some(), Relaxed);
    }

    /// What the call that starts now does to the transaction.
    #[inline]
    pub(crate) fn take_step(&self) -> Option<Step> {
        if !self.is_announced.load(Relaxed) {
            return None;
        }
        self.is_announced.store(false, Relaxed);
        self.state().next.take()
    }

    /// A step was taken, and this is how it went.
    pub(crate) fn took(&self, step: Step, well: bool, source: &Source) {
        let mut state = self.state();
        match (step, well) {
            // What was open before, and never ended, counts as dropped.
            (Step::Begin, true) => state.open = Some(source.transaction().with_calls()),
            (Step::Begin, false) => {}
            (Step::Savepoint(depth), true) => {
                if let Some(open) = &state.open {
                    open.savepoint(depth);
                }
            }
            (Step::Savepoint(_), false) => {}
            (Step::Commit, true) => {
                if let Some(open) = state.open.take() {
                    open.committed();
                }
            }
            (Step::Commit, false) | (Step::Rollback, _) => {
                if let Some(open) = state.open.take() {
                    open.rolled_back();
                }
            }
        }
        self.is_open.store(state.open.is_some(), Relaxed);
    }

    /// A call begins on the connection, whoever sees it.
    #[inline(always)]
    pub(crate) fn call_begins(&self) {
        if self.is_open.load(Relaxed) {
            self.change(TransactionTimer::call_begins);
        }
    }

    /// A call has ended, or was given up.
    #[inline(always)]
    pub(crate) fn call_ends(&self) {
        if self.is_open.load(Relaxed) {
            self.change(TransactionTimer::call_ends);
        }
    }

    #[inline(never)]
    fn change(&self, change: fn(&mut TransactionTimer)) {
        if let Some(open) = &mut self.state().open {
            change(open);
        }
    }

    /// The connection is gone; what was open counts as dropped.
    pub(crate) fn close(&self) {
        self.is_open.store(false, Relaxed);
        self.state().open = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

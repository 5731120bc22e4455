//! From diesel's transaction events to transactions.

use std::num::NonZeroU32;

use monitor_core::{Source, TransactionTimer};

/// The transaction of one connection.
///
/// diesel tells what it is about to do, and never how that went; the call that follows does. Only
/// the outermost level is a transaction, what is inside of it are savepoints.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    next: Option<Step>,
    open: Option<TransactionTimer>,
}

/// What a call does to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Commit,
    Rollback,
}

// === impl Transaction ===

impl Transaction {
    /// diesel is about to take a step.
    pub(crate) fn announce(&mut self, step: Step, depth: NonZeroU32) {
        self.next = (depth.get() == 1).then_some(step);
    }

    /// What the call that starts now does to the transaction.
    pub(crate) fn take_step(&mut self) -> Option<Step> {
        self.next.take()
    }

    /// A step was taken, and this is how it went.
    pub(crate) fn took(&mut self, step: Step, well: bool, source: &Source) {
        match (step, well) {
            // What was open before, and never ended, counts as dropped.
            (Step::Begin, true) => self.open = Some(source.transaction()),
            (Step::Begin, false) => {}
            (Step::Commit, true) => {
                if let Some(open) = self.open.take() {
                    open.committed();
                }
            }
            (Step::Commit, false) | (Step::Rollback, _) => {
                if let Some(open) = self.open.take() {
                    open.rolled_back();
                }
            }
        }
    }
}

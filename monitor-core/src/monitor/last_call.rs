//! A handle on what a connection runs.

use std::sync::Arc;

use super::source::Statement;
use crate::aggregate;
use crate::capture::Tick;

/// What a connection runs, for whoever asks who holds it: see
/// [`Checkout::shows`](super::Checkout::shows).
///
/// All clones are one. The adapter that sees the connection's calls writes it, at the cost of a few
/// stores a call.
#[derive(Clone, Debug, Default)]
pub struct LastCall(pub(super) Arc<aggregate::LastCall>);

// === impl LastCall ===

impl LastCall {
    /// A call of a statement has begun.
    #[inline]
    pub fn begins(&self, statement: Statement, at: Tick) {
        if let Some(series) = statement.series() {
            self.0.begins(series, at);
        }
    }

    /// A transaction has begun on the connection.
    pub fn transaction_begins(&self, at: Tick) {
        self.0.transaction_begins(at);
    }

    /// It has ended, or the connection is about to roll it back.
    pub fn transaction_ends(&self) {
        self.0.transaction_ends();
    }

    /// Somebody else has the connection, who has called nothing yet.
    pub fn forget(&self) {
        self.0.forget();
    }

    /// The call has ended.
    #[inline]
    pub fn ends(&self) {
        self.0.ends();
    }
}

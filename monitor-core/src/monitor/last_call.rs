//! A handle on what a connection runs.

use std::sync::Arc;

use super::source::Statement;
use crate::aggregate;
use crate::capture::Tick;

/// What a connection runs, for whoever asks who holds it: see
/// [`Checkout::shows`](super::Checkout::shows).
///
/// All clones are one. The adapter that sees the connection's calls writes it, at the cost of two
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

    /// Somebody else has the connection, who has called nothing yet.
    pub fn forget(&self) {
        self.0.forget();
    }

    /// It has ended.
    #[inline]
    pub fn ends(&self) {
        self.0.ends();
    }
}

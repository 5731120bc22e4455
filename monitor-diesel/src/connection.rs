//! From diesel's establish events to connections made and lost.

use monitor_core::Source;
use monitor_core::capture::{Clock, Tick};

/// The life of one connection, as far as it was seen.
///
/// A connection whose beginning was not seen is not counted at its end either, so that what was
/// made and not closed is what is open.
#[derive(Debug, Default)]
pub(crate) struct Life(State);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unseen,
    Connecting(Source, Tick),
    Open(Source),
}

// === impl Life ===

impl Life {
    /// A connection is being made.
    pub(crate) fn connecting(&mut self, source: Source, clock: &Clock) {
        self.0 = State::Connecting(source, clock.now());
    }

    /// Whether it is being made.
    pub(crate) fn is_connecting(&self) -> bool {
        matches!(self.0, State::Connecting(..))
    }

    /// Whether nothing of its beginning was told.
    pub(crate) fn is_unseen(&self) -> bool {
        matches!(self.0, State::Unseen)
    }

    /// It was made, or not.
    pub(crate) fn connected(&mut self, well: bool, clock: &Clock) {
        if let State::Connecting(source, since) = std::mem::take(&mut self.0) {
            if well {
                source.connection_created(Some(clock.now().since(since)));
                self.0 = State::Open(source);
            } else {
                source.connection_failed();
            }
        }
    }

    /// Somebody else made it, and did not say how long that took.
    #[cfg(feature = "pool")]
    pub(crate) fn made(&mut self, source: Source) {
        source.connection_created(None);
        self.0 = State::Open(source);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        match &self.0 {
            State::Unseen => {}
            // diesel-async tells only of connections that were made, and never of those that failed.
            State::Connecting(source, _) => source.connection_failed(),
            State::Open(source) => source.connection_closed(),
        }
    }
}

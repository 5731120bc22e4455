//! Asks the database about itself: what there is, and what it would do.
//!
//! Everything here is questions in SQL and the reading of answers. Who carries a question to the
//! server is an [`Asker`], which the adapters implement over a connection of the monitor's own.

mod asker;

pub use asker::{Answer, AskError, AskErrorKind, Asker};

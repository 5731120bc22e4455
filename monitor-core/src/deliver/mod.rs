//! Telling somebody: notices go to sinks, and no sink can harm anything else.
//!
//! Every [`Sink`] has a queue and a thread of its own. The review hands its notices over and goes on; what
//! is slow, dead, full or panicking stays behind that line, where it is retried, counted and shown in
//! [`Snapshot::sinks`](crate::snapshot::Snapshot::sinks). Queries never come near it.
//!
//! This stage does not know how a notice came to be, and opens no socket: where a notice goes is the
//! sink's own knowledge.

mod backoff;
mod callback;
mod delivery;
mod dispatch;
mod lane;
mod outbox;
mod queue;
mod sink;

pub(crate) use callback::Callback;
pub use delivery::Delivery;
pub(crate) use dispatch::Dispatch;
pub use sink::{SendError, Sink};

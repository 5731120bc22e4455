//! Over HTTP: one request at a time, within time-outs, and never somewhere else than asked.

mod agent;
mod post;
mod retry_after;

pub use agent::Http;
pub use post::{Format, Post, Request};

//! The dashboard, asked from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod access;
mod answers;
mod hostile;
mod moments;
mod mounted;
mod schema;
mod scopes;
mod serving;
mod world;

//! What the whole-system tests share: where the servers are, and a shop to fill them with.
//!
//! `cargo xtask test` starts the servers and runs the tests; nothing here starts one or skips a test without one.

// A test's helper that can't go on has no better answer than to stop the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod servers;
pub mod shop;

//! `monitor-top` in front of real dashboards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod hostile;
mod keys;
mod program;
mod servers;
mod views;
mod world;

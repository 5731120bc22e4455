//! monitor-otel through its public API, the SDK on the other side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod bridge;
mod metrics;
mod otlp;
mod spans;
mod texts;
mod world;

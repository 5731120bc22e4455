//! What is seen of real connections, sync and async, on all three databases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod asker;
mod async_pools;
mod asynchronous;
mod backends;
mod copy;
mod install;
mod peculiar;
mod precise;
mod precise_async;
mod probes;
mod r2d2;
mod readers;
mod repeated;
mod slow;
mod support;

//! The adapter on real databases: PostgreSQL, MariaDB or MySQL, and SQLite in memory.
//!
//! What holds for all three is written once, inside `everywhere!`. A test's clock stands still
//! until the test moves its hands, so times are exact.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod world;

mod aborted;
mod advice;
mod asker;
mod cancelled;
mod checkouts;
mod comments;
mod copy;
mod drop_in;
mod errors;
mod growth;
mod indexes;
mod killed;
mod labels;
mod layer;
mod lines;
mod listener;
mod macros;
mod migrations;
mod parts;
mod peers;
mod probes;
mod proxy;
mod scopes;
mod seaorm;
mod secrets;
mod slow;
mod survey;
mod timeouts;
mod transactions;
mod unused;
mod ways;

//! The whole line, from an application's queries to the picture of its database, on real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod advice;
mod alertmanager;
mod databases;
mod faults;
mod opentelemetry;
mod page;
mod page_traffic;
mod parity;
mod pg_stat_statements;
mod precise;
mod requests;
mod scans;
mod scenes;
mod shop;
mod spans;
mod stage;

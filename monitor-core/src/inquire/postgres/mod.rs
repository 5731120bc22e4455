//! PostgreSQL: what to ask it, and how to read its answers.

mod catalogue;
mod plan;
mod planner;
mod questions;

pub use catalogue::{TABLES_MAX, read_catalogue};
pub use planner::PostgresPlanner;

//! SQLite: what to ask it, how to read its answers, and its planner on a copy of the schema.

mod catalogue;
mod plan;
mod planner;
mod rows;

pub use catalogue::{Survey, survey};
pub use planner::SqlitePlanner;

//! MariaDB and MySQL: what to ask them, and how to read their answers.
//!
//! Neither can try out an index that does not exist. So plans tell what is as it is, and what would be better is left
//! to a model.

mod catalogue;
mod plan;
mod planner;
mod rows;
mod usage;

pub use catalogue::{Survey, survey};
pub use planner::MysqlPlanner;

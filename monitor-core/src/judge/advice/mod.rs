//! Advice with its evidence.

pub mod index;
pub mod query;

mod recommendation;

pub use recommendation::{
    Category, Confidence, Effort, Evidence, Fact, Impact, Priority, Recommendation,
};

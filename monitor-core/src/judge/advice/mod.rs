//! Advice with its evidence.

mod recommendation;

pub use recommendation::{
    Category, Confidence, Effort, Evidence, Fact, Impact, Priority, Recommendation,
};

//! Asks the database about itself: what there is, and what it would do.
//!
//! Everything here is questions in SQL and the reading of answers. Who carries a question to the
//! server is an [`Asker`], which the adapters implement over a connection of the monitor's own.

mod asker;
mod catalogue;
mod planner;

pub use asker::{Answer, AskError, AskErrorKind, Asker};
pub use catalogue::{
    Catalogue, Column, ForeignKey, Index, KeyOf, KeyPart, Spread, Table, TableKind, Writes,
};
pub use planner::{Access, Explainable, IndexDraft, Plan, PlanNode, Planner, UsedIndex};

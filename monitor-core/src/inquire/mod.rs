//! Asks the database about itself: what there is, and what it would do.
//!
//! Everything here is questions in SQL and the reading of answers. Who carries a question to the
//! server is an [`Asker`], which the adapters implement over a connection of the monitor's own.

mod asker;
mod budget;
mod catalogue;
mod cells;
mod cost;
mod line;
mod manners;
pub mod mysql;
mod planned;
mod planner;
pub mod postgres;
mod quote;
mod sample;
pub mod sqlite;
mod steps;

pub use asker::{Answer, AskError, AskErrorKind, Asker};
pub use budget::{Asked, Budget, Budgeted};
pub use catalogue::{
    Catalogue, Column, ForeignKey, Index, KeyOf, KeyPart, Spread, Table, TableKind, Writes,
};
pub use line::{Carrier, Line};
pub use manners::Manners;
pub(crate) use planned::{rows_up_to, with_planner};
pub use planner::{
    Access, Estimates, Explainable, FilterEstimate, IndexDraft, Plan, PlanNode, Planner, UsedIndex,
};
pub use quote::quoted;
pub use sample::Sample;

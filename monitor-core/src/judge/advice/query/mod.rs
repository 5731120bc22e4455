//! What a statement asks of each table: its filters, joins and orders, with every column led back to its table.
//!
//! A statement is read from its normalised text, where each value is a `?`, or from a text with literals where somebody
//! gave one. Reading never fails loudly: what is not understood is left out, and so is all advice that would need it.

mod columns;
mod filters;
mod joins;
mod read;
mod reading;
mod render;
mod shape;
mod uses;

pub use read::{read, read_as_told};
pub use reading::{
    ColumnRef, Filter, Group, Join, Operand, Reading, Relation, Sort, Test, ValueUse,
};
pub use render::{Filling, render};

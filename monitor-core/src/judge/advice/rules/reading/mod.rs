//! What a statement's tree says, as far as the rules ask.
//!
//! Every value in the tree is a placeholder: a rule reads shapes, and knows no literal.

mod expressions;
mod partners;
mod scope;
mod shape;
mod wrapped;

pub(super) use expressions::{
    arguments, both, columns_of, conjuncts, constant_side, function_name, has_aggregate,
    is_constant, name_of, operands, plain, subqueries,
};
pub(super) use scope::{
    Column, Scope, all_conditions, asked, constraint, has_limit, has_offset, hidden_within,
    joined_on, joins_inner_only, only_select, top_selects, written_out,
};
pub(super) use shape::Shape;
pub(super) use wrapped::{How, Wrapped, wrapped_columns};

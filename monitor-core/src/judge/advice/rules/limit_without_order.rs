//! Some rows are taken, and which ones is left to chance.
//!
//! **What was seen.** `limit` without `order by`: which rows come is whatever the plan of the day gives. Another index, another version or a vacuum
//! changes it.
//!
//! **What to do.** Add `order by` with a unique column at its end.
//!
//! **When it is wrong.** Where any row will do. A test for existence, a single row by its key or another value it equals, and rows taken from a queue with `for update` are left
//! alone.

use super::reading::{
    Scope, Shape, all_conditions, has_aggregate, has_limit, is_constant, only_select, wrapped_columns,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use crate::judge::advice::{Effort, Priority};

pub(super) struct LimitWithoutOrder;

impl Rule for LimitWithoutOrder {
    fn name(&self) -> &'static str {
        "limit-without-order"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Some((outer, select, hidden)) = only_select(query.tree) else { return Opinion::NotMine };
        if !has_limit(outer) || outer.order_by.is_some() || select.from.is_empty() {
            return Opinion::NotMine;
        }
        if !outer.locks.is_empty() {
            return Opinion::Quiet("any row of a queue will do".into());
        }
        let selected: Vec<_> = select
            .projection
            .iter()
            .filter_map(|item| match item {
                sqlparser::ast::SelectItem::UnnamedExpr(expr)
                | sqlparser::ast::SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                _ => None,
            })
            .collect();
        if !selected.is_empty() && selected.iter().all(|expr| is_constant(expr)) {
            return Opinion::Quiet("it tests for existence".into());
        }
        let is_grouped = !matches!(&select.group_by, sqlparser::ast::GroupByExpr::Expressions(by, _) if by.is_empty());
        if !is_grouped && selected.iter().any(|expr| has_aggregate(expr)) {
            return Opinion::Quiet("it gives one row anyway".into());
        }
        let scope = Scope::of(select, &hidden, query.catalogue);
        let conditions = all_conditions(select);
        let activity = &query.of.activity;
        let counted = activity.calls > activity.rows_unknown;
        let is_look_up = Shape::of(query.tree, query.catalogue).looked_up
            || wrapped_columns(&scope, &conditions).iter().any(|wrapped| wrapped.equals);
        if is_look_up && counted && activity.rows_returned <= activity.calls - activity.rows_unknown {
            return Opinion::Quiet("it looks up one row by a value".into());
        }
        let single = scope.single_rows(&conditions);
        match scope.tables.as_slice() {
            _ if single.iter().all(|one| *one) => {
                return Opinion::Quiet("unique keys give one row".into());
            }
            tables if tables.iter().any(|table| table.known.is_none()) && !conditions.is_empty() => {
                return no_catalogue("whether the condition gives one row");
            }
            _ => {}
        }
        let mut found = query.rewrite(
            0.0,
            "which rows `limit` takes is left to chance",
            "without `order by` the plan of the day decides; another index or version gives other rows",
            "add `order by` with a unique column at its end",
        );
        found.effort = Effort::Small;
        found.at_risk(Priority::Low).into()
    }
}

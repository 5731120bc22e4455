//! A condition asks for a function of a column, so the column's index is of no use.
//!
//! **What was seen.** `where date(created_at) = ?`: an index is sorted by `created_at`, not by `date(created_at)`, so every row is
//! read and put through the function. `date_trunc`, `year` and `extract(year ...)` do the same.
//!
//! **What to do.** Compare the column itself with the bounds of what the function would give: a day is
//! `created_at >= ? and created_at < ? + 1 day`. A cast that takes the time away, `created_at::date`, is such a function.
//!
//! **When it is wrong.** Not where the function stands on the other side, in the select list, or where an index over this
//! very expression exists: then nothing is said. Nor of functions that no range of the column stands for, such as `length`, nor where another condition leads an index to few rows already. It speaks only where the column has an index that would be used.

use sqlparser::ast::Expr;

use super::reading::{How, Scope, Wrapped, asked, wrapped_columns};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;

pub(super) struct SargableFunction;

/// Rows below which reading all of a table costs no more than looking into an index: a few pages.
pub(super) const ROWS_MIN: f64 = 500.0;

/// Share of a statement's time that an index saves it, where the rows left are few. Measured on the
/// bench's cases: 98 % and more.
pub(super) const SAVES: f64 = 0.9;

impl Rule for SargableFunction {
    fn name(&self) -> &'static str {
        "sargable-function"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        hidden(query, How::Function, |query, wrapped, index| {
            let Wrapped { sql, column, .. } = wrapped;
            if !wrapped.is_range {
                return Opinion::Quiet(format!("no range of `{}` says the same as `{sql}`", column.name));
            }
            let found = query.rewrite(
                SAVES,
                &format!("`{sql}` hides `{}` from its index", column.name),
                "the index is sorted by the column, not by what the function makes of it, so every row is read",
                &remedy(wrapped),
            );
            let found = match sql.contains("time zone") || sql.contains("convert_tz") {
                true => found.step("the bounds are those of that zone: midnight there"),
                false => found,
            };
            found.fact("existing index", index).into()
        })
    }
}

/// A range for a value; one bound for what is compared by order, where the end of `<=` and `>` is the next value's beginning.
fn remedy(wrapped: &Wrapped) -> String {
    let name = &wrapped.column.name;
    match wrapped.equals {
        true => format!("compare `{name}` itself with where the value begins and where the next one does: `{name} >= ? and {name} < ?`"),
        false => format!(
            "compare `{name}` itself: `{name} >= ?` and `{name} < ?` with where the value begins, in the place of `<=` and `>` `{name} < ?` and `{name} >= ?` with where the next one does"
        ),
    }
}

/// What to say of a column that stands in a condition in one of these ways, though an index is there for it.
pub(super) fn hidden(
    query: &Query<'_>,
    how: How,
    say: impl Fn(&Query<'_>, &Wrapped, &str) -> Opinion,
) -> Opinion {
    let mut quiet = Opinion::NotMine;
    for (scope, conditions) in asked(query.tree, query.catalogue) {
        for wrapped in wrapped_columns(&scope, &conditions) {
            if wrapped.how == how {
                match judged(query, &scope, &conditions, &wrapped, &say) {
                    found @ Opinion::Found(_) => return found,
                    other => quiet = other,
                }
            }
        }
    }
    quiet
}

fn judged(
    query: &Query<'_>,
    scope: &Scope<'_>, conditions: &[&Expr], wrapped: &Wrapped, say: &impl Fn(&Query<'_>, &Wrapped, &str) -> Opinion,
) -> Opinion {
    let Wrapped { column, sql, .. } = wrapped;
    let Some(table) = scope.table_of(column) else {
        return no_catalogue(&format!("whether `{}` has an index", column.name));
    };
    if let Some(index) = scope.expression_index(column.table, |indexed| wrapped.is_served_by(indexed)) {
        return Opinion::Quiet(format!("index {} holds `{sql}`", index.name));
    }
    if let Some(index) = scope.led_to(column.table, conditions) {
        return Opinion::Quiet(format!("index {} leads to few rows already", index.name));
    }
    match scope.index_on(column) { None => Opinion::Quiet(format!("`{}` has no index that could be used instead", column.name)),
        Some(_) if table.rows.is_some_and(|rows| rows < ROWS_MIN) => {
            Opinion::Quiet(format!("{} is small", table.name))
        }
        Some(index) => say(query, wrapped, &index.name),
    }
}

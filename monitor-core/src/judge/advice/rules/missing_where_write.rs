//! All rows of a table are changed or deleted.
//!
//! **What was seen.** An `update` or `delete` without `where`, or with one that is always true, and without `limit`, which went through all rows: it locks them all, writes all of them to the log, and is rarely
//! what was meant.
//!
//! **What to do.** Say which rows are meant. To empty a table, `truncate` does it without touching each row. A job that does mean all rows
//! is better done in batches by key, so that others get a turn.
//!
//! **When it is wrong.** On a table with a handful of rows; where the catalogue or the counts of changed rows say so, nothing is said. Temporary
//! tables are left alone.

use sqlparser::ast::{Expr, FromTable, Statement, TableFactor};

use super::reading::{Scope, conjuncts, is_constant};
use super::seen::{Opinion, Query};
use super::names::table_written;
use super::Rule;
use crate::capture::System;
use crate::judge::advice::{Effort, Priority};
use crate::snapshot::Activity;

pub(super) struct MissingWhereWrite;

/// Rows up to which it is taken for a table of settings.
const ROWS_MIN: f64 = 100.0;

impl Rule for MissingWhereWrite {
    fn name(&self) -> &'static str {
        "missing-where-write"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let (what, factor, selection, is_bounded) = match query.tree {
            Statement::Update(update) => {
                let is_bounded = bounds(update.selection.as_ref()) || update.limit.is_some() || update.from.is_some();
                ("update", &update.table.relation, update.selection.as_ref(), is_bounded || !update.table.joins.is_empty())
            }
            Statement::Delete(delete) => {
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
                let Some(table) = from.first() else { return Opinion::NotMine };
                let is_bounded = bounds(delete.selection.as_ref()) || delete.limit.is_some() || delete.using.is_some();
                ("delete", &table.relation, delete.selection.as_ref(), is_bounded || !table.joins.is_empty())
            }
            _ => return Opinion::NotMine,
        };
        let Activity { calls, rows_unknown, rows_affected, .. } = query.of.activity;
        match selection {
            _ if is_bounded => Opinion::NotMine,
            Some(_) if calls == rows_unknown => Opinion::CannotTell("whether its constant condition holds is not known".into()),
            Some(_) if rows_affected == 0 => Opinion::Quiet("its constant condition never held".into()),
            _ => unbounded(query, what, factor),
        }
    }
}

/// Whether a condition leaves out rows: it is about a column or a query somewhere.
fn bounds(condition: Option<&Expr>) -> bool {
    conjuncts(condition).into_iter().any(|one| !is_constant(one))
}

fn unbounded(query: &Query<'_>, what: &str, factor: &TableFactor) -> Opinion {
    let scope = Scope::of_table(factor, query.catalogue);
    let Some(table) = scope.tables.first() else { return Opinion::NotMine };
    let Some(name) = &table.name else { return Opinion::NotMine };
    if name.rsplit('.').next().is_some_and(|name| name.starts_with("tmp") || name.starts_with("temp")) {
        return Opinion::Quiet("it is a temporary table, by its name".into());
    }
    let activity = &query.of.activity;
    let counted = activity.calls > activity.rows_unknown;
    let changed = activity.rows_affected as f64 / activity.calls.max(1) as f64;
    if table.rows().is_some_and(|rows| rows < ROWS_MIN) || (counted && changed > 0.0 && changed < ROWS_MIN) {
        return Opinion::Quiet(format!("{name} is small"));
    }
    let written = table.known.map_or_else(|| name.clone(), |known| table_written(query.system(), known));
    let remedy = match what {
        "delete" if query.system() == System::Sqlite => "add `where`, and delete in batches by key".to_owned(),
        "delete" => format!("to empty the table, `truncate {written}`; otherwise add `where`, and delete in batches by key"),
        _ => "add `where`; to change all rows, do it in batches by key".to_owned(),
    };
    let mut found = query
        .rewrite(0.0, &format!("`{what}` without `where` on {name}"), "all rows are locked and written, and it is rarely meant", &remedy)
        .at_risk(Priority::High);
    found.effort = Effort::Small;
    if counted {
        found = found.fact("rows changed per call", format!("{changed:.0}"));
    }
    found.into()
}

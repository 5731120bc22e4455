//! All rows of a table are counted.
//!
//! **What was seen.** `select count(*) from order_items`, without a condition. The database keeps no count, so it goes through all rows (or through an index as
//! long as the table) every time.
//!
//! **What to do.** Where an estimate will do, ask the catalogue: `reltuples` of `pg_class` on PostgreSQL, `table_rows` of `information_schema.tables` on
//! MySQL. Where it has to be right, keep a counter beside the table.
//!
//! **When it is wrong.** Where the exact number is needed and asked for seldom.

use sqlparser::ast::{Expr, Function, SelectItem};

use super::reading::{Scope, arguments, function_name, is_constant, only_select, plain};
use super::seen::{Opinion, Query, no_catalogue};
use super::names::{table_written, text_written};
use super::Rule;
use crate::capture::System;

pub(super) struct CountWholeTable;

/// Rows from which on it is told: 800 000 took 65 ms on PostgreSQL 15.
const ROWS_MIN: f64 = 10_000.0;
const SAVES: f64 = 0.95;

impl Rule for CountWholeTable {
    fn name(&self) -> &'static str {
        "count-whole-table"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Some((_, select, hidden)) = only_select(query.tree) else { return Opinion::NotMine };
        let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = select.projection.as_slice() else {
            return Opinion::NotMine;
        };
        let is_count = matches!(plain(expr), Expr::Function(function) if counts_rows(function));
        let is_grouped = !matches!(&select.group_by, sqlparser::ast::GroupByExpr::Expressions(by, _) if by.is_empty());
        let scope = Scope::of(select, &hidden, query.catalogue);
        let [table] = scope.tables.as_slice() else { return Opinion::NotMine };
        if !is_count || is_grouped || select.selection.is_some() || table.name.is_none() {
            return Opinion::NotMine;
        }
        let (Some(known), Some(rows)) = (table.known, table.rows()) else { return no_catalogue("how many rows are counted") };
        if rows < ROWS_MIN {
            return Opinion::Quiet(format!("{} is small", known.name));
        }
        let name = &known.name;
        let estimate = match query.system() {
            System::PostgreSql => {
                let written = text_written(&table_written(query.system(), known));
                format!("`select reltuples::bigint from pg_class where oid = {written}::regclass`")
            }
            System::MySql | System::MariaDb => {
                let schema = match known.schema.as_str() {
                    "" => "database()".to_owned(),
                    schema => text_written(schema),
                };
                let name = text_written(name);
                format!("`select table_rows from information_schema.tables where table_schema = {schema} and table_name = {name}`")
            }
            _ => "`select max(rowid) from` it, where rows are never deleted".to_owned(),
        };
        let found = query.rewrite(
            SAVES,
            &format!("all of {name} is counted"),
            "no database keeps a count, so all rows are gone through every time",
            &format!("where an estimate will do, {estimate}"),
        );
        found.step("where it has to be right, keep a counter beside the table").fact("rows counted", format!("{rows:.0}")).into()
    }
}

/// Whether it is `count(*)` or `count(1)`, not the count of a column's values.
fn counts_rows(function: &Function) -> bool {
    function_name(function) == "count"
        && function.over.is_none()
        && function.filter.is_none()
        && arguments(function).into_iter().all(is_constant)
}

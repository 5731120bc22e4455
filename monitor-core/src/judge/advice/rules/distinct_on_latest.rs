//! The newest row of each group is found by looking for the greatest value again for every row.
//!
//! **What was seen.** `where moved_at = (select max(moved_at) from moves x where x.product_id = m.product_id)`: for every row the greatest
//! value of its group is worked out anew.
//!
//! **What to do.** On PostgreSQL `select distinct on (product_id) * ... order by product_id, moved_at desc`. Elsewhere number the rows once,
//! `row_number() over (partition by product_id order by moved_at desc)`, and keep the first.
//!
//! **When it is wrong.** Where two rows of a group share the greatest value, the old text gives both and the new one gives one. Nothing is said of small
//! tables, nor where either side has a condition of its own that is not about the group: the newest row that is `open` is not the newest row if it is `open`.

use sqlparser::ast::{BinaryOperator, Expr, Function, Select, Statement};

use super::correlated_subquery::Correlated;
use super::reading::{
    Column, Scope, arguments, columns_of, conjuncts, function_name, has_limit, plain, subqueries, top_selects,
};
use super::seen::{Found, Opinion, Query};
use super::Rule;
use crate::capture::System;
use crate::inquire::{Table, quoted};

pub(super) struct DistinctOnLatest;

/// Rows of the table from which on looking again and again is felt.
const ROWS_MIN: f64 = 1_000.0;
/// Share saved: 79 % in the bench's case, which has the fitting index.
const SAVES: f64 = 0.7;

/// The extreme row of each group, as a statement asks for it.
struct Latest<'a> {
    table: &'a Table,
    /// The column that has to be greatest or least.
    by: String,
    greatest: bool,
    /// The columns that make a group.
    group: Vec<String>,
}

impl Rule for DistinctOnLatest {
    fn name(&self) -> &'static str {
        "distinct-on-latest"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        for (select, hidden) in top_selects(query.tree) {
            let outer = Scope::of(select, &hidden, query.catalogue);
            for subquery in conjuncts(select.selection.as_ref()).into_iter().flat_map(subqueries) {
                let Some(correlated) = Correlated::of(&subquery, &hidden, query) else { continue };
                if let Some(latest) = Latest::of(query, select, &outer, &correlated) {
                    return latest.advice(query).into();
                }
            }
        }
        Opinion::NotMine
    }
}

/// Whether this rule speaks of a subquery.
pub(super) fn is_latest(query: &Query<'_>, select: &Select, outer: &Scope<'_>, correlated: &Correlated<'_>) -> bool {
    Latest::of(query, select, outer, correlated).is_some()
}

// === impl Latest ===

impl<'a> Latest<'a> {
    fn of(query: &Query<'_>, select: &Select, outer: &Scope<'a>, correlated: &Correlated<'_>) -> Option<Self> {
        let ([inner], [around]) = (correlated.scope.tables.as_slice(), outer.tables.as_slice()) else { return None };
        let table = around.known?;
        let is_same = inner.name.is_some() && inner.name == around.name;
        let is_limited = matches!(query.tree, Statement::Query(query) if has_limit(query));
        if !is_same || is_limited || table.rows? < ROWS_MIN || correlated.filters().next().is_some() {
            return None;
        }
        let Expr::Function(function) = plain(correlated.aggregate()?) else { return None };
        let (greatest, by) = extreme(&correlated.scope, function)?;
        let group_column = |(column, around): &(Column, Vec<String>)| {
            (around.last() == Some(&column.name)).then(|| column.name.clone())
        };
        let group: Option<Vec<_>> = correlated.columns.iter().map(group_column).collect();
        let latest = Self { table, by, greatest, group: group? };
        latest.is_all_of(select, outer, correlated).then_some(latest)
    }

    /// Whether all else that the statement asks for is about the group, which changes no group's extreme row.
    fn is_all_of(&self, select: &Select, outer: &Scope<'_>, correlated: &Correlated<'_>) -> bool {
        let conditions = conjuncts(select.selection.as_ref());
        let is_own = |side: &Expr, other: &Expr| {
            let by = outer.column(side).is_some_and(|column| column.name == self.by);
            by && matches!(plain(other), Expr::Subquery(query) if **query == *correlated.query)
        };
        let (own, others): (Vec<&Expr>, Vec<&Expr>) =
            conditions.iter().copied().partition(|condition| match plain(condition) {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => is_own(left, right) || is_own(right, left),
                _ => false,
            });
        let in_group = |condition: &&Expr| {
            let names = columns_of(condition);
            let of_group = |name| outer.resolve(name).is_some_and(|column| self.group.contains(&column.name));
            subqueries(condition).is_empty() && !names.is_empty() && names.iter().all(of_group)
        };
        own.len() == 1 && others.iter().all(in_group) && !outer.is_one_row(0, &conditions)
    }

    fn advice(&self, query: &Query<'_>) -> Found {
        let (group, by) = (self.group.join(", "), &self.by);
        let way = if self.greatest { "desc" } else { "asc" };
        let remedy = match query.system() {
            System::PostgreSql => {
                let table = quoted(&self.table.name);
                format!("write `select distinct on ({group}) ... from {table} order by {group}, {by} {way}`, and index ({group}, {by})")
            }
            _ => format!(
                "number the rows once, `row_number() over (partition by {group} order by {by} {way})`, and keep the first of each"
            ),
        };
        let found = query.rewrite(
            SAVES,
            "the extreme row of each group is looked for once per row",
            "for every row the greatest or least value of its group is worked out anew",
            &remedy,
        );
        let found = found.step("note that of rows which share that value only one is given then");
        let may_be_null = |name: &&String| self.table.column(name).is_none_or(|column| column.nullable);
        let nulls: Vec<_> = self.group.iter().chain([by]).filter(may_be_null).map(|name| format!("{name} is not null")).collect();
        if nulls.is_empty() { found } else { found.step(format!("leave out NULLs as before: `where {}`", nulls.join(" and "))) }
    }
}

/// Whether a function gives the greatest or the least value of a column, and of which.
fn extreme(scope: &Scope<'_>, function: &Function) -> Option<(bool, String)> {
    let greatest = match function_name(function).as_str() {
        "max" => true,
        "min" => false,
        _ => return None,
    };
    let arguments = arguments(function);
    let [argument] = arguments.as_slice() else { return None };
    let is_plain = function.filter.is_none() && function.over.is_none();
    is_plain.then_some((greatest, scope.column(argument)?.name))
}

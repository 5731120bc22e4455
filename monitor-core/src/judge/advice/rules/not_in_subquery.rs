//! Rows are left out by `not in` over a subquery.
//!
//! **What was seen.** `id not in (select customer_id from orders)`. A single NULL among the subquery's rows makes the condition unknown
//! for every row, and the statement then gives nothing at all. And the database may not turn it into a join: at best
//! it hashes the whole subquery, at worst it goes through it for every row.
//!
//! **What to do.** `not exists (select 1 from orders o where o.customer_id = c.id)` means what was meant, and is planned as an anti join.
//!
//! **When it is wrong.** Over a table of a few thousand rows whose column cannot be NULL it makes no difference; nothing is said of that. A row whose own value is NULL is left out by `not in`, and given by `not exists`.

use sqlparser::ast::{
    BinaryOperator, Expr, Query as Select, SelectItem, SetExpr, Statement, TableFactor, UnaryOperator,
};

use super::reading::{
    Scope, all_conditions, conjuncts, constant_side, hidden_within, joins_inner_only, plain, top_selects,
};
use super::seen::{Opinion, Query};
use super::Rule;
use crate::judge::advice::Priority;

pub(super) struct NotInSubquery;

/// Rows of the subquery's table up to which hashing them costs nothing worth a change: at 5 000 of them, and 400 000 rows around
/// them, `not exists` took 125 ms and `not in` 150 on PostgreSQL 15.
const ROWS_MIN: f64 = 5_000.0;
/// Share saved where the subquery's table is large: 93 % in the bench's case.
const SAVES: f64 = 0.5;

impl Rule for NotInSubquery {
    fn name(&self) -> &'static str {
        "not-in-subquery"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let found = conditions(query.tree).into_iter().find_map(|(condition, hidden)| Some((not_in(condition)?, hidden)));
        let Some((inner, around)) = found else { return Opinion::NotMine };
        let hidden = hidden_within(&around, inner);
        if !reads_tables(inner) {
            return Opinion::Quiet("the subquery reads no table".into());
        }
        let (nullable, rows) = of_inner(query, inner, &hidden);
        if nullable == Some(false) && rows.is_some_and(|rows| rows < ROWS_MIN) {
            return Opinion::Quiet("the subquery's rows are few, and none can be NULL".into());
        }
        if nullable != Some(true) && few_by_index(query, inner, &hidden) {
            return Opinion::Quiet("an index leads the subquery to few rows".into());
        }
        let found = query.rewrite(
            SAVES,
            "`not in (select ...)` is planned badly, and fooled by a NULL",
            "one NULL among the subquery's rows makes the statement give nothing; and it is not planned as a join",
            "write `not exists (select 1 from inner_table i where i.key = outer_table.key)`",
        );
        let found = found.step("rows whose own value is NULL come as well then: add `and outer_table.key is not null` where they are not meant");
        match nullable {
            Some(true) => found.at_risk(Priority::High).fact("the subquery's column", "may be NULL"),
            Some(false) => found.fact("the subquery's column", "is never NULL"),
            None => found,
        }
        .into()
    }
}

/// The conditions of which rows are read, changed or deleted, each with the names that are hidden there.
fn conditions(statement: &Statement) -> Vec<(&Expr, Vec<String>)> {
    let of = |selection, hidden: Vec<String>| {
        conjuncts(selection).into_iter().map(|condition| (condition, hidden.clone())).collect()
    };
    match statement {
        Statement::Update(update) => of(update.selection.as_ref(), Vec::new()),
        Statement::Delete(delete) => of(delete.selection.as_ref(), Vec::new()),
        _ => {
            let selects = top_selects(statement).into_iter();
            selects.flat_map(|(select, hidden)| -> Vec<_> { of(select.selection.as_ref(), hidden) }).collect()
        }
    }
}

/// Whether a query asks a table, rather than a list that came with the statement.
fn reads_tables(query: &Select) -> bool {
    match &*query.body {
        SetExpr::Select(select) => {
            let mut factors = select.from.iter().map(|from| &from.relation);
            factors.any(|factor| !matches!(factor, TableFactor::UNNEST { .. } | TableFactor::Function { .. } | TableFactor::Table { args: Some(_), .. }))
        }
        SetExpr::Values(_) => false,
        _ => true,
    }
}

fn not_in(condition: &Expr) -> Option<&Select> {
    match plain(condition) {
        Expr::InSubquery { subquery, negated: true, .. } => Some(subquery),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => match plain(expr) {
            Expr::InSubquery { subquery, negated: false, .. } => Some(subquery),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a condition does not hold where a column is NULL.
fn never_of_null(condition: &Expr, is_it: &impl Fn(&Expr) -> bool) -> bool {
    match plain(condition) {
        Expr::IsNotNull(inner) => is_it(inner),
        Expr::BinaryOp { left, op, right } => {
            let is_strict = matches!(
                op,
                BinaryOperator::Eq
                    | BinaryOperator::NotEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq
                    | BinaryOperator::Gt
                    | BinaryOperator::GtEq
            );
            is_strict && (is_it(left) || is_it(right))
        }
        other => constant_side(other).is_some_and(is_it),
    }
}

/// Whether an index leads a subquery over one table to a few of its rows.
fn few_by_index(query: &Query<'_>, inner: &Select, hidden: &[String]) -> bool {
    let SetExpr::Select(select) = &*inner.body else { return false };
    let scope = Scope::of(select, hidden, query.catalogue);
    scope.tables.len() == 1 && scope.led_to(0, &conjuncts(select.selection.as_ref())).is_some()
}

/// Whether the subquery's column may be NULL, and how many rows its table has, where that is known.
fn of_inner(query: &Query<'_>, inner: &Select, hidden: &[String]) -> (Option<bool>, Option<f64>) {
    let SetExpr::Select(select) = &*inner.body else { return (None, None) };
    let scope = Scope::of(select, hidden, query.catalogue);
    let rows = scope.tables.iter().map(|table| table.rows()).sum();
    let column = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => scope.column(expr),
        _ => None,
    };
    let nullable = column.and_then(|column| {
        let conditions = if joins_inner_only(select) { all_conditions(select) } else { conjuncts(select.selection.as_ref()) };
        let is_it = |expr: &Expr| scope.column(expr).as_ref() == Some(&column);
        let excluded = conditions.iter().any(|condition| never_of_null(condition, &is_it));
        let known = scope.table_of(&column)?.column(&column.name)?;
        Some(known.nullable && !excluded)
    });
    (nullable, rows)
}

//! Rows are left out by `not in` over a subquery.
//!
//! **What was seen.** `id not in (select customer_id from orders)`. A single NULL among the subquery's rows makes the condition unknown
//! for every row, and the statement then gives nothing at all. And the database may not turn it into a join: at best
//! it hashes the whole subquery, at worst it goes through it for every row.
//!
//! **What to do.** `not exists (select 1 from orders o where o.customer_id = c.id)` means what was meant, and is planned as an anti join.
//!
//! Except on PostgreSQL it needs an index that leads by the subquery's column: without one SQLite took 830 ms for what `not in`,
//! which makes a list once, did in 3 ms.
//!
//! **When it is wrong.** Over a table of a few thousand rows whose column cannot be NULL it makes no difference; nothing is said of that. A row whose own value is NULL is left out by `not in`, and given by `not exists`.

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, JoinOperator, Query as Select, SelectItem, SetExpr, Statement, TableFactor, UnaryOperator,
};

use super::reading::{
    Column, Scope, all_conditions, both, conjuncts, constant_side, has_aggregate, has_limit, hidden_within, joins_inner_only, plain, top_selects,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::names::{column_written, table_written};
use super::Rule;
use super::rewritten::rewritten;
use crate::capture::System;
use crate::inquire::TableKind;
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
        // There `not in` makes a list once, and `not exists` goes through the table for each row.
        let wanted = if query.system() == System::PostgreSql { None } else { index_wanted(query, inner, &hidden) };
        if wanted.is_some() && nullable != Some(true) {
            return match query.catalogue {
                None => no_catalogue("whether an index serves `not exists`"),
                Some(_) => Opinion::Quiet("no index leads by the subquery's column, so `not exists` would be slower".into()),
            };
        }
        let found = query.rewrite(
            SAVES,
            "`not in (select ...)` is planned badly, and fooled by a NULL",
            "one NULL among the subquery's rows makes the statement give nothing; and it is not planned as a join",
            "write `not exists (select 1 from inner_table i where i.key = outer_table.key)`",
        );
        let found = found.by(rewritten(query, |tree| as_not_exists(query, tree)));
        let found = found.step("rows whose own value is NULL come as well then: add `and outer_table.key is not null` where they are not meant");
        let found = match wanted {
            Some(index) => found.step_first(index),
            None => found,
        };
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

/// The statement with `not exists` in the place of its first `not in`, where every name still means what it did.
fn as_not_exists(query: &Query<'_>, tree: &mut Statement) -> Option<()> {
    let Statement::Query(whole) = tree else { return None };
    if whole.with.is_some() {
        return None;
    }
    let SetExpr::Select(outer) = whole.body.as_mut() else { return None };
    let outer_scope = Scope::of(outer, &[], query.catalogue);
    let mut conditions: Vec<Expr> = conjuncts(outer.selection.as_ref()).into_iter().cloned().collect();
    let place = conditions.iter().position(|condition| not_in(condition).is_some())?;
    let (tested, subquery) = match plain(&conditions[place]) {
        Expr::InSubquery { expr, subquery, .. } => (expr, subquery),
        Expr::UnaryOp { expr, .. } => match plain(expr) {
            Expr::InSubquery { expr, subquery, .. } => (expr, subquery),
            _ => return None,
        },
        _ => return None,
    };
    let mut subquery = subquery.clone();
    let SetExpr::Select(inner) = subquery.body.as_mut() else { return None };
    let is_plain = inner.distinct.is_none()
        && inner.having.is_none()
        && matches!(&inner.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
        && subquery.with.is_none()
        && !has_limit(&subquery);
    let SetExpr::Select(inner) = subquery.body.as_mut() else { return None };
    let inner_scope = Scope::of(inner, &[], query.catalogue);
    let [only] = inner_scope.tables.as_slice() else { return None };
    let [SelectItem::UnnamedExpr(selected)] = inner.projection.as_slice() else { return None };
    let of_outer = outer_scope.column(tested)?;
    inner_scope.column(selected)?;
    let outer_table = &outer_scope.tables[of_outer.table];
    // Without the catalogue nobody knows whose column a bare name is.
    let is_known = only.known.is_some() && outer_table.known.is_some();
    let is_apart = outer_scope.tables.iter().all(|table| table.alias != only.alias);
    let is_bare = |expr: &Expr| matches!(plain(expr), Expr::Identifier(_));
    // The name that would have to go before it may have to be written in another case.
    let is_quoted = query.of.text.contains(['"', '`', '[']) && (is_bare(tested) || is_bare(selected));
    if !is_plain || !is_known || !is_apart || is_quoted || has_aggregate(selected) {
        return None;
    }
    let mut all: Vec<Expr> = conjuncts(inner.selection.as_ref()).into_iter().cloned().collect();
    all.push(Expr::BinaryOp {
        left: Box::new(qualified(&only.alias, selected)),
        op: BinaryOperator::Eq,
        right: Box::new(qualified(&outer_table.alias, tested)),
    });
    inner.selection = both(all);
    let one = Expr::Identifier(Ident::new("1"));
    inner.projection = vec![SelectItem::UnnamedExpr(one)];
    subquery.order_by = None;
    conditions[place] = Expr::Exists { subquery, negated: true };
    outer.selection = both(conditions);
    Some(())
}

/// A column as it is written if that says whose it is, or else with its table's name before it.
fn qualified(alias: &str, written: &Expr) -> Expr {
    match plain(written) {
        Expr::Identifier(ident) => {
            Expr::CompoundIdentifier(vec![Ident::new(alias), ident.clone()])
        }
        other => other.clone(),
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

/// The index to make first, so that `not exists` finds the rows of a subquery by its column; `None` where one is there.
fn index_wanted(query: &Query<'_>, inner: &Select, hidden: &[String]) -> Option<String> {
    let unknown = || Some("index the subquery's column first: without it `not exists` reads the whole table for every row".to_owned());
    let SetExpr::Select(select) = &*inner.body else { return unknown() };
    let scope = Scope::of(select, hidden, query.catalogue);
    let Some(column) = selected(&scope, select) else { return unknown() };
    let Some(table) = scope.table_of(&column) else { return unknown() };
    if scope.leads_by(column.table, std::slice::from_ref(&column.name), &all_conditions(select)).is_some() {
        return None;
    }
    let (name, of) = (table_written(query.system(), table), column_written(query.system(), &column.name));
    Some(format!("index {name} ({of}) first: without it `not exists` reads the whole table for every row"))
}

/// The only column a subquery gives.
fn selected(scope: &Scope<'_>, select: &sqlparser::ast::Select) -> Option<Column> {
    match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => scope.column(expr),
        _ => None,
    }
}

/// Whether an outer join fills up a table's columns with NULLs where it finds no row.
fn may_be_padded(select: &sqlparser::ast::Select, table: usize) -> bool {
    let mut at = 0;
    for from in &select.from {
        let first = at;
        for join in &from.joins {
            at += 1;
            let is_padded = match &join.join_operator {
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => table == at,
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => (first..at).contains(&table),
                JoinOperator::FullOuter(_) => (first..=at).contains(&table),
                _ => false,
            };
            if is_padded {
                return true;
            }
        }
        at += 1;
    }
    false
}

/// Whether the subquery's column may be NULL, and how many rows its table has, where that is known.
fn of_inner(query: &Query<'_>, inner: &Select, hidden: &[String]) -> (Option<bool>, Option<f64>) {
    let SetExpr::Select(select) = &*inner.body else { return (None, None) };
    let scope = Scope::of(select, hidden, query.catalogue);
    let rows = scope.tables.iter().map(|table| table.rows()).sum();
    let nullable = selected(&scope, select).and_then(|column| {
        let conditions = if joins_inner_only(select) { all_conditions(select) } else { conjuncts(select.selection.as_ref()) };
        let is_it = |expr: &Expr| scope.column(expr).as_ref() == Some(&column);
        let excluded = conditions.iter().any(|condition| never_of_null(condition, &is_it));
        if excluded {
            return Some(false);
        }
        let table = scope.table_of(&column)?;
        let known = table.column(&column.name)?;
        // Of a view's columns neither PostgreSQL nor SQLite says whether they may be.
        let is_said = !matches!(table.kind, TableKind::View | TableKind::Materialised);
        let is_nullable = known.nullable || may_be_padded(select, column.table);
        is_said.then_some(is_nullable)
    });
    (nullable, rows)
}

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
    BinaryOperator, Expr, GroupByExpr, Ident, Query as Select, SelectItem, SetExpr, Statement, TableFactor, UnaryOperator,
};

use super::reading::{
    Scope, all_conditions, both, conjuncts, constant_side, has_aggregate, has_limit, hidden_by, joins_inner_only, plain, top_selects,
};
use super::seen::{Opinion, Query};
use super::Rule;
use super::rewritten::rewritten;
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
        let Some(inner) = conditions(query.tree).into_iter().filter_map(not_in).next() else { return Opinion::NotMine };
        if !reads_tables(inner) {
            return Opinion::Quiet("the subquery reads no table".into());
        }
        let (nullable, rows) = of_inner(query, inner);
        if nullable == Some(false) && rows.is_some_and(|rows| rows < ROWS_MIN) {
            return Opinion::Quiet("the subquery's rows are few, and none can be NULL".into());
        }
        if nullable != Some(true) && few_by_index(query, inner) {
            return Opinion::Quiet("an index leads the subquery to few rows".into());
        }
        let found = query.rewrite(
            SAVES,
            "`not in (select ...)` is planned badly, and fooled by a NULL",
            "one NULL among the subquery's rows makes the statement give nothing; and it is not planned as a join",
            "write `not exists (select 1 from inner_table i where i.key = outer_table.key)`",
        );
        let found = found.by(rewritten(query, |tree| as_not_exists(query, tree)));
        let found = found.step("rows whose own value is NULL come as well then: add `and outer_table.key is not null` where they are not meant");
        match nullable {
            Some(true) => found.at_risk(Priority::High).fact("the subquery's column", "may be NULL"),
            Some(false) => found.fact("the subquery's column", "is never NULL"),
            None => found,
        }
        .into()
    }
}

/// The conditions of which rows are read, changed or deleted.
fn conditions(statement: &Statement) -> Vec<&Expr> {
    match statement {
        Statement::Update(update) => conjuncts(update.selection.as_ref()),
        Statement::Delete(delete) => conjuncts(delete.selection.as_ref()),
        _ => top_selects(statement).into_iter().flat_map(|select| conjuncts(select.selection.as_ref())).collect(),
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
fn few_by_index(query: &Query<'_>, inner: &Select) -> bool {
    let SetExpr::Select(select) = &*inner.body else { return false };
    let scope = Scope::of(select, &hidden_by(inner), query.catalogue);
    scope.tables.len() == 1 && scope.led_to(0, &conjuncts(select.selection.as_ref())).is_some()
}

/// Whether the subquery's column may be NULL, and how many rows its table has, where that is known.
fn of_inner(query: &Query<'_>, inner: &Select) -> (Option<bool>, Option<f64>) {
    let SetExpr::Select(select) = &*inner.body else { return (None, None) };
    let scope = Scope::of(select, &hidden_by(inner), query.catalogue);
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

//! `distinct` takes back the duplicates that a join has made.
//!
//! **What was seen.** `select distinct c.id from customers c join orders o on ...`: nothing of `orders` is selected, and what is selected is
//! unique in `customers`, so every duplicate comes from the join. All of them are built, and then sorted or hashed away.
//!
//! **What to do.** Ask whether there is a partner instead of joining it: `where exists (select 1 from orders o where o.customer_id = c.id)`.
//!
//! **When it is wrong.** It speaks only where a unique key of the table is selected, and all joins are inner ones: then the two give the same rows. A unique key that may be
//! NULL is none. Nothing is said where `exists` could be slower than the join: without an index that leads to the partners of a row, unless
//! PostgreSQL plans it, and on SQLite, which asks `exists` for every row, where an index leads to few partners in the first place.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, Join, JoinConstraint, OrderByKind, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement, TableWithJoins,
};

use super::reading::{
    Column, Scope, all_conditions, both, columns_of, conjuncts, constraint, joined_on, joins_inner_only, only_select,
    subqueries, written_out,
};
use super::rewritten::rewritten;
use super::seen::{Opinion, Query, no_catalogue};
use crate::capture::System;
use crate::inquire::Column as CatalogueColumn;
use super::Rule;

pub(super) struct DistinctJoin;

/// Share saved: 31 % in the bench's case, where a customer has six orders.
const SAVES: f64 = 0.3;

impl Rule for DistinctJoin {
    fn name(&self) -> &'static str {
        "distinct-join"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Some((outer, select, hidden)) = only_select(query.tree) else { return Opinion::NotMine };
        if select.distinct != Some(Distinct::Distinct) {
            return Opinion::NotMine;
        }
        if !joins_inner_only(select) {
            return Opinion::Quiet("an outer join keeps rows without a partner, which `exists` would drop".into());
        }
        if !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty()) {
            return Opinion::Quiet("groups are made of the joined rows".into());
        }
        let scope = Scope::of(select, &hidden, query.catalogue);
        if scope.tables.len() < 2 {
            return Opinion::Quiet("there is no join whose duplicates it could hide".into());
        }
        let Some(selected) = selected(&scope, select) else {
            return Opinion::CannotTell("what is selected is more than columns, or their tables are not known".into());
        };
        let Some(table) = selected.first().map(|column| column.table) else { return Opinion::NotMine };
        if selected.iter().any(|column| column.table != table) || orders_by_others(&scope, outer, table) {
            return Opinion::Quiet("the joined tables' columns are asked for".into());
        }
        if scope.tables[table].known.is_none() {
            return no_catalogue("whether what is selected is unique");
        }
        let conditions = all_conditions(select);
        let others = (0..scope.tables.len()).filter(|&other| other != table);
        if others.into_iter().all(|other| scope.is_to_one(other, &conditions)) {
            return Opinion::Quiet("the joins find one partner at most, and make no duplicates".into());
        }
        let names: Vec<_> = selected.into_iter().map(|column| column.name).collect();
        if !scope.tells_rows_apart(table, &names) {
            return Opinion::Quiet("what is selected is not unique by itself, so `distinct` is needed".into());
        }
        if query.system() != System::PostgreSql && !scope.are_partners_led_to(table, &conditions) {
            return Opinion::Quiet("no index leads from a row to its partners, so `exists` would look through all of them for each row".into());
        }
        let narrowed = (0..scope.tables.len()).filter(|&other| other != table).find_map(|other| scope.led_to(other, &conditions));
        if let (System::Sqlite, Some(index)) = (query.system(), narrowed) {
            return Opinion::Quiet(format!("index {} leads to few of the joined rows, from which the join starts and `exists` could not", index.name));
        }
        let found = query.rewrite(
            SAVES,
            "`distinct` hides the duplicates of a join",
            "each partner makes a row of its own, and all but one of them are sorted or hashed away again",
            "ask `where exists (select 1 from joined_table j where j.key = t.key)` instead of joining, and drop `distinct`",
        );
        found.by(rewritten(query, |tree| as_exists(query, tree, table))).into()
    }
}

/// The statement over its one table whose columns are selected, asking whether the others have partners. All joins are inner ones, so
/// what they ask may be asked in `where`.
fn as_exists(query: &Query<'_>, tree: &mut Statement, table: usize) -> Option<()> {
    let Statement::Query(whole) = tree else { return None };
    let SetExpr::Select(select) = whole.body.as_mut() else { return None };
    let scope = Scope::of(select, &[], query.catalogue);
    let mut joins = select.from.iter().flat_map(|from| &from.joins);
    let is_on = |join: &Join| matches!(constraint(join), Some(JoinConstraint::On(_)));
    if whole.with.is_some() || !joins.all(is_on) || !scope.tables.iter().all(|table| table.known.is_some()) {
        return None;
    }
    let is_own = |condition: &Expr| {
        let names = columns_of(condition);
        subqueries(condition).is_empty()
            && names.iter().all(|name| scope.resolve(name).is_some_and(|column| column.table == table))
    };
    let conditions = joined_on(select).into_iter().chain(conjuncts(select.selection.as_ref()));
    let (mut own, others): (Vec<Expr>, Vec<Expr>) = conditions.cloned().partition(is_own);
    let factors = select.from.iter().flat_map(|from| {
        std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
    });
    let mut factors: Vec<TableWithJoins> =
        factors.map(|relation| TableWithJoins { relation: relation.clone(), joins: Vec::new() }).collect();
    let kept = factors.remove(table);
    let mut inner = select.clone();
    inner.distinct = None;
    inner.projection = vec![SelectItem::UnnamedExpr(Expr::Identifier(Ident::new("1")))];
    inner.from = factors;
    inner.selection = both(others);
    let mut partners = whole.clone();
    let SetExpr::Select(select) = whole.body.as_mut() else { return None };
    partners.with = None;
    partners.order_by = None;
    partners.limit_clause = None;
    partners.fetch = None;
    partners.locks = Vec::new();
    *partners.body = SetExpr::Select(inner);
    own.push(Expr::Exists { subquery: partners, negated: false });
    select.distinct = None;
    select.from = vec![kept];
    select.selection = both(own);
    Some(())
}

/// The columns selected, if it is columns. All columns of a table are its key as well.
fn selected(scope: &Scope<'_>, select: &sqlparser::ast::Select) -> Option<Vec<Column>> {
    let mut all = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                all.push(scope.column(expr)?);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let alias = written_out(name);
                let table = scope.tables.iter().position(|table| table.alias == alias)?;
                let columns = &scope.tables[table].known?.columns;
                let of = |column: &CatalogueColumn| Column { table, name: column.name.to_ascii_lowercase() };
                all.extend(columns.iter().map(of));
            }
            _ => return None,
        }
    }
    Some(all)
}

fn orders_by_others(scope: &Scope<'_>, query: &sqlparser::ast::Query, table: usize) -> bool {
    let Some(OrderByKind::Expressions(by)) = query.order_by.as_ref().map(|by| &by.kind) else { return false };
    let names = by.iter().flat_map(|by| columns_of(&by.expr));
    let mut columns = names.filter_map(|name| scope.resolve(&name));
    columns.any(|column: Column| column.table != table) || by.iter().any(|by| matches!(by.expr, Expr::Function(_)))
}

//! An `or` reaches over two tables, so neither's index can be used.
//!
//! **What was seen.** `from orders o join customers c ... where o.coupon_code = ? or c.phone = ?`: a row may qualify by either table, so the
//! database joins everything before it can test anything.
//!
//! **What to do.** A `union` of two selects, one for each arm, each led by its own index. `union` takes out the rows that both give.
//!
//! **When it is wrong.** Without an index for both arms the union would read everything as well; then nothing is said. Nor where the same row may be meant to come twice, which a union would take out: it speaks only where plain columns are selected, a unique key among them.

use sqlparser::ast::{
    Expr, GroupByExpr, Select, SelectItem, SetExpr, SetOperator, SetQuantifier, Statement,
};

use super::reading::{
    Column, Scope, all_conditions, both, conjuncts, constant_side, has_limit, joins_inner_only, operands, top_selects,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use super::rewritten::rewritten;

pub(super) struct OrAcrossTables;

/// Rows of the larger table from which on it is worth it.
const ROWS_MIN: f64 = 1_000.0;
/// Share saved: 99 % in the bench's case.
const SAVES: f64 = 0.9;

impl Rule for OrAcrossTables {
    fn name(&self) -> &'static str {
        "or-across-tables"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let is_limited = matches!(query.tree, Statement::Query(query) if has_limit(query));
        let is_locking = matches!(query.tree, Statement::Query(query) if !query.locks.is_empty());
        for (select, hidden) in top_selects(query.tree) {
            let scope = Scope::of(select, &hidden, query.catalogue);
            for condition in conjuncts(select.selection.as_ref()) {
                let arms = operands(condition);
                if arms.len() < 2 {
                    continue;
                }
                let columns: Option<Vec<_>> =
                    arms.iter().map(|arm| scope.column(constant_side(arm)?)).collect();
                let Some(columns) = columns else { continue };
                if is_limited {
                    return Opinion::Quiet("`limit` stops before all is joined".into());
                }
                if is_locking {
                    return Opinion::Quiet("it locks the rows it reads, which a union cannot".into());
                }
                if !gives_each_row_once(&scope, select) {
                    return Opinion::Quiet("a union would take out rows that are meant to come twice".into());
                }
                let conditions = all_conditions(select);
                if let Some(index) = columns.iter().find_map(|arm| scope.led_to(arm.table, &conditions)) {
                    return Opinion::Quiet(format!("index {} leads to few rows already", index.name));
                }
                return match judged(query, &scope, &columns) {
                    Opinion::Found(found) => found.by(rewritten(query, |tree| united(tree, condition))).into(),
                    other => other,
                };
            }
        }
        Opinion::NotMine
    }
}

/// A `union` of the statement with one arm of a condition each. Of a statement that is in an order nothing is made: a union's order
/// knows the names of what is selected only.
fn united(tree: &mut Statement, or: &Expr) -> Option<()> {
    let Statement::Query(query) = tree else { return None };
    if query.order_by.is_some() || query.with.is_some() || !query.locks.is_empty() {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let of_arm = |arm: &Expr| {
        let conditions = conjuncts(select.selection.as_ref()).into_iter();
        let all = conditions.map(|one| if one == or { arm.clone() } else { one.clone() }).collect();
        let mut select = select.clone();
        select.selection = both(all);
        SetExpr::Select(select)
    };
    let united = operands(or).into_iter().map(of_arm).reduce(|left, right| SetExpr::SetOperation {
        op: SetOperator::Union,
        set_quantifier: SetQuantifier::None,
        left: Box::new(left),
        right: Box::new(right),
    });
    *query.body = united?;
    Some(())
}

/// Whether a `select` gives rows of which no two are the same: a unique key of a table is among its columns, to which
/// inner joins add one partner at most.
fn gives_each_row_once(scope: &Scope<'_>, select: &Select) -> bool {
    let is_plain = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
        && select.having.is_none()
        && joins_inner_only(select);
    let selected: Option<Vec<Column>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => scope.column(expr),
            _ => None,
        })
        .collect();
    let (true, Some(selected)) = (is_plain, selected) else { return false };
    let conditions = all_conditions(select);
    (0..scope.tables.len()).any(|table| {
        let of = selected.iter().filter(|column| column.table == table);
        let names: Vec<_> = of.map(|column| column.name.clone()).collect();
        let mut others = (0..scope.tables.len()).filter(|&other| other != table);
        scope.tells_rows_apart(table, &names) && others.all(|other| scope.is_to_one(other, &conditions))
    })
}

fn judged(query: &Query<'_>, scope: &Scope<'_>, arms: &[Column]) -> Opinion {
    if arms.iter().all(|arm| arm.table == arms[0].table) {
        return Opinion::Quiet("the arms are about one table, whose indexes can be used together".into());
    }
    for arm in arms {
        match scope.table_of(arm) {
            None => return no_catalogue("whether both arms have an index"),
            Some(table) if scope.index_on(arm).is_none() => {
                let name = &table.name;
                return Opinion::Quiet(format!("{name}.{} has no index that a union could use", arm.name));
            }
            Some(_) => {}
        }
    }
    let largest = arms.iter().filter_map(|arm| scope.tables[arm.table].rows()).fold(0.0, f64::max);
    if largest < ROWS_MIN {
        return Opinion::Quiet("the tables are small".into());
    }
    let found = query.rewrite(
        SAVES,
        "an `or` over two tables keeps both their indexes from being used",
        "a row may qualify by either table, so everything is joined before anything is tested",
        "write a `union` of two selects, one for each arm of the `or`",
    );
    found.fact("rows of the larger table", format!("{largest:.0}")).into()
}

//! An `or` reaches over two tables, so neither's index can be used.
//!
//! **What was seen.** `from orders o join customers c ... where o.coupon_code = ? or c.phone = ?`: a row may qualify by either table, so the
//! database joins everything before it can test anything.
//!
//! **What to do.** A `union` of two selects, one for each arm, each led by its own index. `union` takes out the rows that both give.
//!
//! **When it is wrong.** Without an index for both arms the union would read everything as well; then nothing is said.

use sqlparser::ast::SelectItem;

use super::reading::{Column, Scope, conjuncts, constant_side, has_aggregate, operands, top_selects};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;

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
        for select in top_selects(query.tree) {
            let scope = Scope::of(select, &[], query.catalogue);
            let conditions = conjuncts(select.selection.as_ref());
            // Few rows to ask of, or an answer that two selects would give twice.
            let is_led = (0..scope.tables.len()).any(|table| scope.is_led(table, &conditions));
            if is_led || select.projection.iter().any(has_aggregate_item) {
                continue;
            }
            for condition in conditions {
                let arms = operands(condition);
                if arms.len() < 2 {
                    continue;
                }
                let columns: Option<Vec<_>> =
                    arms.iter().map(|arm| scope.column(constant_side(arm)?)).collect();
                let Some(columns) = columns else { continue };
                return judged(query, &scope, &columns);
            }
        }
        Opinion::NotMine
    }
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

fn has_aggregate_item(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => has_aggregate(expr),
        _ => false,
    }
}

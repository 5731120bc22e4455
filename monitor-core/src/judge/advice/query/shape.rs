//! Whether a query gives the rows its filters let through, or makes others of them.

use sqlparser::ast::{Expr, Function, GroupByExpr, Query, SelectItem, SetExpr};

use super::columns::written_out;

/// Whether the rows a query gives are those its filters let through.
pub(super) fn is_plain(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let aggregates = select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            has_aggregate(expr)
        }
        _ => false,
    });
    query.limit_clause.is_none()
        && query.fetch.is_none()
        && select.distinct.is_none()
        && !is_grouped
        && !aggregates
}

/// Whether an expression makes one row of many.
fn has_aggregate(expr: &Expr) -> bool {
    const AGGREGATES: [&str; 12] = [
        "count",
        "sum",
        "min",
        "max",
        "avg",
        "array_agg",
        "string_agg",
        "group_concat",
        "json_agg",
        "jsonb_agg",
        "bool_or",
        "bool_and",
    ];
    match expr {
        Expr::Function(Function { name, over: None, .. }) => {
            let name = written_out(name).to_ascii_lowercase();
            AGGREGATES.contains(&name.as_str()) || name == "coalesce"
        }
        Expr::BinaryOp { left, right, .. } => has_aggregate(left) || has_aggregate(right),
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => has_aggregate(inner),
        _ => false,
    }
}

//! A statement in a few facts, for rules that look at calls.

use sqlparser::ast::{BinaryOperator, Expr, SetExpr, Statement};

use super::expressions::{conjuncts, constant_side, has_aggregate, plain};
use super::scope::{Scope, has_limit, has_offset, only_select};
use crate::inquire::Catalogue;

/// What a statement's tree says, beyond its tables and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Shape {
    /// It gives only so many rows.
    pub(in super::super) limited: bool,
    /// It skips rows: it is a page of a result.
    pub(in super::super) paged: bool,
    /// It gives one row, or one for each group.
    pub(in super::super) aggregated: bool,
    /// Its rows are those that equal constants, and nothing else bounds them.
    pub(in super::super) looked_up: bool,
    /// Some condition compares with a constant, so that other values give other rows.
    pub(in super::super) is_narrowed: bool,
    /// Columns compared with constants by order: `ts >= ?`.
    pub(in super::super) ranges: Vec<String>,
    /// It asks for a list at once: `in (...)`, `= any(?)`.
    pub(in super::super) listed: bool,
    /// It locks the rows it reads.
    pub(in super::super) locks: bool,
    /// Its rows are written, and come from a list of values rather than from a query.
    pub(in super::super) plain_insert: bool,
}

// === impl Shape ===

impl Shape {
    pub(in super::super) fn of(statement: &Statement, catalogue: Option<&Catalogue>) -> Self {
        match statement {
            Statement::Query(query) => {
                let Some((_, select, hidden)) = only_select(statement) else {
                    return Self { limited: has_limit(query), ..Self::default() };
                };
                let aggregated = select.projection.iter().any(|item| match item {
                    sqlparser::ast::SelectItem::UnnamedExpr(expr)
                    | sqlparser::ast::SelectItem::ExprWithAlias { expr, .. } => has_aggregate(expr),
                    _ => false,
                });
                let scope = Scope::of(select, &hidden, catalogue);
                let conditions = conjuncts(select.selection.as_ref());
                Self {
                    limited: has_limit(query),
                    paged: has_offset(query),
                    aggregated,
                    locks: !query.locks.is_empty(),
                    ..Self::of_conditions(&scope, &conditions)
                }
            }
            Statement::Update(update) => {
                let scope = Scope::of_table(&update.table.relation, catalogue);
                Self::of_conditions(&scope, &conjuncts(update.selection.as_ref()))
            }
            Statement::Delete(delete) => {
                let (sqlparser::ast::FromTable::WithFromKeyword(from)
                | sqlparser::ast::FromTable::WithoutKeyword(from)) = &delete.from;
                let Some(from) = from.first() else { return Self::default() };
                let scope = Scope::of_table(&from.relation, catalogue);
                Self::of_conditions(&scope, &conjuncts(delete.selection.as_ref()))
            }
            Statement::Insert(insert) => {
                let source = insert.source.as_ref().map(|source| &*source.body);
                Self { plain_insert: matches!(source, Some(SetExpr::Values(_))), ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    fn of_conditions(scope: &Scope<'_>, conditions: &[&Expr]) -> Self {
        let mut shape = Self { looked_up: !conditions.is_empty(), ..Self::default() };
        for condition in conditions {
            let side = constant_side(condition);
            let column = side.and_then(|side| scope.column(side));
            shape.is_narrowed |= side.is_some();
            match plain(condition) {
                Expr::BinaryOp { op: BinaryOperator::Eq, .. } => {
                    shape.looked_up &= column.is_some() || scope.tables.len() > 1;
                }
                Expr::InList { .. } | Expr::AnyOp { .. } => shape.listed = true,
                Expr::BinaryOp {
                    op:
                        BinaryOperator::Lt
                        | BinaryOperator::LtEq
                        | BinaryOperator::Gt
                        | BinaryOperator::GtEq,
                    ..
                }
                | Expr::Between { .. } => {
                    shape.looked_up = false;
                    shape.ranges.extend(column.map(|column| column.name));
                }
                _ => {}
            }
        }
        shape
    }
}

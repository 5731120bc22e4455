//! Columns that a condition hides from their index behind a function, a sum or a cast.

use sqlparser::ast::{BinaryOperator, DateTimeField, Expr};

use super::expressions::{arguments, constant_side, function_name, is_constant, plain};
use super::scope::{Column, Scope};

/// A column inside something, compared with a constant.
#[derive(Clone, Debug)]
pub(in super::super) struct Wrapped {
    pub(in super::super) column: Column,
    pub(in super::super) how: How,
    /// The expression, in lower case and without the table's name.
    pub(in super::super) sql: String,
    /// It has to equal the constant.
    pub(in super::super) equals: bool,
    /// Its values are ranges of the column's: a day, a year.
    pub(in super::super) is_range: bool,
}

/// What stands around the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum How {
    /// `lower`, `upper`: the same text in another case.
    Case,
    /// `coalesce`, `ifnull`: NULL replaced.
    Coalesce,
    /// Any other function.
    Function,
    /// A sum, a product.
    Arithmetic,
    /// Another type.
    Cast,
}

/// The columns that the conditions compare with a constant, but not as they are.
pub(in super::super) fn wrapped_columns(scope: &Scope<'_>, conditions: &[&Expr]) -> Vec<Wrapped> {
    let of = |condition: &&Expr| {
        let side = constant_side(condition)?;
        let (how, inner) = inside(side)?;
        let (ordered, equals) = asked_how(condition);
        if !ordered && how != How::Case {
            return None;
        }
        let column = scope.column(inner)?;
        let alias = format!("{}.", scope.tables[column.table].alias);
        let sql = side.to_string().to_ascii_lowercase().replace(&alias, "");
        Some(Wrapped { column, how, sql, equals, is_range: is_range(side) })
    };
    conditions.iter().filter_map(of).collect()
}

/// Whether a condition asks for a place in an order, which an index has, and whether for one value of it.
fn asked_how(condition: &Expr) -> (bool, bool) {
    let is_equal = |op: &BinaryOperator| *op == BinaryOperator::Eq;
    match plain(condition) {
        Expr::BinaryOp { op, .. } => (*op != BinaryOperator::NotEq, is_equal(op)),
        Expr::AnyOp { compare_op, .. } => (is_equal(compare_op), is_equal(compare_op)),
        Expr::InList { negated, .. } => (!negated, !negated),
        Expr::Between { negated, .. } => (!negated, false),
        _ => (false, false),
    }
}

/// Whether each value of an expression is a range of its column's values.
fn is_range(expr: &Expr) -> bool {
    const NAMES: [&str; 5] = ["date", "date_trunc", "to_days", "trunc", "year"];
    match plain(expr) {
        Expr::Function(function) => NAMES.contains(&function_name(function).as_str()),
        Expr::Extract { field, .. } => matches!(field, DateTimeField::Year | DateTimeField::Years),
        Expr::Floor { .. } => true,
        _ => false,
    }
}

/// What is around an expression that is not constant, and that expression.
fn inside(expr: &Expr) -> Option<(How, &Expr)> {
    match plain(expr) {
        Expr::Function(function) => {
            let mut varying = arguments(function).into_iter().filter(|arg| !is_constant(arg));
            let inner = varying.next()?;
            let how = match function_name(function).as_str() {
                "lower" | "upper" => How::Case,
                "coalesce" | "ifnull" | "nvl" => How::Coalesce,
                _ => How::Function,
            };
            (varying.next().is_none() && function.over.is_none()).then_some((how, inner))
        }
        Expr::Extract { expr, .. }
        | Expr::Ceil { expr, .. }
        | Expr::Floor { expr, .. }
        | Expr::Substring { expr, .. }
        | Expr::Trim { expr, .. } => Some((How::Function, expr)),
        Expr::AtTimeZone { timestamp, .. } => Some((How::Function, timestamp)),
        Expr::Cast { expr, .. } | Expr::Convert { expr, .. } => Some((How::Cast, expr)),
        Expr::BinaryOp { left, op, right } if is_arithmetic(op) => {
            match (is_constant(left), is_constant(right)) {
                (false, true) => Some((How::Arithmetic, left)),
                (true, false) => Some((How::Arithmetic, right)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
    )
}

// === impl Wrapped ===

impl Wrapped {
    /// Whether an index over this expression serves the condition. Systems write an expression back in words of
    /// their own, so blanks, parentheses, quotes and, unless the cast is the point, casts are left out.
    pub(in super::super) fn is_served_by(&self, indexed: &str) -> bool {
        let fold = |sql: &str| folded(sql, self.how != How::Cast);
        fold(&self.sql) == fold(indexed)
    }
}

fn folded(sql: &str, without_casts: bool) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        if without_casts && rest.starts_with("::") {
            let of_type = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | ' ');
            rest = rest.trim_start_matches(of_type);
            continue;
        }
        if !c.is_whitespace() && !matches!(c, '(' | ')' | '"' | '`') {
            out.extend(c.to_lowercase());
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

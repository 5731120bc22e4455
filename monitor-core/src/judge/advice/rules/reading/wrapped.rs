//! Columns that a condition hides from their index behind a function, a sum or a cast.

use sqlparser::ast::{BinaryOperator, DataType, DateTimeField, Expr};

use super::expressions::{arguments, constant_side, function_name, is_constant, plain};
use super::scope::{Column, Scope};

/// A column inside something, compared with a constant.
#[derive(Clone, Debug)]
pub(in super::super) struct Wrapped {
    pub(in super::super) column: Column,
    pub(in super::super) how: How,
    /// The column's type, in lower case, where it is known.
    pub(in super::super) type_name: String,
    /// The expression, in lower case and without the table's name; values are `?`.
    pub(in super::super) sql: String,
    /// It has to equal the constant.
    pub(in super::super) equals: bool,
    /// Its values are ranges of the column's, as a day and a year are; or single values of it, as sums are.
    pub(in super::super) is_range: bool,
    /// The column is taken away from a value, so that its order is turned around.
    pub(in super::super) turns: bool,
    /// The expression is a cast, to this type.
    pub(in super::super) cast_to: Option<String>,
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
        if !ordered {
            return None;
        }
        let column = scope.column(in_any_zone(how, inner))?;
        let known = scope.table_of(&column).and_then(|table| table.column(&column.name));
        let type_name =
            known.map(|column| column.type_name.to_ascii_lowercase()).unwrap_or_default();
        let (how, cast_to) = match cast(side) {
            Some(DataType::Date) if type_name != "date" => (How::Function, Some("date".to_owned())),
            other => (how, other.map(|to| to.to_string().to_ascii_lowercase())),
        };
        let written = match &cast_to {
            Some(to) => format!("{inner}::{to}"),
            None => side.to_string(),
        };
        let sql = without_values(&without_qualifiers(&written, &scope.tables[column.table].alias));
        let turns = matches!(side, Expr::BinaryOp { left, op: BinaryOperator::Minus, .. } if is_constant(left));
        Some(Wrapped {
            column,
            how,
            type_name,
            sql,
            equals,
            is_range: is_range(side),
            turns,
            cast_to,
        })
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
    const NAMES: [&str; 4] = ["date", "date_trunc", "to_days", "year"];
    match plain(expr) {
        Expr::BinaryOp { op, .. } => matches!(op, BinaryOperator::Plus | BinaryOperator::Minus),
        Expr::Function(function) => NAMES.contains(&function_name(function).as_str()),
        Expr::Extract { field, .. } => matches!(field, DateTimeField::Year | DateTimeField::Years),
        Expr::Floor { .. } => true,
        _ => matches!(cast(expr), Some(DataType::Date)),
    }
}

/// The type an expression is cast to, if it is a cast.
fn cast(expr: &Expr) -> Option<&DataType> {
    match plain(expr) {
        Expr::Cast { data_type, .. } => Some(data_type),
        Expr::Convert { data_type, .. } => data_type.as_ref(),
        _ => None,
    }
}

/// A time as it is kept, where a function takes it in the words of some zone: the day in Berlin is a range like any other.
fn in_any_zone(how: How, expr: &Expr) -> &Expr {
    match plain(expr) {
        Expr::AtTimeZone { timestamp, .. } if matches!(how, How::Function | How::Cast) => timestamp,
        Expr::Function(function)
            if how == How::Function && function_name(function) == "convert_tz" =>
        {
            arguments(function).first().copied().unwrap_or(expr)
        }
        _ => expr,
    }
}

/// A text in lower case without a table's name before its columns.
fn without_qualifiers(sql: &str, alias: &str) -> String {
    let sql = sql.to_ascii_lowercase();
    sql.replace(&format!("\"{alias}\"."), "")
        .replace(&format!("`{alias}`."), "")
        .replace(&format!("{alias}."), "")
}

/// A text with a `?` in the place of each value: which one it is was forgotten, and is no part of what hides a column.
fn without_values(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    let mut last = ' ';
    while let Some(c) = rest.next() {
        let in_word = last.is_alphanumeric() || matches!(last, '_' | '"' | '`');
        match c {
            '\'' => {
                while rest.next().is_some_and(|c| c != '\'') {}
                out.push('?');
            }
            '$' | '?' | '0'..='9' if !in_word => {
                while rest.next_if(|c| c.is_ascii_digit() || *c == '.').is_some() {}
                out.push('?');
            }
            c => out.push(c),
        }
        last = c;
    }
    out
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
        let fold = |sql: &str| folded(&without_values(sql), self.cast_to.is_none());
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

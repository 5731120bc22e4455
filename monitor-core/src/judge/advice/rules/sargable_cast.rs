//! A condition has the column take another type, so the column's index is of no use.
//!
//! **What was seen.** Either the column is cast, `where id::text = ?`, or the value is of a type that the column has to be turned
//! into first, as PostgreSQL does for `where id = ?::numeric` on an integer column. Either way every row is read and converted.
//!
//! **What to do.** Bind the value in the column's own type: `id = ?` with an integer.
//!
//! **When it is wrong.** Types of one family, such as `int` and `bigint`, share their index; nothing is said of those, nor of `varchar` and `text`. A cast that an
//! index was made for is left alone as well.

use sqlparser::ast::{BinaryOperator, DataType, Expr};

use super::reading::{How, Wrapped, asked, is_constant, plain};
use super::sargable_function::{ROWS_MIN, SAVES, hidden};
use super::seen::{Opinion, Query};
use super::Rule;
use crate::capture::System;

pub(super) struct SargableCast;

impl Rule for SargableCast {
    fn name(&self) -> &'static str {
        "sargable-cast"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let by_column = hidden(query, How::Cast, |query, wrapped, index| {
            if query.system() == System::PostgreSql && is_kept_alike(wrapped) {
                return Opinion::Quiet(format!("`{}` costs nothing: both types are kept alike", wrapped.sql));
            }
            let found = advice(query, &wrapped.sql, &wrapped.column.name);
            found.fact("existing index", index).into()
        });
        match by_column {
            Opinion::Found(_) => by_column,
            // MariaDB 10.11 and SQLite turn the value and use the index.
            other if query.system() != System::PostgreSql => other,
            other => by_value(query).unwrap_or(other),
        }
    }
}

/// Whether a cast changes nothing of how a value is kept, so that the column's index serves it.
fn is_kept_alike(wrapped: &Wrapped) -> bool {
    let is_text = |name: &str| matches!(family(name), "text" | "varchar" | "character varying");
    let Some(to) = &wrapped.cast_to else { return false };
    family(to) == family(&wrapped.type_name) || is_text(to) && is_text(&wrapped.type_name)
}

/// A type's name without its size.
fn family(type_name: &str) -> &str {
    type_name.split('(').next().unwrap_or_default().trim_end()
}

fn advice(query: &Query<'_>, cast: &str, column: &str) -> super::seen::Found {
    query.rewrite(
        SAVES,
        &format!("`{cast}` converts `{column}` row by row"),
        "the index holds the column in its own type, so every row is read and converted",
        &format!("compare `{column}` with a value of its own type, and bind it as such"),
    )
}

/// A value of a wider type than the column, which the column is converted to.
fn by_value(query: &Query<'_>) -> Option<Opinion> {
    for (scope, conditions) in asked(query.tree, query.catalogue) {
        for condition in &conditions {
            let Some((side, cast, data_type)) = compared_with_cast(condition) else { continue };
            let Some(column) = scope.column(side) else { continue };
            let Some(table) = scope.table_of(&column) else { continue };
            let is_turned = table.column(&column.name).is_some_and(|known| meets(&known.type_name, data_type));
            let small = table.rows.is_some_and(|rows| rows < ROWS_MIN);
            let others: Vec<_> = conditions.iter().copied().filter(|other| other != condition).collect();
            if scope.led_to(column.table, &others).is_some() {
                continue;
            }
            match scope.index_on(&column) {
                Some(index) if is_turned && !small => {
                    let sql = format!("{} = {cast}", column.name).to_lowercase();
                    let found = advice(query, &sql, &column.name);
                    return Some(found.fact("existing index", &index.name).into());
                }
                Some(index) => {
                    return Some(Opinion::Quiet(format!("{data_type} values are found by {}", index.name)));
                }
                None => {}
            }
        }
    }
    None
}

/// What is compared with a constant that is cast: the other side, the cast, and its type.
fn compared_with_cast(condition: &Expr) -> Option<(&Expr, &Expr, &DataType)> {
    let Expr::BinaryOp { left, op, right } = plain(condition) else { return None };
    let is_order = matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    );
    let cast = |cast, other| match plain(cast) {
        Expr::Cast { data_type, .. } if is_order && is_constant(cast) => Some((other, cast, data_type)),
        _ => None,
    };
    cast(&**right, &**left).or_else(|| cast(&**left, &**right))
}

fn is_integer(type_name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "int", "integer", "bigint", "smallint", "int2", "int4", "int8", "serial", "bigserial",
    ];
    let first = type_name.split(['(', ' ']).next().unwrap_or_default();
    NAMES.contains(&first.to_ascii_lowercase().as_str())
}

/// Whether a column meets a value of this type by being converted to it: an integer a decimal, and both of them a double.
fn meets(column: &str, data_type: &DataType) -> bool {
    let name = data_type.to_string().to_ascii_lowercase();
    let is = |name: &str, types: &[&str]| types.iter().any(|one| name.starts_with(one));
    let column = column.to_ascii_lowercase();
    let is_decimal = is(&column, &["numeric", "decimal"]);
    let to_double = is(&name, &["real", "double", "float"]);
    to_double && (is_decimal || is_integer(&column)) || is(&name, &["numeric", "decimal"]) && is_integer(&column)
}

//! A pattern that starts with a wildcard reads every row.
//!
//! **What was seen.** `where name like '%quartz%'`: an index is sorted by how values begin, and this says nothing of it.
//!
//! **What to do.** An index over parts of words: on PostgreSQL `create extension pg_trgm` and a GIN index with `gin_trgm_ops`; on MySQL and
//! MariaDB a FULLTEXT index with `match ... against`, which finds words; on SQLite an FTS5 table with `tokenize = 'trigram'`.
//!
//! **When it is wrong.** A pattern that is bound as a parameter is not seen: the rule cannot tell, nor where a statement has patterns for several columns, of which some start with text and some do not. On a few thousand rows reading them all takes
//! a millisecond.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Statement, visit_expressions};

use super::reading::{
    Column, Scope, all_conditions, arguments, conjuncts, function_name, is_constant, operands, plain, top_selects,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::names::{column_written, table_written};
use super::Rule;
use crate::capture::System;
use crate::inquire::{KeyOf, KeyPart};

pub(super) struct LeadingWildcard;

/// Rows from which on it is told: 10 000 took 3 ms on PostgreSQL 15.
const ROWS_MIN: f64 = 5_000.0;
const SAVES: f64 = 0.8;

impl Rule for LeadingWildcard {
    fn name(&self) -> &'static str {
        "leading-wildcard"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        for (select, hidden) in top_selects(query.tree) {
            let scope = Scope::of(select, &hidden, query.catalogue);
            let conditions = conjuncts(select.selection.as_ref());
            let arms = conditions.iter().flat_map(|condition| operands(condition));
            if let Some((column, sql)) = arms.filter_map(|arm| matched(&scope, arm)).next() {
                if let Some(index) = scope.led_to(column.table, &all_conditions(select)) {
                    return Opinion::Quiet(format!("index {} leads to few rows already", index.name));
                }
                let wording = &query.of.wording;
                return match wording.has_leading_wildcard() && wording.has_fixed_start() {
                    true if has_other_patterns(query.tree, &scope, &column) => Opinion::CannotTell("there are several patterns, and which of them starts with a wildcard is not kept".into()),
                    _ => judged(query, &scope, &column, &sql),
                };
            }
        }
        Opinion::NotMine
    }
}

/// The column that an expression is, or of which it is another case or a cast; and the expression with `{}` for the column.
fn bare(scope: &Scope<'_>, expr: &Expr) -> Option<(Column, String)> {
    match plain(expr) {
        Expr::Function(function) if matches!(function_name(function).as_str(), "lower" | "upper") => {
            let [argument] = arguments(function)[..] else { return None };
            let (column, sql) = bare(scope, argument)?;
            Some((column, format!("{}({sql})", function_name(function))))
        }
        Expr::Cast { expr: inner, data_type, .. } => {
            let (column, sql) = bare(scope, inner)?;
            Some((column, format!("({sql})::{}", data_type.to_string().to_ascii_lowercase())))
        }
        other => Some((scope.column(other)?, "{}".to_owned())),
    }
}

/// The column a condition matches with a constant pattern, and what it makes of it before.
fn matched(scope: &Scope<'_>, condition: &Expr) -> Option<(Column, String)> {
    match plain(condition) {
        Expr::Like { expr, pattern, negated: false, .. } | Expr::ILike { expr, pattern, negated: false, .. }
            if is_constant(pattern) =>
        {
            bare(scope, expr)
        }
        _ => None,
    }
}

/// Whether a part of an index's key is a column, or made of it.
fn holds(part: &KeyPart, column: &str) -> bool {
    match &part.of {
        KeyOf::Column(name) => name.eq_ignore_ascii_case(column),
        KeyOf::Expression(sql) => {
            let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|word| word.eq_ignore_ascii_case(column))
        }
    }
}

/// Whether a statement has patterns of which it is not asked that this column matches them.
fn has_other_patterns(statement: &Statement, scope: &Scope<'_>, column: &Column) -> bool {
    let found = visit_expressions(statement, |expr| {
        let is_other = match expr {
            Expr::Like { .. } | Expr::ILike { .. } => matched(scope, expr).is_none_or(|(other, _)| other != *column),
            _ => false,
        };
        if is_other { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found.is_break()
}

fn judged(query: &Query<'_>, scope: &Scope<'_>, column: &Column, sql: &str) -> Opinion {
    let wording = &query.of.wording;
    if !wording.has_leading_wildcard() {
        return match wording.has_fixed_start() {
            true => Opinion::Quiet("the patterns seen start with text".into()),
            false => Opinion::CannotTell("the pattern is bound, and bind values are not looked at".into()),
        };
    }
    let table = &scope.tables[column.table];
    let (Some(known), Some(rows)) = (table.known, table.rows()) else { return no_catalogue("how many rows are read") };
    if rows < ROWS_MIN {
        return Opinion::Quiet(format!("{} is small", known.name));
    }
    let is_fuzzy = known.indexes.iter().find(|index| {
        index.key.iter().any(|part| holds(part, &column.name)) && matches!(index.method.as_str(), "gin" | "gist" | "fulltext" | "FULLTEXT")
    });
    if let Some(index) = is_fuzzy {
        return Opinion::Quiet(format!("index {} serves patterns", index.name));
    }
    let (name, of) = (table_written(query.system(), known), column_written(query.system(), &column.name));
    let indexed = if sql == "{}" { of.clone() } else { format!("({})", sql.replace("{}", &of)) };
    let remedy = match query.system() {
        System::PostgreSql => format!(
            "create extension pg_trgm; create index concurrently on {name} using gin ({indexed} gin_trgm_ops)"
        ),
        System::MySql | System::MariaDb => {
            format!("alter table {name} add fulltext index ({of}), and ask `match ({of}) against (?)`, which finds words rather than parts of them (MySQL's `with parser ngram` finds parts)")
        }
        _ => format!("keep {of} in an FTS5 table with `tokenize = 'trigram'` beside {name}, and ask that with `like`"),
    };
    let found = query.rewrite(
        SAVES,
        &format!("a pattern that starts with a wildcard reads all of {}", known.name),
        "an index is sorted by how values begin, of which such a pattern says nothing",
        &remedy,
    );
    found.fact("rows read", format!("{rows:.0}")).into()
}

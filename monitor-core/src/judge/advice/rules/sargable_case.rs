//! A condition folds the case one way and the index the other.
//!
//! **What was seen.** `where upper(email) = upper(?)`, while the index is over `lower(email)`, or over `email` as it is: each is of no use to the others.
//!
//! **What to do.** Fold as the index does, `lower(email) = lower(?)`; or index the expression that is asked for.
//!
//! **When it is wrong.** The two differ for the few letters whose upper and lower case are no pairs, such as `ß`.

use super::sargable_function::{ROWS_MIN, SAVES};
use super::reading::{How, asked, wrapped_columns};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use crate::capture::System;

pub(super) struct SargableCase;

impl Rule for SargableCase {
    fn name(&self) -> &'static str {
        "sargable-case"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let mut quiet = Opinion::NotMine;
        for (scope, conditions) in asked(query.tree, query.catalogue) {
            let folded = wrapped_columns(&scope, &conditions).into_iter();
            for mut wrapped in folded.filter(|wrapped| wrapped.how == How::Case) {
                let table = wrapped.column.table;
                let Some(known) = scope.table_of(&wrapped.column) else {
                    quiet = no_catalogue("whether the folded column has an index");
                    continue;
                };
                if known.rows.is_some_and(|rows| rows < ROWS_MIN) {
                    quiet = Opinion::Quiet(format!("{} is small", known.name));
                    continue;
                }
                if let Some(index) = scope.led_to(table, &conditions) {
                    quiet = Opinion::Quiet(format!("index {} leads to few rows already", index.name));
                    continue;
                }
                let asked_for = wrapped.sql.clone();
                if let Some(index) = scope.expression_index(table, |sql| wrapped.is_served_by(sql)) {
                    quiet = Opinion::Quiet(format!("index {} holds `{asked_for}`", index.name));
                    continue;
                }
                wrapped.sql = other_case(&asked_for);
                if let Some(index) = scope.expression_index(table, |sql| wrapped.is_served_by(sql)) {
                    return as_the_index_does(query, &asked_for, &wrapped.sql, &index.name);
                }
                match scope.index_on(&wrapped.column) {
                    Some(index) => return expression_wanted(query, &asked_for, &index.name),
                    None => quiet = Opinion::Quiet("no index is there for this column".into()),
                }
            }
        }
        quiet
    }
}

fn as_the_index_does(query: &Query<'_>, asked_for: &str, indexed: &str, index: &str) -> Opinion {
    let found = query.rewrite(
        SAVES,
        &format!("`{asked_for}` is asked for, `{indexed}` is indexed"),
        "an index over one case is of no use for the other, so every row is read",
        &format!("fold as the index does, on both sides: `{indexed}`"),
    );
    found.fact("existing index", index).into()
}

fn expression_wanted(query: &Query<'_>, asked_for: &str, index: &str) -> Opinion {
    let found = query.rewrite(
        SAVES,
        &format!("`{asked_for}` is asked for, and the index holds the column as it is"),
        "an index over the column is of no use for its folded form, so every row is read",
        &match query.system() {
            System::MySql | System::MariaDb => format!(
                "where the column's collation ignores case, as most do, compare it as it is; otherwise index a generated column that is `{asked_for}`"
            ),
            _ => format!("index the expression `{asked_for}`, or store the column folded"),
        },
    );
    found.fact("existing index", index).into()
}

fn other_case(sql: &str) -> String {
    match sql.strip_prefix("upper") {
        Some(rest) => format!("lower{rest}"),
        None => sql.replacen("lower", "upper", 1),
    }
}

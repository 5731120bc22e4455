//! A random row is picked by sorting all of them.
//!
//! **What was seen.** `order by random() limit ?`: every row gets a number, all are sorted, and all but a few are thrown away.
//!
//! **What to do.** Pick a random key and take the first row from there on: `where id >= (select (random() * max(id))::bigint from t) order by id
//! limit 1`, or `tablesample`, on PostgreSQL; on MySQL the key has to be joined, as it would be picked anew for each row, and SQLite's `random()` is
//! any integer. The advice has each system's words.
//!
//! **When it is wrong.** The replacement is not exactly uniform where keys have gaps. A table of a few hundred rows is sorted in no
//! time, and so are the few that an index leads to; nothing is said of those, nor where all rows are wanted.

use sqlparser::ast::{Expr, OrderByKind};

use super::reading::{Scope, conjuncts, function_name, has_limit, only_select, plain};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use crate::capture::System;

pub(super) struct OrderByRandom;

/// Rows from which on sorting them all is felt: 10 000 took 1.2 ms on PostgreSQL 15, a probe 0.06 ms.
const ROWS_MIN: f64 = 1_000.0;
const SAVES: f64 = 0.9;

impl Rule for OrderByRandom {
    fn name(&self) -> &'static str {
        "order-by-random"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Some((outer, select, hidden)) = only_select(query.tree) else { return Opinion::NotMine };
        let Some(OrderByKind::Expressions(by)) = outer.order_by.as_ref().map(|by| &by.kind) else {
            return Opinion::NotMine;
        };
        if !by.iter().any(|by| is_random(&by.expr)) {
            return Opinion::NotMine;
        }
        let scope = Scope::of(select, &hidden, query.catalogue);
        let conditions = conjuncts(select.selection.as_ref());
        let (Some(table), 1) = (scope.tables.first(), scope.tables.len()) else {
            return Opinion::CannotTell("how many rows a join leaves to be sorted is not known".into());
        };
        if scope.is_one_row(0, &conditions) {
            return Opinion::Quiet("there is one row to sort".into());
        }
        if !has_limit(outer) {
            return Opinion::Quiet("all rows are wanted, in a random order".into());
        }
        if let Some(index) = scope.led_to(0, &conditions) {
            return Opinion::Quiet(format!("index {} leads to few rows already", index.name));
        }
        match table.rows() {
            None => no_catalogue("how many rows are sorted"),
            Some(rows) if rows < ROWS_MIN => Opinion::Quiet(format!("{rows:.0} rows are sorted in no time")),
            Some(rows) => {
                let found = query.rewrite(
                    SAVES,
                    "all rows are sorted at random to pick a few",
                    "every row gets a number, all are sorted, and all but a few are thrown away",
                    &format!("take the first row behind a random key: `{}`", probe(query.system())),
                );
                found
                    .step("for several rows ask as often, as those that follow one another are no choice by chance")
                    .step("note that this is not exactly uniform where keys have gaps")
                    .fact("rows in the table", format!("{rows:.0}"))
                    .into()
            }
        }
    }
}

/// A key picked once, and found by the key's index. Run on PostgreSQL 15, MariaDB 10.11 and SQLite 3.40: MariaDB picks another key
/// for each row unless the pick is joined, PostgreSQL uses the index only for a key of the column's type, and SQLite's `random()` is any
/// integer.
fn probe(system: System) -> &'static str {
    match system {
        System::MySql | System::MariaDb => {
            "select t.* from t join (select rand() * (select max(id) from t) as k) r on t.id >= r.k order by t.id limit 1"
        }
        System::Sqlite => {
            "select * from t where id >= (select abs(random() % max(id)) + 1 from t) order by id limit 1"
        }
        _ => "select * from t where id >= (select (random() * max(id))::bigint from t) order by id limit 1",
    }
}

fn is_random(expr: &Expr) -> bool {
    const NAMES: [&str; 6] = ["random", "rand", "newid", "uuid", "gen_random_uuid", "randomblob"];
    matches!(plain(expr), Expr::Function(function) if NAMES.contains(&function_name(function).as_str()))
}

//! A huge table is read by time and emptied by time.
//!
//! **What was seen.** Fifty million rows or ten gigabytes, which are only ever added; statements that ask for a range of one column; and deletes of all rows before some value of the same column. Such a delete
//! touches every row and every index, and leaves the space behind.
//!
//! **What to do.** Partition the table by ranges of that column: to forget a month is then `drop table`, which takes no time, and a range reads the partitions it needs. On PostgreSQL a BRIN
//! index on the column is a first step that costs nothing.
//!
//! **When it is wrong.** A large table that is asked for single keys is well as it is; nothing is said of it.

use super::Rule;
use super::names::{column_written, table_written};
use super::seen::{Found, Say, Seen};
use crate::capture::System;
use crate::identify::Kind;
use crate::inquire::Table;
use crate::judge::advice::{Category, Confidence, Effort, Evidence};
use crate::snapshot::StatementActivity;

pub(super) struct PartitionCandidate;

const ROWS_MIN: f64 = 50e6;
const BYTES_MIN: u64 = 10 * 1024 * 1024 * 1024;
/// Rows changed in place, as a share of rows added, up to which a table is only added to.
const UPDATES_MAX: f64 = 0.01;
/// From which on the order on disk is the order of the column.
const CORRELATION_MIN: f64 = 0.95;

impl Rule for PartitionCandidate {
    fn name(&self) -> &'static str {
        "partition-candidate"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let Some(catalogue) = seen.catalogue else {
            return say.cannot_tell("", "how large tables are is not known: let the monitor ask the database");
        };
        for table in catalogue.tables.iter().filter(|table| is_huge(table)) {
            match judge(seen, table) {
                Ok((column, delete)) => say.found_in(delete, advice(catalogue.system, table, &column)),
                Err(why) => say.quiet(&*table.name, why),
            }
        }
    }
}

fn is_huge(table: &Table) -> bool {
    table.rows.is_some_and(|rows| rows >= ROWS_MIN) || table.bytes.is_some_and(|bytes| bytes >= BYTES_MIN)
}

/// The column by which a table is read and emptied, and the delete.
fn judge<'a>(seen: &Seen<'a>, table: &Table) -> Result<(String, &'a StatementActivity), String> {
    let by_range = |statement: &&StatementActivity, kind: Kind| {
        let is_of = statement.tables.read.iter().chain(&statement.tables.written);
        statement.kind == kind && seen.catalogue_of(statement).is_some() && is_of.into_iter().any(|name| is_named(name, table))
    };
    let ranges = |statement: &StatementActivity| {
        statement.fingerprint.and_then(|id| seen.shape(id)).map(|shape| shape.ranges.clone()).unwrap_or_default()
    };
    let statements = &seen.lately().statements;
    let read: Vec<_> = statements.iter().filter(|one| by_range(one, Kind::Select)).flat_map(ranges).collect();
    if read.is_empty() {
        return Err("it is asked for keys, not for ranges".into());
    }
    let deletes = statements.iter().filter(|one| by_range(one, Kind::Delete));
    let found = deletes.filter_map(|delete| {
        let column = ranges(delete).into_iter().find(|column| read.contains(column))?;
        Some((column, delete))
    });
    let Some((column, delete)) = found.max_by_key(|(_, delete)| delete.activity.time) else {
        return Err("nothing deletes a range of it".into());
    };
    match is_appended(table, &column) {
        Some(true) => Ok((column, delete)),
        Some(false) => Err("its rows are changed in place".into()),
        None => Err("whether rows are only added is not known".into()),
    }
}

fn is_named(name: &str, table: &Table) -> bool {
    name.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case(&table.name))
}

/// Whether rows are only ever added, in the order of a column.
fn is_appended(table: &Table, column: &str) -> Option<bool> {
    let spread = table.column(column).and_then(|column| column.spread.as_ref());
    if let Some(correlation) = spread.and_then(|spread| spread.correlation) {
        return Some(correlation.abs() >= CORRELATION_MIN);
    }
    let writes = table.writes?;
    Some(writes.inserted > 0.0 && writes.updated <= UPDATES_MAX * writes.inserted)
}

fn advice(system: System, table: &Table, column: &str) -> Found {
    let name = &table.name;
    let (written, by) = (table_written(system, table), column_written(system, column));
    let mut remedy =
        vec![format!("partition {written} by ranges of {by}, and `drop` a partition in the place of deleting")];
    if system == System::PostgreSql {
        remedy.push(format!("as a first step: create index concurrently on {written} using brin ({by})"));
    }
    let mut evidence = Evidence::default();
    if let Some(rows) = table.rows {
        evidence = evidence.fact("rows", format!("{rows:.0}"));
    }
    if let Some(bytes) = table.bytes {
        evidence = evidence.fact("bytes", bytes);
    }
    Found {
        category: Category::Table,
        effort: Effort::Large,
        confidence: Confidence::Observed,
        risk: None,
        saves: Some(1.0),
        title: format!("{name} is huge, and read and emptied by {column}"),
        meaning: "such a delete touches every row and every index, and leaves its space behind".into(),
        remedy,
        evidence: evidence.fact("column", column),
    }
}

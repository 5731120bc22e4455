//! The planner works with old numbers, or goes through dead rows.
//!
//! **What was seen.** More than a fifth of a table's rows changed since its statistics were gathered, or twice as many rows are dead as autovacuum waits for by itself (50, and a fifth of all), and not cleaned up. Plans are made for a table that is no more, and scans read what nobody can see.
//!
//! **What to do.** `analyze` the table; `vacuum (analyze)` where rows are dead. For a table that changes fast, have it done sooner: `autovacuum_analyze_scale_factor` of that table, or `autovacuum_vacuum_scale_factor` where rows are dead.
//!
//! **When it is wrong.** While autovacuum is at it. Only tables of a thousand rows and more that were used of late are looked at.

use super::Rule;
use super::names::table_written;
use super::seen::{Found, Say, Seen, percent};
use crate::capture::System;
use crate::inquire::Table;
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::TableActivity;

pub(super) struct StaleStatistics;

const ROWS_MIN: f64 = 1_000.0;
/// Twice the share at which PostgreSQL's autovacuum gathers statistics by default, so it is late.
const CHANGED_MAX: f64 = 0.2;
/// Twice what PostgreSQL's autovacuum waits for by default: so many dead rows, and such a share of all rows.
const DEAD_MAX: f64 = 2.0 * 50.0;
const DEAD_SHARE_MAX: f64 = 2.0 * 0.2;

impl Rule for StaleStatistics {
    fn name(&self) -> &'static str {
        "stale-statistics"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let Some(catalogue) = seen.catalogue else {
            return say.cannot_tell("", "the age of statistics is not known: let the monitor ask the database");
        };
        let of_it = |activity: &&TableActivity| seen.catalogue_for(&activity.database).is_some();
        for activity in seen.lately().tables.iter().filter(of_it) {
            let Some(table) = catalogue.table(&activity.table) else { continue };
            let Some(rows) = table.rows.filter(|rows| *rows >= ROWS_MIN) else { continue };
            let changed = table.modified_since_analyze.map(|changed| changed / rows);
            let is_stale = changed.is_some_and(|share| share > CHANGED_MAX);
            let is_bloated = table.dead_rows.is_some_and(|dead| dead > DEAD_MAX + DEAD_SHARE_MAX * rows);
            let dead = table.dead_rows.map(|dead| dead / rows);
            if is_stale || is_bloated {
                say.found(&named(table), None, advice(catalogue.system, table, changed, dead.filter(|_| is_bloated)));
            } else if changed.is_some() || dead.is_some() {
                say.quiet(&*table.name, "its statistics are recent");
            }
        }
    }
}

/// A table by its schema and name: two schemas may have one of the same name.
fn named(table: &Table) -> String {
    match table.schema.as_str() {
        "" => table.name.clone(),
        schema => format!("{schema}.{}", table.name),
    }
}

fn advice(system: System, table: &Table, changed: Option<f64>, dead: Option<f64>) -> Found {
    let name = &table_written(system, table);
    let first = match (system, dead) {
        (System::PostgreSql, Some(_)) => format!("vacuum (analyze) {name};"),
        (System::MySql | System::MariaDb, _) => format!("analyze table {name};"),
        _ => format!("analyze {name};"),
    };
    let mut remedy = vec![first];
    if system == System::PostgreSql {
        let what = if dead.is_some() { "vacuum" } else { "analyze" };
        remedy.push(format!("alter table {name} set (autovacuum_{what}_scale_factor = 0.02);"));
    }
    let mut evidence = Evidence::default();
    if let Some(changed) = changed {
        evidence = evidence.fact("changed since statistics were gathered", percent(changed));
    }
    if let Some(dead) = dead {
        evidence = evidence.fact("dead rows", percent(dead));
    }
    Found {
        category: Category::Configuration,
        effort: Effort::Small,
        confidence: Confidence::Observed,
        risk: Some(Priority::Medium),
        saves: None,
        title: format!("the planner's numbers on {} are old", table.name),
        meaning: "plans are made for a table that is no more, and scans read rows that nobody can see".into(),
        remedy,
        evidence,
    }
}

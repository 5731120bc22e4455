//! A million texts: what one costs, what memory they take, and whether what is hot is kept.

use std::collections::HashMap;

use anyhow::{Context, Result};
use monitor_core::Monitor;

use super::Count;
use crate::floods::{self, CALLS, Flood};
use crate::observers::source;
use crate::report::{Cell, Table};
use crate::rounds::quantile;

/// How aims find the table.
pub const TABLE: &str = "texts";

/// Columns that aims ask for.
pub mod columns {
    /// Nanoseconds.
    pub const TIME: &str = "each";
    /// Allocations of one.
    pub const ALLOCATIONS: &str = "allocations";
    /// What the process has grown by.
    pub const MEMORY: &str = "memory";
    /// Of the calls of statements that are called again and again, those that were counted as theirs.
    pub const KEPT: &str = "hot calls kept";
    /// Calls that were counted at all.
    pub const COUNTED: &str = "calls counted";
}

/// A page of memory, as the kernel counts them.
const PAGE_BYTES: f64 = 4_096.0;

pub(super) fn literals() -> Result<Vec<Table>> {
    measure(floods::LITERALS)
}

pub(super) fn statements() -> Result<Vec<Table>> {
    measure(floods::STATEMENTS)
}

pub(super) fn one_shot() -> Result<Vec<Table>> {
    measure(floods::ONE_SHOT)
}

/// Counted apart, as counting takes time.
pub(super) fn allocations(count: Count) -> Result<Vec<Table>> {
    let mut table = empty();
    for flood in [floods::LITERALS, floods::STATEMENTS, floods::ONE_SHOT] {
        let monitor = Monitor::builder().build()?;
        let source = source(&monitor);
        let mut counted = 0;
        flood.run(&source, |work| counted += count(work));
        let each = (counted as f64 / f64::from(CALLS) * 100.0).round() / 100.0;
        table.set(flood.name, columns::ALLOCATIONS, Cell::Count(each));
    }
    Ok(vec![table])
}

fn measure(flood: Flood) -> Result<Vec<Table>> {
    let before = resident().context("the system does not tell a process how much memory it has")?;
    let monitor = Monitor::builder().build()?;
    let source = source(&monitor);
    let times = flood.run(&source, |work| work());
    let after = resident().unwrap_or(before);
    let all = monitor.snapshot().lifetime;
    let mut table = empty();
    let median = quantile(times.iter().copied(), 0.5);
    table.set(flood.name, columns::TIME, Cell::Nanos(median));
    table.set(flood.name, columns::MEMORY, Cell::Bytes(after - before));
    table.set(flood.name, columns::COUNTED, Cell::Count(all.total.calls as f64));
    if flood.name == floods::ONE_SHOT.name {
        let counted: HashMap<&str, u64> = all
            .statements
            .iter()
            .map(|statement| (&*statement.text, statement.activity.calls))
            .collect();
        let (hot, calls) = floods::hot_statements();
        let kept: Vec<u64> =
            hot.map(|text| counted.get(&*text).copied().unwrap_or(0).min(calls)).collect();
        let share = kept.iter().sum::<u64>() as f64 / (calls * kept.len() as u64) as f64;
        table.set(flood.name, columns::KEPT, Cell::Share(share));
    }
    Ok(vec![table])
}

fn empty() -> Table {
    Table::new(
        TABLE,
        "A million texts",
        "medians of blocks; memory is what the process grew by, the monitor itself included; allocations of the thread that tells",
        &[columns::TIME, columns::ALLOCATIONS, columns::MEMORY, columns::KEPT, columns::COUNTED],
    )
}

/// Bytes of the process that are in memory.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<f64>().ok()? * PAGE_BYTES)
}

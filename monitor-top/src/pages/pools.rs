//! The pools: who holds what, who waits, and why checkouts timed out.

use super::overview::in_use;
use crate::answers::{Holder, Pool, Pools, Timeout};
use crate::sheet::{Cell, Column, Sheet, Tone};
use crate::text;

const HOLDERS: [Column; 4] = [
    Column::number("held for", 8),
    Column::number("running", 8),
    Column::words("taken at", CALL_SITE_COLUMNS),
    Column::rest("statement"),
];

/// Columns of the line that took a connection.
const CALL_SITE_COLUMNS: usize = 26;

/// Time-outs explained of one pool: those that follow mostly tell the same.
const TIMEOUTS_MAX: usize = 1;

/// Lines of one explanation.
const EXPLANATION_LINES_MAX: usize = 5;

pub(super) fn fill(sheet: &mut Sheet, pools: &Pools) {
    if pools.pools.is_empty() {
        sheet.pieces(&[(Tone::Label, "no pool is watched")]);
    }
    for pool in &pools.pools {
        sheet.title(&format!("{} ({})", pool.name, pool.database));
        levels(sheet, pool);
        checkouts(sheet, pool);
        if !pool.held.is_empty() {
            let row = |holder| cells(holder, pools.leak_after_seconds);
            sheet.table(&HOLDERS, pool.held.iter().map(row).collect());
        }
        for timeout in pool.timeouts.iter().take(TIMEOUTS_MAX) {
            explain(sheet, timeout);
        }
    }
}

fn levels(sheet: &mut Sheet, pool: &Pool) {
    let checkouts = &pool.checkouts;
    let bar = pool.usage.map_or_else(String::new, |usage| text::bar(usage, 20));
    sheet.pieces(&[
        (Tone::Label, "in use"),
        (Tone::Plain, &in_use(pool.levels.as_ref())),
        (Tone::Plain, &bar),
        (Tone::Label, "waiting"),
        (Tone::of_trouble(checkouts.waiting), &text::count(checkouts.waiting)),
        (Tone::Label, "leaked"),
        (Tone::of_trouble(pool.leaked), &text::count(pool.leaked)),
    ]);
}

fn checkouts(sheet: &mut Sheet, pool: &Pool) {
    let checkouts = &pool.checkouts;
    let failed = checkouts.failed;
    sheet.pieces(&[
        (Tone::Label, "checkouts"),
        (Tone::Plain, &format!("{}/s", text::amount(checkouts.per_second))),
        (Tone::Label, "timed out"),
        (Tone::of_trouble(checkouts.timed_out), &text::count(checkouts.timed_out)),
        (Tone::Label, "failed"),
        (Tone::of_trouble(failed), &text::count(failed)),
    ]);
    sheet.pieces(&[
        (Tone::Label, "wait p50"),
        (Tone::Plain, &text::time_of(checkouts.wait_p50_seconds)),
        (Tone::Label, "p95"),
        (Tone::Plain, &text::time_of(checkouts.wait_p95_seconds)),
        (Tone::Label, "max"),
        (Tone::Plain, &text::time(checkouts.wait_max_seconds)),
        (Tone::Label, "hold p50"),
        (Tone::Plain, &text::time_of(checkouts.hold_p50_seconds)),
        (Tone::Label, "p95"),
        (Tone::Plain, &text::time_of(checkouts.hold_p95_seconds)),
    ]);
}

fn cells(holder: &Holder, leak_after_seconds: f64) -> Vec<Cell> {
    let is_leaked = holder.held_seconds >= leak_after_seconds;
    let call_site = text::safe(holder.call_site.as_deref().unwrap_or("-"));
    let statement = match &holder.statement {
        Some(statement) => statement.as_str(),
        None if holder.is_seen => "none yet",
        None => "not told by the driver",
    };
    vec![
        Cell::toned(Tone::of_trouble(is_leaked.into()), text::time(holder.held_seconds)),
        Cell::from(text::time_of(holder.running_seconds)),
        Cell::from(text::fit_end(&call_site, CALL_SITE_COLUMNS)),
        Cell::from(statement),
    ]
}

fn explain(sheet: &mut Sheet, timeout: &Timeout) {
    let waited = format!("gave up after {}", text::time(timeout.waited_seconds));
    sheet.pieces(&[(Tone::Label, &text::day_and_time(&timeout.at)), (Tone::Bad, &waited)]);
    for line in timeout.explanation.lines().take(EXPLANATION_LINES_MAX) {
        sheet.text(Tone::Plain, line, 2);
    }
}

//! When an index is not worth having, however much the planner likes it.

use std::time::Duration;

use super::partial::names_column;
use super::workload::{Workload, WriteRate};
use crate::inquire::{IndexDraft, Table};

/// Calls shorter than this are left alone: there is nothing to win.
///
/// Low enough to keep a join over 800 000 rows that mostly ends early (0.46 ms on the shop), and far above a look-up
/// by an index (0.02 ms there).
pub const MEAN_MIN: Duration = Duration::from_micros(250);
/// Calls of a statement that have to be seen before anything is said.
pub const CALLS_MIN: u64 = 3;
/// How long a workload has to be observed before anything is said.
pub const OBSERVED_MIN: Duration = Duration::from_secs(600);
/// Rows below which a table is read whole as fast.
pub const ROWS_MIN: f64 = 500.0;
/// Pages below which a table is read whole as fast.
pub const PAGES_MIN: f64 = 10.0;
/// Cost below which a statement is left alone, in units of PostgreSQL's planner (a page read in order is 1).
pub const COST_MIN: f64 = 100.0;
/// Share of a statement's cost that its indexes have to save.
pub const SAVING_MIN: f64 = 0.25;
/// The same where only the model says so.
pub const MODEL_SAVING_MIN: f64 = 0.40;
/// What keeping an index costs for a row written, in the same units.
///
/// Measured on PostgreSQL 15: 2.9 microseconds and 120 bytes of WAL for a row inserted, where a unit is about 3.5
/// microseconds; the rest pays for the WAL and for the memory the index takes.
pub const WRITE_COST: f64 = 4.0;
/// Share of updates that have to touch an index none of whose columns they change (PostgreSQL: those that are not HOT).
pub const UPDATE_SHARE: f64 = 0.3;
/// Share of a row's write cost that its deletion has later, when it is cleaned up.
pub const DELETE_SHARE: f64 = 0.3;

/// Whether a table is too small for an index to matter.
pub(super) fn is_small(table: &Table) -> bool {
    let is_below = |number: Option<f64>, min: f64| number.is_some_and(|number| number < min);
    is_below(table.rows, ROWS_MIN) || is_below(table.pages, PAGES_MIN)
}

/// What keeping an index costs in an hour.
///
/// `set` are the columns that statements of the workload update, each with its table, in lower case.
pub(super) fn write_cost(draft: &IndexDraft, workload: &Workload, set: &[(String, String)]) -> f64 {
    let rate = write_rate(workload, draft);
    let table = draft.table.to_ascii_lowercase();
    let is_updated = set.iter().any(|(of, column)| *of == table && names_column(draft, column));
    let updates = if is_updated { 1.0 } else { UPDATE_SHARE };
    (rate.inserted + rate.updated * updates + rate.deleted * DELETE_SHARE) * WRITE_COST
}

/// Rows written an hour to the table of a draft.
pub(super) fn write_rate(workload: &Workload, draft: &IndexDraft) -> WriteRate {
    let mut sum = WriteRate::default();
    for (name, rate) in &workload.writes {
        let last = name.rsplit('.').next().unwrap_or(name);
        if last.eq_ignore_ascii_case(&draft.table) {
            sum.inserted += rate.inserted;
            sum.updated += rate.updated;
            sum.deleted += rate.deleted;
        }
    }
    sum
}

//! When an index is not worth having, however much the planner likes it.

use std::time::Duration;

use super::partial::names_column;
use super::workload::{Workload, WriteRate};
use crate::capture::System;
use crate::inquire::{Catalogue, IndexDraft, Table};

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
/// Share of updates that have to touch an index none of whose columns they change (PostgreSQL: those that are not HOT),
/// where the server does not tell. Elsewhere there are none: an entry leads to a row by its key, which stays.
pub const UPDATE_SHARE: f64 = 0.3;
/// Updates from which on the server's own share is taken.
const UPDATES_MIN: f64 = 1_000.0;
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
pub(super) fn write_cost(
    draft: &IndexDraft,
    workload: &Workload,
    catalogue: &Catalogue,
    set: &[(String, String)],
) -> f64 {
    let rate = write_rate(workload, &draft.schema, &draft.table);
    let table = draft.table.to_ascii_lowercase();
    let is_updated = set.iter().any(|(of, column)| *of == table && names_column(draft, column));
    let updates = if is_updated { 1.0 } else { update_share(draft, catalogue) };
    (rate.inserted + rate.updated * updates + rate.deleted * DELETE_SHARE) * WRITE_COST
}

/// The share of updates that touch an index whose columns they leave alone.
fn update_share(draft: &IndexDraft, catalogue: &Catalogue) -> f64 {
    if catalogue.system != System::PostgreSql {
        return 0.0;
    }
    let tables = catalogue.tables.iter();
    let mut own = tables.filter(|one| one.name == draft.table && one.schema == draft.schema);
    let writes = own.next().and_then(|table| table.writes);
    let told = writes.filter(|writes| writes.updated >= UPDATES_MIN);
    let hot = told.and_then(|writes| Some(writes.hot? / writes.updated));
    hot.map_or(UPDATE_SHARE, |hot| (1.0 - hot).clamp(0.0, 1.0))
}

/// Rows written an hour to a table: what its statements wrote, or what the server counted where that is more.
pub(super) fn write_rate(workload: &Workload, schema: &str, table: &str) -> WriteRate {
    let mut own = WriteRate::default();
    for (name, rate) in &workload.writes {
        let (written, last) = name.rsplit_once('.').unwrap_or(("", name));
        let is_other = !written.is_empty() && !schema.is_empty() && !is_named(written, schema);
        if last.eq_ignore_ascii_case(table) && !is_other {
            own.inserted += rate.inserted;
            own.updated += rate.updated;
            own.deleted += rate.deleted;
        }
    }
    let counted = workload.counted.get(&(schema.to_owned(), table.to_owned()));
    counted.map_or(own, |counted| own.larger(*counted))
}

/// Whether a schema is meant by a name, perhaps with a database before it.
fn is_named(written: &str, schema: &str) -> bool {
    written.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(schema))
}

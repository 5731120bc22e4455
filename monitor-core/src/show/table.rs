//! Tables of a report, as they all look.

use std::fmt::Write;

use comfy_table::{CellAlignment, ColumnConstraint, Row, Table, Width};

use super::words::count;

/// Rows of a table in the report; what is left out is said below it.
pub(super) const ROWS_MAX: usize = 15;

/// Characters of a statement in the report.
pub(super) const STATEMENT_CHARS_MAX: usize = 72;

/// A table, and how many rows did not fit.
pub(super) struct Listing {
    pub(super) table: Table,
    pub(super) left_out: usize,
}

/// A table with its heading; nothing where there is no row.
pub(super) fn section(report: &mut String, heading: &str, table: Option<Listing>) {
    let Some(Listing { table, left_out }) = table else { return };
    let _ = writeln!(report, "\n{heading}\n{table}");
    if left_out > 0 {
        let _ = writeln!(report, "  and {} more", count(left_out as u64));
    }
}

/// A table of at most [`ROWS_MAX`] rows, the first column to the left; nothing where there is no row.
pub(super) fn listing(
    head: &[&str],
    rows: impl ExactSizeIterator<Item = Vec<String>>,
) -> Option<Listing> {
    let left_out = rows.len().saturating_sub(ROWS_MAX);
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(head.iter().copied());
    for row in rows.take(ROWS_MAX) {
        table.add_row(Row::from(row));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_cell_alignment(CellAlignment::Left);
        first.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(
            STATEMENT_CHARS_MAX as u16 + 2,
        )));
    }
    (table.row_count() > 0).then_some(Listing { table, left_out })
}

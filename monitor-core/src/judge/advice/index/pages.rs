//! What it costs to fetch rows of a table by an index, in units of PostgreSQL's planner.

use crate::inquire::{KeyPart, Table};

/// Cost of each row met on the way: `cpu_tuple_cost` + `cpu_index_tuple_cost`.
pub(super) const ROW_COST: f64 = 0.015;
/// Cost of a page out of order; one in order costs 1.
const RANDOM_PAGE_COST: f64 = 4.0;

/// How well the order of rows fits that of a key.
pub(super) fn correlation(table: &Table, key: &[KeyPart]) -> f64 {
    let column = key.first().and_then(|part| table.column(part.column_name()?));
    column.and_then(|column| column.spread.as_ref()?.correlation).unwrap_or(0.0)
}

/// What pages cost that are met by rows spread at random: Mackert and Lohman's formula, as PostgreSQL has it.
pub(super) fn spread_pages(pages: f64, rows: f64) -> f64 {
    let pages = pages.max(1.0);
    let met = (2.0 * pages * rows / (2.0 * pages + rows)).min(pages);
    let each = RANDOM_PAGE_COST - (RANDOM_PAGE_COST - 1.0) * (met / pages).sqrt();
    met * each
}

/// What it costs to fetch so many rows of a table, each page once and in order (PostgreSQL's bitmap scan).
pub(super) fn bitmap_cost(table: &Table, rows: f64) -> f64 {
    spread_pages(table.pages.unwrap_or(1.0), rows) + rows * ROW_COST
}

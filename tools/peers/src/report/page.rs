//! A report for people: in a terminal, and in Markdown.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, presets};

use super::{Report, Table};

/// What stands before and after the part of a page that is written by the benchmark.
pub const MARKS: [&str; 2] = ["<!-- bench: begin -->", "<!-- bench: end -->"];

/// A table for a terminal.
pub fn terminal(table: &Table) -> String {
    let mut text = format!("\n{}\n", table.title);
    let laid = laid(table, presets::NOTHING);
    for line in laid.lines() {
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    if !table.note.is_empty() {
        let _ = writeln!(text, "  ({})", table.note);
    }
    text
}

/// The whole report as Markdown, without a heading.
pub fn markdown(report: &Report) -> String {
    let mut text = format!("{}\n", report.machine.sentence());
    for table in &report.tables {
        let _ = write!(text, "\n### {}\n\n", table.title);
        if !table.note.is_empty() {
            let _ = write!(text, "{}\n\n", sentence(&table.note));
        }
        for line in laid(table, presets::ASCII_MARKDOWN).lines() {
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// The page with the report in its place.
///
/// # Errors
///
/// When the page has no such place.
pub fn written_between(page: &str, report: &str) -> Result<String> {
    let [begin, end] = MARKS;
    let (before, rest) = page.split_once(begin).with_context(|| format!("no line `{begin}`"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("no line `{end}`"))?;
    Ok(format!("{before}{begin}\n\n{report}\n{end}{after}"))
}

fn laid(table: &Table, style: comfy_table::TableStyle) -> comfy_table::Table {
    let mut laid = comfy_table::Table::new();
    let head = std::iter::once(String::new()).chain(table.columns.iter().cloned());
    laid.load_style(style).set_header(head);
    for row in &table.rows {
        let cells = row
            .cells
            .iter()
            .map(|cell| cell.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string));
        laid.add_row(std::iter::once(row.name.clone()).chain(cells));
    }
    for column in laid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    laid
}

fn sentence(note: &str) -> String {
    let mut letters = note.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

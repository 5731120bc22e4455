//! The statements, ranked.

use crate::answers::{Statement, Statements};
use crate::question::Question;
use crate::sheet::{Cell, Column, Sheet, Tone, line};
use crate::text;

const COLUMNS: [Column; 12] = [
    Column::number("time", 6),
    Column::number("calls", 6),
    Column::number("mean", 7),
    Column::number("p95", 7),
    Column::number("failed", 6),
    Column::number("calls/s", 7).from(100),
    Column::number("slow", 6).from(100),
    Column::number("max", 7).from(120),
    Column::number("rows", 6).from(120),
    Column::words("trend", 8).from(140),
    Column::words("database", 16).from(140),
    Column::rest("statement"),
];

pub(super) fn fill(sheet: &mut Sheet, list: &Statements, question: &Question) {
    let (sort, search) = (question.sort.as_str(), text::safe(&question.search));
    let order = if question.is_ascending { "lowest" } else { "highest" };
    let mut about = format!(
        "by {sort}, {order} first; {} statements, page {} of {}",
        text::count(list.total),
        list.page,
        super::pages(list.total, list.page_size)
    );
    if !search.is_empty() {
        about = format!("{about}; with `{search}`");
    }
    sheet.head.push(line(&[(Tone::Plain, &about)], sheet.width));
    if list.statements.is_empty() {
        let nothing = if search.is_empty() {
            "no statement has run within this window"
        } else {
            "no statement has these words; press / for others, Enter for all"
        };
        sheet.pieces(&[(Tone::Label, nothing)]);
        return;
    }
    sheet.head.push(sheet.names(&COLUMNS));
    for statement in &list.statements {
        let row = sheet.row(&COLUMNS, cells(statement));
        sheet.body.push(row);
    }
}

/// A few statements below what is there.
pub(super) fn table(sheet: &mut Sheet, statements: &[Statement]) {
    sheet.table(&COLUMNS, statements.iter().map(cells).collect());
}

/// All that the server tells of a statement's text, and where it runs.
pub(super) fn whole_text(statement: &Statement) -> String {
    let rest = if statement.is_cut { "…" } else { "" };
    let place = statement.fingerprint.as_deref().unwrap_or("other");
    text::safe(&format!("{}{rest} -- {} {place}", statement.text, statement.database))
}

fn cells(statement: &Statement) -> Vec<Cell> {
    let numbers = &statement.numbers;
    let rows = statement.rows_per_call.map_or_else(|| "-".to_owned(), text::amount);
    let trend = if statement.trend == "rising" { Tone::Warning } else { Tone::Plain };
    vec![
        Cell::toned(Tone::Title, text::percent(statement.time_share)),
        Cell::from(text::count(numbers.calls)),
        Cell::from(text::time(numbers.mean_seconds)),
        Cell::from(text::time(numbers.p95_seconds)),
        Cell::toned(Tone::of_trouble(numbers.failed), text::percent(numbers.error_rate)),
        Cell::from(text::amount(numbers.calls_per_second)),
        Cell::from(text::count(numbers.slow)),
        Cell::from(text::time(numbers.max_seconds)),
        Cell::from(rows),
        Cell::toned(trend, statement.trend.replace('_', " ")),
        Cell::from(statement.database.as_str()),
        Cell::from(statement.text.as_str()),
    ]
}

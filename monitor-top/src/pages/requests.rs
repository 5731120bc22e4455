//! Requests, jobs and other units of work, by name.

use crate::answers::{Request, Requests};
use crate::sheet::{Cell, Column, Sheet, Tone, line};
use crate::text;

const COLUMNS: [Column; 9] = [
    Column::number("in db", 6),
    Column::number("units", 6),
    Column::number("queries", 7),
    Column::number("most", 5),
    Column::number("p95", 7),
    Column::number("again", 6),
    Column::number("over", 5),
    Column::number("wait", 7).from(100),
    Column::rest("request or job"),
];

pub(super) fn fill(sheet: &mut Sheet, list: &Requests) {
    let about = format!(
        "most database time first; {} names, page {} of {}",
        text::count(list.total),
        list.page,
        super::pages(list.total, list.page_size)
    );
    sheet.head.push(line(&[(Tone::Plain, &about)], sheet.width));
    if list.scopes.is_empty() {
        sheet.pieces(&[(Tone::Label, "no request and no job has ended that the monitor knows of")]);
        return;
    }
    sheet.head.push(sheet.names(&COLUMNS));
    for request in &list.scopes {
        let row = sheet.row(&COLUMNS, cells(request));
        sheet.body.push(row);
    }
}

fn cells(request: &Request) -> Vec<Cell> {
    let repeats = request.repeats.iter().filter(|repeat| !repeat.muted);
    let again = repeats.map(|repeat| repeat.calls_max).max().unwrap_or(0);
    let has_budget = request.calls_budget.is_some() || request.time_budget_seconds.is_some();
    let over = if has_budget { text::count(request.over_budget) } else { "-".to_owned() };
    let units = request.units.max(1) as f64;
    vec![
        Cell::toned(Tone::Title, text::percent(request.busy_share)),
        Cell::from(text::count(request.units)),
        Cell::from(text::amount(request.calls_mean)),
        Cell::from(text::count(request.calls_max)),
        Cell::from(text::time_of(request.time_p95_seconds)),
        Cell::toned(Tone::of_trouble(again), text::count(again)),
        Cell::toned(Tone::of_trouble(request.over_budget), over),
        Cell::from(text::time(request.pool_wait_seconds / units)),
        Cell::from(request.name.as_str()),
    ]
}

//! The alerts that are there, those that are over, and who was told.

use crate::answers::{Alert, Alerts, Sink};
use crate::sheet::{Cell, Column, Sheet, Tone};
use crate::text;

const HISTORY: [Column; 5] = [
    Column::words("over since (UTC)", 19),
    Column::words("severity", 8),
    Column::words("kind", 18),
    Column::words("subject", 20).from(110),
    Column::rest("message"),
];

const SINKS: [Column; 6] = [
    Column::words("told", 20),
    Column::number("delivered", 9),
    Column::number("waiting", 7),
    Column::number("dropped", 7),
    Column::number("given up", 8),
    Column::rest("trouble"),
];

/// Lines of one message.
const MESSAGE_LINES_MAX: usize = 3;

pub(super) fn fill(sheet: &mut Sheet, alerts: &Alerts) {
    if alerts.firing.is_empty() {
        sheet.pieces(&[(Tone::Good, "no alert fires")]);
    }
    many(sheet, "Firing", &alerts.firing);
    many(sheet, "Not for long enough yet", &alerts.pending);
    if !alerts.history.is_empty() {
        let total = text::count(alerts.history_total);
        let pages = super::pages(alerts.history_total, alerts.page_size);
        sheet.title(&format!("Over: {total}, page {} of {pages}", alerts.page));
        sheet.table(&HISTORY, alerts.history.iter().map(past).collect());
    }
    if !alerts.sinks.is_empty() {
        sheet.title("Told");
        sheet.table(&SINKS, alerts.sinks.iter().map(sink).collect());
    }
}

fn many(sheet: &mut Sheet, title: &str, alerts: &[Alert]) {
    if alerts.is_empty() {
        return;
    }
    sheet.title(&format!("{title}: {}", alerts.len()));
    for alert in alerts {
        let since = format!("since {} UTC", text::day_and_time(&alert.since));
        sheet.pieces(&[
            (Tone::of(&alert.severity), &alert.severity),
            (Tone::Plain, &alert.kind),
            (Tone::Label, &since),
            (Tone::Label, if alert.muted { "muted" } else { "" }),
        ]);
        sheet.text(Tone::Label, &alert.subject.name, 1);
        sheet.text(Tone::Plain, &alert.message, MESSAGE_LINES_MAX);
    }
}

fn past(alert: &Alert) -> Vec<Cell> {
    vec![
        Cell::from(alert.resolved_at.as_deref().map_or_else(String::new, text::day_and_time)),
        Cell::toned(Tone::of(&alert.severity), alert.severity.as_str()),
        Cell::from(alert.kind.as_str()),
        Cell::from(alert.subject.name.as_str()),
        Cell::from(alert.message.as_str()),
    ]
}

fn sink(sink: &Sink) -> Vec<Cell> {
    let trouble = match &sink.last_failure {
        Some(failure) if sink.failures_in_a_row > 0 => {
            format!("{failure}, {} times in a row", sink.failures_in_a_row)
        }
        _ => String::new(),
    };
    vec![
        Cell::from(sink.name.as_str()),
        Cell::from(text::count(sink.delivered)),
        Cell::from(text::count(sink.waiting)),
        Cell::toned(Tone::of_trouble(sink.dropped), text::count(sink.dropped)),
        Cell::toned(Tone::of_trouble(sink.given_up), text::count(sink.given_up)),
        Cell::toned(Tone::Bad, trouble),
    ]
}

//! Everything in ten seconds.

use super::statements;
use crate::answers::{Attention, Gauge, Levels, Minute, Overview};
use crate::sheet::{Cell, Column, Sheet, Tone};
use crate::text;

const POOLS: [Column; 8] = [
    Column::words("pool", 16),
    Column::number("in use", 9),
    Column::words("", 10),
    Column::number("waiting", 7),
    Column::number("timed out", 9),
    Column::number("leaked", 6),
    Column::number("wait p95", 8),
    Column::number("hold p95", 8).from(86),
];

/// Minutes of a spark line.
const MINUTES: usize = 60;

pub(super) fn fill(sheet: &mut Sheet, overview: &Overview) {
    whole(sheet, overview);
    numbers(sheet, overview);
    course(sheet, &overview.minutes);
    attention(sheet, &overview.attention, overview.attention_left_out);
    pools(sheet, &overview.pools);
    if !overview.top_statements.is_empty() {
        sheet.title("Most time");
        statements::table(sheet, &overview.top_statements);
    }
    errors(sheet, overview);
}

fn whole(sheet: &mut Sheet, overview: &Overview) {
    let status = overview.health.status.as_str();
    let up = format!("up {}", text::time(overview.uptime_seconds));
    let build = overview.build.as_ref().map(|build| format!("build {build}"));
    let alerts = format!("alerts {}", overview.alerts_firing);
    let running = format!("running slowly {}", overview.running_slow);
    let known = format!("statements {}", text::count(overview.statements));
    let advice = format!("advice {}", overview.recommendations);
    let mut pieces = vec![
        (Tone::of(status), status),
        (Tone::Plain, up.as_str()),
        (Tone::of_trouble(overview.alerts_firing), alerts.as_str()),
        (Tone::of_trouble(overview.running_slow), running.as_str()),
        (Tone::Plain, known.as_str()),
        (Tone::Plain, advice.as_str()),
    ];
    pieces.extend(build.as_deref().map(|build| (Tone::Label, build)));
    sheet.pieces(&pieces);
}

fn numbers(sheet: &mut Sheet, overview: &Overview) {
    let numbers = &overview.totals;
    if numbers.calls == 0 {
        sheet.pieces(&[(Tone::Label, "no call has ended within this window")]);
        return;
    }
    let calls =
        format!("{} ({}/s)", text::count(numbers.calls), text::amount(numbers.calls_per_second));
    let failed = format!("{} ({})", text::count(numbers.failed), text::percent(numbers.error_rate));
    sheet.pieces(&[
        (Tone::Label, "calls"),
        (Tone::Plain, &calls),
        (Tone::Label, "failed"),
        (Tone::of_trouble(numbers.failed), &failed),
        (Tone::Label, "slow"),
        (Tone::Plain, &text::count(numbers.slow)),
    ]);
    sheet.pieces(&[
        (Tone::Label, "mean"),
        (Tone::Plain, &text::time(numbers.mean_seconds)),
        (Tone::Label, "p50"),
        (Tone::Plain, &text::time(numbers.p50_seconds)),
        (Tone::Label, "p95"),
        (Tone::Plain, &text::time(numbers.p95_seconds)),
        (Tone::Label, "p99"),
        (Tone::Plain, &text::time(numbers.p99_seconds)),
        (Tone::Label, "max"),
        (Tone::Plain, &text::time(numbers.max_seconds)),
    ]);
}

/// The last hour, minute by minute, with the newest number.
fn course(sheet: &mut Sheet, minutes: &[Minute]) {
    let Some(newest) = minutes.last() else { return };
    let columns = MINUTES.min(sheet.width.saturating_sub(18));
    let calls: Vec<_> = minutes.iter().map(|minute| minute.calls_per_second).collect();
    let times: Vec<_> = minutes.iter().map(|minute| minute.p95_seconds).collect();
    let per_second = newest.calls_per_second.map_or_else(|| "-".to_owned(), text::amount);
    for (name, numbers, newest) in
        [("calls/s", calls, per_second), ("p95    ", times, text::time_of(newest.p95_seconds))]
    {
        // A gap is a blank, which no safe text keeps: the bars are ours.
        sheet.bars(name, &text::spark(&numbers, columns), &newest);
    }
}

fn attention(sheet: &mut Sheet, attention: &[Attention], left_out: u64) {
    if attention.is_empty() {
        return;
    }
    sheet.title("Needs attention");
    for one in attention {
        sheet.pieces(&[
            (Tone::of(&one.severity), &one.severity),
            (Tone::Title, &one.kind),
            (Tone::Plain, &one.message),
        ]);
    }
    if left_out > 0 {
        sheet.pieces(&[(Tone::Label, &format!("and {left_out} more"))]);
    }
}

fn pools(sheet: &mut Sheet, pools: &[Gauge]) {
    if pools.is_empty() {
        return;
    }
    sheet.title("Pools");
    let rows = pools.iter().map(|pool| {
        let bar = pool.usage.map_or_else(String::new, |usage| text::bar(usage, 10));
        vec![
            Cell::from(pool.name.as_str()),
            Cell::from(in_use(pool.levels.as_ref())),
            Cell::from(bar),
            Cell::toned(Tone::of_trouble(pool.waiting), text::count(pool.waiting)),
            Cell::toned(Tone::of_trouble(pool.timed_out), text::count(pool.timed_out)),
            Cell::toned(Tone::of_trouble(pool.leaked), text::count(pool.leaked)),
            Cell::from(text::time_of(pool.wait_p95_seconds)),
            Cell::from(text::time_of(pool.hold_p95_seconds)),
        ]
    });
    let rows = rows.collect();
    sheet.table(&POOLS, rows);
}

/// Connections in use, of how many there may be.
pub(super) fn in_use(levels: Option<&Levels>) -> String {
    match levels {
        None => "unknown".to_owned(),
        Some(levels) => format!("{} of {}", levels.in_use, levels.max.unwrap_or(levels.size)),
    }
}

fn errors(sheet: &mut Sheet, overview: &Overview) {
    if !overview.errors.is_empty() {
        sheet.title("Failures");
    }
    for error in &overview.errors {
        let code = error.code.as_deref().unwrap_or_default();
        sheet.pieces(&[
            (Tone::Bad, &text::count(error.count)),
            (Tone::Plain, &error.class),
            (Tone::Label, code),
        ]);
    }
    if !overview.losses.is_empty() {
        sheet.title("Let go by the monitor's limits");
    }
    for loss in &overview.losses {
        sheet.pieces(&[(Tone::Warning, &text::count(loss.count)), (Tone::Plain, &loss.name)]);
    }
}

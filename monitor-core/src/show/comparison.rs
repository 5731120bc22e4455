//! What changed between two snapshots, for people and for programs.

use std::fmt::Write;

use comfy_table::CellAlignment;
use serde::Serialize;

use super::json::{ActivityView, DatabaseView};
use super::table::{Listing, listing, section};
use super::words::{cut, duration, instant, moment, percent, rate, signed_seconds};
use crate::judge::{Answer, Change, Comparison, Difference, Period, StatementComparison};
use crate::snapshot::Activity;

/// Characters of a statement in the report.
const STATEMENT_CHARS_MAX: usize = 60;

/// Characters of a build's name in the report.
const BUILD_CHARS_MAX: usize = 60;

/// A comparison as plain text: the two sides, and the statements that changed, those first that cost
/// most time more or less.
#[must_use]
pub fn comparison(comparison: &Comparison) -> String {
    let mut report = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut report, comparison);
    section(&mut report, "changed, by time lost or saved", changed(comparison));
    report
}

fn head(report: &mut String, comparison: &Comparison) -> std::fmt::Result {
    let total = &comparison.total;
    side(report, "before: ", &comparison.before, &total.before, total.calls_per_second_before)?;
    side(report, "after:  ", &comparison.after, &total.after, total.calls_per_second_after)?;
    if comparison.is_continuation {
        writeln!(report, "both are of one process: after is what happened since before")?;
    }
    let count = |answer| comparison.of(answer).count();
    writeln!(
        report,
        "{} statements changed, {} unchanged, {} too soon to tell; {} of the database's time an hour",
        count(Answer::Changed),
        count(Answer::Unchanged),
        count(Answer::TooSoon),
        signed_seconds(total.seconds_per_hour),
    )
}

fn side(
    report: &mut String,
    name: &str,
    period: &Period,
    calls: &Activity,
    per_second: f64,
) -> std::fmt::Result {
    writeln!(
        report,
        "{name}{}, {} up to {}: {}, {} failed, mean {}, p95 {}",
        cut(&period.to_string(), BUILD_CHARS_MAX),
        duration(period.covered),
        moment(period.at),
        rate(per_second),
        percent(calls.error_rate()),
        duration(calls.mean()),
        duration(calls.p95()),
    )
}

fn changed(comparison: &Comparison) -> Option<Listing> {
    let head = ["statement", "what", "mean", "p95", "failed", "calls", "an hour", "chance"];
    let rows: Vec<_> = comparison.changed().map(row).collect();
    let mut listing = listing(&head, rows.into_iter())?;
    if let Some(what) = listing.table.column_mut(1) {
        what.set_cell_alignment(CellAlignment::Left);
    }
    Some(listing)
}

fn row(statement: &StatementComparison) -> Vec<String> {
    let Difference { before, after, changes, .. } = &statement.difference;
    let found = &statement.difference;
    let kinds: Vec<_> =
        changes.iter().map(|change| change.kind.as_str().replace('_', " ")).collect();
    let from_to = |value: &dyn Fn(&Activity) -> String| {
        let of = |side: &Activity| if side.calls == 0 { "-".into() } else { value(side) };
        from_to(of(before), of(after))
    };
    vec![
        cut(&statement.text, STATEMENT_CHARS_MAX),
        kinds.join(", "),
        from_to(&|side| duration(side.mean())),
        from_to(&|side| duration(side.p95())),
        from_to(&|side| percent(side.error_rate())),
        self::from_to(rate(found.calls_per_second_before), rate(found.calls_per_second_after)),
        signed_seconds(found.seconds_per_hour),
        chance(changes),
    ]
}

fn from_to(before: String, after: String) -> String {
    if before == after { after } else { format!("{before} → {after}") }
}

/// How often chance alone does the least sure of them.
fn chance(changes: &[Change]) -> String {
    let most = changes
        .iter()
        .filter_map(|change| change.p)
        .fold(None, |most: Option<f64>, p| Some(most.map_or(p, |most| most.max(p))));
    most.map_or_else(|| "-".into(), super::words::chance)
}

/// A comparison as one JSON object: every statement of either side with its numbers, the answer and the
/// evidence. Units are those of [`json`](super::json).
///
/// # Errors
///
/// None that a comparison can cause; the result is serde_json's own.
pub fn comparison_json(comparison: &Comparison) -> serde_json::Result<String> {
    serde_json::to_string(&ComparisonView::new(comparison))
}

#[derive(Serialize)]
struct ComparisonView<'a> {
    before: PeriodView<'a>,
    after: PeriodView<'a>,
    is_continuation: bool,
    total: DifferenceView<'a>,
    statements: Vec<StatementView<'a>>,
}

#[derive(Serialize)]
struct PeriodView<'a> {
    build: Option<&'a str>,
    at: String,
    covered_seconds: f64,
}

#[derive(Serialize)]
struct StatementView<'a> {
    fingerprint: Option<String>,
    text: &'a str,
    summary: &'a str,
    kind: &'static str,
    #[serde(flatten)]
    database: DatabaseView<'a>,
    #[serde(flatten)]
    difference: DifferenceView<'a>,
}

#[derive(Serialize)]
struct DifferenceView<'a> {
    answer: &'static str,
    changes: Vec<ChangeView>,
    seconds_per_hour: f64,
    longer: Option<f64>,
    calls_per_second_before: f64,
    calls_per_second_after: f64,
    before: ActivityView<'a>,
    after: ActivityView<'a>,
}

#[derive(Serialize)]
struct ChangeView {
    kind: &'static str,
    test: &'static str,
    before: f64,
    after: f64,
    p: Option<f64>,
    level: f64,
}

impl<'a> ComparisonView<'a> {
    fn new(comparison: &'a Comparison) -> Self {
        Self {
            before: PeriodView::new(&comparison.before),
            after: PeriodView::new(&comparison.after),
            is_continuation: comparison.is_continuation,
            total: DifferenceView::new(&comparison.total),
            statements: comparison.statements.iter().map(StatementView::new).collect(),
        }
    }
}

impl<'a> PeriodView<'a> {
    fn new(period: &'a Period) -> Self {
        Self {
            build: period.build.as_deref(),
            at: instant(period.at),
            covered_seconds: period.covered.as_secs_f64(),
        }
    }
}

impl<'a> StatementView<'a> {
    fn new(statement: &'a StatementComparison) -> Self {
        Self {
            fingerprint: statement.fingerprint.map(|fingerprint| fingerprint.to_string()),
            text: &statement.text,
            summary: &statement.summary,
            kind: statement.kind.as_str(),
            database: DatabaseView::new(&statement.database),
            difference: DifferenceView::new(&statement.difference),
        }
    }
}

impl<'a> DifferenceView<'a> {
    fn new(difference: &'a Difference) -> Self {
        Self {
            answer: difference.answer.as_str(),
            changes: difference.changes.iter().map(ChangeView::new).collect(),
            seconds_per_hour: difference.seconds_per_hour,
            longer: difference.longer,
            calls_per_second_before: difference.calls_per_second_before,
            calls_per_second_after: difference.calls_per_second_after,
            before: ActivityView::new(&difference.before),
            after: ActivityView::new(&difference.after),
        }
    }
}

impl ChangeView {
    fn new(change: &Change) -> Self {
        Self {
            kind: change.kind.as_str(),
            test: change.test.as_str(),
            before: change.before,
            after: change.after,
            p: change.p,
            level: change.level,
        }
    }
}

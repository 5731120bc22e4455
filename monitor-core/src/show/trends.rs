//! Where everything goes, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use comfy_table::CellAlignment;
use serde::Serialize;

use super::json::DatabaseView;
use super::table::{Listing, listing, section};
use super::words::{chance, cut, duration, percent, rate};
use crate::judge::{Direction, Measure, RECENT_MINUTES, Subject, Trend, Trends};

/// Characters of a subject in the report.
const SUBJECT_CHARS_MAX: usize = 60;

/// Trends as plain text: what rises and what falls, and how many hold still.
#[must_use]
pub fn trends(trends: &Trends) -> String {
    let mut report = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut report, trends);
    section(&mut report, "rising and falling", moving(trends));
    report
}

fn head(report: &mut String, trends: &Trends) -> std::fmt::Result {
    let count = |direction| trends.all.iter().filter(|one| one.direction == direction).count();
    writeln!(
        report,
        "trends of the last {RECENT_MINUTES} minutes: {} rising, {} falling, {} steady, {} too soon to tell",
        count(Direction::Rising),
        count(Direction::Falling),
        count(Direction::Steady),
        count(Direction::TooSoon),
    )
}

fn moving(trends: &Trends) -> Option<Listing> {
    let head = ["what", "of", "goes", "before", "now", "minutes", "chance"];
    let rows: Vec<_> = trends.moving().map(row).collect();
    let mut listing = listing(&head, rows.into_iter())?;
    for place in 1..3 {
        if let Some(words) = listing.table.column_mut(place) {
            words.set_cell_alignment(CellAlignment::Left);
        }
    }
    Some(listing)
}

fn row(trend: &Trend) -> Vec<String> {
    let evidence = &trend.evidence;
    vec![
        cut(&trend.subject.to_string(), SUBJECT_CHARS_MAX),
        trend.measure.as_str().replace('_', " "),
        trend.direction.to_string(),
        value(trend.measure, trend.before),
        value(trend.measure, trend.now),
        format!("{} → {}", evidence.minutes_before, evidence.minutes_now),
        evidence.p.map_or_else(|| "-".into(), chance),
    ]
}

fn value(measure: Measure, value: f64) -> String {
    match measure {
        Measure::CallsPerSecond => rate(value),
        Measure::ErrorRate | Measure::SlowShare | Measure::PoolUsage => percent(value),
        _ => duration(Duration::try_from_secs_f64(value).unwrap_or_default()),
    }
}

/// Trends as one JSON object: every measure of every subject, with the answer and the evidence.
/// Durations are in seconds, shares from 0 to 1.
///
/// # Errors
///
/// None that trends can cause; the result is serde_json's own.
pub fn trends_json(trends: &Trends) -> serde_json::Result<String> {
    let trends = trends.all.iter().map(TrendView::new).collect();
    serde_json::to_string(&TrendsView { recent_minutes: RECENT_MINUTES, trends })
}

#[derive(Serialize)]
struct TrendsView<'a> {
    recent_minutes: usize,
    trends: Vec<TrendView<'a>>,
}

#[derive(Serialize)]
struct TrendView<'a> {
    /// Who it is, in words.
    subject: String,
    fingerprint: Option<String>,
    pool: Option<&'a str>,
    table: Option<&'a str>,
    #[serde(flatten)]
    database: Option<DatabaseView<'a>>,
    measure: &'static str,
    direction: &'static str,
    before: f64,
    now: f64,
    minutes_before: usize,
    minutes_now: usize,
    p: Option<f64>,
    level: f64,
}

impl<'a> TrendView<'a> {
    fn new(trend: &'a Trend) -> Self {
        let subject = &trend.subject;
        Self {
            subject: subject.to_string(),
            fingerprint: subject.fingerprint().map(|fingerprint| fingerprint.to_string()),
            pool: subject.pool(),
            table: match subject {
                Subject::Table { table, .. } => Some(table),
                _ => None,
            },
            database: subject.database().map(DatabaseView::new),
            measure: trend.measure.as_str(),
            direction: trend.direction.as_str(),
            before: trend.before,
            now: trend.now,
            minutes_before: trend.evidence.minutes_before,
            minutes_now: trend.evidence.minutes_now,
            p: trend.evidence.p,
            level: trend.evidence.level,
        }
    }
}

//! The snapshot as JSON, with units in the names of fields.

use std::time::Duration;

use serde::Serialize;

use super::health::{CheckView, Details};
use super::json_calls::{CallView, RunningView};
use super::parts::PartsDocument;
use super::scopes::ScopeDocument;
use super::sinks::SinkView;
use super::source_json::SourceView;
use super::words::instant;
use crate::capture::Database;
use crate::judge::{Finding, Health};
use crate::snapshot::{Activity, Rollup, Snapshot, StatementActivity, TableActivity, Window};

/// Version of the JSON's shape. Fields may be added within a version; none is renamed or removed.
pub const JSON_VERSION: u32 = 1;

/// The numbers of a snapshot and what they mean, as one JSON object.
///
/// Durations are in seconds, shares from 0 to 1, moments in RFC 3339, buckets as pairs of the
/// bucket's Prometheus index (schema 3) and its count, buckets of rows as pairs of upper bound and
/// count. Contains no literal of any statement.
/// [`load`](super::load) reads it back.
///
/// # Errors
///
/// None that a snapshot can cause; the result is serde_json's own.
pub fn json(snapshot: &Snapshot, health: &Health) -> serde_json::Result<String> {
    serde_json::to_string(&Document::new(snapshot, health))
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    at: String,
    started_at: String,
    uptime_seconds: f64,
    build: Option<&'a str>,
    health: HealthView<'a>,
    lifetime: RollupView<'a>,
    windows: Vec<WindowView<'a>>,
    sources: Vec<SourceView<'a>>,
    slow: Vec<CallView<'a>>,
    slow_newest: Vec<CallView<'a>>,
    running: Vec<RunningView<'a>>,
    running_told: Vec<RunningView<'a>>,
    scopes: Vec<ScopeDocument>,
    sinks: Vec<SinkView<'a>>,
    losses: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct HealthView<'a> {
    status: &'static str,
    checks: Vec<CheckView<'a>>,
    findings: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
struct FindingView<'a> {
    kind: &'static str,
    severity: &'static str,
    subject: String,
    message: &'a str,
    value: f64,
    threshold: f64,
}

#[derive(Serialize)]
struct RollupView<'a> {
    total: ActivityView<'a>,
    statements: Vec<StatementView<'a>>,
    kinds: Vec<KindView<'a>>,
    tables: Vec<TableView<'a>>,
}

#[derive(Serialize)]
struct WindowView<'a> {
    span_seconds: f64,
    covered_seconds: f64,
    calls_per_second: f64,
    #[serde(flatten)]
    rollup: RollupView<'a>,
    sources: Vec<SourceView<'a>>,
}

#[derive(Serialize)]
struct StatementView<'a> {
    fingerprint: Option<String>,
    text: &'a str,
    summary: &'a str,
    kind: &'static str,
    tables_read: &'a [String],
    tables_written: &'a [String],
    #[serde(flatten)]
    database: DatabaseView<'a>,
    slow_after_seconds: Option<f64>,
    very_slow_after_seconds: Option<f64>,
    muted: bool,
    #[serde(flatten)]
    activity: ActivityView<'a>,
    by_list_size: Vec<ListView<'a>>,
}

#[derive(Serialize)]
struct ListView<'a> {
    list_size: &'static str,
    #[serde(flatten)]
    activity: ActivityView<'a>,
}

#[derive(Serialize)]
struct KindView<'a> {
    kind: &'static str,
    #[serde(flatten)]
    activity: ActivityView<'a>,
}

#[derive(Serialize)]
struct TableView<'a> {
    table: &'a str,
    #[serde(flatten)]
    database: DatabaseView<'a>,
    reads: u64,
    writes: u64,
    #[serde(flatten)]
    activity: ActivityView<'a>,
}

/// A database as people write it, and in parts.
#[derive(Serialize)]
pub(super) struct DatabaseView<'a> {
    database: String,
    system: &'static str,
    database_name: &'a str,
    host: &'a str,
    port: Option<u16>,
}

#[derive(Serialize)]
pub(super) struct ActivityView<'a> {
    calls: u64,
    failed: u64,
    cancelled: u64,
    slow: u64,
    very_slow: u64,
    error_rate: f64,
    rows_returned: u64,
    rows_affected: u64,
    rows_unknown_calls: u64,
    rows_buckets: Vec<(Option<u64>, u64)>,
    time_seconds: f64,
    mean_seconds: f64,
    min_seconds: f64,
    max_seconds: f64,
    p50_seconds: f64,
    p90_seconds: f64,
    p95_seconds: f64,
    p99_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<PartsDocument>,
    buckets: Vec<(i32, u64)>,
    errors: Vec<ErrorView<'a>>,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    class: &'static str,
    code: Option<&'a str>,
    count: u64,
    time_seconds: f64,
    buckets: Vec<(i32, u64)>,
}

impl<'a> Document<'a> {
    fn new(snapshot: &'a Snapshot, health: &'a Health) -> Self {
        Self {
            version: JSON_VERSION,
            at: instant(snapshot.at),
            started_at: instant(snapshot.started_at),
            build: snapshot.build.as_deref(),
            uptime_seconds: snapshot.uptime.as_secs_f64(),
            health: HealthView {
                status: health.status.as_str(),
                checks: CheckView::all(health, Details::Full),
                findings: health.findings.iter().map(FindingView::new).collect(),
            },
            lifetime: RollupView::new(&snapshot.lifetime),
            windows: snapshot.windows.iter().map(WindowView::new).collect(),
            sources: snapshot.sources.iter().map(SourceView::new).collect(),
            slow: snapshot.slow.iter().map(CallView::new).collect(),
            slow_newest: snapshot.slow_newest.iter().map(CallView::new).collect(),
            running: snapshot.running.iter().map(RunningView::new).collect(),
            running_told: snapshot.running_told.iter().map(RunningView::new).collect(),
            scopes: snapshot.scopes.iter().map(ScopeDocument::from).collect(),
            sinks: snapshot.sinks.iter().map(SinkView::new).collect(),
            losses: snapshot
                .losses
                .entries()
                .into_iter()
                .map(|(name, count)| (name.to_owned(), count.into()))
                .collect(),
        }
    }
}

impl<'a> FindingView<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            kind: finding.kind.as_str(),
            severity: finding.severity.as_str(),
            subject: finding.subject.to_string(),
            message: &finding.message,
            value: finding.value,
            threshold: finding.threshold,
        }
    }
}

impl<'a> WindowView<'a> {
    fn new(window: &'a Window) -> Self {
        Self {
            span_seconds: window.span.as_secs_f64(),
            covered_seconds: window.covered.as_secs_f64(),
            calls_per_second: window.calls_per_second(),
            rollup: RollupView::new(&window.rollup),
            sources: window.sources.iter().map(SourceView::in_window).collect(),
        }
    }
}

impl<'a> RollupView<'a> {
    fn new(rollup: &'a Rollup) -> Self {
        let kinds = rollup.kinds.iter();
        Self {
            total: ActivityView::new(&rollup.total),
            statements: rollup.statements.iter().map(StatementView::new).collect(),
            kinds: kinds
                .map(|kind| KindView {
                    kind: kind.kind.as_str(),
                    activity: ActivityView::new(&kind.activity),
                })
                .collect(),
            tables: rollup.tables.iter().map(TableView::new).collect(),
        }
    }
}

impl<'a> StatementView<'a> {
    fn new(statement: &'a StatementActivity) -> Self {
        Self {
            fingerprint: statement.fingerprint.map(|fingerprint| fingerprint.to_string()),
            text: &statement.text,
            summary: &statement.summary,
            kind: statement.kind.as_str(),
            tables_read: &statement.tables.read,
            tables_written: &statement.tables.written,
            database: DatabaseView::new(&statement.database),
            slow_after_seconds: statement.slow_after.map(seconds),
            very_slow_after_seconds: statement.very_slow_after.map(seconds),
            muted: statement.muted,
            activity: ActivityView::new(&statement.activity),
            by_list_size: statement
                .by_list_size
                .iter()
                .map(|list| ListView {
                    list_size: list.size.as_str(),
                    activity: ActivityView::new(&list.activity),
                })
                .collect(),
        }
    }
}

impl<'a> TableView<'a> {
    fn new(table: &'a TableActivity) -> Self {
        Self {
            table: &table.table,
            database: DatabaseView::new(&table.database),
            reads: table.reads,
            writes: table.writes,
            activity: ActivityView::new(&table.activity),
        }
    }
}

impl<'a> DatabaseView<'a> {
    pub(super) fn new(database: &'a Database) -> Self {
        Self {
            database: database.to_string(),
            system: database.system.as_str(),
            database_name: &database.name,
            host: &database.host,
            port: database.port,
        }
    }
}

impl<'a> ActivityView<'a> {
    pub(super) fn new(activity: &'a Activity) -> Self {
        Self {
            calls: activity.calls,
            failed: activity.failed,
            cancelled: activity.cancelled,
            slow: activity.slow,
            very_slow: activity.very_slow,
            error_rate: activity.error_rate(),
            rows_returned: activity.rows_returned,
            rows_affected: activity.rows_affected,
            rows_unknown_calls: activity.rows_unknown,
            rows_buckets: activity.rows_histogram.buckets().collect(),
            time_seconds: seconds(activity.time),
            mean_seconds: seconds(activity.mean()),
            min_seconds: seconds(activity.time_min),
            max_seconds: seconds(activity.time_max),
            p50_seconds: seconds(activity.p50()),
            p90_seconds: seconds(activity.p90()),
            p95_seconds: seconds(activity.p95()),
            p99_seconds: seconds(activity.p99()),
            parts: PartsDocument::new(&activity.parts),
            buckets: activity.histogram.buckets().collect(),
            errors: activity
                .errors
                .iter()
                .map(|error| ErrorView {
                    class: error.class.as_str(),
                    code: error.code.as_deref(),
                    count: error.count,
                    time_seconds: seconds(error.time),
                    buckets: error.histogram.buckets().collect(),
                })
                .collect(),
        }
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

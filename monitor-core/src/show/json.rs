//! The snapshot as JSON, with units in the names of fields.

use std::time::Duration;

use serde::Serialize;

use super::words::moment;
use crate::judge::{Finding, Health};
use crate::snapshot::{
    Activity, CallRecord, Histogram, Rollup, Snapshot, SourceActivity, StatementActivity,
    TableActivity,
};

/// Version of the JSON's shape. Fields may be added within a version; none is renamed or removed.
pub const JSON_VERSION: u32 = 1;

/// The numbers of a snapshot and what they mean, as one JSON object.
///
/// Durations are in seconds, shares from 0 to 1, moments in RFC 3339, buckets as pairs of the
/// bucket's Prometheus index (schema 3) and its count. Contains no literal of any statement.
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
    uptime_seconds: f64,
    health: HealthView<'a>,
    lifetime: RollupView<'a>,
    windows: Vec<WindowView<'a>>,
    sources: Vec<SourceView<'a>>,
    slow: Vec<CallView<'a>>,
    slow_newest: Vec<CallView<'a>>,
    losses: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct HealthView<'a> {
    status: &'static str,
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
}

#[derive(Serialize)]
struct StatementView<'a> {
    fingerprint: Option<String>,
    text: &'a str,
    summary: &'a str,
    kind: &'static str,
    tables_read: &'a [String],
    tables_written: &'a [String],
    database: String,
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
    database: String,
    reads: u64,
    writes: u64,
    #[serde(flatten)]
    activity: ActivityView<'a>,
}

#[derive(Serialize)]
struct ActivityView<'a> {
    calls: u64,
    failed: u64,
    cancelled: u64,
    slow: u64,
    very_slow: u64,
    error_rate: f64,
    rows_returned: u64,
    rows_affected: u64,
    rows_unknown_calls: u64,
    time_seconds: f64,
    mean_seconds: f64,
    min_seconds: f64,
    max_seconds: f64,
    p50_seconds: f64,
    p90_seconds: f64,
    p95_seconds: f64,
    p99_seconds: f64,
    buckets: Vec<(i32, u64)>,
    errors: Vec<ErrorView<'a>>,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    class: &'static str,
    code: Option<&'a str>,
    count: u64,
}

#[derive(Serialize)]
struct SourceView<'a> {
    name: &'a str,
    system: &'static str,
    database: String,
    connections: ConnectionsView,
    transactions: TransactionsView,
    pool: Option<PoolView>,
    #[serde(flatten)]
    activity: ActivityView<'a>,
}

#[derive(Serialize)]
struct ConnectionsView {
    created: u64,
    closed: u64,
    failed: u64,
    create_time: TimesView,
}

#[derive(Serialize)]
struct TransactionsView {
    begun: u64,
    committed: u64,
    rolled_back: u64,
    dropped: u64,
    open: u64,
    duration: TimesView,
}

#[derive(Serialize)]
struct PoolView {
    size: Option<u32>,
    idle: Option<u32>,
    in_use: Option<u32>,
    max: Option<u32>,
    min: Option<u32>,
    overflow: Option<u32>,
    usage: Option<f64>,
    waiting: u64,
    taken: u64,
    timed_out: u64,
    failed: u64,
    cancelled: u64,
    out: u64,
    leaked: u64,
    wait_seconds: f64,
    wait_max_seconds: f64,
    wait: TimesView,
    hold: TimesView,
    held: Vec<HeldView>,
}

#[derive(Serialize)]
struct HeldView {
    held_seconds: f64,
    call_site: Option<String>,
}

#[derive(Serialize)]
struct TimesView {
    count: u64,
    p50_seconds: Option<f64>,
    p95_seconds: Option<f64>,
    p99_seconds: Option<f64>,
    buckets: Vec<(i32, u64)>,
}

#[derive(Serialize)]
struct CallView<'a> {
    statement: &'a str,
    fingerprint: String,
    kind: &'static str,
    at: String,
    duration_seconds: f64,
    rows_returned: Option<u64>,
    rows_affected: Option<u64>,
    outcome: &'static str,
    error: Option<&'static str>,
    database: String,
    pool: Option<&'a str>,
    connection: Option<u64>,
    user: Option<&'a str>,
    tag: Option<&'a str>,
    call_site: Option<String>,
}

impl<'a> Document<'a> {
    fn new(snapshot: &'a Snapshot, health: &'a Health) -> Self {
        Self {
            version: JSON_VERSION,
            at: moment(snapshot.at),
            uptime_seconds: snapshot.uptime.as_secs_f64(),
            health: HealthView {
                status: health.status.as_str(),
                findings: health.findings.iter().map(FindingView::new).collect(),
            },
            lifetime: RollupView::new(&snapshot.lifetime),
            windows: snapshot
                .windows
                .iter()
                .map(|window| WindowView {
                    span_seconds: window.span.as_secs_f64(),
                    covered_seconds: window.covered.as_secs_f64(),
                    calls_per_second: window.calls_per_second(),
                    rollup: RollupView::new(&window.rollup),
                })
                .collect(),
            sources: snapshot.sources.iter().map(SourceView::new).collect(),
            slow: snapshot.slow.iter().map(CallView::new).collect(),
            slow_newest: snapshot.slow_newest.iter().map(CallView::new).collect(),
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
            database: statement.database.to_string(),
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
            database: table.database.to_string(),
            reads: table.reads,
            writes: table.writes,
            activity: ActivityView::new(&table.activity),
        }
    }
}

impl<'a> ActivityView<'a> {
    fn new(activity: &'a Activity) -> Self {
        let seconds = |duration: Duration| duration.as_secs_f64();
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
            time_seconds: seconds(activity.time),
            mean_seconds: seconds(activity.mean()),
            min_seconds: seconds(activity.time_min),
            max_seconds: seconds(activity.time_max),
            p50_seconds: seconds(activity.p50()),
            p90_seconds: seconds(activity.p90()),
            p95_seconds: seconds(activity.p95()),
            p99_seconds: seconds(activity.p99()),
            buckets: activity.histogram.buckets().collect(),
            errors: activity
                .errors
                .iter()
                .map(|error| ErrorView {
                    class: error.class.as_str(),
                    code: error.code.as_deref(),
                    count: error.count,
                })
                .collect(),
        }
    }
}

impl<'a> SourceView<'a> {
    fn new(source: &'a SourceActivity) -> Self {
        let (connections, transactions) = (&source.connections, &source.transactions);
        Self {
            name: &source.name,
            system: source.database.system.as_str(),
            database: source.database.to_string(),
            connections: ConnectionsView {
                created: connections.created,
                closed: connections.closed,
                failed: connections.failed,
                create_time: TimesView::new(&connections.create_time),
            },
            transactions: TransactionsView {
                begun: transactions.begun,
                committed: transactions.committed,
                rolled_back: transactions.rolled_back,
                dropped: transactions.dropped,
                open: transactions.open,
                duration: TimesView::new(&transactions.duration),
            },
            pool: source.pool.as_ref().map(PoolView::new),
            activity: ActivityView::new(&source.activity),
        }
    }
}

impl PoolView {
    fn new(pool: &crate::snapshot::PoolActivity) -> Self {
        let (levels, checkouts) = (pool.levels, &pool.checkouts);
        Self {
            size: levels.map(|levels| levels.size),
            idle: levels.map(|levels| levels.idle),
            in_use: levels.map(|levels| levels.in_use()),
            max: levels.and_then(|levels| levels.max),
            min: levels.and_then(|levels| levels.min),
            overflow: levels.map(|levels| levels.overflow),
            usage: pool.usage(),
            waiting: checkouts.waiting,
            taken: checkouts.taken,
            timed_out: checkouts.timed_out,
            failed: checkouts.failed,
            cancelled: checkouts.cancelled,
            out: checkouts.out,
            leaked: pool.leaked,
            wait_seconds: checkouts.wait_time.as_secs_f64(),
            wait_max_seconds: checkouts.wait_max.as_secs_f64(),
            wait: TimesView::new(&checkouts.wait),
            hold: TimesView::new(&checkouts.hold),
            held: pool
                .held
                .iter()
                .map(|held| HeldView {
                    held_seconds: held.held.as_secs_f64(),
                    call_site: held.call_site.map(|site| site.to_string()),
                })
                .collect(),
        }
    }
}

impl TimesView {
    fn new(times: &Histogram) -> Self {
        let seconds = |q| times.quantile(q).map(|time| time.as_secs_f64());
        Self {
            count: times.count(),
            p50_seconds: seconds(0.5),
            p95_seconds: seconds(0.95),
            p99_seconds: seconds(0.99),
            buckets: times.buckets().collect(),
        }
    }
}

impl<'a> CallView<'a> {
    fn new(call: &'a CallRecord) -> Self {
        Self {
            statement: &call.statement,
            fingerprint: call.fingerprint.to_string(),
            kind: call.kind.as_str(),
            at: moment(call.at),
            duration_seconds: call.duration.as_secs_f64(),
            rows_returned: call.rows.returned,
            rows_affected: call.rows.affected,
            outcome: call.outcome.as_str(),
            error: call.error.map(|class| class.as_str()),
            database: call.database.to_string(),
            pool: call.pool.as_deref(),
            connection: call.connection,
            user: call.user.as_deref(),
            tag: call.tag.as_deref(),
            call_site: call.call_site.map(|site| site.to_string()),
        }
    }
}

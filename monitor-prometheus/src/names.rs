//! Every metric there is: its name, what it is, in which unit, with which labels.
//!
//! Names of operations, rows and pools are OpenTelemetry's (semantic conventions 1.44, database
//! metrics) as its Prometheus compatibility rules spell them. What OpenTelemetry has no name for
//! begins with `db_monitor_`.

/// One metric.
#[derive(Debug)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, with the unit's suffix and without `_total`.
    pub name: &'static str,
    /// A sentence, without the full stop at its end.
    pub help: &'static str,
    /// What sort of numbers.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
}

/// The sorts of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only goes up, until the process ends. Its samples' names end in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in seconds, in classic buckets and, where the format has them, native ones.
    Durations,
    /// Numbers of rows, in classic buckets.
    Rows,
}

/// The database behind a number.
const DATABASE: [&str; 4] = ["db_system_name", "db_namespace", "server_address", "server_port"];

macro_rules! metrics {
    ($($id:ident = $name:literal, $kind:ident, [$($label:literal),*], $help:literal;)+) => {
        $(pub(crate) static $id: Metric = Metric {
            name: $name,
            help: $help,
            kind: MetricKind::$kind,
            labels: &[$($label),*],
        };)+

        /// Every metric, in the order in which they are written.
        pub static METRICS: &[&Metric] = &[$(&$id),+];
    };
}

metrics! {
    OPERATION_DURATION = "db_client_operation_duration_seconds", Durations,
        ["db_query_summary", "error_type", "db_response_status_code"],
        "Time of database calls as the caller saw it, without the wait for a connection";
    RETURNED_ROWS = "db_client_response_returned_rows", Rows, ["db_query_summary"],
        "Rows that calls returned, where the driver tells";
    CONNECTION_COUNT = "db_client_connection_count", Gauge,
        ["db_client_connection_pool_name", "db_client_connection_state"],
        "Connections of the pool, by state";
    CONNECTION_MAX = "db_client_connection_max", Gauge, ["db_client_connection_pool_name"],
        "Connections the pool may have";
    CONNECTION_IDLE_MIN = "db_client_connection_idle_min", Gauge, ["db_client_connection_pool_name"],
        "Connections the pool keeps open";
    PENDING_REQUESTS = "db_client_connection_pending_requests", Gauge,
        ["db_client_connection_pool_name"],
        "Callers waiting for a connection";
    CONNECTION_TIMEOUTS = "db_client_connection_timeouts", Counter,
        ["db_client_connection_pool_name"],
        "Callers that got no connection within the pool's time limit";
    CREATE_TIME = "db_client_connection_create_time_seconds", Durations,
        ["db_client_connection_pool_name"],
        "Time it took to connect";
    WAIT_TIME = "db_client_connection_wait_time_seconds", Durations,
        ["db_client_connection_pool_name"],
        "Time callers waited for a connection, however the wait ended";
    USE_TIME = "db_client_connection_use_time_seconds", Durations,
        ["db_client_connection_pool_name"],
        "Time between taking a connection and giving it back";
    CHECKOUTS = "db_monitor_checkouts", Counter, ["db_client_connection_pool_name", "outcome"],
        "Takings of connections, by outcome";
    CONNECTIONS = "db_monitor_connections", Counter, ["db_client_connection_pool_name", "event"],
        "Connections created, closed, and attempts that failed";
    LEAKED = "db_monitor_leaked_connections", Gauge, ["db_client_connection_pool_name"],
        "Connections out for longer than the leak threshold";
    TRANSACTIONS = "db_monitor_transactions", Counter,
        ["db_client_connection_pool_name", "outcome"],
        "Transactions that ended, by outcome";
    TRANSACTIONS_OPEN = "db_monitor_open_transactions", Gauge, ["db_client_connection_pool_name"],
        "Transactions open now";
    TRANSACTION_DURATION = "db_monitor_transaction_duration_seconds", Durations,
        ["db_client_connection_pool_name"],
        "Time between the begin and the end of transactions";
    SLOW_CALLS = "db_monitor_slow_calls", Counter, ["speed"],
        "Calls beyond the slow and the very slow threshold; a very slow call is both";
    CANCELLED_CALLS = "db_monitor_cancelled_calls", Counter, [],
        "Calls whose caller went away";
    AFFECTED_ROWS = "db_monitor_affected_rows", Counter, [],
        "Rows inserted, updated or deleted";
    CALL_PARTS = "db_monitor_call_parts_seconds", Counter, ["part"],
        "Waits of calls for the pool, and of calls read row by row the time to the first, for the rest, and of their readers";
    ALERTS_FIRING = "db_monitor_alerts_firing", Gauge, ["kind", "severity"],
        "Alerts that fire now and are not muted";
    HEALTH = "db_monitor_health", Gauge, ["status"],
        "One for the status the monitor is in, zero for the others";
    DROPPED = "db_monitor_dropped", Counter, ["reason"],
        "Details the monitor's limits made it let go of; totals stay true";
    SUMMARIES_FOLDED = "db_monitor_folded_summaries", Gauge, [],
        "Query summaries beyond the limit, exported together as _other";
    STATEMENTS = "db_monitor_statements", Gauge, [],
        "Statements with numbers of their own";
    SNAPSHOT_DURATION = "db_monitor_snapshot_duration_seconds", Gauge, [],
        "Time it took to gather the numbers of this scrape";
    START_TIME = "db_monitor_start_timestamp_seconds", Gauge, [],
        "When the monitor started, in seconds since 1970";
    INFO = "db_monitor_info", Gauge, ["version"],
        "Always one; its label tells the monitor's version";
}

impl Metric {
    /// Whether its samples tell the database they come from.
    #[must_use]
    pub fn has_database(&self) -> bool {
        self.name.starts_with("db_client_operation")
            || self.name.starts_with("db_client_response")
            || self.labels.first() == Some(&"db_client_connection_pool_name")
            || [&SLOW_CALLS, &CANCELLED_CALLS, &AFFECTED_ROWS, &CALL_PARTS]
                .iter()
                .any(|metric| metric.name == self.name)
    }

    /// All its labels, those of the database first.
    pub fn all_labels(&self) -> impl Iterator<Item = &'static str> {
        let database = if self.has_database() { &DATABASE[..] } else { &[] };
        database.iter().chain(self.labels).copied()
    }

    /// Its name as samples carry it: with `_total` for counters.
    #[must_use]
    pub fn sample_name(&self) -> String {
        match self.kind {
            MetricKind::Counter => format!("{}_total", self.name),
            _ => self.name.to_owned(),
        }
    }
}

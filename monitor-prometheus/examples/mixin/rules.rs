//! Recording and alert rules.

use std::fmt::Write;

/// Name and expression of each recording rule; names are level, metric, operations.
pub(crate) const RECORDED: &[(&str, &str)] = &[
    (
        "job:db_client_operation_duration_seconds_count:rate5m",
        "sum by (job, db_system_name, db_namespace) (rate(db_client_operation_duration_seconds_count[5m]))",
    ),
    (
        "job:db_client_operation_errors:ratio_rate5m",
        "sum by (job, db_system_name, db_namespace) (rate(db_client_operation_duration_seconds_count{error_type!=\"\"}[5m])) / sum by (job, db_system_name, db_namespace) (rate(db_client_operation_duration_seconds_count[5m]))",
    ),
    (
        "job:db_client_operation_duration_seconds:p50_rate5m",
        "histogram_quantile(0.5, sum by (job, db_system_name, db_namespace, le) (rate(db_client_operation_duration_seconds_bucket[5m])))",
    ),
    (
        "job:db_client_operation_duration_seconds:p99_rate5m",
        "histogram_quantile(0.99, sum by (job, db_system_name, db_namespace, le) (rate(db_client_operation_duration_seconds_bucket[5m])))",
    ),
    (
        "job:db_client_connection_wait_time_seconds:p95_rate5m",
        "histogram_quantile(0.95, sum by (job, db_client_connection_pool_name, le) (rate(db_client_connection_wait_time_seconds_bucket[5m])))",
    ),
];

struct Alert {
    name: &'static str,
    expr: &'static str,
    held_for: &'static str,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
}

const ALERTS: &[Alert] = &[
    Alert {
        name: "DatabaseErrorsHigh",
        expr: "job:db_client_operation_errors:ratio_rate5m > 0.05",
        held_for: "5m",
        severity: "critical",
        summary: "Database calls fail.",
        description: "{{ $value | humanizePercentage }} of the calls of {{ $labels.job }} to {{ $labels.db_namespace }} fail.",
    },
    Alert {
        name: "DatabaseLatencyHigh",
        expr: "job:db_client_operation_duration_seconds:p99_rate5m > 2",
        held_for: "10m",
        severity: "warning",
        summary: "Database calls are slow.",
        description: "One call in a hundred of {{ $labels.job }} to {{ $labels.db_namespace }} takes {{ $value | humanizeDuration }} or longer.",
    },
    Alert {
        name: "DatabasePoolExhausted",
        expr: "sum by (job, instance, db_client_connection_pool_name) (db_client_connection_count{db_client_connection_state=\"used\"}) >= sum by (job, instance, db_client_connection_pool_name) (db_client_connection_max) and sum by (job, instance, db_client_connection_pool_name) (db_client_connection_pending_requests) > 0",
        held_for: "2m",
        severity: "critical",
        summary: "Every connection of a pool is in use and callers wait.",
        description: "Pool {{ $labels.db_client_connection_pool_name }} of {{ $labels.instance }} has had no connection to give for two minutes.",
    },
    Alert {
        name: "DatabasePoolTimeouts",
        expr: "sum by (job, db_client_connection_pool_name) (increase(db_client_connection_timeouts_total[5m])) > 0",
        held_for: "0m",
        severity: "critical",
        summary: "Callers got no connection in time.",
        description: "{{ $value | humanize }} callers of pool {{ $labels.db_client_connection_pool_name }} gave up within five minutes.",
    },
    Alert {
        name: "DatabasePoolWaitLong",
        expr: "job:db_client_connection_wait_time_seconds:p95_rate5m > 0.5",
        held_for: "5m",
        severity: "warning",
        summary: "Callers wait long for a connection.",
        description: "One caller in twenty of pool {{ $labels.db_client_connection_pool_name }} waits {{ $value | humanizeDuration }} or longer.",
    },
    Alert {
        name: "DatabaseConnectionsLeak",
        expr: "sum by (job, instance, db_client_connection_pool_name) (db_monitor_leaked_connections) >= 5",
        held_for: "5m",
        severity: "warning",
        summary: "Connections do not come back to their pool.",
        description: "{{ $value | humanize }} connections of pool {{ $labels.db_client_connection_pool_name }} of {{ $labels.instance }} have been out for too long.",
    },
    Alert {
        name: "DatabaseMonitorOverloaded",
        expr: "sum by (job, instance, reason) (rate(db_monitor_dropped_total[5m])) > 10",
        held_for: "15m",
        severity: "info",
        summary: "The database monitor's limits are too small.",
        description: "{{ $labels.instance }} lets go of {{ $value | humanize }} details a second ({{ $labels.reason }}); totals are still true.",
    },
];

const HEAD: &str = "# Written by `cargo xtask mixin`; change the generator, not this file.\n";

/// The recording rules as YAML.
pub(crate) fn recording() -> String {
    let mut out = format!("{HEAD}groups:\n  - name: db-monitor-recording\n    rules:\n");
    for (name, expr) in RECORDED {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "      - record: {name}\n        expr: {}", quoted(expr));
    }
    out
}

/// The alert rules as YAML.
pub(crate) fn alerts() -> String {
    let mut out = format!("{HEAD}groups:\n  - name: db-monitor-alerts\n    rules:\n");
    for alert in ALERTS {
        let _ = writeln!(
            out,
            "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        annotations:\n          summary: {}\n          description: {}",
            alert.name,
            quoted(alert.expr),
            alert.held_for,
            alert.severity,
            quoted(alert.summary),
            quoted(alert.description),
        );
    }
    out
}

/// In single quotes, where YAML knows no escape but the quote's own.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

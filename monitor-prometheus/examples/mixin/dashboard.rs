//! The Grafana dashboard, in the classic model that every version reads.

use serde_json::{Value, json};

/// One panel: where, what, and the questions it asks.
struct Panel {
    title: &'static str,
    description: &'static str,
    kind: &'static str,
    unit: &'static str,
    width: u32,
    /// Expression and legend.
    targets: &'static [(&'static str, &'static str)],
}

/// A heading and the panels under it.
type Row = (&'static str, &'static [Panel]);

/// What every expression filters by, written `$F` in the table below.
const FILTER: &str = r#"job=~"$job", instance=~"$instance", db_namespace=~"$namespace""#;
/// The same for what belongs to no database, written `$G`.
const FILTER_GLOBAL: &str = r#"job=~"$job", instance=~"$instance""#;

const HEIGHT: u32 = 8;
const COLUMNS: u32 = 24;

const ROWS: &[Row] = &[
    (
        "Calls",
        &[
            Panel {
                title: "Calls per second",
                description: "Database calls that ended, by database.",
                kind: "timeseries",
                unit: "ops",
                width: 8,
                targets: &[(
                    "sum by (db_namespace) (rate(db_client_operation_duration_seconds_count{$F}[$__rate_interval]))",
                    "{{db_namespace}}",
                )],
            },
            Panel {
                title: "Failed calls",
                description: "Failed calls as a share of all, by error.",
                kind: "timeseries",
                unit: "percentunit",
                width: 8,
                targets: &[(
                    "sum by (error_type) (rate(db_client_operation_duration_seconds_count{$F, error_type!=\"\"}[$__rate_interval])) / scalar(sum(rate(db_client_operation_duration_seconds_count{$F}[$__rate_interval])))",
                    "{{error_type}}",
                )],
            },
            Panel {
                title: "Latency",
                description: "Median, 95th and 99th percentile of the calls' times, over all instances.",
                kind: "timeseries",
                unit: "s",
                width: 8,
                targets: &[
                    (
                        "histogram_quantile(0.5, sum by (le) (rate(db_client_operation_duration_seconds_bucket{$F}[$__rate_interval])))",
                        "p50",
                    ),
                    (
                        "histogram_quantile(0.95, sum by (le) (rate(db_client_operation_duration_seconds_bucket{$F}[$__rate_interval])))",
                        "p95",
                    ),
                    (
                        "histogram_quantile(0.99, sum by (le) (rate(db_client_operation_duration_seconds_bucket{$F}[$__rate_interval])))",
                        "p99",
                    ),
                ],
            },
            Panel {
                title: "Latency over time",
                description: "How the calls' times are spread. With native histograms, drop `_bucket` and `by (le)`.",
                kind: "heatmap",
                unit: "s",
                width: 12,
                targets: &[(
                    "sum by (le) (rate(db_client_operation_duration_seconds_bucket{$F}[$__rate_interval]))",
                    "{{le}}",
                )],
            },
            Panel {
                title: "Where the time goes",
                description: "Database time per second by query summary, the ten heaviest: 1 s/s keeps one connection busy.",
                kind: "timeseries",
                unit: "s",
                width: 12,
                targets: &[(
                    "topk(10, sum by (db_query_summary) (rate(db_client_operation_duration_seconds_sum{$F}[$__rate_interval])))",
                    "{{db_query_summary}}",
                )],
            },
            Panel {
                title: "Slow calls",
                description: "Calls per second beyond the monitor's slow and very slow thresholds.",
                kind: "timeseries",
                unit: "ops",
                width: 8,
                targets: &[(
                    "sum by (speed) (rate(db_monitor_slow_calls_total{$F}[$__rate_interval]))",
                    "{{speed}}",
                )],
            },
            Panel {
                title: "Rows per call",
                description: "Rows a call returns on average, the ten largest query summaries.",
                kind: "timeseries",
                unit: "short",
                width: 8,
                targets: &[(
                    "topk(10, sum by (db_query_summary) (rate(db_client_response_returned_rows_sum{$F}[$__rate_interval])) / sum by (db_query_summary) (rate(db_client_response_returned_rows_count{$F}[$__rate_interval])))",
                    "{{db_query_summary}}",
                )],
            },
            Panel {
                title: "Cancelled calls",
                description: "Calls per second whose caller went away.",
                kind: "timeseries",
                unit: "ops",
                width: 8,
                targets: &[(
                    "sum by (db_namespace) (rate(db_monitor_cancelled_calls_total{$F}[$__rate_interval]))",
                    "{{db_namespace}}",
                )],
            },
        ],
    ),
    (
        "Pools",
        &[
            Panel {
                title: "Connections",
                description: "Connections by pool and state, and the most each pool may have.",
                kind: "timeseries",
                unit: "short",
                width: 8,
                targets: &[
                    (
                        "sum by (db_client_connection_pool_name, db_client_connection_state) (db_client_connection_count{$F})",
                        "{{db_client_connection_pool_name}} {{db_client_connection_state}}",
                    ),
                    (
                        "sum by (db_client_connection_pool_name) (db_client_connection_max{$F})",
                        "{{db_client_connection_pool_name}} max",
                    ),
                ],
            },
            Panel {
                title: "Waiting callers",
                description: "Callers waiting for a connection now, and those who gave up per second.",
                kind: "timeseries",
                unit: "short",
                width: 8,
                targets: &[
                    (
                        "sum by (db_client_connection_pool_name) (db_client_connection_pending_requests{$F})",
                        "{{db_client_connection_pool_name}} waiting",
                    ),
                    (
                        "sum by (db_client_connection_pool_name) (rate(db_client_connection_timeouts_total{$F}[$__rate_interval]))",
                        "{{db_client_connection_pool_name}} timed out per second",
                    ),
                ],
            },
            Panel {
                title: "Wait and hold",
                description: "95th percentile of the wait for a connection and of the time it is held.",
                kind: "timeseries",
                unit: "s",
                width: 8,
                targets: &[
                    (
                        "histogram_quantile(0.95, sum by (db_client_connection_pool_name, le) (rate(db_client_connection_wait_time_seconds_bucket{$F}[$__rate_interval])))",
                        "{{db_client_connection_pool_name}} wait",
                    ),
                    (
                        "histogram_quantile(0.95, sum by (db_client_connection_pool_name, le) (rate(db_client_connection_use_time_seconds_bucket{$F}[$__rate_interval])))",
                        "{{db_client_connection_pool_name}} hold",
                    ),
                ],
            },
            Panel {
                title: "Connections made and lost",
                description: "Connections created, closed and refused per second.",
                kind: "timeseries",
                unit: "ops",
                width: 12,
                targets: &[(
                    "sum by (db_client_connection_pool_name, event) (rate(db_monitor_connections_total{$F}[$__rate_interval]))",
                    "{{db_client_connection_pool_name}} {{event}}",
                )],
            },
            Panel {
                title: "Transactions",
                description: "Transactions that ended per second, by outcome, and those open now.",
                kind: "timeseries",
                unit: "short",
                width: 12,
                targets: &[
                    (
                        "sum by (outcome) (rate(db_monitor_transactions_total{$F}[$__rate_interval]))",
                        "{{outcome}} per second",
                    ),
                    ("sum(db_monitor_open_transactions{$F})", "open"),
                ],
            },
        ],
    ),
    (
        "The monitor",
        &[
            Panel {
                title: "Alerts firing",
                description: "Alerts of the monitor itself that fire now.",
                kind: "timeseries",
                unit: "short",
                width: 8,
                targets: &[(
                    "sum by (kind, severity) (db_monitor_alerts_firing{$G})",
                    "{{severity}}: {{kind}}",
                )],
            },
            Panel {
                title: "Unhealthy instances",
                description: "Instances whose monitor says unhealthy or degraded.",
                kind: "timeseries",
                unit: "short",
                width: 8,
                targets: &[(
                    "sum by (status) (db_monitor_health{$G, status=~\"degraded|unhealthy\"})",
                    "{{status}}",
                )],
            },
            Panel {
                title: "Details let go",
                description: "Details per second that the monitor's limits made it let go of; totals stay true.",
                kind: "timeseries",
                unit: "ops",
                width: 8,
                targets: &[(
                    "sum by (reason) (rate(db_monitor_dropped_total{$G}[$__rate_interval])) > 0",
                    "{{reason}}",
                )],
            },
        ],
    ),
];

/// The dashboard as JSON, with a line break at its end.
pub(crate) fn json() -> String {
    let mut panels = Vec::new();
    let (mut y, mut id) = (0, 0);
    for (heading, row) in ROWS {
        id += 1;
        panels.push(json!({
            "id": id, "type": "row", "title": heading, "collapsed": false, "panels": [],
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
        }));
        y += 1;
        let mut x = 0;
        for one in *row {
            if x + one.width > COLUMNS {
                (x, y) = (0, y + HEIGHT);
            }
            id += 1;
            panels.push(panel(one, id, x, y));
            x += one.width;
        }
        y += HEIGHT;
    }
    let board = json!({
        "id": null,
        "uid": "db-monitor",
        "title": "Database, as its clients see it",
        "description": "Calls, pools and the monitor of services that use sqlx or diesel. Written by `cargo xtask mixin`.",
        "tags": ["database", "db-monitor"],
        "schemaVersion": 39,
        "version": 1,
        "editable": false,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": variables()},
        "annotations": {"list": []},
        "links": [],
        "panels": panels,
    });
    // A value made here can always be written.
    format!("{board:#}\n")
}

fn panel(panel: &Panel, id: u32, x: u32, y: u32) -> Value {
    let targets: Vec<Value> =
        panel.targets.iter().zip('A'..).map(|(t, letter)| target(panel, t, letter)).collect();
    json!({
        "id": id,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": datasource(),
        "gridPos": {"h": HEIGHT, "w": panel.width, "x": x, "y": y},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": options(panel.kind),
        "targets": targets,
    })
}

fn target(panel: &Panel, (expr, legend): &(&str, &str), letter: char) -> Value {
    let expr = expr.replace("$F", FILTER).replace("$G", FILTER_GLOBAL);
    let format = if panel.kind == "heatmap" { "heatmap" } else { "time_series" };
    json!({
        "refId": letter.to_string(),
        "expr": &expr,
        "legendFormat": legend,
        "format": format,
        // Only calls have them; where the data source stores none, there is nothing to see.
        "exemplar": expr.contains("operation_duration_seconds_bucket"),
        "datasource": datasource(),
    })
}

fn options(kind: &str) -> Value {
    match kind {
        "heatmap" => json!({
            "calculate": false, "cellGap": 1, "yAxis": {"unit": "s"},
            "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        }),
        _ => json!({
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
    }
}

fn variables() -> Value {
    let query = |name: &str, label: &str, query: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": datasource(),
            "query": query, "refresh": 2, "multi": true, "includeAll": true, "allValue": ".*",
            "sort": 1, "current": {"text": "All", "value": "$__all"},
        })
    };
    json!([
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
        query("job", "Job", "label_values(db_monitor_info, job)"),
        query("instance", "Instance", "label_values(db_monitor_info{job=~\"$job\"}, instance)"),
        query(
            "namespace",
            "Database",
            "label_values(db_client_operation_duration_seconds_count{job=~\"$job\"}, db_namespace)",
        ),
    ])
}

fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

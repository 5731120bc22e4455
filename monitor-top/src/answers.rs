//! What the dashboard's API answers: of its types, the fields that are shown here.
//!
//! A missing field is an error, not a zero: a number that nobody measured is never shown. `monitor-dashboard/openapi.json`
//! describes them all.

use serde::Deserialize;

/// Everything in ten seconds.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Overview {
    pub(crate) scope: Scope,
    pub(crate) uptime_seconds: f64,
    pub(crate) build: Option<String>,
    pub(crate) health: Health,
    pub(crate) attention: Vec<Attention>,
    pub(crate) attention_left_out: u64,
    pub(crate) totals: Numbers,
    pub(crate) errors: Vec<Errors>,
    pub(crate) minutes: Vec<Minute>,
    pub(crate) pools: Vec<Gauge>,
    pub(crate) top_statements: Vec<Statement>,
    pub(crate) statements: u64,
    pub(crate) running_slow: u64,
    pub(crate) alerts_firing: u64,
    pub(crate) recommendations: u64,
    pub(crate) losses: Vec<Loss>,
}

/// Which time the numbers are about.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scope {
    pub(crate) at: String,
    pub(crate) covered_seconds: f64,
}

/// One word for how the databases do.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Health {
    pub(crate) status: String,
}

/// One thing that needs attention.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attention {
    pub(crate) severity: String,
    pub(crate) kind: String,
    pub(crate) message: String,
}

/// What a set of calls adds up to.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Numbers {
    pub(crate) calls: u64,
    pub(crate) calls_per_second: f64,
    pub(crate) failed: u64,
    pub(crate) error_rate: f64,
    pub(crate) slow: u64,
    pub(crate) mean_seconds: f64,
    pub(crate) max_seconds: f64,
    pub(crate) p50_seconds: f64,
    pub(crate) p95_seconds: f64,
    pub(crate) p99_seconds: f64,
}

/// Failures of one sort.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Errors {
    pub(crate) class: String,
    pub(crate) code: Option<String>,
    pub(crate) count: u64,
}

/// One minute of the last hour.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Minute {
    pub(crate) calls_per_second: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
}

/// A pool, in short.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Gauge {
    pub(crate) name: String,
    pub(crate) levels: Option<Levels>,
    pub(crate) usage: Option<f64>,
    pub(crate) waiting: u64,
    pub(crate) leaked: u64,
    pub(crate) timed_out: u64,
    pub(crate) wait_p95_seconds: Option<f64>,
    pub(crate) hold_p95_seconds: Option<f64>,
}

/// How full a pool is.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Levels {
    pub(crate) size: u32,
    pub(crate) in_use: u32,
    pub(crate) max: Option<u32>,
}

/// What a limit of the monitor let go.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Loss {
    pub(crate) name: String,
    pub(crate) count: u64,
}

/// One page of the list of statements.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Statements {
    pub(crate) scope: Scope,
    pub(crate) total: u64,
    pub(crate) page: u64,
    pub(crate) page_size: u64,
    pub(crate) statements: Vec<Statement>,
}

/// One statement on one database.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Statement {
    pub(crate) fingerprint: Option<String>,
    pub(crate) text: String,
    pub(crate) is_cut: bool,
    pub(crate) database: String,
    pub(crate) time_share: f64,
    pub(crate) rows_per_call: Option<f64>,
    pub(crate) trend: String,
    pub(crate) numbers: Numbers,
}

/// One page of the list of requests, jobs and other units of work.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Requests {
    pub(crate) at: String,
    pub(crate) covered_seconds: f64,
    pub(crate) total: u64,
    pub(crate) page: u64,
    pub(crate) page_size: u64,
    pub(crate) scopes: Vec<Request>,
}

/// All units of work of one name.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) units: u64,
    pub(crate) calls_mean: f64,
    pub(crate) calls_max: u64,
    pub(crate) busy_share: f64,
    pub(crate) time_p95_seconds: Option<f64>,
    pub(crate) pool_wait_seconds: f64,
    pub(crate) calls_budget: Option<u64>,
    pub(crate) time_budget_seconds: Option<f64>,
    pub(crate) over_budget: u64,
    pub(crate) repeats: Vec<Repeat>,
}

/// A statement that a unit of work calls again and again.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Repeat {
    pub(crate) calls_max: u64,
    pub(crate) muted: bool,
}

/// Every pool.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pools {
    pub(crate) scope: Scope,
    pub(crate) leak_after_seconds: f64,
    pub(crate) pools: Vec<Pool>,
}

/// One pool.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) database: String,
    pub(crate) levels: Option<Levels>,
    pub(crate) usage: Option<f64>,
    pub(crate) checkouts: Checkouts,
    pub(crate) held: Vec<Holder>,
    pub(crate) leaked: u64,
    pub(crate) timeouts: Vec<Timeout>,
}

/// Takings of connections.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Checkouts {
    pub(crate) per_second: f64,
    pub(crate) timed_out: u64,
    pub(crate) failed: u64,
    pub(crate) waiting: u64,
    pub(crate) wait_p50_seconds: Option<f64>,
    pub(crate) wait_p95_seconds: Option<f64>,
    pub(crate) wait_max_seconds: f64,
    pub(crate) hold_p50_seconds: Option<f64>,
    pub(crate) hold_p95_seconds: Option<f64>,
}

/// A connection that is out.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Holder {
    pub(crate) held_seconds: f64,
    pub(crate) call_site: Option<String>,
    pub(crate) statement: Option<String>,
    pub(crate) running_seconds: Option<f64>,
    pub(crate) is_seen: bool,
}

/// One checkout that got no connection in time.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Timeout {
    pub(crate) at: String,
    pub(crate) waited_seconds: f64,
    pub(crate) explanation: String,
}

/// Alerts that are there, those that are over, and who was told.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Alerts {
    pub(crate) at: String,
    pub(crate) firing: Vec<Alert>,
    pub(crate) pending: Vec<Alert>,
    pub(crate) history: Vec<Alert>,
    pub(crate) history_total: u64,
    pub(crate) page: u64,
    pub(crate) page_size: u64,
    pub(crate) sinks: Vec<Sink>,
}

/// One trouble of one subject.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Alert {
    pub(crate) kind: String,
    pub(crate) severity: String,
    pub(crate) subject: Subject,
    pub(crate) message: String,
    pub(crate) since: String,
    pub(crate) resolved_at: Option<String>,
    pub(crate) muted: bool,
}

/// Whose trouble it is.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Subject {
    pub(crate) name: String,
}

/// Somebody who is told of alerts.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sink {
    pub(crate) name: String,
    pub(crate) delivered: u64,
    pub(crate) failures_in_a_row: u32,
    pub(crate) waiting: u64,
    pub(crate) dropped: u64,
    pub(crate) given_up: u64,
    pub(crate) last_failure: Option<String>,
}

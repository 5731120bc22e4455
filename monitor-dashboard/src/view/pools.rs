//! Pools: who holds what, who waits, and why checkouts timed out.

use monitor_core::judge::{self, Thresholds};
use monitor_core::show;
use monitor_core::snapshot::{
    CheckoutActivity, CheckoutTimeout, HeldConnection, PoolActivity, PoolMinute, SourceActivity,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Bucket, Scope, cut, quantile, seconds};
use super::sources::Connections;
use crate::reading::Courses;

/// Every pool.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pools {
    /// What counts and times are about; levels, holders and time-outs are as they are now.
    pub scope: Scope,
    /// From how long on a connection that is out counts as leaked.
    pub leak_after_seconds: f64,
    /// The pools, those with waiting callers first, then the fullest.
    pub pools: Vec<Pool>,
}

/// One pool.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// The database behind it.
    pub database: String,
    /// How full it is; `null` if nobody told yet.
    pub levels: Option<Levels>,
    /// Connections in use as a share of the most there may be, now.
    pub usage: Option<f64>,
    /// The same over the window, as the monitor looked every five seconds.
    pub usage_mean: Option<f64>,
    /// Takings of connections.
    pub checkouts: Checkouts,
    /// Connections that are out now, longest first; at most 100.
    pub held: Vec<Holder>,
    /// Connections that have been out for the leak threshold or longer.
    pub leaked: u64,
    /// The newest time-outs with who held the connections then, newest first.
    pub timeouts: Vec<Timeout>,
    /// Connections made and lost.
    pub connections: Connections,
    /// The last hour, minute by minute.
    pub minutes: Vec<PoolMinuteView>,
}

/// How full a pool is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Levels {
    /// Connections that exist.
    pub size: u32,
    /// Connections in use.
    pub in_use: u32,
    /// Connections that exist and are not lent out.
    pub idle: u32,
    /// Connections the pool may have; `null` where it does not say.
    pub max: Option<u32>,
    /// Connections the pool keeps at least.
    pub min: Option<u32>,
    /// Connections beyond the regular size.
    pub overflow: u32,
}

/// Takings of connections.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Checkouts {
    /// Checkouts that got a connection.
    pub taken: u64,
    /// Checkouts that are over, per second.
    pub per_second: f64,
    /// Checkouts that gave up at the pool's time limit.
    pub timed_out: u64,
    /// Checkouts that failed for another reason.
    pub failed: u64,
    /// Checkouts whose caller went away.
    pub cancelled: u64,
    /// Callers waiting now.
    pub waiting: u64,
    /// Connections out now.
    pub out: u64,
    /// Time all checkouts waited together.
    pub wait_seconds: f64,
    /// The median wait; `null` without a checkout.
    pub wait_p50_seconds: Option<f64>,
    /// The 95th percentile of waits.
    pub wait_p95_seconds: Option<f64>,
    /// The 99th percentile of waits.
    pub wait_p99_seconds: Option<f64>,
    /// The longest wait.
    pub wait_max_seconds: f64,
    /// How waits are spread.
    pub wait_histogram: Vec<Bucket>,
    /// Time connections were held that came back, together.
    pub hold_seconds: f64,
    /// The median hold; `null` where none came back.
    pub hold_p50_seconds: Option<f64>,
    /// The 95th percentile of holds.
    pub hold_p95_seconds: Option<f64>,
    /// The 99th percentile of holds.
    pub hold_p99_seconds: Option<f64>,
    /// How holds are spread.
    pub hold_histogram: Vec<Bucket>,
}

/// A connection that is out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Holder {
    /// For how long.
    pub held_seconds: f64,
    /// The line that took it.
    pub call_site: Option<String>,
    /// What its holder called last, or is calling; at most 300 characters.
    pub statement: Option<String>,
    /// For how long that has been running; `null` where nothing runs or nobody tells.
    pub running_seconds: Option<f64>,
    /// Whether the adapter tells what it runs; where not, the two above say nothing.
    pub is_seen: bool,
}

/// One checkout that got no connection in time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Timeout {
    /// When it gave up.
    pub at: String,
    /// How long it had waited.
    pub waited_seconds: f64,
    /// The line that waited.
    pub call_site: Option<String>,
    /// Callers that still waited.
    pub waiting: u64,
    /// Connections that were out.
    pub out: u64,
    /// Why: `cannot_connect`, `leak`, `slow_statement`, `held_idle`, `pool_too_small`.
    pub reason: &'static str,
    /// What was seen, what it means and what to try, one line each, then a line for each holder.
    pub explanation: String,
    /// Who held the connections then, longest first.
    pub held: Vec<Holder>,
}

/// A pool's minute.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PoolMinuteView {
    /// When it ended.
    pub ended_at: String,
    /// Connections in use as a share of the most there might have been.
    pub usage: Option<f64>,
    /// Checkouts, however they ended; `null` where the pool was not there.
    pub checkouts: Option<u64>,
    /// Their mean wait; `null` without one.
    pub wait_mean_seconds: Option<f64>,
}

/// Holders listed of one pool, and of one time-out.
const HOLDERS_MAX: usize = 100;

/// Characters of a statement in a list.
const TEXT_CHARS_MAX: usize = 300;

// === impl Pool ===

impl Pool {
    /// A pool as it is `now`, with its counts within the scope.
    pub(crate) fn new(
        (source, now): (&SourceActivity, &PoolActivity),
        within: Option<&SourceActivity>,
        scope: &Scope,
        courses: &Courses,
        thresholds: &Thresholds,
    ) -> Self {
        let counted = within.unwrap_or(source);
        let pool = counted.pool.as_ref().unwrap_or(now);
        let timeouts = now.timeouts.iter().map(|timeout| Timeout::new(timeout, thresholds));
        Self {
            name: source.name.to_string(),
            database: source.database.to_string(),
            levels: Levels::of(now),
            usage: now.usage(),
            usage_mean: pool.sampled.usage(),
            checkouts: Checkouts::new(&pool.checkouts, &now.checkouts, scope),
            held: now.held.iter().take(HOLDERS_MAX).map(Holder::new).collect(),
            leaked: now.leaked,
            timeouts: timeouts.collect(),
            connections: Connections::new(&counted.connections),
            minutes: PoolMinuteView::all(source, courses),
        }
    }
}

// === impl Levels ===

impl Levels {
    pub(crate) fn of(pool: &PoolActivity) -> Option<Self> {
        pool.levels.map(|levels| Self {
            size: levels.size,
            in_use: levels.in_use(),
            idle: levels.idle,
            max: levels.max,
            min: levels.min,
            overflow: levels.overflow,
        })
    }
}

// === impl Checkouts ===

impl Checkouts {
    fn new(checkouts: &CheckoutActivity, now: &CheckoutActivity, scope: &Scope) -> Self {
        Self {
            taken: checkouts.taken,
            per_second: scope.per_second(checkouts.ended()),
            timed_out: checkouts.timed_out,
            failed: checkouts.failed,
            cancelled: checkouts.cancelled,
            waiting: now.waiting,
            out: now.out,
            wait_seconds: checkouts.wait_time.as_secs_f64(),
            wait_p50_seconds: quantile(&checkouts.wait, 0.5),
            wait_p95_seconds: quantile(&checkouts.wait, 0.95),
            wait_p99_seconds: quantile(&checkouts.wait, 0.99),
            wait_max_seconds: checkouts.wait_max.as_secs_f64(),
            wait_histogram: Bucket::all(&checkouts.wait),
            hold_seconds: checkouts.hold_time.as_secs_f64(),
            hold_p50_seconds: quantile(&checkouts.hold, 0.5),
            hold_p95_seconds: quantile(&checkouts.hold, 0.95),
            hold_p99_seconds: quantile(&checkouts.hold, 0.99),
            hold_histogram: Bucket::all(&checkouts.hold),
        }
    }
}

// === impl Holder ===

impl Holder {
    fn new(held: &HeldConnection) -> Self {
        Self {
            held_seconds: held.held.as_secs_f64(),
            call_site: held.call_site.map(|site| site.to_string()),
            statement: held.statement.as_deref().map(|text| cut(text, TEXT_CHARS_MAX).0),
            running_seconds: seconds(held.running),
            is_seen: held.is_seen,
        }
    }
}

// === impl Timeout ===

impl Timeout {
    fn new(timeout: &CheckoutTimeout, thresholds: &Thresholds) -> Self {
        let explanation = judge::explain(timeout, thresholds);
        Self {
            at: show::moment(timeout.at),
            waited_seconds: timeout.waited.as_secs_f64(),
            call_site: timeout.call_site.map(|site| site.to_string()),
            waiting: timeout.waiting,
            out: timeout.out,
            reason: explanation.starvation.as_str(),
            explanation: cut(&explanation.text, EXPLANATION_CHARS_MAX).0,
            held: timeout.held.iter().take(HOLDERS_MAX).map(Holder::new).collect(),
        }
    }
}

/// Characters of an explanation.
const EXPLANATION_CHARS_MAX: usize = 10_000;

// === impl PoolMinuteView ===

impl PoolMinuteView {
    pub(crate) fn all(source: &SourceActivity, courses: &Courses) -> Vec<Self> {
        let is_it =
            |pool: &&PoolMinute| pool.name == source.name && pool.database == source.database;
        let minutes = courses.minutes.iter().map(|minute| {
            let pool = minute.pools.iter().find(is_it);
            let checkouts = pool.map(|pool| pool.checkouts);
            let mean = |pool: &PoolMinute| {
                let count = pool.checkouts as f64;
                (pool.checkouts > 0).then(|| pool.wait_time.as_secs_f64() / count)
            };
            Self {
                ended_at: show::moment(courses.ended_at(minute)),
                usage: pool.and_then(|pool| pool.sampled.usage()),
                checkouts,
                wait_mean_seconds: pool.and_then(mean),
            }
        });
        minutes.collect()
    }
}

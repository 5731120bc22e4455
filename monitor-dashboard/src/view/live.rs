//! What changes every second, in a few numbers.

use monitor_core::judge::AlertState;
use monitor_core::show;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::Window;
use crate::reading::Reading;

/// What changes every second. Totals count since the start: what happened in between is their difference.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Live {
    /// When the numbers were taken.
    pub at: String,
    /// Seconds since the monitor started: what rates are to be divided by, as a difference too.
    pub uptime_seconds: f64,
    /// Calls since the start.
    pub calls_total: u64,
    /// Failed calls since the start.
    pub failed_total: u64,
    /// Slow calls since the start.
    pub slow_total: u64,
    /// Time of all calls since the start.
    pub time_seconds_total: f64,
    /// Calls per second in the last minute.
    pub calls_per_second: f64,
    /// Failed calls as a share of all in the last minute.
    pub error_rate: f64,
    /// Mean time of a call in the last minute.
    pub mean_seconds: f64,
    /// The median of the last minute.
    pub p50_seconds: f64,
    /// The 95th percentile of the last minute.
    pub p95_seconds: f64,
    /// The 99th percentile of the last minute.
    pub p99_seconds: f64,
    /// `unknown`, `healthy`, `degraded` or `unhealthy`.
    pub status: &'static str,
    /// Alerts that fire and are not muted.
    pub alerts_firing: usize,
    /// Pieces of advice.
    pub recommendations: usize,
    /// Calls that run now, for longer than is good.
    pub running_slow: usize,
    /// The pools.
    pub pools: Vec<LivePool>,
}

/// A pool at a moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LivePool {
    /// Its name.
    pub name: String,
    /// The database behind it.
    pub database: String,
    /// Connections in use; `null` if nobody told yet.
    pub in_use: Option<u32>,
    /// Connections the pool may have.
    pub max: Option<u32>,
    /// Callers waiting.
    pub waiting: u64,
    /// Checkouts since the start that gave up at the pool's time limit.
    pub timed_out_total: u64,
}

// === impl Live ===

impl Live {
    pub(crate) fn new(reading: &Reading) -> Self {
        let snapshot = &reading.snapshot;
        let total = &snapshot.lifetime.total;
        let part = Window::Minute.of(snapshot);
        let minute = &part.rollup.total;
        let fires =
            |alert: &&monitor_core::judge::Alert| alert.state == AlertState::Firing && !alert.muted;
        let pools = snapshot.pools().map(|(source, pool)| LivePool {
            name: source.name.to_string(),
            database: source.database.to_string(),
            in_use: pool.levels.map(|levels| levels.in_use()),
            max: pool.levels.and_then(|levels| levels.max),
            waiting: pool.checkouts.waiting,
            timed_out_total: pool.checkouts.timed_out,
        });
        Self {
            at: show::moment(snapshot.at),
            uptime_seconds: snapshot.uptime.as_secs_f64(),
            calls_total: total.calls,
            failed_total: total.failed,
            slow_total: total.slow,
            time_seconds_total: total.time.as_secs_f64(),
            calls_per_second: part.scope.per_second(minute.calls),
            error_rate: minute.error_rate(),
            mean_seconds: minute.mean().as_secs_f64(),
            p50_seconds: minute.p50().as_secs_f64(),
            p95_seconds: minute.p95().as_secs_f64(),
            p99_seconds: minute.p99().as_secs_f64(),
            status: reading.health.status.as_str(),
            alerts_firing: reading.alerts.iter().filter(fires).count(),
            recommendations: reading.advice.recommendations.len(),
            running_slow: snapshot.running.len(),
            pools: pools.collect(),
        }
    }
}

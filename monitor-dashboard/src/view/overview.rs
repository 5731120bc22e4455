//! Everything in ten seconds.

use monitor_core::judge::advice::Priority;
use monitor_core::judge::{self, AlertState};
use monitor_core::show;
use monitor_core::snapshot::{PoolActivity, SourceActivity};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Bucket, Errors, Numbers, Scope, Window, cut, quantile};
use super::course::{HeatMap, MinuteView};
use super::health::HealthView;
use super::pools::{Levels, PoolMinuteView};
use super::statements::StatementRow;
use super::subject::SubjectView;
use crate::reading::Reading;

/// Everything in ten seconds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    /// What totals, errors and top statements are about.
    pub scope: Scope,
    /// When the monitor started.
    pub started_at: String,
    /// How long ago that was.
    pub uptime_seconds: f64,
    /// The build of the service, where it was told.
    pub build: Option<String>,
    /// How the databases do.
    pub health: HealthView,
    /// What needs attention now, worst first; at most 20.
    pub attention: Vec<Attention>,
    /// What needs attention beyond those.
    pub attention_left_out: usize,
    /// All calls.
    pub totals: Numbers,
    /// How all calls' times are spread.
    pub histogram: Vec<Bucket>,
    /// How calls failed.
    pub errors: Vec<Errors>,
    /// The last hour, minute by minute.
    pub minutes: Vec<MinuteView>,
    /// How times were spread, minute by minute.
    pub heatmap: HeatMap,
    /// Every pool: how full, who waits.
    pub pools: Vec<PoolGauge>,
    /// The five statements that take most time.
    pub top_statements: Vec<StatementRow>,
    /// Statements known.
    pub statements: usize,
    /// Calls that run now, for longer than is good.
    pub running_slow: usize,
    /// Alerts that fire and are not muted.
    pub alerts_firing: usize,
    /// Pieces of advice.
    pub recommendations: usize,
    /// What the monitor's own limits made it let go; those that are zero are left out.
    pub losses: Vec<Loss>,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The list of statements.
    Statements,
    /// The pools.
    Pools,
    /// The slow log.
    SlowLog,
    /// The alerts.
    Alerts,
    /// The recommendations.
    Recommendations,
    /// The transactions.
    Transactions,
    /// Health.
    Health,
}

/// One thing that needs attention.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attention {
    /// `info`, `warning`, `error`, `critical`.
    pub severity: &'static str,
    /// What it is: `alert`, `running`, `recommendation`, `health`.
    pub source: &'static str,
    /// What sort of trouble, such as `pool_wait`, or the rule of a recommendation.
    pub kind: String,
    /// One sentence.
    pub message: String,
    /// Whose trouble.
    pub subject: Option<SubjectView>,
    /// Since when; `null` where that is not known.
    pub since: Option<String>,
    /// Where to read on.
    pub view: View,
    /// What to read there: an alert's or a recommendation's key, a statement's fingerprint.
    pub key: Option<String>,
}

/// A pool, for a gauge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PoolGauge {
    /// Its name.
    pub name: String,
    /// The database behind it.
    pub database: String,
    /// How full it is; `null` if nobody told yet.
    pub levels: Option<Levels>,
    /// Connections in use as a share of the most there may be, now.
    pub usage: Option<f64>,
    /// Callers waiting now.
    pub waiting: u64,
    /// Connections that have been out for the leak threshold or longer.
    pub leaked: u64,
    /// Checkouts that timed out within the window.
    pub timed_out: u64,
    /// The 95th percentile of waits within the window; `null` without a checkout.
    pub wait_p95_seconds: Option<f64>,
    /// The 95th percentile of holds within the window.
    pub hold_p95_seconds: Option<f64>,
    /// The last hour, minute by minute.
    pub minutes: Vec<PoolMinuteView>,
}

/// What one of the monitor's limits made it let go.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Loss {
    /// The counter, such as `statements_evicted`.
    pub name: &'static str,
    /// How often.
    pub count: u64,
}

/// Things listed that need attention.
const ATTENTION_MAX: usize = 20;

/// Statements listed.
const TOP_STATEMENTS: usize = 5;

/// Characters of a sentence.
const SENTENCE_CHARS_MAX: usize = 500;

// === impl Overview ===

impl Overview {
    pub(crate) fn new(reading: &Reading, window: Window) -> Self {
        let snapshot = &reading.snapshot;
        let part = window.of(snapshot);
        let scope = part.scope;
        let time_seconds = part.rollup.total.time.as_secs_f64();
        let top = part.rollup.statements.iter().take(TOP_STATEMENTS);
        let mut attention = attention(reading);
        let attention_left_out = attention.len().saturating_sub(ATTENTION_MAX);
        attention.truncate(ATTENTION_MAX);
        let losses = snapshot.losses.entries().into_iter().filter(|(_, count)| *count > 0);
        Self {
            started_at: show::moment(snapshot.started_at),
            uptime_seconds: snapshot.uptime.as_secs_f64(),
            build: snapshot.build.as_deref().map(str::to_owned),
            health: HealthView::new(&reading.health),
            attention,
            attention_left_out,
            totals: Numbers::new(&part.rollup.total, &scope),
            histogram: Bucket::all(&part.rollup.total.histogram),
            errors: Errors::all(&part.rollup.total),
            minutes: MinuteView::total(&reading.courses),
            heatmap: HeatMap::total(&reading.courses),
            pools: PoolGauge::all(reading, part.sources),
            top_statements: top
                .map(|one| StatementRow::new(one, &reading.courses, &scope, time_seconds))
                .collect(),
            statements: snapshot.lifetime.statements.len(),
            running_slow: snapshot.running.len(),
            alerts_firing: firing(reading).count(),
            recommendations: reading.advice.recommendations.len(),
            losses: losses.map(|(name, count)| Loss { name, count }).collect(),
            scope,
        }
    }
}

fn firing(reading: &Reading) -> impl Iterator<Item = &judge::Alert> {
    let fires = |alert: &&judge::Alert| alert.state == AlertState::Firing && !alert.muted;
    reading.alerts.iter().filter(fires)
}

/// Alerts by severity, then checks that are not well and that no alert tells of, then advice of high priority.
fn attention(reading: &Reading) -> Vec<Attention> {
    let mut alerts: Vec<_> = firing(reading).collect();
    alerts.sort_by_key(|alert| std::cmp::Reverse((alert.finding.severity, alert.fired_at)));
    let mut all: Vec<_> = alerts.into_iter().map(Attention::of_alert).collect();
    let checks = reading.health.checks.iter().filter(|check| {
        check.status >= judge::Status::Degraded && check.kind != judge::CheckKind::Alerts
    });
    all.extend(checks.map(Attention::of_check));
    let urgent = reading.advice.recommendations.iter();
    let urgent = urgent.filter(|one| one.priority == Priority::High);
    all.extend(urgent.map(Attention::of_advice));
    all.sort_by_key(|one| std::cmp::Reverse(rank(one.severity)));
    all
}

fn rank(severity: &str) -> u8 {
    match severity {
        "critical" => 3,
        "error" => 2,
        "warning" => 1,
        _ => 0,
    }
}

// === impl Attention ===

impl Attention {
    fn of_alert(alert: &judge::Alert) -> Self {
        Self {
            severity: alert.finding.severity.as_str(),
            source: "alert",
            kind: alert.finding.kind.as_str().to_owned(),
            message: cut(&alert.finding.message, SENTENCE_CHARS_MAX).0,
            subject: Some(SubjectView::new(&alert.finding.subject)),
            since: Some(show::moment(alert.since)),
            view: View::Alerts,
            key: Some(alert.key()),
        }
    }

    fn of_check(check: &judge::Check) -> Self {
        let severity = match check.status {
            judge::Status::Unhealthy => "error",
            _ => "warning",
        };
        Self {
            severity,
            source: "health",
            kind: check.kind.as_str().to_owned(),
            message: cut(&check.message, SENTENCE_CHARS_MAX).0,
            subject: Some(SubjectView::new(&check.subject)),
            since: Some(show::moment(check.since)),
            view: match check.kind {
                judge::CheckKind::Pool => View::Pools,
                _ => View::Health,
            },
            key: None,
        }
    }

    fn of_advice(one: &judge::advice::Recommendation) -> Self {
        Self {
            severity: "info",
            source: "recommendation",
            kind: one.rule.to_owned(),
            message: cut(&one.title, SENTENCE_CHARS_MAX).0,
            subject: None,
            since: Some(show::moment(one.first_seen)),
            view: View::Recommendations,
            key: Some(one.key.clone()),
        }
    }
}

// === impl PoolGauge ===

impl PoolGauge {
    fn all(reading: &Reading, within: &[SourceActivity]) -> Vec<Self> {
        let pools = reading.snapshot.pools();
        pools.map(|pool| Self::new(pool, within, reading)).collect()
    }

    fn new(
        (source, now): (&SourceActivity, &PoolActivity),
        within: &[SourceActivity],
        reading: &Reading,
    ) -> Self {
        let counted = counted(source, within).and_then(|source| source.pool.as_ref());
        let checkouts = &counted.unwrap_or(now).checkouts;
        Self {
            name: source.name.to_string(),
            database: source.database.to_string(),
            levels: Levels::of(now),
            usage: now.usage(),
            waiting: now.checkouts.waiting,
            leaked: now.leaked,
            timed_out: checkouts.timed_out,
            wait_p95_seconds: quantile(&checkouts.wait, 0.95),
            hold_p95_seconds: quantile(&checkouts.hold, 0.95),
            minutes: PoolMinuteView::all(source, &reading.courses),
        }
    }
}

/// A source within a window.
pub(crate) fn counted<'a>(
    source: &SourceActivity,
    within: &'a [SourceActivity],
) -> Option<&'a SourceActivity> {
    within.iter().find(|one| {
        one.name == source.name
            && one.database == source.database
            && one.pool.is_some() == source.pool.is_some()
    })
}

//! How do the databases do? Checks with their reasons, and one word for the whole.

mod book;
mod calls;
mod connectivity;
mod pool;
mod watcher;

use std::fmt;
use std::time::SystemTime;

pub(crate) use book::HealthBook;

use super::{Alert, Finding, Subject, Thresholds, findings};
use crate::snapshot::Snapshot;

/// How the databases do: one word, and each check behind it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// When it was judged.
    pub at: SystemTime,
    /// The word for the whole; see [`health`].
    pub status: Status,
    /// Every check, worst first.
    pub checks: Vec<Check>,
    /// Everything beyond its threshold, worst first. Unlike checks, findings quote statements.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at, and how it does. Holds no SQL and no secret.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// What was looked at.
    pub kind: CheckKind,
    /// Whose it is.
    pub subject: Subject,
    /// How it does.
    pub status: Status,
    /// One sentence for a person: what was observed.
    pub message: String,
    /// The number behind it, where one number decides.
    pub observed: Option<Observed>,
    /// When it took this status, as far as the monitor has seen; the moment of judgement if that is
    /// the first time.
    pub since: SystemTime,
}

/// What checks look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CheckKind {
    /// Whether a database can be reached; one check for each pool, and each database without one.
    Connectivity,
    /// The share of calls that failed in the last minute.
    ErrorRate,
    /// How long calls took in the last minute.
    Latency,
    /// Whether callers get a connection; one check for each pool.
    Pool,
    /// Alerts that fire.
    Alerts,
    /// The monitor itself.
    Monitor,
}

/// A number and the line it is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// What was observed.
    pub value: f64,
    /// Where trouble begins.
    pub threshold: f64,
    /// What both count.
    pub unit: Unit,
}

/// What a [`Observed`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, from 0 to 1.
    Share,
    /// Things.
    Count,
}

/// How something does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Too soon to tell: nothing was seen lately, or too little. No worse than healthy.
    Unknown,
    /// Nothing is beyond its threshold.
    Healthy,
    /// Something is beyond its threshold, and users can bear it.
    Degraded,
    /// Users feel it.
    Unhealthy,
}

/// How the databases do, by the worst of their checks.
///
/// Only what users feel makes anything [`Unhealthy`](Status::Unhealthy): a database that does not
/// answer, calls that fail, calls that take far too long, callers that get no connection. All else
/// makes it [`Degraded`](Status::Degraded) at most:
///
/// | check | degraded | unhealthy |
/// |---|---|---|
/// | connectivity | the newest word is a loss; all connections out and silent for a minute; a probe waits 5 s | lost twice or more over 5 s without an answer; `failed_connections` within a minute without an answer; a probe waits 10 s |
/// | error rate | `error_rate`, constraint violations included | `error_rate` without them: a refused row is an answer |
/// | latency | mean of `average_time` | twice that; or a share of `error_rate` is very slow |
/// | pool | `pool_usage`, `pool_wait`, `leaked_connections`, or `failed_checkouts` | `failed_checkouts` that are a share of `error_rate` as well |
/// | alerts | one fires that is a warning or worse and not muted | never |
/// | monitor | its beat is 15 s late, or a panic was caught in the last 5 minutes | never |
///
/// Too soon to tell is an answer of its own and makes nothing worse. The whole is
/// [`Unknown`](Status::Unknown) as long as nothing is known of any database and nothing is wrong.
///
/// `alerts` may hold those that are over; they do not count. A pure function: what it does not see in
/// the snapshot, such as the state of alerts and of earlier checks, [`Monitor::health`] adds.
///
/// [`Monitor::health`]: crate::Monitor::health
#[must_use]
pub fn health(snapshot: &Snapshot, thresholds: &Thresholds, alerts: &[Alert]) -> Health {
    let mut findings = findings(snapshot, thresholds);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut checks = connectivity::checks(snapshot, thresholds);
    checks.extend(calls::checks(snapshot, thresholds));
    checks.extend(pool::checks(snapshot, thresholds));
    checks.extend(watcher::checks(snapshot, alerts));
    Health::of(snapshot.at, checks, findings)
}

// === impl Health ===

impl Health {
    fn of(at: SystemTime, mut checks: Vec<Check>, findings: Vec<Finding>) -> Self {
        checks.sort_by(|a, b| {
            b.status.cmp(&a.status).then_with(|| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)))
        });
        let status = total(&checks);
        Self { at, status, checks, findings }
    }

    /// The same without the checks of one kind: for a readiness probe that shall not depend on them.
    #[must_use]
    pub fn without(self, kind: CheckKind) -> Self {
        let checks = self.checks.into_iter().filter(|check| check.kind != kind).collect();
        Self::of(self.at, checks, self.findings)
    }
}

fn total(checks: &[Check]) -> Status {
    let worst = |of_databases: bool| {
        let checks = checks.iter().filter(|check| !of_databases || check.kind.is_of_databases());
        checks.map(|check| check.status).max().unwrap_or(Status::Unknown)
    };
    match worst(false) {
        // That the monitor is well says nothing about a database.
        Status::Healthy => worst(true),
        worst => worst,
    }
}

// === impl Check ===

impl Check {
    /// A check as it is now; `since` becomes known when it is dated.
    fn new(kind: CheckKind, subject: Subject, at: SystemTime, verdict: Verdict) -> Self {
        let Verdict { status, message, observed } = verdict;
        Self { kind, subject, status, message, observed, since: at }
    }
}

/// What a check found.
struct Verdict {
    status: Status,
    message: String,
    observed: Option<Observed>,
}

// === impl Verdict ===

impl Verdict {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), observed: None }
    }

    fn measured(self, value: f64, threshold: f64, unit: Unit) -> Self {
        Self { observed: Some(Observed { value, threshold, unit }), ..self }
    }
}

// === impl CheckKind ===

impl CheckKind {
    /// All kinds, in the order they are shown.
    pub const ALL: [Self; 6] = [
        Self::Connectivity,
        Self::ErrorRate,
        Self::Latency,
        Self::Pool,
        Self::Alerts,
        Self::Monitor,
    ];

    /// The kind as a stable word, such as `error_rate`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connectivity => "connectivity",
            Self::ErrorRate => "error_rate",
            Self::Latency => "latency",
            Self::Pool => "pool",
            Self::Alerts => "alerts",
            Self::Monitor => "monitor",
        }
    }

    /// Whether it looks at databases, and not at who watches them.
    fn is_of_databases(self) -> bool {
        !matches!(self, Self::Alerts | Self::Monitor)
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Unit ===

impl Unit {
    /// The unit as a word: `seconds`, `share`, `count`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Share => "share",
            Self::Count => "count",
        }
    }
}

// === impl Status ===

impl Status {
    /// The status as a word: `unknown`, `healthy`, `degraded`, `unhealthy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What is beyond its threshold in a snapshot.

use std::fmt;
use std::time::Duration;

use super::Thresholds;
use crate::snapshot::{Activity, Snapshot, SourceActivity, StatementActivity, Window};

/// One threshold that a snapshot is beyond.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What sort of trouble.
    pub kind: FindingKind,
    /// How bad.
    pub severity: Severity,
    /// Whose trouble: a statement's summary and fingerprint, a pool's name, or `all calls`.
    pub subject: String,
    /// One sentence for a person, with the numbers.
    pub message: String,
    /// What was measured, in the threshold's unit: seconds, a share from 0 to 1, or a count.
    pub value: f64,
    /// The threshold it is beyond.
    pub threshold: f64,
}

/// The sorts of trouble a threshold can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// The mean time of all calls.
    AverageTime,
    /// More calls per second than expected.
    CallsPerSecond,
    /// Attempts to connect that failed.
    ConnectionFailures,
    /// Connections that do not come back.
    ConnectionLeak,
    /// The share of failed calls.
    ErrorRate,
    /// Checkouts that got no connection.
    FailedCheckouts,
    /// A pool that is nearly or wholly in use.
    PoolUsage,
    /// A statement with slow calls.
    SlowQuery,
    /// A statement with very slow calls.
    VerySlowQuery,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look at it today.
    Warning,
    /// Users feel it.
    Error,
    /// The service is going down, or is down.
    Critical,
}

/// Whose trouble it is when it is everybody's.
const ALL_CALLS: &str = "all calls";

/// A threshold passed by this factor makes an error of a warning.
const FAR_BEYOND: f64 = 2.0;

/// Time a rate must be taken over: the first milliseconds of a service are no rate.
const RATE_COVERS_MIN: Duration = Duration::from_secs(5);

/// Everything that is beyond its threshold, by kind and subject.
///
/// Rates and means are judged over the shortest window, and only when it has
/// [`Thresholds::calls_min`] calls; silence before that means "too soon to tell".
#[must_use]
pub fn findings(snapshot: &Snapshot, thresholds: &Thresholds) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(window) = snapshot.windows.first() {
        if window.rollup.total.calls >= thresholds.calls_min {
            findings.extend(error_rate(window, thresholds));
            findings.extend(average_time(window, thresholds));
            findings.extend(calls_per_second(window, thresholds));
        }
        for statement in &window.rollup.statements {
            findings.extend(slow(statement, thresholds));
            findings.extend(very_slow(statement, &window.rollup.total, thresholds));
        }
        for source in &window.sources {
            findings.extend(connection_failures(source, thresholds));
            findings.extend(failed_checkouts(source, thresholds));
        }
    }
    for source in &snapshot.sources {
        findings.extend(pool_usage(source, thresholds));
        findings.extend(leak(source, thresholds));
    }
    findings.sort_by(|a, b| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)));
    findings
}

fn error_rate(window: &Window, thresholds: &Thresholds) -> Option<Finding> {
    let total = &window.rollup.total;
    let (value, threshold) = (total.error_rate(), thresholds.error_rate);
    (value >= threshold).then(|| Finding {
        kind: FindingKind::ErrorRate,
        severity: if value >= 0.5 { Severity::Critical } else { Severity::Error },
        subject: ALL_CALLS.into(),
        message: format!(
            "{:.1} % of calls failed ({} of {}), threshold {:.1} %",
            value * 100.0,
            total.failed,
            total.calls,
            threshold * 100.0
        ),
        value,
        threshold,
    })
}

fn average_time(window: &Window, thresholds: &Thresholds) -> Option<Finding> {
    let (mean, limit) = (window.rollup.total.mean(), thresholds.average_time);
    (mean >= limit).then(|| Finding {
        kind: FindingKind::AverageTime,
        severity: beyond(mean.as_secs_f64(), limit.as_secs_f64()),
        subject: ALL_CALLS.into(),
        message: format!("a call takes {mean:.1?} on average, threshold {limit:.1?}"),
        value: mean.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    })
}

fn calls_per_second(window: &Window, thresholds: &Thresholds) -> Option<Finding> {
    let (value, threshold) = (window.calls_per_second(), thresholds.calls_per_second);
    (value >= threshold && window.covered >= RATE_COVERS_MIN).then(|| Finding {
        kind: FindingKind::CallsPerSecond,
        severity: Severity::Info,
        subject: ALL_CALLS.into(),
        message: format!("{value:.0} calls per second, threshold {threshold:.0}"),
        value,
        threshold,
    })
}

fn slow(statement: &StatementActivity, thresholds: &Thresholds) -> Option<Finding> {
    let (count, limit) = (statement.activity.slow, thresholds.slow);
    (count > 0)
        .then(|| slower_than(limit, count, statement, FindingKind::SlowQuery, Severity::Warning))
}

/// An error only where such calls are a share of all that users would call failure: one long report
/// or one new index is worth a look, and no outage.
fn very_slow(
    statement: &StatementActivity,
    all: &Activity,
    thresholds: &Thresholds,
) -> Option<Finding> {
    let share = all.very_slow as f64 / all.calls.max(1) as f64;
    let severity = if share >= thresholds.error_rate { Severity::Error } else { Severity::Warning };
    let (count, limit) = (statement.activity.very_slow, thresholds.very_slow);
    (count > 0).then(|| slower_than(limit, count, statement, FindingKind::VerySlowQuery, severity))
}

fn slower_than(
    limit: Duration,
    count: u64,
    statement: &StatementActivity,
    kind: FindingKind,
    severity: Severity,
) -> Finding {
    let activity = &statement.activity;
    let id = statement.fingerprint.map(|id| format!(" ({id})")).unwrap_or_default();
    Finding {
        kind,
        severity,
        subject: format!("{}{id} on {}", statement.summary, statement.database),
        message: format!(
            "{count} of {} calls of `{}` took {limit:?} or longer, the longest {:.2?}",
            activity.calls,
            excerpt(&statement.text),
            activity.time_max
        ),
        value: activity.time_max.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    }
}

fn failed_checkouts(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let checkouts = &source.pool.as_ref()?.checkouts;
    let without = checkouts.timed_out + checkouts.failed;
    let mostly = without >= checkouts.taken;
    (without >= thresholds.failed_checkouts).then(|| Finding {
        kind: FindingKind::FailedCheckouts,
        severity: if mostly { Severity::Critical } else { Severity::Error },
        subject: subject(source),
        message: format!(
            "{without} checkouts got no connection ({} timed out, {} failed) and {} got one, \
             threshold {}",
            checkouts.timed_out, checkouts.failed, checkouts.taken, thresholds.failed_checkouts
        ),
        value: without as f64,
        threshold: thresholds.failed_checkouts as f64,
    })
}

fn connection_failures(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let (failed, limit) = (source.connections.failed, thresholds.failed_connections);
    (failed >= limit).then(|| Finding {
        kind: FindingKind::ConnectionFailures,
        severity: Severity::Critical,
        subject: subject(source),
        message: format!("{failed} attempts to connect failed, threshold {limit}"),
        value: failed as f64,
        threshold: limit as f64,
    })
}

fn pool_usage(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let pool = source.pool.as_ref()?;
    let (usage, levels) = (pool.usage()?, pool.levels?);
    let waiting = pool.checkouts.waiting;
    (usage >= thresholds.pool_usage).then(|| Finding {
        kind: FindingKind::PoolUsage,
        severity: if waiting > 0 { Severity::Error } else { Severity::Warning },
        subject: subject(source),
        message: format!(
            "{} of {} connections are in use ({:.0} %), {waiting} callers wait, threshold {:.0} %",
            levels.in_use(),
            levels.max.unwrap_or_default(),
            usage * 100.0,
            thresholds.pool_usage * 100.0
        ),
        value: usage,
        threshold: thresholds.pool_usage,
    })
}

fn leak(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let pool = source.pool.as_ref()?;
    let longest = pool.held.first().map_or(Duration::ZERO, |held| held.held);
    let place = pool.held.iter().find_map(|held| held.call_site);
    (pool.leaked >= thresholds.leaked_connections).then(|| Finding {
        kind: FindingKind::ConnectionLeak,
        severity: Severity::Error,
        subject: subject(source),
        message: format!(
            "{} connections have been out for {:?} or longer, the longest {longest:.1?}{}",
            pool.leaked,
            thresholds.leak_after,
            place.map(|place| format!(", taken at {place}")).unwrap_or_default()
        ),
        value: pool.leaked as f64,
        threshold: thresholds.leaked_connections as f64,
    })
}

/// A source's name, and its database where the name alone would not tell two apart.
fn subject(source: &SourceActivity) -> String {
    let database = source.database.to_string();
    match (&source.pool, *source.name == *database) {
        (None, _) => format!("{database} (no pool)"),
        (Some(_), true) => database,
        (Some(_), false) => format!("{} on {database}", source.name),
    }
}

fn beyond(value: f64, threshold: f64) -> Severity {
    if value >= threshold * FAR_BEYOND { Severity::Error } else { Severity::Warning }
}

/// The beginning of a text, for a sentence.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

// === impl FindingKind ===

impl FindingKind {
    /// The kind as a stable word, such as `slow_query`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AverageTime => "average_time",
            Self::CallsPerSecond => "calls_per_second",
            Self::ConnectionFailures => "connection_failures",
            Self::ConnectionLeak => "connection_leak",
            Self::ErrorRate => "error_rate",
            Self::FailedCheckouts => "failed_checkouts",
            Self::PoolUsage => "pool_usage",
            Self::SlowQuery => "slow_query",
            Self::VerySlowQuery => "very_slow_query",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Severity ===

impl Severity {
    /// The severity as a word: `info`, `warning`, `error`, `critical`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! One thing that is not well.

use std::fmt;
use std::sync::Arc;

use super::Subject;

/// One threshold that a snapshot is beyond.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What sort of trouble.
    pub kind: FindingKind,
    /// How bad.
    pub severity: Severity,
    /// Whose trouble.
    pub subject: Subject,
    /// One sentence for a person, with the numbers.
    pub message: String,
    /// What was measured, in the threshold's unit: seconds, a share from 0 to 1, or a count.
    pub value: f64,
    /// The threshold it is beyond.
    pub threshold: f64,
}

/// The sorts of trouble there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// The mean time of calls.
    AverageTime,
    /// More calls per second than expected.
    CallsPerSecond,
    /// Attempts to connect that failed.
    ConnectionFailures,
    /// Connections that do not come back.
    ConnectionLeak,
    /// The same question with the same values, again and again in one unit of work.
    DuplicateQuery,
    /// The share of failed calls.
    ErrorRate,
    /// Checkouts that got no connection: at the pool's time limit, or at once.
    FailedCheckouts,
    /// A statement, or all calls, that take several times as long as they did.
    LatencyRegression,
    /// A transaction that has been open for long.
    LongTransaction,
    /// The monitor has to let go of more than it should.
    MonitorOverload,
    /// One statement called again and again in one unit of work, where one call would do.
    NPlusOne,
    /// The 99th percentile of calls' times.
    P99,
    /// A pool that is nearly or wholly in use.
    PoolUsage,
    /// Callers wait long for a connection.
    PoolWait,
    /// Units of work beyond the budget of their name.
    ScopeBudget,
    /// A statement with slow calls.
    SlowQuery,
    /// A statement with very slow calls.
    VerySlowQuery,
    /// What a [rule](crate::Builder::rule) of the application's own found, by the rule's name.
    Custom(&'static str),
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

// === impl Finding ===

impl Finding {
    /// What a rule of the application's own found: how bad, whose trouble, and a sentence with the
    /// numbers. The rule's name is put in by the monitor.
    #[must_use]
    pub fn new(severity: Severity, subject: &str, message: impl Into<String>) -> Self {
        Self {
            kind: FindingKind::Custom("rule"),
            severity,
            subject: Subject::Other(Arc::from(subject)),
            message: message.into(),
            value: 0.0,
            threshold: 0.0,
        }
    }

    /// The same finding with what was measured and the threshold it is beyond.
    #[must_use]
    pub fn measured(self, value: f64, threshold: f64) -> Self {
        Self { value, threshold, ..self }
    }

    /// Names this trouble in every process: its kind and its subject, and no number.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}: {}", self.kind, self.subject)
    }

    /// Whether both are the same trouble of the same subject.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.subject == other.subject
    }
}

// === impl FindingKind ===

impl FindingKind {
    /// Whether it is a share, a mean, a percentile or a rate, of which few calls say nothing.
    pub(super) fn needs_calls(self) -> bool {
        matches!(self, Self::AverageTime | Self::CallsPerSecond | Self::ErrorRate | Self::P99)
    }

    /// The kind as a stable word, such as `slow_query`; a rule's name as it was given.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AverageTime => "average_time",
            Self::CallsPerSecond => "calls_per_second",
            Self::ConnectionFailures => "connection_failures",
            Self::ConnectionLeak => "connection_leak",
            Self::DuplicateQuery => "duplicate_query",
            Self::ErrorRate => "error_rate",
            Self::FailedCheckouts => "failed_checkouts",
            Self::LatencyRegression => "latency_regression",
            Self::LongTransaction => "long_transaction",
            Self::MonitorOverload => "monitor_overload",
            Self::NPlusOne => "n_plus_one",
            Self::P99 => "p99",
            Self::PoolUsage => "pool_usage",
            Self::PoolWait => "pool_wait",
            Self::ScopeBudget => "scope_budget",
            Self::SlowQuery => "slow_query",
            Self::VerySlowQuery => "very_slow_query",
            Self::Custom(name) => name,
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

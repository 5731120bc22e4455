//! One word for the whole.

use std::fmt;

use super::{Finding, Severity, Thresholds, findings};
use crate::snapshot::Snapshot;

/// How the database does, in one word, with the reasons.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// The word.
    pub status: Status,
    /// Why: everything beyond its threshold, worst first.
    pub findings: Vec<Finding>,
}

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// No call was seen yet: nothing to judge.
    Unknown,
    /// Nothing is beyond its threshold.
    Healthy,
    /// Something is beyond its threshold, and users can bear it.
    Degraded,
    /// Users feel it.
    Unhealthy,
}

/// How the database does, by the worst of its findings: information leaves it healthy, a warning
/// makes it degraded, an error or worse unhealthy.
#[must_use]
pub fn health(snapshot: &Snapshot, thresholds: &Thresholds) -> Health {
    let mut findings = findings(snapshot, thresholds);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let status = match findings.first().map(|worst| worst.severity) {
        Some(Severity::Error | Severity::Critical) => Status::Unhealthy,
        Some(Severity::Warning) => Status::Degraded,
        Some(Severity::Info) => Status::Healthy,
        None if snapshot.lifetime.total.calls == 0 => Status::Unknown,
        None => Status::Healthy,
    };
    Health { status, findings }
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

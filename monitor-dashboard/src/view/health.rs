//! How the databases do.

use monitor_core::judge;
use monitor_core::show;
use serde::Serialize;
use utoipa::ToSchema;

use super::SubjectView;

/// How the databases do: one word, and the checks behind it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// When it was judged.
    pub at: String,
    /// `unknown`, `healthy`, `degraded` or `unhealthy`.
    pub status: &'static str,
    /// Every check, worst first.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Check {
    /// What was looked at: `connectivity`, `error_rate`, `latency`, `pool`, `alerts`, `monitor`.
    pub kind: &'static str,
    /// Whose it is.
    pub subject: SubjectView,
    /// `unknown`, `healthy`, `degraded` or `unhealthy`.
    pub status: &'static str,
    /// What was observed, in a sentence.
    pub message: String,
    /// The number behind it, where one decides.
    pub observed: Option<f64>,
    /// Where trouble begins.
    pub threshold: Option<f64>,
    /// What both count: `seconds`, `share`, `count`.
    pub unit: Option<&'static str>,
    /// Since when it has this status.
    pub since: String,
}

// === impl HealthView ===

impl HealthView {
    pub(crate) fn new(health: &judge::Health) -> Self {
        Self {
            at: show::moment(health.at),
            status: health.status.as_str(),
            checks: health.checks.iter().map(Check::new).collect(),
        }
    }
}

// === impl Check ===

impl Check {
    fn new(check: &judge::Check) -> Self {
        Self {
            kind: check.kind.as_str(),
            subject: SubjectView::new(&check.subject),
            status: check.status.as_str(),
            message: check.message.clone(),
            observed: check.observed.map(|observed| observed.value),
            threshold: check.observed.map(|observed| observed.threshold),
            unit: check.observed.map(|observed| observed.unit.as_str()),
            since: show::moment(check.since),
        }
    }
}

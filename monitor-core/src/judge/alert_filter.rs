//! Which alerts somebody wants to see.

use std::time::SystemTime;

use super::{Alert, AlertState, FindingKind, Severity};

/// Which alerts to list. What is left open matches everything.
///
/// ```
/// use monitor_core::{Monitor, judge::{AlertFilter, Severity}};
///
/// let monitor = Monitor::builder().build()?;
/// let urgent = monitor.alerts_matching(&AlertFilter::default().at_least(Severity::Error));
/// # assert!(urgent.is_empty());
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a filter does nothing until it is given to `Monitor::alerts_matching`"]
pub struct AlertFilter {
    severity: Option<Severity>,
    kind: Option<FindingKind>,
    state: Option<AlertState>,
    since: Option<SystemTime>,
    until: Option<SystemTime>,
    muted: Option<bool>,
}

// === impl AlertFilter ===

impl AlertFilter {
    /// Only alerts of this severity or worse.
    pub fn at_least(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// Only alerts of this kind.
    pub fn kind(self, kind: FindingKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Only alerts in this state. Pending ones are listed only when asked for here.
    pub fn state(self, state: AlertState) -> Self {
        Self { state: Some(state), ..self }
    }

    /// Only alerts whose trouble was still there at this time or later.
    pub fn since(self, time: SystemTime) -> Self {
        Self { since: Some(time), ..self }
    }

    /// Only alerts whose trouble had begun by this time.
    pub fn until(self, time: SystemTime) -> Self {
        Self { until: Some(time), ..self }
    }

    /// Only muted alerts, or only those that are not.
    pub fn muted(self, muted: bool) -> Self {
        Self { muted: Some(muted), ..self }
    }

    pub(super) fn matches(&self, alert: &Alert) -> bool {
        let state = match self.state {
            Some(state) => alert.state == state,
            None => alert.state != AlertState::Pending,
        };
        state
            && self.severity.is_none_or(|severity| alert.finding.severity >= severity)
            && self.kind.is_none_or(|kind| alert.finding.kind == kind)
            && self.since.is_none_or(|since| alert.last_seen >= since)
            && self.until.is_none_or(|until| alert.since <= until)
            && self.muted.is_none_or(|muted| alert.muted == muted)
    }
}

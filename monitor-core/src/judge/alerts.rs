//! Findings that last become alerts; alerts end.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::{Finding, FindingKind};

/// Something somebody asked to hear about: it was found, it lasted, and one day it is over.
///
/// The same trouble of the same subject is one alert, however often it is found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The finding as it was last seen.
    pub finding: Finding,
    /// Firing or resolved.
    pub state: AlertState,
    /// When the trouble was first found.
    pub since: SystemTime,
    /// When the alert fired.
    pub fired_at: SystemTime,
    /// When the trouble was last found.
    pub last_seen: SystemTime,
    /// When it was over, if it is.
    pub resolved_at: Option<SystemTime>,
    /// How many beats found it.
    pub times_seen: u64,
}

/// Whether an alert's trouble is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertState {
    /// It is there.
    Firing,
    /// It is over.
    Resolved,
}

/// How long trouble must last, and be gone, before anybody is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlertTiming {
    pub(crate) held_for: Duration,
    pub(crate) clear_for: Duration,
}

/// All alerts of one monitor: those firing, and the history.
#[derive(Debug)]
pub(crate) struct AlertBook {
    open: Vec<Open>,
    history: VecDeque<Alert>,
    alerts_max: usize,
    forgotten: u64,
}

#[derive(Debug)]
struct Open {
    alert: Alert,
    /// Found, but not for long enough to tell anybody.
    pending: bool,
}

// === impl AlertBook ===

impl AlertBook {
    pub(crate) fn new(alerts_max: usize) -> Self {
        Self { open: Vec::new(), history: VecDeque::new(), alerts_max, forgotten: 0 }
    }

    /// Takes in what is found now; returns the alerts whose state changed.
    pub(crate) fn review(
        &mut self,
        findings: Vec<Finding>,
        now: SystemTime,
        timing: AlertTiming,
    ) -> Vec<Alert> {
        for finding in findings {
            self.note(finding, now);
        }
        // Held means found at every review since: trouble that went away before was never an alert.
        self.open.retain(|open| !open.pending || open.alert.last_seen == now);
        let mut changed = Vec::new();
        for open in &mut self.open {
            let held = elapsed(open.alert.since, open.alert.last_seen);
            if open.pending && held >= open.held_for(timing) {
                open.pending = false;
                open.alert.fired_at = now;
                changed.push(open.alert.clone());
            }
        }
        let (over, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| elapsed(open.alert.last_seen, now) >= timing.clear_for);
        self.open = open;
        for Open { mut alert, .. } in over {
            alert.state = AlertState::Resolved;
            alert.resolved_at = Some(now);
            changed.push(alert.clone());
            self.remember(alert);
        }
        changed
    }

    fn note(&mut self, finding: Finding, now: SystemTime) {
        let same = |open: &&mut Open| {
            let known = &open.alert.finding;
            known.kind == finding.kind && known.subject == finding.subject
        };
        if let Some(open) = self.open.iter_mut().find(same) {
            open.alert.finding = finding;
            open.alert.last_seen = now;
            open.alert.times_seen += 1;
            return;
        }
        // The open ones count against the same bound: a thousand slow statements are not news.
        if self.open.len() >= self.alerts_max {
            self.forgotten += 1;
            return;
        }
        let alert = Alert {
            finding,
            state: AlertState::Firing,
            since: now,
            fired_at: now,
            last_seen: now,
            resolved_at: None,
            times_seen: 1,
        };
        self.open.push(Open { alert, pending: true });
    }

    fn remember(&mut self, alert: Alert) {
        if self.history.len() >= self.alerts_max {
            self.history.pop_front();
            self.forgotten += 1;
        }
        self.history.push_back(alert);
    }

    /// Alerts firing now, then those that are over, newest first.
    pub(crate) fn alerts(&self) -> Vec<Alert> {
        let firing = self.open.iter().rev().filter(|open| !open.pending).map(|open| &open.alert);
        firing.chain(self.history.iter().rev()).take(self.alerts_max).cloned().collect()
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Open {
    /// A slow call has happened already: waiting would not make it truer.
    fn held_for(&self, timing: AlertTiming) -> Duration {
        match self.alert.finding.kind {
            FindingKind::SlowQuery | FindingKind::VerySlowQuery => Duration::ZERO,
            _ => timing.held_for,
        }
    }
}

fn elapsed(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

// === impl AlertState ===

impl AlertState {
    /// The state as a word: `firing`, `resolved`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

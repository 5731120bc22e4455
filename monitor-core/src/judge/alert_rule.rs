//! How trouble becomes an alert.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{FindingKind, Severity};

/// How one sort of trouble becomes an alert, and how it ends.
///
/// ```
/// use std::time::Duration;
/// use monitor_core::{Monitor, judge::{AlertRule, FindingKind, Group}};
///
/// let monitor = Monitor::builder()
///     .alert(FindingKind::ErrorRate, AlertRule::default().group(Group::ByStatement))
///     .alert(FindingKind::CallsPerSecond, AlertRule::off())
///     .build()?;
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a rule does nothing until it is given to `Builder::alert`"]
pub struct AlertRule {
    pub(super) on: bool,
    pub(crate) held_for: Option<Duration>,
    pub(crate) clear_for: Option<Duration>,
    pub(crate) clear_at: f64,
    pub(super) cool_down: Duration,
    pub(super) remind_after: Option<Duration>,
    pub(super) severity: Option<Severity>,
    pub(super) group: Group,
}

/// Which calls a share, a mean, a percentile or a rate is taken over. Slow queries are always told
/// by statement, and what concerns pools by pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Group {
    /// All of them together.
    #[default]
    Together,
    /// Those of each statement: finds the one that always fails among thousands that do not.
    ByStatement,
    /// Those of each database.
    ByDatabase,
}

/// The rules of all kinds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlertRules {
    pub(crate) held_for: Duration,
    pub(crate) clear_for: Duration,
    pub(crate) retention: Duration,
    pub(crate) fold_after: usize,
    pub(crate) by_kind: BTreeMap<FindingKind, AlertRule>,
}

// === impl AlertRule ===

impl AlertRule {
    /// How long trouble must last before an alert fires, by default.
    pub const HELD_FOR: Duration = Duration::from_secs(10);
    /// How long trouble must be gone before an alert is resolved, by default.
    pub const CLEAR_FOR: Duration = Duration::from_secs(60);
    /// Share of the threshold a value must fall below before trouble counts as gone, by default.
    /// A value that hovers at its threshold would fire and resolve for ever.
    pub const CLEAR_AT: f64 = 0.8;
    /// How long after its end an alert still counts as the same one, by default.
    pub const COOL_DOWN: Duration = Duration::from_secs(600);
    /// How long an alert fires before it is told again, by default; what Alertmanager does.
    pub const REMIND_AFTER: Duration = Duration::from_secs(4 * 3600);
    /// Default of [`Builder::alert_retention`](crate::Builder::alert_retention).
    pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
    /// Default of [`Builder::alert_fold_after`](crate::Builder::alert_fold_after).
    pub const FOLD_AFTER: usize = 5;

    /// No alert. The trouble still shows in findings and health.
    pub fn off() -> Self {
        Self { on: false, ..Self::default() }
    }

    /// How long trouble must last before the alert fires. Default: that of
    /// [`Builder::alert_held_for`](crate::Builder::alert_held_for); what has happened
    /// already, such as a slow query or a unit of work over its budget, is told at once.
    pub fn held_for(self, duration: Duration) -> Self {
        Self { held_for: Some(duration), ..self }
    }

    /// How long trouble must be gone before the alert is resolved. Default: that of
    /// [`Builder::alert_clear_for`](crate::Builder::alert_clear_for).
    pub fn clear_for(self, duration: Duration) -> Self {
        Self { clear_for: Some(duration), ..self }
    }

    /// The clear threshold, as a share of the threshold: a firing alert stays until its value is
    /// below that. From above 0 to 1. Default: [`CLEAR_AT`](Self::CLEAR_AT).
    pub fn clear_at(self, share: f64) -> Self {
        Self { clear_at: share, ..self }
    }

    /// Trouble that comes back this soon after its end is the same alert, fires again as such, and
    /// then has to be gone for as long as this before it is resolved: a signal that flaps is told
    /// at most twice. Default: [`COOL_DOWN`](Self::COOL_DOWN).
    pub fn cool_down(self, duration: Duration) -> Self {
        Self { cool_down: duration, ..self }
    }

    /// An alert that fires for longer than this is told again; `None` tells it once. Default:
    /// [`REMIND_AFTER`](Self::REMIND_AFTER).
    pub fn remind_after(self, duration: Option<Duration>) -> Self {
        Self { remind_after: duration, ..self }
    }

    /// A severity of your own choice, whatever the finding says.
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// Which calls are judged together. Default: all of them.
    pub fn group(self, group: Group) -> Self {
        Self { group, ..self }
    }
}

impl Default for AlertRule {
    fn default() -> Self {
        Self {
            on: true,
            held_for: None,
            clear_for: None,
            clear_at: Self::CLEAR_AT,
            cool_down: Self::COOL_DOWN,
            remind_after: Some(Self::REMIND_AFTER),
            severity: None,
            group: Group::Together,
        }
    }
}

// === impl AlertRules ===

impl AlertRules {
    /// The rule of a kind.
    pub(super) fn of(&self, kind: FindingKind) -> AlertRule {
        self.by_kind.get(&kind).copied().unwrap_or_default()
    }

    /// What single calls or units of work did has happened already: waiting would not make it truer.
    pub(super) fn held_for(&self, kind: FindingKind) -> Duration {
        self.of(kind).held_for.unwrap_or(match kind {
            FindingKind::DuplicateQuery
            | FindingKind::NPlusOne
            | FindingKind::ScopeBudget
            | FindingKind::SlowQuery
            | FindingKind::VerySlowQuery => Duration::ZERO,
            _ => self.held_for,
        })
    }

    /// One that came back has to stay away for longer.
    pub(super) fn clear_for(&self, kind: FindingKind, times_fired: u64) -> Duration {
        let rule = self.of(kind);
        let clear_for = rule.clear_for.unwrap_or(self.clear_for);
        if times_fired > 1 { clear_for.max(rule.cool_down) } else { clear_for }
    }
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            held_for: AlertRule::HELD_FOR,
            clear_for: AlertRule::CLEAR_FOR,
            retention: AlertRule::RETENTION,
            fold_after: AlertRule::FOLD_AFTER,
            by_kind: BTreeMap::new(),
        }
    }
}

//! Trouble that somebody asked to hear about.

use std::fmt;
use std::time::SystemTime;

use super::Finding;

/// Something somebody asked to hear about: it was found, it lasted, and one day it is over.
///
/// The same trouble of the same subject is one alert, however often it is found, and also when it
/// comes back soon after it was over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The finding as it was last seen.
    pub finding: Finding,
    /// Pending, firing or resolved.
    pub state: AlertState,
    /// When the trouble was first found.
    pub since: SystemTime,
    /// When the alert last fired; when it was first found, as long as it is pending.
    pub fired_at: SystemTime,
    /// When the trouble was last found.
    pub last_seen: SystemTime,
    /// When it was over, if it is.
    pub resolved_at: Option<SystemTime>,
    /// How many reviews found it.
    pub times_seen: u64,
    /// How often it fired: more than once if it came back within its cool-down.
    pub times_fired: u64,
    /// Whether somebody muted it. A muted alert is kept, and told to nobody.
    pub muted: bool,
}

/// Whether an alert's trouble is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertState {
    /// It is there, but not for long enough to tell anybody.
    Pending,
    /// It is there.
    Firing,
    /// It is over.
    Resolved,
}

/// One thing to tell about an alert. What callbacks and sinks are given.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Notice {
    /// What happened to it.
    pub event: AlertEvent,
    /// When.
    pub at: SystemTime,
    /// The alert as it was then.
    pub alert: Alert,
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AlertEvent {
    /// It fired.
    Fired,
    /// It was firing, and its severity went up.
    Worsened,
    /// It has been firing for long; said again so that nobody forgets it.
    Reminded,
    /// It is over.
    Resolved,
}

// === impl Alert ===

impl Alert {
    /// Names this alert in every process: the kind of trouble and its subject. The same after a
    /// restart, so that whoever is told can see that it is the same trouble.
    #[must_use]
    pub fn key(&self) -> String {
        self.finding.key()
    }
}

// === impl AlertState ===

impl AlertState {
    /// The state as a word: `pending`, `firing`, `resolved`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
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

// === impl AlertEvent ===

impl AlertEvent {
    /// The event as a word: `fired`, `worsened`, `reminded`, `resolved`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Worsened => "worsened",
            Self::Reminded => "reminded",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for AlertEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! When a database was last heard of.

use std::time::Duration;

use crate::capture::ProbeEnd;

/// When a source's database last answered, and when it last could not be reached.
///
/// What calls tell by themselves and what probes tell stand together here: the newest word counts,
/// whoever brought it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContactActivity {
    /// Time since the last answer: a call that completed, a connection made, a probe answered.
    pub answered_ago: Option<Duration>,
    /// Time since the last loss: a failed attempt to connect, a call that lost its connection, a
    /// probe that failed.
    pub lost_ago: Option<Duration>,
    /// Losses since the last answer.
    pub lost_in_a_row: u64,
    /// Time since the first of them.
    pub lost_for: Option<Duration>,
    /// What probes found, where somebody sends them.
    pub probe: Option<ProbeActivity>,
}

/// What probes found. They are no calls and no checkouts, and are counted nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeActivity {
    /// Probes that were answered.
    pub answered: u64,
    /// Probes that failed.
    pub failed: u64,
    /// Probes that found every connection out.
    pub busy: u64,
    /// How the last one ended.
    pub last: Option<ProbeEnd>,
    /// Time since it ended.
    pub last_ago: Option<Duration>,
    /// Time since the first of the last ones that ended alike.
    pub alike_for: Option<Duration>,
    /// How long the last answer took.
    pub took: Option<Duration>,
    /// How long the oldest probe that has not ended has been waiting.
    pub waiting_for: Option<Duration>,
}

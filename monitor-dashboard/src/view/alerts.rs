//! What somebody asked to hear about.

use monitor_core::snapshot::SinkActivity;
use monitor_core::{judge, show};
use serde::Serialize;
use utoipa::ToSchema;

use super::SubjectView;
use super::common::cut;

/// Alerts that are there, those that are over, and who was told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Alerts {
    /// When they were read.
    pub at: String,
    /// Alerts that fire, the newest first. At most 200, as each list here.
    pub firing: Vec<Alert>,
    /// Alerts whose trouble is there, but not for long enough to tell anybody.
    pub pending: Vec<Alert>,
    /// Alerts that are over, the newest first: one page.
    pub history: Vec<Alert>,
    /// Alerts that are over and match, on all pages.
    pub history_total: usize,
    /// This page of the history, from 1.
    pub page: usize,
    /// Alerts on a full page.
    pub page_size: usize,
    /// Who is told, and whether they hear.
    pub sinks: Vec<Sink>,
}

/// One trouble of one subject.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Alert {
    /// Names this alert in every process; mute it by this.
    pub key: String,
    /// What sort of trouble, such as `slow_query`.
    pub kind: String,
    /// `info`, `warning`, `error`, `critical`.
    pub severity: &'static str,
    /// Whose trouble.
    pub subject: SubjectView,
    /// One sentence with the numbers.
    pub message: String,
    /// What was measured, in the threshold's unit: seconds, a share, or a count.
    pub value: f64,
    /// The threshold it is beyond.
    pub threshold: f64,
    /// `pending`, `firing`, `resolved`.
    pub state: &'static str,
    /// When the trouble was first found.
    pub since: String,
    /// When it last fired.
    pub fired_at: String,
    /// When the trouble was last found.
    pub last_seen: String,
    /// When it was over, if it is.
    pub resolved_at: Option<String>,
    /// How many reviews found it.
    pub times_seen: u64,
    /// How often it fired.
    pub times_fired: u64,
    /// Whether somebody muted it.
    pub muted: bool,
}

/// Somebody who is told of alerts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sink {
    /// Its name.
    pub name: String,
    /// Notices it took.
    pub delivered: u64,
    /// Attempts that failed since one last succeeded; zero for a sink that works.
    pub failures_in_a_row: u32,
    /// Alerts whose newest notice waits.
    pub waiting: usize,
    /// Alerts of which it was not told the newest.
    pub untold: usize,
    /// Notices its full queue let go.
    pub dropped: u64,
    /// Notices it refused, or was too long unable to take.
    pub given_up: u64,
    /// When it last took something.
    pub last_success: Option<String>,
    /// What went wrong last, such as `timed out`.
    pub last_failure: Option<String>,
    /// When that was.
    pub last_failure_at: Option<String>,
}

/// Characters of a message.
const MESSAGE_CHARS_MAX: usize = 2_000;

// === impl Alert ===

impl Alert {
    pub(crate) fn new(alert: &judge::Alert) -> Self {
        let finding = &alert.finding;
        Self {
            key: alert.key(),
            kind: finding.kind.as_str().to_owned(),
            severity: finding.severity.as_str(),
            subject: SubjectView::new(&finding.subject),
            message: cut(&finding.message, MESSAGE_CHARS_MAX).0,
            value: finding.value,
            threshold: finding.threshold,
            state: alert.state.as_str(),
            since: show::moment(alert.since),
            fired_at: show::moment(alert.fired_at),
            last_seen: show::moment(alert.last_seen),
            resolved_at: alert.resolved_at.map(show::moment),
            times_seen: alert.times_seen,
            times_fired: alert.times_fired,
            muted: alert.muted,
        }
    }
}

// === impl Sink ===

impl Sink {
    pub(crate) fn new(sink: &SinkActivity) -> Self {
        let failure = sink.last_failure.as_ref();
        Self {
            name: sink.name.to_string(),
            delivered: sink.delivered,
            failures_in_a_row: sink.failures_in_a_row,
            waiting: sink.waiting.len(),
            untold: sink.untold.len(),
            dropped: sink.dropped,
            given_up: sink.given_up,
            last_success: sink.last_success.map(show::moment),
            last_failure: failure.map(|failure| failure.class.clone()),
            last_failure_at: failure.map(|failure| show::moment(failure.at)),
        }
    }
}

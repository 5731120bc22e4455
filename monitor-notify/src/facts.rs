//! What there is to say about an alert, ready to be put into any format.

use monitor_core::judge::{Alert, Finding, Subject};
use monitor_core::show::moment;
use serde::Serialize;

/// Characters of a text that goes out; a subject or a message longer than this is cut.
const CHARS_MAX: usize = 1_000;

/// The facts of an alert as plain text and numbers, for a [`Format`](crate::Format) to choose from.
///
/// No number is part of `key` and `subject`, so both stay as they are for as long as the trouble lasts. A subject or
/// message is cut at 1 000 characters.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Facts<'a> {
    /// Names the alert, the same in every process and after a restart.
    pub key: String,
    /// The sort of trouble, such as `pool_usage`.
    pub kind: &'a str,
    /// `info`, `warning`, `error` or `critical`.
    pub severity: &'a str,
    /// `firing` or `resolved`.
    pub state: &'a str,
    /// Whose trouble it is.
    pub subject: String,
    /// One sentence with the numbers.
    pub message: String,
    /// What was measured: seconds, a share from 0 to 1, or a count.
    pub value: f64,
    /// The threshold it is beyond.
    pub threshold: f64,
    /// The database, where it is about one.
    pub database: Option<String>,
    /// The pool, where it is about one.
    pub pool: Option<&'a str>,
    /// The statement's fingerprint, where it is about one.
    pub fingerprint: Option<String>,
    /// The statement in a few words, where it is about one.
    pub statement: Option<String>,
    /// When the trouble was first found, by RFC 3339.
    pub since: String,
    /// When the alert last fired.
    pub fired_at: String,
    /// When it was over, if it is.
    pub resolved_at: Option<String>,
    /// How many reviews found it.
    pub times_seen: u64,
    /// How often it fired.
    pub times_fired: u64,
}

// === impl Facts ===

impl<'a> Facts<'a> {
    /// What there is to say about an alert.
    #[must_use]
    pub fn of(alert: &'a Alert) -> Self {
        let Finding { kind, severity, subject, message, value, threshold, .. } = &alert.finding;
        Self {
            key: alert.key(),
            kind: kind.as_str(),
            severity: severity.as_str(),
            state: alert.state.as_str(),
            subject: cut(&subject.to_string(), CHARS_MAX),
            message: cut(message, CHARS_MAX),
            value: *value,
            threshold: *threshold,
            database: subject.database().map(ToString::to_string),
            pool: subject.pool(),
            fingerprint: subject.fingerprint().map(|id| id.to_string()),
            statement: statement(subject),
            since: moment(alert.since),
            fired_at: moment(alert.fired_at),
            resolved_at: alert.resolved_at.map(moment),
            times_seen: alert.times_seen,
            times_fired: alert.times_fired,
        }
    }
}

fn statement(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Statement { summary, .. } => Some(cut(summary, CHARS_MAX)),
        _ => None,
    }
}

/// At most so many characters, with an ellipsis where something is missing.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect(),
    }
}

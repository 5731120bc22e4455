//! What there is to say about an alert, ready to be put into any format.

use monitor_core::judge::{Alert, Finding, Subject};
use monitor_core::show::moment;
use serde::Serialize;

/// Characters of a text that goes out; a subject or a message longer than this is cut.
const CHARS_MAX: usize = 1_000;

/// The facts of an alert as plain text and numbers. No number is part of `key` and `subject`, so both stay as they
/// are for as long as the trouble lasts.
#[derive(Serialize)]
pub(crate) struct Facts<'a> {
    pub(crate) key: String,
    pub(crate) kind: &'a str,
    pub(crate) severity: &'a str,
    pub(crate) state: &'a str,
    pub(crate) subject: String,
    pub(crate) message: String,
    pub(crate) value: f64,
    pub(crate) threshold: f64,
    pub(crate) database: Option<String>,
    pub(crate) pool: Option<&'a str>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) statement: Option<String>,
    pub(crate) since: String,
    pub(crate) fired_at: String,
    pub(crate) resolved_at: Option<String>,
    pub(crate) times_seen: u64,
    pub(crate) times_fired: u64,
}

// === impl Facts ===

impl<'a> Facts<'a> {
    pub(crate) fn of(alert: &'a Alert) -> Self {
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

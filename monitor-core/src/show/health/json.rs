//! Health as JSON of our own.

use serde::Serialize;
use serde_json::json;

use super::{Details, kinds};
use crate::capture::ProbeEnd;
use crate::judge::{Check, CheckKind, Health, Status};
use crate::show::json::JSON_VERSION;
use crate::show::words::moment;
use crate::snapshot::{ContactActivity, ProbeActivity};

/// One check, or the worst of a kind where details are not for everybody.
#[derive(Serialize)]
pub(in crate::show) struct CheckView<'a> {
    check: &'static str,
    status: &'static str,
    #[serde(flatten)]
    full: Option<FullView<'a>>,
}

#[derive(Serialize)]
struct FullView<'a> {
    subject: String,
    message: &'a str,
    since: String,
    value: Option<f64>,
    threshold: Option<f64>,
    unit: Option<&'static str>,
}

/// When a database was last heard of.
#[derive(Serialize)]
pub(in crate::show) struct ContactView {
    answered_seconds_ago: Option<f64>,
    lost_seconds_ago: Option<f64>,
    lost_in_a_row: u64,
    lost_for_seconds: Option<f64>,
    probe: Option<ProbeView>,
}

#[derive(Serialize)]
struct ProbeView {
    answered: u64,
    failed: u64,
    busy: u64,
    last: Option<&'static str>,
    last_error: Option<&'static str>,
    last_seconds_ago: Option<f64>,
    alike_for_seconds: Option<f64>,
    took_seconds: Option<f64>,
    waiting_seconds: Option<f64>,
}

pub(super) fn json(health: &Health, details: Details) -> String {
    let mut document = json!({
        "version": JSON_VERSION,
        "at": moment(health.at),
        "status": health.status.as_str(),
    });
    if details > Details::Word {
        document["checks"] = json!(CheckView::all(health, details));
    }
    document.to_string()
}

// === impl CheckView ===

impl<'a> CheckView<'a> {
    /// Every check in full, or every kind in a word.
    pub(in crate::show) fn all(health: &'a Health, details: Details) -> Vec<Self> {
        match details {
            Details::Full => health.checks.iter().map(Self::full).collect(),
            Details::Word | Details::Checks => {
                let view = |(kind, status): (CheckKind, Status)| Self {
                    check: kind.as_str(),
                    status: status.as_str(),
                    full: None,
                };
                kinds(health).map(view).collect()
            }
        }
    }

    fn full(check: &'a Check) -> Self {
        let full = FullView {
            subject: check.subject.to_string(),
            message: &check.message,
            since: moment(check.since),
            value: check.observed.map(|observed| observed.value),
            threshold: check.observed.map(|observed| observed.threshold),
            unit: check.observed.map(|observed| observed.unit.as_str()),
        };
        Self { check: check.kind.as_str(), status: check.status.as_str(), full: Some(full) }
    }
}

// === impl ContactView ===

impl ContactView {
    pub(in crate::show) fn new(contact: &ContactActivity) -> Self {
        Self {
            answered_seconds_ago: contact.answered_ago.map(|ago| ago.as_secs_f64()),
            lost_seconds_ago: contact.lost_ago.map(|ago| ago.as_secs_f64()),
            lost_in_a_row: contact.lost_in_a_row,
            lost_for_seconds: contact.lost_for.map(|lost| lost.as_secs_f64()),
            probe: contact.probe.as_ref().map(ProbeView::new),
        }
    }
}

impl ProbeView {
    fn new(probe: &ProbeActivity) -> Self {
        Self {
            answered: probe.answered,
            failed: probe.failed,
            busy: probe.busy,
            last: probe.last.map(|end| end.as_str()),
            last_error: match probe.last {
                Some(ProbeEnd::Failed(class)) => Some(class.as_str()),
                _ => None,
            },
            alike_for_seconds: probe.alike_for.map(|time| time.as_secs_f64()),
            last_seconds_ago: probe.last_ago.map(|ago| ago.as_secs_f64()),
            took_seconds: probe.took.map(|took| took.as_secs_f64()),
            waiting_seconds: probe.waiting_for.map(|waits| waits.as_secs_f64()),
        }
    }
}

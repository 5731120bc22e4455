//! When a database was last heard of, read back.

use std::time::Duration;

use serde::Deserialize;

use crate::capture::{ErrorClass, ProbeEnd};
use crate::snapshot::{ContactActivity, ProbeActivity};

#[derive(Default, Deserialize)]
pub(super) struct Contact {
    answered_seconds_ago: Option<f64>,
    lost_seconds_ago: Option<f64>,
    lost_in_a_row: u64,
    lost_for_seconds: Option<f64>,
    probe: Option<Probe>,
}

#[derive(Deserialize)]
struct Probe {
    answered: u64,
    failed: u64,
    busy: u64,
    last: Option<String>,
    last_error: Option<String>,
    last_seconds_ago: Option<f64>,
    alike_for_seconds: Option<f64>,
    took_seconds: Option<f64>,
    waiting_seconds: Option<f64>,
}

/// A length of time, where there is one that makes sense.
fn time(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

// === impl Contact ===

impl From<Contact> for ContactActivity {
    fn from(read: Contact) -> Self {
        Self {
            answered_ago: time(read.answered_seconds_ago),
            lost_ago: time(read.lost_seconds_ago),
            lost_in_a_row: read.lost_in_a_row,
            lost_for: time(read.lost_for_seconds),
            probe: read.probe.map(ProbeActivity::from),
        }
    }
}

// === impl Probe ===

impl Probe {
    fn end(&self) -> Option<ProbeEnd> {
        let error = self.last_error.as_deref();
        let class = ErrorClass::ALL.into_iter().find(|class| Some(class.as_str()) == error);
        let ends = [
            ProbeEnd::Answered,
            ProbeEnd::Failed(class.unwrap_or(ErrorClass::Other)),
            ProbeEnd::Busy,
        ];
        ends.into_iter().find(|end| Some(end.as_str()) == self.last.as_deref())
    }
}

impl From<Probe> for ProbeActivity {
    fn from(read: Probe) -> Self {
        Self {
            last: read.end(),
            answered: read.answered,
            failed: read.failed,
            busy: read.busy,
            last_ago: time(read.last_seconds_ago),
            alike_for: time(read.alike_for_seconds),
            took: time(read.took_seconds),
            waiting_for: time(read.waiting_seconds),
        }
    }
}

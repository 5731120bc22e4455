//! Since when a check has its status.

use std::time::SystemTime;

use super::{Check, CheckKind, Health, Status, Subject};

/// The status of every check at the last beat, and since when.
///
/// As many entries as the last health had checks, which the number of sources bounds.
#[derive(Debug, Default)]
pub(crate) struct HealthBook {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    kind: CheckKind,
    subject: Subject,
    status: Status,
    since: SystemTime,
}

// === impl HealthBook ===

impl HealthBook {
    /// Takes down a health that was [dated](Self::dated) before.
    pub(crate) fn note(&mut self, health: &Health) {
        let checks = health.checks.iter().cloned();
        self.known = checks
            .map(|Check { kind, subject, status, since, .. }| Known {
                kind,
                subject,
                status,
                since,
            })
            .collect();
    }

    /// The same health, with the checks that have not changed dated back.
    pub(crate) fn dated(&self, mut health: Health) -> Health {
        for check in &mut health.checks {
            let same = |known: &&Known| {
                (known.kind, known.status) == (check.kind, check.status)
                    && known.subject == check.subject
            };
            if let Some(known) = self.known.iter().find(same) {
                check.since = known.since;
            }
        }
        health
    }
}

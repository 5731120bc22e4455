//! The monitor's attention: what is reviewed, who is told, what is muted.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Inner, Monitor};
use crate::capture::Database;
use crate::identify::Fingerprint;
use crate::judge::{
    self, Alert, AlertBook, AlertFilter, AlertRules, Finding, FindingKind, Mute, Mutes, Overload,
    Regressions, Review,
};
use crate::snapshot::Snapshot;

/// A rule of the application's own.
pub(super) struct CustomRule {
    pub(super) name: &'static str,
    pub(super) check: Box<CheckFn>,
}

/// Looks at a snapshot and says what is not well.
pub(super) type CheckFn = dyn Fn(&Snapshot) -> Vec<Finding> + Send + Sync;

/// Everything alerts need.
pub(super) struct Alerting {
    pub(super) rules: AlertRules,
    pub(super) custom: Vec<CustomRule>,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub(super) book: AlertBook,
    pub(super) mutes: Mutes,
    pub(super) overload: Overload,
    pub(super) regressions: Regressions,
}

// === impl Monitor ===

impl Monitor {
    /// Alerts that fire now, then those that are over, newest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts_matching(&AlertFilter::default())
    }

    /// The alerts that match a filter, those still open first, each part newest first.
    #[must_use]
    pub fn alerts_matching(&self, filter: &AlertFilter) -> Vec<Alert> {
        let inner = self.inner.as_ref();
        inner.map(|inner| inner.alerting.state().book.alerts(filter)).unwrap_or_default()
    }

    /// From now on, tells nobody about alerts like these. They are still kept.
    ///
    /// At most 1 000 mutes are kept; the oldest makes room
    /// ([`Losses::mutes_forgotten`](crate::snapshot::Losses::mutes_forgotten)).
    pub fn mute(&self, mute: Mute) {
        if let Some(inner) = &self.inner {
            inner.alerting.state().mutes.add(mute);
        }
    }

    /// Takes a mute back. What still fires is told on the next review.
    pub fn unmute(&self, mute: &Mute) {
        if let Some(inner) = &self.inner {
            inner.alerting.state().mutes.remove(mute);
        }
    }

    /// The mutes there are.
    #[must_use]
    pub fn mutes(&self) -> Vec<Mute> {
        let inner = self.inner.as_ref();
        inner.map(|inner| inner.alerting.state().mutes.list()).unwrap_or_default()
    }

    /// Reviews alerts now, rather than on the next beat. Takes as long as a snapshot does.
    pub fn review_alerts(&self) {
        if let Some(inner) = &self.inner {
            inner.review();
        }
    }
}

// === impl Inner ===

impl Inner {
    pub(super) fn review(&self) {
        let snapshot = self.snapshot();
        self.advisor.look_at_pools(&snapshot);
        let review = self.look(&snapshot);
        let at = snapshot.at;
        let by_comment = muted_by_comment(&snapshot);
        let (notices, firing) = {
            let State { book, mutes, .. } = &mut *self.alerting.state();
            mutes.expire(at);
            let muted = &mut |finding: &Finding| {
                by_comment.contains(&(finding.subject.fingerprint(), finding.subject.database()))
                    || mutes.cover(finding)
            };
            let notices = book.review(review, &self.alerting.rules, muted);
            (notices, book.told_firing())
        };
        self.dispatch.tell(&notices, firing);
        self.dispatch.beat();
        self.note_health(&snapshot);
    }

    fn look(&self, snapshot: &Snapshot) -> Review {
        let Alerting { rules, .. } = &self.alerting;
        let to_clear = self.thresholds.to_clear(rules);
        let judged = judge::judged(snapshot, &self.thresholds, rules);
        let mut found = judge::grouped(snapshot, &self.thresholds, rules);
        let mut lingering = judge::grouped(snapshot, &to_clear, rules);
        {
            let State { overload, regressions, .. } = &mut *self.alerting.state();
            found.extend(overload.review(&snapshot.losses, snapshot.at));
            regressions.review(snapshot);
            found.extend(regressions.findings(snapshot, &self.thresholds));
            lingering.extend(regressions.findings(snapshot, &to_clear));
        }
        found.extend(self.custom(snapshot));
        // A rule of the application's own has no second threshold.
        lingering.extend(found.iter().filter(|found| has_one_threshold(found.kind)).cloned());
        Review { found, lingering, judged, at: snapshot.at }
    }

    fn custom(&self, snapshot: &Snapshot) -> Vec<Finding> {
        let mut found = Vec::new();
        for rule in &self.alerting.custom {
            self.guarded(|| {
                let findings = (rule.check)(snapshot).into_iter();
                let kind = FindingKind::Custom(rule.name);
                found.extend(findings.map(|finding| Finding { kind, ..finding }));
            });
        }
        found
    }
}

/// The statements that a comment in their SQL mutes, by fingerprint and database.
fn muted_by_comment(snapshot: &Snapshot) -> HashSet<(Option<Fingerprint>, Option<&Database>)> {
    let known = snapshot.lifetime.statements.iter().filter(|statement| statement.muted);
    let known = known.map(|statement| (statement.fingerprint, Some(&*statement.database)));
    let running = snapshot.running.iter().filter(|call| call.muted);
    known.chain(running.map(|call| (call.fingerprint, Some(&*call.database)))).collect()
}

fn has_one_threshold(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::Custom(_) | FindingKind::MonitorOverload)
}

// === impl Alerting ===

impl Alerting {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

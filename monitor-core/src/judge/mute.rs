//! What somebody does not want to hear about.

use std::time::SystemTime;

use super::{Finding, FindingKind, Subject};
use crate::identify::Fingerprint;

/// Alerts that are to be kept and told to nobody. What is left open matches everything.
///
/// ```
/// use monitor_core::judge::{FindingKind, Mute};
///
/// // Pool `reports` is full every night, and everybody knows.
/// let mute = Mute::kind(FindingKind::PoolUsage).of_pool("reports");
/// # drop(mute);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a mute does nothing until it is given to the builder or the monitor"]
pub struct Mute {
    kind: Option<FindingKind>,
    fingerprint: Option<Fingerprint>,
    pool: Option<String>,
    scope: Option<String>,
    key: Option<String>,
    until: Option<SystemTime>,
}

/// All mutes of one monitor.
#[derive(Debug, Default)]
pub(crate) struct Mutes {
    mutes: Vec<Mute>,
    /// Mutes that made room for newer ones.
    forgotten: u64,
}

/// Mutes there may be at a time; the oldest makes room.
const MUTES_MAX: usize = 1_000;

// === impl Mute ===

impl Mute {
    /// Every alert.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Alerts of one kind.
    pub fn kind(kind: FindingKind) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }

    /// The one alert with this [key](super::Alert::key).
    pub fn key(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    /// Only those of one statement.
    pub fn of_statement(self, fingerprint: Fingerprint) -> Self {
        Self { fingerprint: Some(fingerprint), ..self }
    }

    /// Only those of one pool, by its name.
    pub fn of_pool(self, name: impl Into<String>) -> Self {
        Self { pool: Some(name.into()), ..self }
    }

    /// Only those of units of work of one name, such as a route's.
    pub fn of_scope(self, name: impl Into<String>) -> Self {
        Self { scope: Some(name.into()), ..self }
    }

    /// Only until then.
    pub fn until(self, time: SystemTime) -> Self {
        Self { until: Some(time), ..self }
    }

    /// The one alert it is for, by its [key](super::Alert::key), where it is for no more than that.
    #[must_use]
    pub fn only_key(&self) -> Option<&str> {
        let is_narrower = self.kind.is_some()
            || self.fingerprint.is_some()
            || self.pool.is_some()
            || self.scope.is_some();
        self.key.as_deref().filter(|_| !is_narrower)
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    fn covers(&self, finding: &Finding, key: &str) -> bool {
        self.kind.is_none_or(|kind| kind == finding.kind)
            && self.fingerprint.is_none_or(|id| finding.subject.fingerprint() == Some(id))
            && self.pool.as_deref().is_none_or(|pool| finding.subject.pool() == Some(pool))
            && self.scope.as_deref().is_none_or(|scope| finding.subject.scope() == Some(scope))
            && self.key.as_deref().is_none_or(|wanted| wanted == key)
    }
}

// === impl Mutes ===

impl Mutes {
    pub(crate) fn new(mutes: Vec<Mute>) -> Self {
        Self { mutes, forgotten: 0 }
    }

    pub(crate) fn add(&mut self, mute: Mute) {
        if self.mutes.len() >= MUTES_MAX {
            self.mutes.drain(..1);
            self.forgotten += 1;
        }
        self.mutes.push(mute);
    }

    pub(crate) fn remove(&mut self, mute: &Mute) {
        self.mutes.retain(|known| known != mute);
    }

    pub(crate) fn list(&self) -> Vec<Mute> {
        self.mutes.clone()
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets the mutes whose time is over.
    pub(crate) fn expire(&mut self, now: SystemTime) {
        self.mutes.retain(|mute| !mute.is_over(now));
    }

    /// Whether a finding is muted, by those whose time was not over when they [expired](Self::expire) last.
    pub(crate) fn cover(&self, finding: &Finding) -> bool {
        if self.mutes.is_empty() {
            return false;
        }
        let key = finding.key();
        // A folded alert is about many statements: no mute of one of them is meant for it.
        let of_one = |mute: &Mute| mute.fingerprint.is_some();
        let folded = finding.subject == Subject::Statements;
        self.mutes.iter().any(|mute| !(folded && of_one(mute)) && mute.covers(finding, &key))
    }
}

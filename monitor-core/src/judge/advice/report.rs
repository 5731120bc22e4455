//! What the rules answered, also those that found nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::time::SystemTime;

use super::index::Sequel;
use super::{AdviceSettings, Priority, Recommendation};

/// All advice at a moment, and why there is no more of it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Advice {
    /// When it was given; `None` before the first time.
    pub at: Option<SystemTime>,
    /// What to do, most important first.
    pub recommendations: Vec<Recommendation>,
    /// What each rule answered, in the order of their names.
    pub answers: Vec<RuleAnswer>,
    /// Indexes that were advised and are there now, and whether they helped.
    pub sequels: Vec<Sequel>,
    /// Recommendations that were given, but are muted.
    pub muted: u64,
    /// Those of them that were muted [while the monitor runs](crate::Monitor::mute_recommendation).
    pub set_aside: Vec<Recommendation>,
    /// Recommendations whose history was forgotten because the limit was reached.
    pub forgotten: u64,
    /// Indexes advised now that are not followed to whether they helped, as 200 others are.
    pub unfollowed: u64,
}

/// What one rule answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleAnswer {
    /// The rule.
    pub rule: &'static str,
    /// Its answer: the first of found, too soon, cannot tell and quiet that is true of any subject.
    pub verdict: Verdict,
    /// Why it is silent, by subject; the first [`RuleAnswer::REASONS_MAX`] of them.
    pub reasons: Vec<Reason>,
    /// Reasons left out.
    pub reasons_left_out: u64,
}

/// What a rule may answer. Silence has three meanings, which must not be mixed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verdict {
    /// There is something to do.
    Found,
    /// Too little was seen so far.
    TooSoon,
    /// Something that the rule needs is not known, however long one waits.
    CannotTell,
    /// It looked, and there is nothing to do.
    #[default]
    Quiet,
}

/// Why a rule is silent about a subject that it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// Which sort of silence it is.
    pub verdict: Verdict,
    /// The statement, pool or table; empty where it is everything.
    pub subject: String,
    /// Why, in words.
    pub why: String,
}

// === impl Advice ===

impl Advice {
    /// Sets aside recommendations that somebody muted meanwhile.
    pub(crate) fn without(mut self, muted: &BTreeSet<String>) -> Self {
        let (aside, kept) =
            self.recommendations.into_iter().partition(|one| muted.contains(&one.key));
        (self.set_aside, self.recommendations) = (aside, kept);
        self.muted += self.set_aside.len() as u64;
        self
    }

    /// What one rule answered.
    #[must_use]
    pub fn answer(&self, rule: &str) -> Option<&RuleAnswer> {
        self.answers.iter().find(|answer| answer.rule == rule)
    }

    /// Puts recommendations in order, the most important first, and takes out those that are muted or given twice.
    ///
    /// Order is by priority, then by time saved, then by how sure it is. A high risk comes before any time saved.
    pub(crate) fn settle(&mut self, settings: &AdviceSettings) {
        let is_muted = |one: &Recommendation| settings.is_muted(one.rule, &one.key);
        let before = self.recommendations.len();
        self.recommendations.retain(|one| !is_muted(one));
        self.muted += (before - self.recommendations.len()) as u64;
        let risk = |of: &Recommendation| if of.priority == Priority::High { 1.0 } else { 0.0 };
        let share = |of: &Recommendation| of.impact.share.unwrap_or(risk(of));
        self.recommendations.sort_by(|a, b| {
            (b.priority.cmp(&a.priority))
                .then(share(b).total_cmp(&share(a)))
                .then(b.confidence.cmp(&a.confidence))
                .then(a.key.cmp(&b.key))
        });
        let mut keys = BTreeSet::new();
        self.recommendations.retain(|one| keys.insert(one.key.clone()));
    }

    /// Takes in what another producer of advice says.
    pub(crate) fn join(
        &mut self,
        answers: impl IntoIterator<Item = RuleAnswer>,
        recommendations: Vec<Recommendation>,
        settings: &AdviceSettings,
    ) {
        self.answers.extend(answers);
        self.answers.sort_by_key(|answer| answer.rule);
        self.recommendations.extend(recommendations);
        self.settle(settings);
    }

    /// What one rule recommends.
    pub fn of_rule<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Recommendation> {
        self.recommendations.iter().filter(move |advice| advice.rule == rule)
    }
}

// === impl RuleAnswer ===

impl RuleAnswer {
    /// Reasons kept of one rule; further ones are counted.
    pub const REASONS_MAX: usize = 20;

    pub(super) fn of(rule: &'static str) -> Self {
        Self { rule, verdict: Verdict::Quiet, reasons: Vec::new(), reasons_left_out: 0 }
    }

    pub(super) fn add(&mut self, verdict: Verdict, subject: String, why: String) {
        self.verdict = self.verdict.min(verdict);
        if self.reasons.len() >= Self::REASONS_MAX {
            self.reasons_left_out += 1;
            return;
        }
        self.reasons.push(Reason { verdict, subject, why });
    }
}

// === impl Verdict ===

impl Verdict {
    /// The verdict in words: `found`, `too soon`, `cannot tell`, `quiet`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::TooSoon => "too soon",
            Self::CannotTell => "cannot tell",
            Self::Quiet => "quiet",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What the rules on repeated calls have in common: many units of work, one statement, one piece of advice.

use std::collections::BTreeMap;
use std::time::Duration;

use super::seen::{Found, Say, Seen};
use super::units::Run;
use crate::identify::Fingerprint;
use crate::judge::advice::{Category, Confidence, Effort, Evidence};

/// What repeated calls of one statement come to.
pub(super) struct Repeated<'r, 'a> {
    pub(super) fingerprint: Fingerprint,
    pub(super) runs: Vec<&'r Run<'a>>,
}

/// Runs by their statement.
pub(super) fn by_statement<'r, 'a>(runs: &'r [Run<'a>]) -> Vec<Repeated<'r, 'a>> {
    let mut all = BTreeMap::<Fingerprint, Vec<&Run<'a>>>::new();
    for run in runs {
        if let Some(call) = run.calls.first() {
            all.entry(call.fingerprint).or_default().push(run);
        }
    }
    all.into_iter().map(|(fingerprint, runs)| Repeated { fingerprint, runs }).collect()
}

// === impl Repeated ===

impl Repeated<'_, '_> {
    /// The most calls in one unit of work.
    pub(super) fn most(&self) -> usize {
        self.runs.iter().map(|run| run.len()).max().unwrap_or(0)
    }

    /// Says it: with where the calls come from, how many there are, and what they cost.
    pub(super) fn say(
        &self,
        seen: &Seen<'_>,
        say: &mut Say<'_>,
        title: &str,
        meaning: &str,
        remedy: Vec<String>,
    ) {
        let Some(statement) = seen.statement(self.fingerprint) else { return };
        let calls = seen.story.calls.iter().filter(|call| call.fingerprint == self.fingerprint);
        let all: Duration = calls.map(|call| call.took).sum();
        let saved: Duration = self.runs.iter().map(|run| run.saved()).sum();
        let mut evidence = Evidence::default()
            .fact("calls in one unit of work", self.most())
            .fact("units of work", self.runs.len())
            .fact("time they took there", format!("{:.1?}", self.longest()));
        let mut callers: Vec<_> =
            self.runs.iter().filter_map(|run| run.calls.first()?.caller.clone()).collect();
        callers.sort_unstable();
        callers.dedup();
        for caller in callers.iter().take(CALLERS_MAX) {
            evidence = evidence.fact("called at", caller);
        }
        if let Some(before) = self.runs.iter().find_map(|run| run.before) {
            if let Some(caller) = &before.caller {
                evidence = evidence.fact("behind a call at", caller);
            }
            evidence.statements.push((before.fingerprint, before.text.to_string()));
        }
        say.found_in(
            statement,
            Found {
                category: Category::Query,
                effort: Effort::Medium,
                confidence: Confidence::Observed,
                risk: None,
                saves: Some(saved.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE)),
                title: title.to_owned(),
                meaning: meaning.to_owned(),
                remedy,
                evidence,
            },
        );
    }

    fn longest(&self) -> Duration {
        self.runs.iter().map(|run| run.time()).max().unwrap_or_default()
    }
}

/// Lines named in the evidence.
const CALLERS_MAX: usize = 5;

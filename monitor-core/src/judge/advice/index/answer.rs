//! What the index advisor answered, as the answer of one rule among the others.

use super::{Answer, IndexAdvice, Workload};
use crate::judge::advice::{RuleAnswer, Verdict};

/// The rule's name.
const RULE: &str = "missing-index";

// === impl IndexAdvice ===

impl IndexAdvice {
    /// Why each statement has or has no advice.
    pub(crate) fn answer(&self, workload: &Workload) -> RuleAnswer {
        let mut all = RuleAnswer::of(RULE);
        for (statement, answer) in workload.statements.iter().zip(&self.answers) {
            let (verdict, why) = match answer {
                Answer::Found { .. } => {
                    all.verdict = Verdict::Found;
                    continue;
                }
                Answer::Quiet(quiet) => (Verdict::Quiet, quiet.to_string()),
                Answer::TooSoon => {
                    (Verdict::TooSoon, "it was not seen often or long enough".to_owned())
                }
                Answer::NotAsked(error) => (Verdict::CannotTell, error.to_string()),
            };
            all.add(verdict, statement.text.clone(), why);
        }
        all
    }
}

/// The answer where the database could not be asked at all.
pub(crate) fn unasked(why: impl Into<String>) -> RuleAnswer {
    let mut answer = RuleAnswer::of(RULE);
    answer.add(Verdict::CannotTell, String::new(), why.into());
    answer
}

//! What to do, what it rests on, and what came of it.

use monitor_core::judge::advice;
use monitor_core::judge::advice::index::{self, Outcome};
use monitor_core::show;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{cut, seconds};
use super::statements::NAME_CHARS_MAX;

/// All advice, and why there is no more of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdviceView {
    /// When the monitor last looked; `null` before the first time.
    pub at: Option<String>,
    /// What to do, most important first; at most 500.
    pub recommendations: Vec<Recommendation>,
    /// What each rule answered, also those that are silent.
    pub rules: Vec<RuleAnswer>,
    /// Indexes that were advised and are there now, and whether they helped.
    pub sequels: Vec<Sequel>,
    /// Recommendations that were given, but are muted, whether here or where the monitor was set up.
    pub muted: u64,
    /// Those of them that were muted here, and can be unmuted.
    pub set_aside: Vec<Recommendation>,
}

/// One piece of advice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Recommendation {
    /// Names this advice in every process.
    pub key: String,
    /// The rule that speaks, such as `missing-index`.
    pub rule: &'static str,
    /// `index`, `query`, `pool`, `workload`, `table`, `transaction`, `configuration`.
    pub category: &'static str,
    /// `low`, `medium`, `high`.
    pub priority: &'static str,
    /// How much work it is: `small`, `medium`, `large`.
    pub effort: &'static str,
    /// How sure it is: `pattern`, `modelled`, `observed`, `verified`.
    pub confidence: &'static str,
    /// What is the matter, in one line.
    pub title: String,
    /// What it means, in a sentence or two.
    pub meaning: String,
    /// What to do, step by step: SQL or code.
    pub remedy: Vec<String>,
    /// Database time an hour that it is expected to save.
    pub saves_seconds_per_hour: Option<f64>,
    /// That, as a share of all database time.
    pub saves_share: Option<f64>,
    /// What it rests on.
    pub evidence: Evidence,
    /// When it was first given.
    pub first_seen: String,
    /// When it was last given.
    pub last_seen: String,
}

/// What a recommendation rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// The statements concerned, the heaviest first; at most 20.
    pub statements: Vec<StatementText>,
    /// What was seen.
    pub facts: Vec<Fact>,
    /// The plan as it is, one node a line.
    pub plan_before: Option<String>,
    /// The plan with the remedy in place.
    pub plan_after: Option<String>,
}

/// A statement by its identity and text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementText {
    /// Its identity.
    pub fingerprint: String,
    /// The beginning of its normalised text, at most 2 000 characters.
    pub text: String,
}

/// One thing that was seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// How much, with its unit.
    pub value: String,
}

/// What one rule answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleAnswer {
    /// The rule.
    pub rule: &'static str,
    /// `found`, `too soon`, `cannot tell`, `quiet`.
    pub verdict: &'static str,
    /// Why it is silent, by subject.
    pub reasons: Vec<RuleReason>,
    /// Reasons left out.
    pub reasons_left_out: u64,
}

/// Why a rule is silent about a subject.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleReason {
    /// `too soon`, `cannot tell`, `quiet`.
    pub verdict: &'static str,
    /// The statement, pool or table; empty where it is everything.
    pub subject: String,
    /// Why.
    pub why: String,
}

/// An advised index that is there now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sequel {
    /// The statement it was advised for.
    pub statement: StatementText,
    /// The index, by its name.
    pub index: String,
    /// When it was first seen.
    pub seen_at: String,
    /// `helped`, `did not help`, `too soon`.
    pub outcome: &'static str,
    /// The time of a call that it saved, as a share; below zero where calls take longer.
    pub saved_share: Option<f64>,
}

/// Recommendations listed.
const RECOMMENDATIONS_MAX: usize = 500;

/// Statements named in one recommendation.
const STATEMENTS_MAX: usize = 20;

/// Characters of a statement, a step, a sentence.
const TEXT_CHARS_MAX: usize = 2_000;

/// Characters of a plan.
const PLAN_CHARS_MAX: usize = 50_000;

fn text(text: &str) -> String {
    cut(text, TEXT_CHARS_MAX).0
}

// === impl AdviceView ===

impl AdviceView {
    pub(crate) fn new(advice: &advice::Advice) -> Self {
        let recommendations = advice.recommendations.iter().take(RECOMMENDATIONS_MAX);
        Self {
            at: advice.at.map(show::moment),
            recommendations: recommendations.map(Recommendation::new).collect(),
            rules: advice.answers.iter().map(RuleAnswer::new).collect(),
            sequels: advice.sequels.iter().map(Sequel::new).collect(),
            muted: advice.muted,
            set_aside: advice.set_aside.iter().map(Recommendation::new).collect(),
        }
    }
}

// === impl Recommendation ===

impl Recommendation {
    pub(crate) fn new(one: &advice::Recommendation) -> Self {
        Self {
            key: one.key.clone(),
            rule: one.rule,
            category: one.category.as_str(),
            priority: one.priority.as_str(),
            effort: one.effort.as_str(),
            confidence: one.confidence.as_str(),
            title: text(&one.title),
            meaning: text(&one.meaning),
            remedy: one.remedy.iter().map(|step| text(step)).collect(),
            saves_seconds_per_hour: seconds(one.impact.time_per_hour),
            saves_share: one.impact.share,
            evidence: Evidence::new(&one.evidence),
            first_seen: show::moment(one.first_seen),
            last_seen: show::moment(one.last_seen),
        }
    }

    /// What is advised about one statement.
    pub(crate) fn about(advice: &advice::Advice, fingerprint: &str) -> Vec<Self> {
        let is_about = |one: &&advice::Recommendation| {
            one.evidence.statements.iter().any(|(id, _)| id.to_string() == fingerprint)
        };
        advice.recommendations.iter().filter(is_about).map(Self::new).collect()
    }
}

// === impl Evidence ===

impl Evidence {
    fn new(evidence: &advice::Evidence) -> Self {
        let plan = |plan: &Option<String>| plan.as_deref().map(|plan| cut(plan, PLAN_CHARS_MAX).0);
        let facts = evidence.facts.iter();
        Self {
            statements: evidence
                .statements
                .iter()
                .take(STATEMENTS_MAX)
                .map(StatementText::new)
                .collect(),
            facts: facts.map(|fact| Fact { name: fact.name, value: text(&fact.value) }).collect(),
            plan_before: plan(&evidence.plan_before),
            plan_after: plan(&evidence.plan_after),
        }
    }
}

// === impl StatementText ===

impl StatementText {
    fn new((fingerprint, statement): &(monitor_core::identify::Fingerprint, String)) -> Self {
        Self { fingerprint: fingerprint.to_string(), text: text(statement) }
    }
}

// === impl RuleAnswer ===

impl RuleAnswer {
    fn new(answer: &advice::RuleAnswer) -> Self {
        let reasons = answer.reasons.iter().map(|reason| RuleReason {
            verdict: reason.verdict.as_str(),
            subject: cut(&reason.subject, NAME_CHARS_MAX).0,
            why: text(&reason.why),
        });
        Self {
            rule: answer.rule,
            verdict: answer.verdict.as_str(),
            reasons: reasons.collect(),
            reasons_left_out: answer.reasons_left_out,
        }
    }
}

// === impl Sequel ===

impl Sequel {
    fn new(sequel: &index::Sequel) -> Self {
        let (outcome, saved_share) = match sequel.outcome {
            Outcome::Helped(share) => ("helped", Some(share)),
            Outcome::DidNotHelp(share) => ("did not help", Some(share)),
            Outcome::TooSoon => ("too soon", None),
        };
        Self {
            statement: StatementText::new(&sequel.statement),
            index: cut(&sequel.index, NAME_CHARS_MAX).0,
            seen_at: show::moment(sequel.seen_at),
            outcome,
            saved_share,
        }
    }
}

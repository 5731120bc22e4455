//! Recommendations for a terminal, and as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::words::{count, cut, duration, moment, percent};
use crate::judge::advice::index::{Outcome, Sequel};
use crate::judge::advice::{Advice, Confidence, Evidence, Recommendation, RuleAnswer};

/// Recommendations in a report; what is left out is said below.
const SHOWN_MAX: usize = 10;

/// Characters of a statement, a fact or a step.
const CHARS_MAX: usize = 110;

/// Recommendations as plain text, three lines each: what was seen, what it means, what to try.
///
/// Empty where there is none.
#[must_use]
pub fn recommendations(recommendations: &[Recommendation]) -> String {
    let mut report = String::new();
    if !recommendations.is_empty() {
        // Writing to a String cannot fail.
        let _ = write_all(&mut report, recommendations);
    }
    report
}

fn write_all(report: &mut String, recommendations: &[Recommendation]) -> std::fmt::Result {
    writeln!(report, "\nadvice, most important first")?;
    for one in recommendations.iter().take(SHOWN_MAX) {
        let subject = one
            .evidence
            .statements
            .first()
            .map(|(_, text)| format!(": `{}`", cut(text, CHARS_MAX)));
        writeln!(
            report,
            "{} ({})  {}{}",
            one.rule,
            one.priority,
            one.title,
            subject.unwrap_or_default()
        )?;
        writeln!(report, "    {}{}", one.meaning, saving(one))?;
        for (at, step) in one.remedy.iter().enumerate() {
            writeln!(report, "    {} {step}", if at == 0 { "try:" } else { "    " })?;
        }
    }
    let left_out = recommendations.len().saturating_sub(SHOWN_MAX);
    if left_out > 0 {
        writeln!(report, "  and {} more", count(left_out as u64))?;
    }
    Ok(())
}

fn saving(one: &Recommendation) -> String {
    match (one.impact.time_per_hour, one.impact.share) {
        (Some(time), Some(share)) if !time.is_zero() => {
            let surely = if one.confidence == Confidence::Pattern { "perhaps" } else { "about" };
            format!(
                "; saves {surely} {} an hour, {} of all database time",
                duration(time),
                percent(share)
            )
        }
        _ => String::new(),
    }
}

/// Advice as one JSON object: recommendations with their evidence, and what each rule answered.
///
/// Durations are in seconds, shares from 0 to 1, moments in RFC 3339. Contains no literal of any statement.
///
/// # Errors
///
/// None that advice can cause; the result is serde_json's own.
pub fn advice_json(advice: &Advice) -> serde_json::Result<String> {
    serde_json::to_string(&Document {
        version: super::JSON_VERSION,
        at: advice.at.map(moment),
        recommendations: advice.recommendations.iter().map(View::new).collect(),
        rules: advice.answers.iter().map(AnswerView::new).collect(),
        sequels: advice.sequels.iter().map(SequelView::new).collect(),
        muted: advice.muted,
        forgotten: advice.forgotten,
    })
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    at: Option<String>,
    recommendations: Vec<View<'a>>,
    rules: Vec<AnswerView<'a>>,
    sequels: Vec<SequelView<'a>>,
    muted: u64,
    forgotten: u64,
}

#[derive(Serialize)]
struct View<'a> {
    rule: &'static str,
    key: &'a str,
    category: &'static str,
    priority: &'static str,
    effort: &'static str,
    confidence: &'static str,
    title: &'a str,
    meaning: &'a str,
    remedy: &'a [String],
    saves_seconds_per_hour: Option<f64>,
    saves_share: Option<f64>,
    evidence: EvidenceView<'a>,
    first_seen: String,
    last_seen: String,
}

#[derive(Serialize)]
struct EvidenceView<'a> {
    statements: Vec<StatementView<'a>>,
    facts: Vec<FactView<'a>>,
    plan_before: Option<&'a str>,
    plan_after: Option<&'a str>,
}

#[derive(Serialize)]
struct StatementView<'a> {
    fingerprint: String,
    text: &'a str,
}

#[derive(Serialize)]
struct FactView<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct AnswerView<'a> {
    rule: &'static str,
    verdict: &'static str,
    reasons: Vec<ReasonView<'a>>,
    reasons_left_out: u64,
}

#[derive(Serialize)]
struct ReasonView<'a> {
    verdict: &'static str,
    subject: &'a str,
    why: &'a str,
}

// === impl View ===

impl<'a> View<'a> {
    fn new(one: &'a Recommendation) -> Self {
        Self {
            rule: one.rule,
            key: &one.key,
            category: one.category.as_str(),
            priority: one.priority.as_str(),
            effort: one.effort.as_str(),
            confidence: one.confidence.as_str(),
            title: &one.title,
            meaning: &one.meaning,
            remedy: &one.remedy,
            saves_seconds_per_hour: one.impact.time_per_hour.map(|time| time.as_secs_f64()),
            saves_share: one.impact.share,
            evidence: EvidenceView::new(&one.evidence),
            first_seen: moment(one.first_seen),
            last_seen: moment(one.last_seen),
        }
    }
}

// === impl EvidenceView ===

impl<'a> EvidenceView<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        let statements = evidence.statements.iter();
        Self {
            statements: statements
                .map(|(fingerprint, text)| StatementView {
                    fingerprint: fingerprint.to_string(),
                    text,
                })
                .collect(),
            facts: evidence
                .facts
                .iter()
                .map(|fact| FactView { name: fact.name, value: &fact.value })
                .collect(),
            plan_before: evidence.plan_before.as_deref(),
            plan_after: evidence.plan_after.as_deref(),
        }
    }
}

// === impl AnswerView ===

impl<'a> AnswerView<'a> {
    fn new(answer: &'a RuleAnswer) -> Self {
        let reasons = answer.reasons.iter().map(|reason| ReasonView {
            verdict: reason.verdict.as_str(),
            subject: &reason.subject,
            why: &reason.why,
        });
        Self {
            rule: answer.rule,
            verdict: answer.verdict.as_str(),
            reasons: reasons.collect(),
            reasons_left_out: answer.reasons_left_out,
        }
    }
}

#[derive(Serialize)]
struct SequelView<'a> {
    fingerprint: String,
    statement: &'a str,
    index: &'a str,
    seen_at: String,
    outcome: &'static str,
    saved_share: Option<f64>,
}

// === impl SequelView ===

impl<'a> SequelView<'a> {
    fn new(sequel: &'a Sequel) -> Self {
        let (outcome, saved_share) = match sequel.outcome {
            Outcome::Helped(share) => ("helped", Some(share)),
            Outcome::DidNotHelp(share) => ("did not help", Some(share)),
            Outcome::TooSoon => ("too soon", None),
        };
        let (fingerprint, statement) = (&sequel.statement.0, &sequel.statement.1);
        Self {
            fingerprint: fingerprint.to_string(),
            statement,
            index: &sequel.index,
            seen_at: moment(sequel.seen_at),
            outcome,
            saved_share,
        }
    }
}

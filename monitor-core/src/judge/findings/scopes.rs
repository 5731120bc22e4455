//! Units of work that call the same again and again, or are over their budget.

use std::time::{Duration, SystemTime};

use super::statements::excerpt;
use crate::judge::{Finding, FindingKind, Severity, Subject};
use crate::snapshot::{RepeatKind, RepeatedCalls, ScopeActivity, Snapshot};

/// What was seen last so long ago is news no more.
const LATELY: Duration = Duration::from_secs(60);

/// Muted ones only where asked for: an alert about them is kept.
pub(super) fn find(snapshot: &Snapshot, with_muted: bool, findings: &mut Vec<Finding>) {
    for scope in &snapshot.scopes {
        let lately = |at: SystemTime| snapshot.at.duration_since(at).unwrap_or_default() < LATELY;
        let repeats = scope.repeats.iter().filter(|one| lately(one.last_at));
        for repeated in repeats.filter(|one| with_muted || !one.muted) {
            if let Some(finding) = of_repeats(scope, repeated) {
                add(findings, finding);
            }
        }
        if scope.over_budget_at.is_some_and(lately) {
            findings.push(over_budget(scope));
        }
    }
}

/// One statement called again and again from two lines is one trouble: that which costs more is told.
fn add(findings: &mut Vec<Finding>, finding: Finding) {
    if !findings.iter().any(|known| known.is_same(&finding)) {
        findings.push(finding);
    }
}

/// `None` for what is only shown: that others ask the same at the same moment is nothing to be woken for.
fn of_repeats(scope: &ScopeActivity, repeated: &RepeatedCalls) -> Option<Finding> {
    let RepeatedCalls { calls_max, time, saved, units, .. } = repeated;
    let (kind, how) = match repeated.kind {
        RepeatKind::Loop => (FindingKind::NPlusOne, "one after another"),
        RepeatKind::FanOut => (FindingKind::NPlusOne, "at once"),
        RepeatKind::Writes => (FindingKind::NPlusOne, "row by row"),
        RepeatKind::Duplicate => (FindingKind::DuplicateQuery, "with the same values"),
        RepeatKind::AtOnce => return None,
    };
    let at = repeated.call_site.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    let behind = repeated.behind_call_site.as_ref();
    let behind = behind.map(|line| format!(", behind a call at {line}")).unwrap_or_default();
    Some(Finding {
        kind,
        severity: Severity::Warning,
        subject: Subject::in_scope(scope, repeated),
        message: format!(
            "`{}` ran up to {calls_max} times {how} in one unit of work{at}{behind}: {time:.1?} in {units} units, of \
             which asking once would have saved {saved:.1?}",
            excerpt(&repeated.text),
        ),
        value: *calls_max as f64,
        threshold: 1.0,
    })
}

fn over_budget(scope: &ScopeActivity) -> Finding {
    let calls = scope.calls_budget.map(|most| format!("{most} calls"));
    let time = scope.time_budget.map(|most| format!("{most:?} of the database"));
    let budget: Vec<_> = calls.into_iter().chain(time).collect();
    let (value, threshold) = match (scope.calls_budget, scope.time_budget) {
        (Some(most), _) if scope.calls_max > most => (scope.calls_max as f64, most as f64),
        (_, Some(most)) => {
            let worst = scope.worst.as_ref().map(|worst| worst.database_time);
            (worst.unwrap_or_default().as_secs_f64(), most.as_secs_f64())
        }
        (most, None) => (scope.calls_max as f64, most.unwrap_or_default() as f64),
    };
    Finding {
        kind: FindingKind::ScopeBudget,
        severity: Severity::Warning,
        subject: Subject::Scope { name: scope.name.clone(), statement: None },
        message: format!(
            "{} of {} units were over their budget of {}; the most calls were {}",
            scope.over_budget,
            scope.units,
            budget.join(" and "),
            scope.calls_max,
        ),
        value,
        threshold,
    }
}

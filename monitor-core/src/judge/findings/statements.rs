//! Statements with slow calls.

use std::time::Duration;

use crate::judge::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::snapshot::{Activity, StatementActivity, Window};

pub(super) fn find(window: &Window, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    for statement in &window.rollup.statements {
        findings.extend(slow(statement, thresholds));
        findings.extend(very_slow(statement, &window.rollup.total, thresholds));
    }
}

fn slow(statement: &StatementActivity, thresholds: &Thresholds) -> Option<Finding> {
    let (count, limit) = (statement.activity.slow, thresholds.slow);
    (count > 0)
        .then(|| slower_than(limit, count, statement, FindingKind::SlowQuery, Severity::Warning))
}

/// An error only where such calls are a share of all that users would call failure: one long report
/// or one new index is worth a look, and no outage.
fn very_slow(
    statement: &StatementActivity,
    all: &Activity,
    thresholds: &Thresholds,
) -> Option<Finding> {
    let share = all.very_slow as f64 / all.calls.max(1) as f64;
    let severity = if share >= thresholds.error_rate { Severity::Error } else { Severity::Warning };
    let (count, limit) = (statement.activity.very_slow, thresholds.very_slow);
    (count > 0).then(|| slower_than(limit, count, statement, FindingKind::VerySlowQuery, severity))
}

fn slower_than(
    limit: Duration,
    count: u64,
    statement: &StatementActivity,
    kind: FindingKind,
    severity: Severity,
) -> Finding {
    let activity = &statement.activity;
    Finding {
        kind,
        severity,
        subject: Subject::statement(statement),
        message: format!(
            "{count} of {} calls of `{}` took {limit:?} or longer, the longest {:.2?}",
            activity.calls,
            excerpt(&statement.text),
            activity.time_max
        ),
        value: activity.time_max.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    }
}

/// The beginning of a text, for a sentence.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

//! Statements with slow calls, those that still run among them.

use std::time::Duration;

use crate::judge::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::snapshot::{Activity, RunningCall, Snapshot, StatementActivity, Window};

/// Of statements that a comment mutes, only where asked for: an alert about them is kept.
pub(super) fn find(
    snapshot: &Snapshot,
    window: &Window,
    thresholds: &Thresholds,
    with_muted: bool,
    findings: &mut Vec<Finding>,
) {
    let all = &window.rollup.total;
    // Mostly none was slow, and then nobody has to look which.
    let statements = if all.slow > 0 { &*window.rollup.statements } else { &[] };
    for statement in statements.iter().filter(|one| with_muted || !one.muted) {
        findings.extend(slow(statement, thresholds));
        findings.extend(very_slow(statement, all, thresholds));
    }
    // The longest first.
    for call in snapshot.running.iter().filter(|call| with_muted || !call.muted) {
        running(call, FindingKind::SlowQuery, call.slow.threshold, findings);
        if call.slow.very_slow {
            let limit = very_slow_after(call, window, thresholds);
            running(call, FindingKind::VerySlowQuery, limit, findings);
        }
    }
}

fn slow(statement: &StatementActivity, thresholds: &Thresholds) -> Option<Finding> {
    let count = statement.activity.slow;
    let limit = statement.slow_after.unwrap_or(thresholds.slow);
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
    let count = statement.activity.very_slow;
    let limit = statement.very_slow_after.unwrap_or(thresholds.very_slow);
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
    let longest = activity.time_max;
    // Below the threshold, a call is slow by what its statement usually takes.
    let (limit, length) = match longest < limit {
        true => (longest, "far longer than usual".to_owned()),
        false => (limit, format!("{limit:?} or longer")),
    };
    Finding {
        kind,
        severity,
        subject: Subject::statement(statement),
        message: format!(
            "{count} of {} calls of `{}` took {length}, the longest {longest:.2?}",
            activity.calls,
            excerpt(&statement.text),
        ),
        value: longest.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    }
}

/// A call that has not ended is told once it is too slow, and its end changes nothing about that.
fn running(call: &RunningCall, kind: FindingKind, limit: Duration, findings: &mut Vec<Finding>) {
    let subject = Subject::running(call);
    if findings.iter().any(|known| known.kind == kind && known.subject == subject) {
        return;
    }
    findings.push(Finding {
        kind,
        severity: Severity::Warning,
        subject,
        message: format!(
            "a call of `{}` has been running for {:.2?} and has not ended, threshold {limit:?}",
            excerpt(&call.statement),
            call.running,
        ),
        value: call.running.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    });
}

/// The statement's own threshold where it is known, otherwise everybody's.
fn very_slow_after(call: &RunningCall, window: &Window, thresholds: &Thresholds) -> Duration {
    let known = window
        .rollup
        .statements
        .iter()
        .find(|one| one.fingerprint == call.fingerprint && one.database == call.database);
    known.and_then(|one| one.very_slow_after).unwrap_or(thresholds.very_slow)
}

/// The beginning of a text, for a sentence.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

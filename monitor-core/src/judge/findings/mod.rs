//! What is beyond its threshold in a snapshot.

mod calls;
mod overload;
mod regression;
mod scopes;
mod sources;
mod statements;

use std::time::Duration;

use super::{AlertRules, Finding, FindingKind, Group, Severity, Subject, Thresholds};
use crate::snapshot::Snapshot;

pub(crate) use overload::Overload;
pub(crate) use regression::Regressions;

/// A threshold passed by this factor makes an error of a warning.
const FAR_BEYOND: f64 = 2.0;

/// Everything that is beyond its threshold, by kind and subject.
///
/// Rates, means and percentiles are judged over the shortest window, and only when it has enough
/// calls. Slow and repeated calls of statements that a comment
/// in their SQL mutes (`/* monitor:mute */`) are left out.
#[must_use]
pub fn findings(snapshot: &Snapshot, thresholds: &Thresholds) -> Vec<Finding> {
    find(snapshot, thresholds, false, &|_| Group::Together)
}

/// The same as [`findings`], with calls grouped as alert rules ask for, and with muted statements:
/// an alert about those is kept.
pub(crate) fn grouped(
    snapshot: &Snapshot,
    thresholds: &Thresholds,
    rules: &AlertRules,
) -> Vec<Finding> {
    find(snapshot, thresholds, true, &|kind| rules.of(kind).group)
}

/// Whom the last minute has calls enough to judge, kind by kind, grouped as alert rules ask for.
pub(crate) fn judged(
    snapshot: &Snapshot,
    thresholds: &Thresholds,
    rules: &AlertRules,
) -> Vec<(FindingKind, Subject)> {
    // Whatever is measured is beyond nothing.
    let nothing = Thresholds {
        error_rate: 0.0,
        average_time: Duration::ZERO,
        p99: Duration::ZERO,
        calls_per_second: 0.0,
        ..*thresholds
    };
    let mut found = Vec::new();
    if let Some(window) = snapshot.windows.first() {
        calls::find(window, &nothing, &|kind| rules.of(kind).group, &mut found);
    }
    found.into_iter().map(|finding| (finding.kind, finding.subject)).collect()
}

fn find(
    snapshot: &Snapshot,
    thresholds: &Thresholds,
    with_muted: bool,
    group: &dyn Fn(FindingKind) -> Group,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(window) = snapshot.windows.first() {
        calls::find(window, thresholds, group, &mut findings);
        statements::find(snapshot, window, thresholds, with_muted, &mut findings);
        sources::find_over(window, thresholds, &mut findings);
    }
    sources::find_now(&snapshot.sources, thresholds, &mut findings);
    scopes::find(snapshot, with_muted, &mut findings);
    findings.sort_by(|a, b| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)));
    findings
}

fn beyond(value: f64, threshold: f64) -> Severity {
    if value >= threshold * FAR_BEYOND { Severity::Error } else { Severity::Warning }
}

//! Shares, means, percentiles and rates of calls.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::beyond;
use crate::judge::{Finding, FindingKind, Group, Severity, Subject, Thresholds};
use crate::snapshot::{Activity, Window};

/// Time a rate must be taken over: the first milliseconds of a service are no rate.
const RATE_COVERS_MIN: Duration = Duration::from_secs(5);

/// Calls a 99th percentile is taken from: of fewer, it is only the slowest call.
const P99_CALLS_MIN: u64 = 100;

/// A share of failures from which it is an outage.
const OUTAGE_ERROR_RATE: f64 = 0.5;

/// Calls that are judged together.
struct Calls<'a> {
    subject: Subject,
    activity: Cow<'a, Activity>,
    covered: Duration,
}

type Judge = fn(&Calls<'_>, &Thresholds) -> Option<Finding>;

const JUDGES: [(FindingKind, Judge); 4] = [
    (FindingKind::ErrorRate, error_rate),
    (FindingKind::AverageTime, average_time),
    (FindingKind::P99, p99),
    (FindingKind::CallsPerSecond, calls_per_second),
];

pub(super) fn find(
    window: &Window,
    thresholds: &Thresholds,
    group: &dyn Fn(FindingKind) -> Group,
    findings: &mut Vec<Finding>,
) {
    for (kind, judge) in JUDGES {
        let found = grouped(window, group(kind)).into_iter().filter_map(|calls| {
            (calls.activity.calls >= thresholds.calls_min)
                .then(|| judge(&calls, thresholds))
                .flatten()
        });
        findings.extend(found);
    }
}

fn grouped(window: &Window, group: Group) -> Vec<Calls<'_>> {
    let covered = window.covered;
    let calls = |subject, activity| Calls { subject, activity, covered };
    match group {
        Group::Together => vec![calls(Subject::AllCalls, Cow::Borrowed(&window.rollup.total))],
        Group::ByStatement => window
            .rollup
            .statements
            .iter()
            .map(|one| calls(Subject::statement(one), Cow::Borrowed(&one.activity)))
            .collect(),
        Group::ByDatabase => {
            let mut databases = BTreeMap::<_, Activity>::new();
            for one in &window.rollup.statements {
                databases.entry(&one.database).or_default().merge(&one.activity);
            }
            let by_database = databases.into_iter();
            by_database
                .map(|(database, activity)| {
                    calls(Subject::Database(database.clone()), Cow::Owned(activity))
                })
                .collect()
        }
    }
}

fn error_rate(calls: &Calls<'_>, thresholds: &Thresholds) -> Option<Finding> {
    let (value, threshold) = (calls.activity.error_rate(), thresholds.error_rate);
    (value >= threshold).then(|| Finding {
        kind: FindingKind::ErrorRate,
        severity: if value >= OUTAGE_ERROR_RATE { Severity::Critical } else { Severity::Error },
        subject: calls.subject.clone(),
        message: format!(
            "{:.1} % of calls failed ({} of {}), threshold {:.1} %",
            value * 100.0,
            calls.activity.failed,
            calls.activity.calls,
            threshold * 100.0
        ),
        value,
        threshold,
    })
}

fn average_time(calls: &Calls<'_>, thresholds: &Thresholds) -> Option<Finding> {
    let (mean, limit) = (calls.activity.mean(), thresholds.average_time);
    (mean >= limit).then(|| Finding {
        kind: FindingKind::AverageTime,
        severity: beyond(mean.as_secs_f64(), limit.as_secs_f64()),
        subject: calls.subject.clone(),
        message: format!("a call takes {mean:.1?} on average, threshold {limit:.1?}"),
        value: mean.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    })
}

fn p99(calls: &Calls<'_>, thresholds: &Thresholds) -> Option<Finding> {
    let (p99, limit) = (calls.activity.p99(), thresholds.p99);
    (p99 >= limit && calls.activity.calls >= P99_CALLS_MIN).then(|| Finding {
        kind: FindingKind::P99,
        severity: beyond(p99.as_secs_f64(), limit.as_secs_f64()),
        subject: calls.subject.clone(),
        message: format!("one call in a hundred takes {p99:.1?} or longer, threshold {limit:.1?}"),
        value: p99.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    })
}

fn calls_per_second(calls: &Calls<'_>, thresholds: &Thresholds) -> Option<Finding> {
    let value = calls.activity.calls as f64 / calls.covered.as_secs_f64().max(f64::MIN_POSITIVE);
    let threshold = thresholds.calls_per_second;
    (value >= threshold && calls.covered >= RATE_COVERS_MIN).then(|| Finding {
        kind: FindingKind::CallsPerSecond,
        severity: Severity::Info,
        subject: calls.subject.clone(),
        message: format!("{value:.0} calls per second, threshold {threshold:.0}"),
        value,
        threshold,
    })
}

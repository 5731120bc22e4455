//! Do calls end well, and soon?

use std::time::Duration;

use super::{Check, CheckKind, Status, Subject, Thresholds, Unit, Verdict};
use crate::capture::ErrorClass;
use crate::snapshot::{Activity, Snapshot};

/// A mean this many times its threshold is felt.
const FAR_BEYOND: u32 = 2;

/// Error rate and latency of all calls in the last minute.
pub(super) fn checks(snapshot: &Snapshot, thresholds: &Thresholds) -> [Check; 2] {
    let none = Activity::default();
    let total = snapshot.windows.first().map_or(&none, |window| &window.rollup.total);
    let too_few = (total.calls < thresholds.calls_min).then(|| {
        format!(
            "{} calls in the last minute, {} are needed: too soon to tell",
            total.calls, thresholds.calls_min
        )
    });
    let check = |kind, judge: fn(&Activity, &Thresholds) -> Verdict| {
        let verdict = match &too_few {
            Some(message) => Verdict::new(Status::Unknown, message.clone()),
            None => judge(total, thresholds),
        };
        Check::new(kind, Subject::AllCalls, snapshot.at, verdict)
    };
    [check(CheckKind::ErrorRate, error_rate), check(CheckKind::Latency, latency)]
}

fn error_rate(total: &Activity, thresholds: &Thresholds) -> Verdict {
    let (rate, limit) = (total.error_rate(), thresholds.error_rate);
    let refused: u64 =
        total.errors.iter().filter(|e| refuses_a_row(e.class)).map(|e| e.count).sum();
    let faults = total.failed.saturating_sub(refused) as f64 / total.calls as f64;
    let status = match (faults >= limit, rate >= limit) {
        (true, _) => Status::Unhealthy,
        (false, true) => Status::Degraded,
        (false, false) => Status::Healthy,
    };
    let message = format!(
        "{} of {} calls failed ({:.1} %), {refused} of them by a constraint",
        total.failed,
        total.calls,
        rate * 100.0
    );
    Verdict::new(status, message).measured(rate, limit, Unit::Share)
}

/// Whether the database worked, and said no to the data.
fn refuses_a_row(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::CheckViolation
            | ErrorClass::ExclusionViolation
            | ErrorClass::ForeignKeyViolation
            | ErrorClass::NotNullViolation
            | ErrorClass::UniqueViolation
    )
}

fn latency(total: &Activity, thresholds: &Thresholds) -> Verdict {
    let (mean, limit) = (total.mean(), thresholds.average_time);
    let very_slow = total.very_slow as f64 / total.calls as f64 >= thresholds.error_rate;
    let status = match mean {
        mean if very_slow || mean >= limit * FAR_BEYOND => Status::Unhealthy,
        mean if mean >= limit => Status::Degraded,
        _ => Status::Healthy,
    };
    let message = format!(
        "mean {}, p95 {}; {} of {} calls were very slow",
        short(mean),
        short(total.p95()),
        total.very_slow,
        total.calls
    );
    Verdict::new(status, message).measured(mean.as_secs_f64(), limit.as_secs_f64(), Unit::Seconds)
}

fn short(duration: Duration) -> String {
    format!("{duration:.1?}")
}

//! Does anything need attention, and does the monitor itself work?

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::{Check, CheckKind, Status, Subject, Unit, Verdict};
use crate::judge::{Alert, AlertState, Severity};
use crate::snapshot::{BeatActivity, SinkActivity, Snapshot};

/// The beat comes every second, and reviews every five.
const BEAT_LATE: Duration = Duration::from_secs(15);

/// How long a caught panic, or a notice that could not be told, is worth a word.
const TROUBLE_LASTS: Duration = Duration::from_secs(5 * 60);

/// Attempts in a row after which a sink counts as deaf: fewer are a hiccup.
const SINK_FAILURES_MAX: u32 = 3;

/// A sink that has been telling one thing for this long hangs: twice what a slow server is given.
const SINK_HANGS: Duration = Duration::from_secs(60);

/// The checks of who watches.
pub(super) fn checks(snapshot: &Snapshot, alerts: &[Alert]) -> [Check; 2] {
    let check = |kind, subject, verdict| Check::new(kind, subject, snapshot.at, verdict);
    let monitor = match &snapshot.beat {
        Some(beat) => monitor(beat, snapshot),
        None => Verdict::new(Status::Unknown, "the monitor is off"),
    };
    [
        check(CheckKind::Alerts, Subject::AllCalls, firing(alerts)),
        check(CheckKind::Monitor, Subject::Monitor, monitor),
    ]
}

/// Names sorts of alerts only: their messages quote statements.
fn firing(alerts: &[Alert]) -> Verdict {
    let firing = alerts.iter().filter(|alert| {
        let felt = alert.finding.severity >= Severity::Warning && !alert.muted;
        alert.state == AlertState::Firing && felt
    });
    let (mut count, mut kinds) = (0_u64, BTreeSet::new());
    for alert in firing {
        count += 1;
        kinds.insert(alert.finding.kind.as_str());
    }
    let verdict = match count {
        0 => Verdict::new(Status::Healthy, "none fires"),
        _ => {
            let kinds: Vec<_> = kinds.into_iter().collect();
            Verdict::new(Status::Degraded, format!("{count} firing: {}", kinds.join(", ")))
        }
    };
    verdict.measured(count as f64, 1.0, Unit::Count)
}

/// What its limits made it let go is told, and is no trouble: numbers stay true without it. An alert
/// that nobody could be told of is trouble.
fn monitor(beat: &BeatActivity, Snapshot { at, losses, sinks, .. }: &Snapshot) -> Verdict {
    let late = beat.last_ago >= BEAT_LATE;
    let panicked = beat.panicked_ago.filter(|ago| *ago < TROUBLE_LASTS);
    let deaf = sinks.iter().filter(|sink| is_deaf(sink, *at));
    let deaf: Vec<&str> = deaf.map(|sink| &*sink.name).collect();
    let trouble = late || panicked.is_some() || !deaf.is_empty();
    let mut words = vec![format!("its last beat was {:.1?} ago", beat.last_ago)];
    if let Some(ago) = panicked {
        let count = losses.panics_caught;
        words.push(format!("{count} panics caught, the last {ago:.0?} ago"));
    }
    if !deaf.is_empty() {
        words.push(format!("alerts do not reach {}", deaf.join(", ")));
    }
    let entries = losses.entries().into_iter();
    let lost = entries.filter(|(name, lost)| *lost > 0 && *name != "panics_caught");
    words.extend(lost.map(|(name, lost)| format!("{name} {lost}")));
    let status = if trouble { Status::Degraded } else { Status::Healthy };
    let (value, threshold) = (beat.last_ago.as_secs_f64(), BEAT_LATE.as_secs_f64());
    Verdict::new(status, words.join(", ")).measured(value, threshold, Unit::Seconds)
}

/// Whether a sink could not be told something lately. One that has been silent since is not asked for
/// ever how it does: what it was not told stays in its own numbers.
fn is_deaf(sink: &SinkActivity, now: SystemTime) -> bool {
    let failed = sink.last_failure.as_ref().map(|failure| failure.at);
    let lately =
        failed.is_some_and(|at| now.duration_since(at).unwrap_or_default() < TROUBLE_LASTS);
    let hangs = sink
        .busy_since
        .is_some_and(|since| now.duration_since(since).unwrap_or_default() >= SINK_HANGS);
    let fails = lately && (!sink.untold.is_empty() || sink.failures_in_a_row >= SINK_FAILURES_MAX);
    hangs || fails
}

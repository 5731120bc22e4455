//! Can each database be reached?

use std::time::Duration;

use super::{Check, CheckKind, Status, Subject, Thresholds, Unit, Verdict};
use crate::capture::ProbeEnd;
use crate::snapshot::{ContactActivity, Snapshot, SourceActivity};

/// How long an answer or a loss says something about now. Twice the longest time between two probes.
const EVIDENCE_LASTS: Duration = Duration::from_secs(120);

/// Losses without an answer that are no accident: a server that restarts drops many calls at once,
/// so they have to spread over [`LOST_FOR`] as well.
const LOST_IN_A_ROW: u64 = 2;

/// See [`LOST_IN_A_ROW`].
const LOST_FOR: Duration = Duration::from_secs(5);

/// A probe is a round trip; after this time something is wrong with it.
const PROBE_WAITS: Duration = Duration::from_secs(5);

/// A pool without a free connection and without an answer for this long may stand before a database
/// that hangs, or before an application that does.
const BUSY_AND_SILENT: Duration = Duration::from_secs(60);

/// One check for each source of which anything was heard, and for each pool.
pub(super) fn checks(snapshot: &Snapshot, thresholds: &Thresholds) -> Vec<Check> {
    let sources = snapshot.sources.iter().filter(|source| {
        let contact = &source.contact;
        source.pool.is_some() || contact.answered_ago.is_some() || contact.lost_ago.is_some()
    });
    sources
        .map(|source| {
            let refused = refused(snapshot, source) >= thresholds.failed_connections;
            let verdict = verdict(&source.contact, refused);
            Check::new(CheckKind::Connectivity, Subject::source(source), snapshot.at, verdict)
        })
        .collect()
}

/// Attempts to connect that failed within the last minute.
fn refused(snapshot: &Snapshot, source: &SourceActivity) -> u64 {
    let window = snapshot.windows.first();
    let same = window.and_then(|window| window.sources.iter().find(|other| other.is_same(source)));
    same.map_or(0, |source| source.connections.failed)
}

/// The newest word counts, whoever brought it: a call or a probe.
fn verdict(contact: &ContactActivity, refused: bool) -> Verdict {
    if let Some(waits) = hanging(contact) {
        let status = if waits >= 2 * PROBE_WAITS { Status::Unhealthy } else { Status::Degraded };
        return Verdict::new(status, format!("a probe has been waiting for {waits:.1?}")).measured(
            waits.as_secs_f64(),
            PROBE_WAITS.as_secs_f64(),
            Unit::Seconds,
        );
    }
    if let Some(lost_for) = contact.lost_for.filter(|_| fresh(contact.lost_ago)) {
        return lost(contact, lost_for, refused);
    }
    if let Some(busy_for) = busy_and_silent(contact) {
        let message = format!("all connections are out, and nothing answered for {busy_for:.0?}");
        return Verdict::new(Status::Degraded, message);
    }
    match contact.answered_ago.filter(|ago| *ago < EVIDENCE_LASTS) {
        Some(ago) => Verdict::new(Status::Healthy, answered(contact, ago)),
        None => Verdict::new(
            Status::Unknown,
            format!("no call and no probe for {EVIDENCE_LASTS:?}: too soon to tell"),
        ),
    }
}

fn fresh(ago: Option<Duration>) -> bool {
    ago.is_some_and(|ago| ago < EVIDENCE_LASTS)
}

fn lost(contact: &ContactActivity, lost_for: Duration, refused: bool) -> Verdict {
    let count = contact.lost_in_a_row;
    let gone = refused || (count >= LOST_IN_A_ROW && lost_for >= LOST_FOR);
    let reason = match contact.probe.as_ref().and_then(|probe| probe.last) {
        Some(ProbeEnd::Failed(class)) => format!(" ({class})"),
        _ => String::new(),
    };
    let answered = match contact.answered_ago {
        Some(ago) => format!("the last answer is {ago:.1?} old"),
        None => "it never answered".into(),
    };
    let status = if gone { Status::Unhealthy } else { Status::Degraded };
    let times = if count == 1 { "once".into() } else { format!("{count} times in a row") };
    Verdict::new(status, format!("not reached {times}{reason}; {answered}")).measured(
        count as f64,
        LOST_IN_A_ROW as f64,
        Unit::Count,
    )
}

/// How long a probe waits, if that is too long and nothing else answered meanwhile.
fn hanging(contact: &ContactActivity) -> Option<Duration> {
    let waits = contact.probe.as_ref()?.waiting_for.filter(|waits| *waits >= PROBE_WAITS)?;
    contact.answered_ago.is_none_or(|ago| ago >= waits).then_some(waits)
}

fn busy_and_silent(contact: &ContactActivity) -> Option<Duration> {
    let probe = contact.probe.as_ref()?;
    let busy_for = probe.alike_for.filter(|_| probe.last == Some(ProbeEnd::Busy))?;
    let silent_for = contact.answered_ago.map_or(busy_for, |ago| ago.min(busy_for));
    let seen = fresh(probe.last_ago);
    (seen && silent_for >= BUSY_AND_SILENT).then_some(silent_for)
}

fn answered(contact: &ContactActivity, ago: Duration) -> String {
    match contact.probe.as_ref().and_then(|probe| probe.took) {
        Some(took) => format!("answered {ago:.1?} ago; a probe took {took:.1?}"),
        None => format!("answered {ago:.1?} ago"),
    }
}

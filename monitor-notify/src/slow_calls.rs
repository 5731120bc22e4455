//! Slow calls in your log.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use monitor_core::Builder;
use monitor_core::capture::Database;
use monitor_core::identify::Fingerprint;
use monitor_core::snapshot::{CallRecord, RunningCall, SlowVerdict, Snapshot};
use tracing::field::display as shown;

/// Writes each slow call once as an event of `tracing`, for log pipelines: when it was found running too long, and when it
/// had ended.
///
/// ```
/// use monitor_core::Monitor;
/// use monitor_notify::SlowCalls;
///
/// let slow_calls = SlowCalls::new();
/// let monitor = slow_calls.join(Monitor::builder()).build()?;
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
///
/// Target: `db_monitor::slow_call`. Level: `WARN`. Fields: `event` (`running`, `ended`), `statement` with `?` in place of its literals,
/// `kind`, `duration_seconds`, `threshold_seconds`, `reason`, `very_slow`, `database`, and where they are known, `fingerprint`, `pool`,
/// `connection`, and of a call that has ended `outcome`, `error`, `error_code`, `rows_returned`, `rows_affected`, `tag`, `call_site`,
/// `trace_id`. Statements that a comment mutes (`monitor:mute`) are left out.
///
/// They are written on the monitor's own thread whenever alerts are reviewed, every five seconds, to the global subscriber;
/// [`Monitor::review_alerts`](monitor_core::Monitor::review_alerts) at the end of a process writes the last. A call pays nothing
/// for it. Those beyond [`events_max`](Self::events_max), or gone from the slow log by then, are counted
/// ([`missed`](Self::missed)), and one more event says how many they were.
#[derive(Clone, Debug)]
#[must_use = "nothing is written until it joins a monitor's builder"]
pub struct SlowCalls {
    events_max: usize,
    told: Arc<Mutex<Told>>,
}

/// How far it was told.
#[derive(Debug, Default)]
struct Told {
    /// The highest number of a call that ended.
    ended: u64,
    /// The highest number of a call that was found running.
    running: u64,
    missed: u64,
}

/// The statements nobody wants to hear about.
type Muted<'a> = HashSet<(&'a Database, Fingerprint)>;

// === impl SlowCalls ===

impl SlowCalls {
    /// Default of [`events_max`](Self::events_max).
    pub const EVENTS_MAX: usize = 50;

    /// Writes slow calls.
    pub fn new() -> Self {
        Self { events_max: Self::EVENTS_MAX, told: Arc::default() }
    }

    /// Calls written at one review, of each of the two events; the newest are. Default:
    /// [`EVENTS_MAX`](Self::EVENTS_MAX), 50, which is ten a second.
    pub fn events_max(mut self, count: usize) -> Self {
        self.events_max = count;
        self
    }

    /// Joins a monitor's builder, as a rule that finds nothing.
    pub fn join(&self, builder: Builder) -> Builder {
        let this = self.clone();
        builder.rule("slow-calls-log", move |snapshot| {
            this.tell(snapshot);
            Vec::new()
        })
    }

    /// Slow calls that were not written.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).missed
    }

    fn tell(&self, snapshot: &Snapshot) {
        let (ended, running, missed) = self.news(snapshot);
        running.iter().for_each(|call| write_running(call));
        ended.iter().for_each(|call| write_ended(call));
        if missed > 0 {
            tracing::warn!(
                target: "db_monitor::slow_call",
                event = "missed",
                missed,
                "{missed} more slow calls are not in this log; the slow log of the monitor counts them all"
            );
        }
    }

    /// What nobody was told of, oldest first, and how many calls more.
    fn news<'a>(&self, snapshot: &'a Snapshot) -> (Vec<&'a CallRecord>, Vec<&'a RunningCall>, u64) {
        let muted = muted(snapshot);
        let told = &mut *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let numbered =
            snapshot.slow_newest.iter().filter_map(|call| Some((call.slow_number?, call)));
        let (mut ended, missed_ended) = self.above(&mut told.ended, numbered);
        let numbered = snapshot.running_told.iter().map(|call| (call.number, call));
        let (mut running, missed_running) = self.above(&mut told.running, numbered);
        ended.retain(|call| !muted.contains(&(&*call.database, call.fingerprint)));
        running.retain(|call| !call.muted);
        told.missed += missed_ended + missed_running;
        (ended, running, missed_ended + missed_running)
    }

    /// The calls with the highest numbers above the last, which goes up to the highest there is.
    fn above<'a, T>(
        &self,
        last: &mut u64,
        calls: impl Iterator<Item = (u64, &'a T)>,
    ) -> (Vec<&'a T>, u64) {
        let mut new: Vec<_> = calls.filter(|(number, _)| number > last).collect();
        new.sort_unstable_by_key(|(number, _)| *number);
        let highest = new.last().map_or(*last, |(number, _)| *number);
        new.drain(..new.len().saturating_sub(self.events_max));
        let missed = highest - *last - new.len() as u64;
        *last = highest;
        (new.into_iter().map(|(_, call)| call).collect(), missed)
    }
}

impl Default for SlowCalls {
    fn default() -> Self {
        Self::new()
    }
}

fn muted(snapshot: &Snapshot) -> Muted<'_> {
    let statements = snapshot.lifetime.statements.iter().filter(|statement| statement.muted);
    statements.filter_map(|known| Some((&*known.database, known.fingerprint?))).collect()
}

fn write_ended(call: &CallRecord) {
    let Some(SlowVerdict { reason, threshold, very_slow, .. }) = call.slow else { return };
    tracing::warn!(
        target: "db_monitor::slow_call",
        event = "ended",
        statement = &*call.statement,
        fingerprint = %call.fingerprint,
        kind = call.kind.as_str(),
        duration_seconds = call.duration.as_secs_f64(),
        threshold_seconds = threshold.as_secs_f64(),
        reason = reason.as_str(),
        very_slow,
        outcome = call.outcome.as_str(),
        error = call.error.map(|class| class.as_str()),
        error_code = call.error_code.as_deref(),
        rows_returned = call.rows.returned,
        rows_affected = call.rows.affected,
        database = %call.database,
        pool = call.pool.as_deref(),
        connection = call.connection,
        tag = call.tag.as_deref(),
        call_site = call.call_site.map(shown),
        trace_id = call.trace_id.map(|id| shown(format!("{id:032x}"))),
        "a call took {:.3?}",
        call.duration
    );
}

fn write_running(call: &RunningCall) {
    let SlowVerdict { reason, threshold, very_slow, .. } = call.slow;
    tracing::warn!(
        target: "db_monitor::slow_call",
        event = "running",
        statement = &*call.statement,
        fingerprint = call.fingerprint.map(shown),
        kind = call.kind.as_str(),
        duration_seconds = call.running.as_secs_f64(),
        threshold_seconds = threshold.as_secs_f64(),
        reason = reason.as_str(),
        very_slow,
        database = %call.database,
        pool = call.pool.as_deref(),
        connection = call.connection,
        "a call has been running for {:.3?}",
        call.running
    );
}

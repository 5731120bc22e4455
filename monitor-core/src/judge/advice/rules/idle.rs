//! What the rules on idleness have in common: something is held for long, and the database does nothing meanwhile.

use std::time::Duration;

use super::seen::{Found, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Hold, Priority};
use crate::snapshot::{Histogram, SourceActivity};

/// What is held for so long is held.
const HELD_MIN: Duration = Duration::from_secs(5);
/// The database works for less of that time than this where it is held idle.
const BUSY_MAX: f64 = 0.1;
/// One may be idle on purpose.
const HOLDS_MIN: usize = 2;
/// Lines named in the evidence.
const CALLERS_MAX: usize = 5;

/// Connections or transactions of one source that were held for long and not used.
pub(super) struct Idle {
    count: usize,
    pub(super) time: Duration,
    callers: Vec<String>,
}

/// The connections of a source that were held and not used, or why there are none.
pub(super) fn connections(seen: &Seen<'_>, source: &SourceActivity) -> Result<Idle, String> {
    let holds: Vec<_> = seen.story.holds.iter().filter(|hold| *hold.pool == *source.name).collect();
    if !holds.is_empty() {
        return Idle::of_holds(holds.into_iter());
    }
    let lately = seen.source_lately(source).unwrap_or(source);
    let (Some(pool), Some(now)) = (&lately.pool, &source.pool) else {
        return Err("it is no pool".into());
    };
    let mut idle = Idle::of_durations(&pool.checkouts.hold);
    for held in now.held.iter().filter(|held| held.held >= HELD_MIN) {
        idle.count += 1;
        idle.time += held.held;
        idle.callers.extend(held.call_site.map(|line| line.to_string()));
    }
    idle.unless_busy(seen, source)
}

/// The transactions of a source that were open and did nothing, or why there are none.
pub(super) fn transactions(seen: &Seen<'_>, source: &SourceActivity) -> Result<Idle, String> {
    let holds =
        seen.story.holds.iter().filter(|hold| *hold.pool == *source.name && hold.in_transaction);
    if let Ok(idle) = Idle::of_holds(holds) {
        return Ok(idle);
    }
    let lately = seen.source_lately(source).unwrap_or(source);
    Idle::of_durations(&lately.transactions.duration).unless_busy(seen, source)
}

// === impl Idle ===

impl Idle {
    /// By single holds, where somebody tells them.
    fn of_holds<'h>(holds: impl Iterator<Item = &'h Hold>) -> Result<Self, String> {
        let mut idle = Self { count: 0, time: Duration::ZERO, callers: Vec::new() };
        for hold in holds.filter(|hold| is_idle(hold)) {
            idle.count += 1;
            idle.time += hold.held;
            idle.callers.extend(hold.caller.as_deref().map(str::to_owned));
        }
        idle.if_several()
    }

    /// Those that were held for long, and for how long together at the least.
    fn of_durations(held: &Histogram) -> Self {
        let mut idle = Self { count: 0, time: Duration::ZERO, callers: Vec::new() };
        for (index, count) in held.buckets() {
            // A bucket holds what is longer than its lower bound, a power of two in eighths.
            let low = (f64::from(index - 1) / 8.0).exp2();
            let low = Duration::try_from_secs_f64(low).unwrap_or_default();
            if low >= HELD_MIN {
                idle.count += usize::try_from(count).unwrap_or(usize::MAX);
                idle.time = idle
                    .time
                    .saturating_add(low.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
            }
        }
        idle
    }

    /// By sums of the last hour: all calls to the database together, those that still run included, took less than a tenth of
    /// that time, so it was idle, whichever connections the calls ran on.
    fn unless_busy(self, seen: &Seen<'_>, source: &SourceActivity) -> Result<Self, String> {
        let statements =
            seen.lately().statements.iter().filter(|one| one.database == source.database);
        let running = seen.snapshot.running.iter().filter(|one| one.database == source.database);
        let busy: Duration = statements
            .map(|statement| statement.activity.time)
            .chain(running.map(|call| call.running))
            .sum();
        if self.count > 0 && busy.as_secs_f64() >= BUSY_MAX * self.time.as_secs_f64() {
            return Err("calls may have filled the time".into());
        }
        self.if_several()
    }

    fn if_several(mut self) -> Result<Self, String> {
        if self.count < HOLDS_MIN {
            return Err(format!("{} were held for long and not used", self.count));
        }
        self.callers.sort_unstable();
        self.callers.dedup();
        Ok(self)
    }

    pub(super) fn advice(
        &self,
        category: Category,
        title: String,
        meaning: &str,
        remedy: Vec<String>,
    ) -> Found {
        let mut evidence = Evidence::default()
            .fact("held for long and not used", self.count)
            .fact("for, together", format!("{:.0?}", self.time));
        for caller in self.callers.iter().take(CALLERS_MAX) {
            evidence = evidence.fact("taken at", caller);
        }
        Found {
            category,
            effort: Effort::Medium,
            confidence: Confidence::Observed,
            risk: Some(Priority::High),
            saves: None,
            title,
            meaning: meaning.into(),
            remedy,
            evidence,
        }
    }
}

fn is_idle(hold: &Hold) -> bool {
    let busy = hold.busy.map_or(f64::MAX, |busy| busy.as_secs_f64());
    hold.held >= HELD_MIN && busy < BUSY_MAX * hold.held.as_secs_f64()
}

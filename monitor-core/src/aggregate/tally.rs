//! The numbers of one series.

use std::time::Duration;

use super::event::{ErrorDetail, Event};
use super::slowness::Slowness;
use crate::capture::OutcomeKind;
use crate::identify::Kind;
use crate::snapshot::{Activity, ERROR_CODES_MAX, ErrorCount, codes};

/// The numbers of one series: what the windows have seen already, and what they have not.
#[derive(Default)]
pub(super) struct Tally {
    seen: Activity,
    fresh: Activity,
}

// === impl Tally ===

impl Tally {
    /// Counts a call of a statement of some kind. Says whether its error code had to be left out.
    pub(super) fn add(&mut self, event: &Event, kind: Kind, slowness: Slowness) -> bool {
        self.count(event, kind, slowness);
        event.error().is_some_and(|error| self.add_error(error, event.duration()))
    }

    #[inline]
    fn count(&mut self, event: &Event, kind: Kind, slowness: Slowness) {
        let (fresh, duration) = (&mut self.fresh, event.duration());
        fresh.time_min = if fresh.calls == 0 { duration } else { fresh.time_min.min(duration) };
        fresh.time_max = fresh.time_max.max(duration);
        fresh.time = fresh.time.saturating_add(duration);
        fresh.calls += 1;
        fresh.histogram.record_nanos(event.nanos);
        match event.outcome {
            OutcomeKind::Completed => {}
            OutcomeKind::Failed => fresh.failed += 1,
            OutcomeKind::Cancelled => fresh.cancelled += 1,
        }
        fresh.slow += u64::from(slowness.is_slow(event.nanos));
        fresh.very_slow += u64::from(slowness.is_very_slow(event.nanos));
        let rows = event.rows.counted_for(kind);
        let (returned, affected) = rows.known();
        fresh.rows_returned = fresh.rows_returned.saturating_add(returned);
        fresh.rows_affected = fresh.rows_affected.saturating_add(affected);
        fresh.rows_unknown += u64::from(rows.is_unknown());
        if let Some(returned) = rows.returned() {
            fresh.rows_histogram.record(returned);
        }
    }

    fn add_error(&mut self, error: &ErrorDetail, took: Duration) -> bool {
        let ErrorDetail { class, code } = error;
        let errors = &mut self.fresh.errors;
        let is = |error: &ErrorCount, code: Option<&str>| {
            error.class == *class && error.code.as_deref() == code
        };
        let code = code.as_deref();
        // Codes of the whole life count against the bound, as both parts end up together.
        let known = errors.iter().chain(&self.seen.errors).any(|error| is(error, code));
        let full = codes(errors).max(codes(&self.seen.errors)) >= ERROR_CODES_MAX;
        let fold = full && !known && code.is_some();
        let code = code.filter(|_| !fold);
        match errors.iter_mut().find(|error| is(error, code)) {
            Some(error) => error.add(took),
            None => {
                let mut error = ErrorCount::new(*class, code);
                error.add(took);
                errors.push(error);
            }
        }
        fold
    }

    /// Whether any call was counted.
    pub(super) fn was_called(&self) -> bool {
        self.calls() > 0
    }

    /// Calls counted so far.
    pub(super) fn calls(&self) -> u64 {
        self.fresh.calls + self.seen.calls
    }

    /// The 95th percentile of all calls so far.
    pub(super) fn p95(&self) -> Duration {
        let mut times = self.seen.histogram.clone();
        times.merge(&self.fresh.histogram);
        times.quantile(0.95).unwrap_or_default()
    }

    /// What the windows have seen, and what they have not; `None` where that is nothing.
    pub(super) fn both(&self) -> Option<(Activity, Activity)> {
        self.was_called().then(|| (self.seen.clone(), self.fresh.clone()))
    }

    /// What the windows have not seen until now.
    pub(super) fn take_fresh(&mut self) -> Option<Activity> {
        self.seen.merge(&self.fresh);
        Some(std::mem::take(&mut self.fresh)).filter(|fresh| fresh.calls > 0)
    }

    /// Adds the numbers of another one; what is fresh stays fresh.
    pub(super) fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.fresh.merge(&other.fresh);
    }
}

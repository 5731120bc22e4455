//! The numbers of one series.

use std::time::Duration;

use super::event::{ErrorDetail, Event};
use crate::capture::OutcomeKind;
use crate::identify::Kind;
use crate::snapshot::buckets::slot_of;
use crate::snapshot::{Activity, ERROR_CODES_MAX, ErrorCount, Histogram, codes, merge_errors};

/// From how many nanoseconds on a call is slow.
#[derive(Clone, Copy)]
pub(super) struct Slowness {
    pub(super) slow: u64,
    pub(super) very_slow: u64,
}

/// The numbers of one series: what the windows have seen already, and what they have not.
#[derive(Default)]
pub(super) struct Tally {
    seen: Activity,
    fresh: Counts,
}

/// An [`Activity`] in the making: numbers as they are quickest to add to.
#[derive(Default)]
struct Counts {
    calls: u64,
    failed: u64,
    cancelled: u64,
    slow: u64,
    very_slow: u64,
    rows_returned: u64,
    rows_affected: u64,
    rows_unknown: u64,
    nanos: u64,
    nanos_min: u64,
    nanos_max: u64,
    /// Histogram slot and count, ascending by slot.
    slots: Vec<(u16, u64)>,
    /// Where in `slots` the last call was: the next one is often there too.
    last: usize,
    errors: Vec<ErrorCount>,
}

// === impl Tally ===

impl Tally {
    /// Counts a call of a statement of some kind. Says whether its error code had to be left out.
    pub(super) fn add(&mut self, event: &Event, kind: Kind, slowness: Slowness) -> bool {
        self.fresh.add(event, kind, slowness);
        event.error.as_deref().is_some_and(|error| self.add_error(error))
    }

    fn add_error(&mut self, error: &ErrorDetail) -> bool {
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
            Some(error) => error.count += 1,
            None => {
                errors.push(ErrorCount { class: *class, code: code.map(str::to_owned), count: 1 })
            }
        }
        fold
    }

    /// Whether any call was counted.
    pub(super) fn was_called(&self) -> bool {
        self.fresh.calls + self.seen.calls > 0
    }

    /// Everything counted so far.
    pub(super) fn all(&self) -> Activity {
        let mut all = self.seen.clone();
        all.merge(&self.fresh.read());
        all
    }

    /// What the windows have not seen; `None` where that is nothing.
    pub(super) fn fresh(&self) -> Option<Activity> {
        (self.fresh.calls > 0).then(|| self.fresh.read())
    }

    /// What the windows have not seen until now.
    pub(super) fn take_fresh(&mut self) -> Option<Activity> {
        let fresh = self.fresh()?;
        self.fresh = Counts::default();
        self.seen.merge(&fresh);
        Some(fresh)
    }

    /// Adds the numbers of another one; what is fresh stays fresh.
    pub(super) fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.fresh.merge(&other.fresh);
    }
}

// === impl Counts ===

impl Counts {
    #[inline]
    fn add(&mut self, event: &Event, kind: Kind, slowness: Slowness) {
        let nanos = event.nanos;
        self.nanos_min = if self.calls == 0 { nanos } else { self.nanos_min.min(nanos) };
        self.nanos_max = self.nanos_max.max(nanos);
        self.nanos = self.nanos.saturating_add(nanos);
        self.calls += 1;
        self.add_slot(slot_of(nanos) as u16, 1);
        match event.outcome {
            OutcomeKind::Completed => {}
            OutcomeKind::Failed => self.failed += 1,
            OutcomeKind::Cancelled => self.cancelled += 1,
        }
        self.slow += u64::from(nanos >= slowness.slow);
        self.very_slow += u64::from(nanos >= slowness.very_slow);
        let rows = event.rows.counted_for(kind);
        let (returned, affected) = rows.known();
        self.rows_returned = self.rows_returned.saturating_add(returned);
        self.rows_affected = self.rows_affected.saturating_add(affected);
        self.rows_unknown += u64::from(rows.is_unknown());
    }

    fn add_slot(&mut self, slot: u16, calls: u64) {
        if let Some((known, count)) = self.slots.get_mut(self.last)
            && *known == slot
        {
            *count += calls;
            return;
        }
        self.last = match self.slots.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(place) => {
                self.slots[place].1 += calls;
                place
            }
            Err(place) => {
                self.slots.insert(place, (slot, calls));
                place
            }
        };
    }

    fn merge(&mut self, other: &Self) {
        if other.calls == 0 {
            return;
        }
        let min = other.nanos_min;
        self.nanos_min = if self.calls == 0 { min } else { self.nanos_min.min(min) };
        self.nanos_max = self.nanos_max.max(other.nanos_max);
        self.nanos = self.nanos.saturating_add(other.nanos);
        self.calls = self.calls.saturating_add(other.calls);
        self.failed = self.failed.saturating_add(other.failed);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
        self.slow = self.slow.saturating_add(other.slow);
        self.very_slow = self.very_slow.saturating_add(other.very_slow);
        self.rows_returned = self.rows_returned.saturating_add(other.rows_returned);
        self.rows_affected = self.rows_affected.saturating_add(other.rows_affected);
        self.rows_unknown = self.rows_unknown.saturating_add(other.rows_unknown);
        for (slot, count) in &other.slots {
            self.add_slot(*slot, *count);
        }
        merge_errors(&mut self.errors, &other.errors);
    }

    fn read(&self) -> Activity {
        Activity {
            calls: self.calls,
            failed: self.failed,
            cancelled: self.cancelled,
            slow: self.slow,
            very_slow: self.very_slow,
            rows_returned: self.rows_returned,
            rows_affected: self.rows_affected,
            rows_unknown: self.rows_unknown,
            time: Duration::from_nanos(self.nanos),
            time_min: Duration::from_nanos(self.nanos_min),
            time_max: Duration::from_nanos(self.nanos_max),
            histogram: Histogram::from_sparse(&self.slots),
            errors: self.errors.clone(),
        }
    }
}

//! When a database was last heard of, by its calls and by probes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::lock;
use crate::capture::{ErrorClass, ProbeEnd, Tick};
use crate::snapshot::{ContactActivity, ProbeActivity};

/// The contact of one source with its database.
#[derive(Default)]
pub(crate) struct Contact {
    /// The last answer's moment, apart from the rest because whoever books calls writes it.
    answered: AtomicU64,
    losses: Mutex<Losses>,
    probes: Mutex<Probes>,
}

/// Losses after the last answer.
#[derive(Default)]
struct Losses {
    first: Option<Tick>,
    last: Option<Tick>,
    in_a_row: u64,
}

#[derive(Default)]
struct Probes {
    counts: ProbeActivity,
    /// When the last one ended, and when the first of those that ended alike.
    last: Option<(Tick, Tick)>,
    /// When those that have not ended began.
    waiting: Vec<Tick>,
}

// === impl Contact ===

impl Contact {
    /// A call failed.
    pub(super) fn refused(&self, class: ErrorClass, at: Tick) {
        if class == ErrorClass::Connection {
            self.lost(at);
        }
    }

    /// The database answered.
    pub(crate) fn answered(&self, at: Tick) {
        // Zero stands for never.
        self.answered.fetch_max(at.as_nanos().saturating_add(1), Relaxed);
    }

    /// The database could not be reached.
    pub(crate) fn lost(&self, at: Tick) {
        let answered = self.answered_at();
        let mut losses = lock(&self.losses);
        if losses.last.is_none_or(|last| answered > Some(last)) {
            *losses = Losses::default();
        }
        losses.first.get_or_insert(at);
        losses.last = losses.last.max(Some(at));
        losses.in_a_row += 1;
    }

    fn answered_at(&self) -> Option<Tick> {
        self.answered.load(Relaxed).checked_sub(1).map(Tick::from_nanos)
    }

    /// A probe is on its way.
    pub(crate) fn probe_begins(&self, at: Tick) {
        lock(&self.probes).waiting.push(at);
    }

    /// A probe is back, or was given up without an answer.
    pub(crate) fn probe_ends(&self, end: Option<ProbeEnd>, began: Tick, now: Tick) {
        match end {
            Some(ProbeEnd::Answered) => self.answered(now),
            Some(ProbeEnd::Failed(_)) => self.lost(now),
            Some(ProbeEnd::Busy) | None => {}
        }
        let mut probes = lock(&self.probes);
        let place = probes.waiting.iter().position(|other| *other == began);
        place.map(|place| probes.waiting.swap_remove(place));
        if let Some(end) = end {
            probes.note(end, began, now);
        }
    }

    pub(super) fn read(&self, now: Tick) -> ContactActivity {
        let answered = self.answered_at();
        let probe = lock(&self.probes).read(now);
        let losses = lock(&self.losses);
        let in_a_row = losses.last.is_some_and(|last| answered <= Some(last));
        ContactActivity {
            answered_ago: answered.map(|at| now.since(at)),
            lost_ago: losses.last.map(|at| now.since(at)),
            lost_in_a_row: if in_a_row { losses.in_a_row } else { 0 },
            lost_for: losses.first.filter(|_| in_a_row).map(|at| now.since(at)),
            probe,
        }
    }
}

// === impl Probes ===

impl Probes {
    fn note(&mut self, end: ProbeEnd, began: Tick, now: Tick) {
        let counts = &mut self.counts;
        match end {
            ProbeEnd::Answered => {
                counts.answered += 1;
                counts.took = Some(now.since(began));
            }
            ProbeEnd::Failed(_) => counts.failed += 1,
            ProbeEnd::Busy => counts.busy += 1,
        }
        let alike = counts.last.is_some_and(|last| last.as_str() == end.as_str());
        counts.last = Some(end);
        let first = self.last.filter(|_| alike).map_or(now, |(_, first)| first);
        self.last = Some((now, first));
    }

    fn read(&self, now: Tick) -> Option<ProbeActivity> {
        if self.last.is_none() && self.waiting.is_empty() {
            return None;
        }
        Some(ProbeActivity {
            last_ago: self.last.map(|(at, _)| now.since(at)),
            alike_for: self.last.map(|(_, first)| now.since(first)),
            waiting_for: self.waiting.iter().min().map(|began| now.since(*began)),
            ..self.counts.clone()
        })
    }
}

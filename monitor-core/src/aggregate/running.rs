//! Calls that run right now, without a word between the threads that run them.
//!
//! Each desk has a slab of slots, and only its thread claims them: plain loads and
//! stores, no read-modify-write. Whoever ends a call clears its slot with one store. The beat reads all
//! slabs; what it reads of a slot counts only if the slot still holds the same call afterwards.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU64;

use super::event::SeriesRef;
use super::sync::{Acquire, AtomicU64, AtomicUsize, Relaxed, Release, fence};
use crate::capture::Tick;

/// The slots of one desk.
pub(super) struct Slab {
    /// With one call at a time it is free, and warm.
    first: Slot,
    others: Box<[Slot]>,
    /// The one of the others that was claimed last.
    last: AtomicUsize,
    /// Calls this slab has followed; tells one in a slot from the next.
    claimed: AtomicU64,
    /// Calls that found no free slot.
    full: AtomicU64,
}

/// A call that runs, or nothing.
#[derive(Default)]
pub(super) struct Slot {
    /// Which of the slab's calls it is; 0 where there is none.
    claim: AtomicU64,
    series: AtomicU64,
    started: AtomicU64,
    /// Since when the database has been working on it, had it never paused; [`PAUSED`] while the
    /// reader is busy with a row.
    working_since: AtomicU64,
    /// 0 where it is not known.
    connection: AtomicU64,
}

/// A call that was running when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// Desk, slot and claim: no two calls of a monitor have the same.
    id: (u32, u32, u64),
    pub(super) series: SeriesRef,
    pub(super) started: Tick,
    /// The database's time so far.
    pub(super) nanos: u64,
    pub(super) connection: Option<NonZeroU64>,
}

/// Which running calls were told of.
pub(super) struct Told<T> {
    /// By the slot they are in: which call it is, and the number it was told under.
    running: HashMap<(u32, u32), (u64, u64)>,
    newest: VecDeque<T>,
    newest_max: usize,
    count: u64,
    pub(super) forgotten: u64,
}

/// No clock gets there, so a call that is paused has run for no time.
const PAUSED: u64 = u64::MAX;

// === impl Slab ===

impl Slab {
    /// So many slots, and at least one.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            first: Slot::default(),
            others: (1..slots).map(|_| Slot::default()).collect(),
            last: AtomicUsize::new(0),
            claimed: AtomicU64::new(0),
            full: AtomicU64::new(0),
        }
    }

    /// Claims a slot for a call and says which; for the thread the slab belongs to.
    #[inline]
    pub(super) fn claim(&self, series: SeriesRef, now: Tick) -> Option<u32> {
        let (index, slot) = if self.first.is_free() { (0, &self.first) } else { self.other()? };
        // Whoever sees one of the words below sees that the call before has left the slot.
        fence(Release);
        slot.series.store(series.word(), Relaxed);
        slot.started.store(now.as_nanos(), Relaxed);
        slot.working_since.store(now.as_nanos(), Relaxed);
        slot.connection.store(0, Relaxed);
        let claim = self.claimed.load(Relaxed) + 1;
        self.claimed.store(claim, Relaxed);
        slot.claim.store(claim, Release);
        Some(index)
    }

    /// A free slot but the first, looked for from the one claimed last.
    #[inline(never)]
    fn other(&self) -> Option<(u32, &Slot)> {
        let (others, last) = (self.others.len(), self.last.load(Relaxed));
        let mut places = (0..others).map(|step| (last + step) % others);
        let Some(place) = places.find(|place| self.others[*place].is_free()) else {
            self.full.store(self.full.load(Relaxed) + 1, Relaxed);
            return None;
        };
        self.last.store(place, Relaxed);
        Some((place as u32 + 1, &self.others[place]))
    }

    #[inline]
    pub(super) fn slot(&self, slot: u32) -> Option<&Slot> {
        match slot {
            0 => Some(&self.first),
            other => self.others.get(other as usize - 1),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.slots().all(Slot::is_free)
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Calls that found no free slot.
    pub(super) fn unfollowed(&self) -> u64 {
        self.full.load(Relaxed)
    }

    /// The calls that run at this moment; `desk` names them.
    pub(super) fn sights(&self, desk: u32, now: Tick) -> impl Iterator<Item = Sight> + '_ {
        let slots = self.slots().enumerate();
        slots.filter_map(move |(index, slot)| slot.look((desk, index as u32), now))
    }
}

// === impl Slot ===

impl Slot {
    /// Acquires what the one who ended the call before did.
    #[inline]
    fn is_free(&self) -> bool {
        self.claim.load(Acquire) == 0
    }

    /// The call has ended, on whichever thread.
    #[inline]
    pub(super) fn clear(&self) {
        self.claim.store(0, Release);
    }

    /// Says on which connection the call runs.
    pub(super) fn set_connection(&self, connection: Option<NonZeroU64>) {
        self.connection.store(connection.map_or(0, NonZeroU64::get), Relaxed);
    }

    /// The database has answered; the caller's time does not count.
    pub(super) fn pause(&self) {
        self.working_since.store(PAUSED, Relaxed);
    }

    /// The database works again, after so many nanoseconds of work before.
    pub(super) fn resume(&self, now: Tick, worked: u64) {
        self.working_since.store(now.as_nanos().saturating_sub(worked), Relaxed);
    }

    /// The call in it, if there is one and it does not end or change meanwhile.
    fn look(&self, (slab, slot): (u32, u32), now: Tick) -> Option<Sight> {
        let claim = self.claim.load(Acquire);
        if claim == 0 {
            return None;
        }
        let series = SeriesRef::from_word(self.series.load(Relaxed));
        let started = self.started.load(Relaxed);
        let working_since = self.working_since.load(Relaxed);
        let connection = self.connection.load(Relaxed);
        fence(Acquire);
        (self.claim.load(Relaxed) == claim).then(|| Sight {
            id: (slab, slot, claim),
            series,
            started: Tick::from_nanos(started),
            nanos: now.as_nanos().saturating_sub(working_since),
            connection: NonZeroU64::new(connection),
        })
    }
}

// === impl Told ===

impl<T: Clone> Told<T> {
    pub(super) fn new(newest_max: usize) -> Self {
        Self {
            running: HashMap::new(),
            newest: VecDeque::new(),
            newest_max,
            count: 0,
            forgotten: 0,
        }
    }

    /// The number of a call that runs too long; one that is new is told, as what `tell` makes of it.
    pub(super) fn number(&mut self, sight: &Sight, tell: impl FnOnce(u64) -> T) -> u64 {
        let (slab, slot, claim) = sight.id;
        if let Some((known, number)) = self.running.get(&(slab, slot))
            && *known == claim
        {
            return *number;
        }
        self.count += 1;
        self.running.insert((slab, slot), (claim, self.count));
        self.newest.push_front(tell(self.count));
        if self.newest.len() > self.newest_max {
            self.newest.pop_back();
            self.forgotten += 1;
        }
        self.count
    }

    /// Forgets which calls were told of, but for those that still run.
    pub(super) fn retain(&mut self, sights: &[Sight]) {
        if self.running.is_empty() {
            return;
        }
        let running: HashMap<_, _> =
            sights.iter().map(|sight| ((sight.id.0, sight.id.1), sight.id.2)).collect();
        self.running.retain(|place, (claim, _)| running.get(place) == Some(claim));
    }

    /// All that was told of, newest first.
    pub(super) fn newest(&self) -> Vec<T> {
        self.newest.iter().cloned().collect()
    }
}

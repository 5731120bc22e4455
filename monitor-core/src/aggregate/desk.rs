//! Where one thread puts down what it saw.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};

use super::entry::Entry;
use super::event::{Event, Rest, SeriesRef};
use super::lock;
use super::ring::{RING, Ring, Room};
use super::running::{Sight, Slab, Slot};
use super::sync::{
    Acquire, AtomicBool, AtomicU64, AtomicUsize, Mutex, Relaxed, Release, sized, thread_local,
};
use crate::capture::Tick;

/// Events on a heap after which a thread asks again whether the books are busy.
const EVENTS_BEFORE_SETTLING: usize = RING / 2;

/// Events a desk may hold while the books are busy; then its thread waits for them.
const EVENTS_MAX: usize = 4_096;

/// Threads that may have a desk at the same time. Those of more share a heap, and their calls are not followed while they run.
const DESKS_MAX: usize = sized(1_024);

/// The events of one thread that are not in the books yet, and the calls it has started.
///
/// Only its thread puts events down. A desk outlives its thread, as calls may end elsewhere; once all of those have ended,
/// another thread gets it.
pub(super) struct Desk {
    /// Tells it from every other desk of the process: its [monitor's](Desks) above its number.
    id: u64,
    ring: Ring,
    /// What belongs to the entries in the ring that say so, in their order. Locked by events that few calls are.
    rests: Mutex<VecDeque<Box<Rest>>>,
    /// What found the ring full.
    heap: Heap,
    /// What it is emptied into, kept for its memory, which is near its thread then. Locked by who keeps the books.
    batch: Mutex<Batch>,
    slab: Slab,
    /// Its thread has ended.
    is_left: AtomicBool,
}

/// Events on their way into the books: the rest of those that have one apart, in the same order, so that those that have none
/// are plain words.
#[derive(Default)]
pub(super) struct Batch {
    /// Whether all of them are [plain](Entry::is_plain): known to be, or not.
    pub(super) are_plain: bool,
    pub(super) entries: Vec<Entry>,
    pub(super) rests: VecDeque<Box<Rest>>,
}

/// Events that found no room elsewhere, behind a lock.
#[derive(Default)]
struct Heap {
    events: Mutex<Batch>,
    /// Whether there are any: spares the lock of one that is empty, as nearly all are.
    is_used: AtomicBool,
}

/// The desks of all threads that record for one monitor.
pub(crate) struct Desks {
    /// What is the same in the [ids](Desk::id) of all desks, and of no other monitor's; not 0.
    base: u64,
    /// Slots of a desk's slab; with none, calls are not followed.
    slots: usize,
    desks: Box<[OnceLock<Arc<Desk>>; DESKS_MAX]>,
    /// Desks made so far; locked by who opens one.
    made: AtomicUsize,
    opening: Mutex<()>,
    /// Events of threads that have no desk: there are too many, or the thread is ending.
    heap: Heap,
    /// Calls of threads without a desk.
    unfollowed: AtomicU64,
}

/// Where a call is written down while it runs: the desk of the thread that started it, and the slot; nowhere, for one that is
/// not followed.
#[derive(Clone, Copy)]
pub(crate) struct Followed<'a> {
    /// The desk, at hand as long as that lasts for sure.
    desk: Option<&'a Desk>,
    /// The slot's number, below that of the desk where it is not at hand. One word: more of them would be kept in memory.
    place: u64,
}

/// What is to be done once an event is put down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// It is time to settle, if nobody else keeps the books.
    Settle,
    /// There is no more room.
    Wait,
}

/// The desks of a thread, one of each monitor: of one in nearly every service.
struct Mine(Vec<Arc<Desk>>);

/// Bits of a desk's id that are its number.
const NUMBER_BITS: u32 = 16;
/// Not a desk's number, but that of a thread without one.
const NONE: u32 = (1 << NUMBER_BITS) - 1;
/// Not a desk's id.
const NOWHERE: u64 = 0;

thread_local! {
    /// The id of the desk this thread recorded on last: found without a look-up, and without asking whether the thread is
    /// ending.
    static LAST: Cell<u64> = const { Cell::new(NOWHERE) };
    static MINE: RefCell<Mine> = const { RefCell::new(Mine(Vec::new())) };
}

// === impl Desk ===

impl Desk {
    fn new(id: u64, slots: usize) -> Self {
        Self {
            id,
            ring: Ring::new(),
            rests: Mutex::default(),
            heap: Heap::default(),
            batch: Mutex::default(),
            slab: Slab::new(slots),
            is_left: AtomicBool::new(false),
        }
    }

    /// Puts an event down. For its thread.
    #[inline]
    fn put(&self, event: Event) -> Then {
        match event.rest {
            None => self.put_entry(event.entry),
            Some(rest) => self.put_with(event.entry, rest),
        }
    }

    #[inline]
    fn put_entry(&self, entry: Entry) -> Then {
        match self.ring.put(entry) {
            true => Then::Nothing,
            false => self.put_slowly(Event { entry, rest: None }),
        }
    }

    /// Puts an event down that the ring does not take just so.
    #[cold]
    fn put_slowly(&self, event: Event) -> Then {
        let then = match self.ring.look() {
            Room::There => Then::Nothing,
            Room::Less => Then::Settle,
            Room::None => return self.heap.put(event),
        };
        self.ring.put(event.entry);
        then
    }

    #[cold]
    fn put_with(&self, entry: Entry, rest: Box<Rest>) -> Then {
        // First, so that whoever finds the entry finds this.
        lock(&self.rests).push_back(rest);
        if self.ring.put(entry) {
            return Then::Nothing;
        }
        let then = match self.ring.look() {
            Room::There => Then::Nothing,
            Room::Less => Then::Settle,
            // Nobody has asked for it: only entries in the ring have theirs looked for.
            Room::None => {
                let rest = lock(&self.rests).pop_back();
                return self.heap.put(Event { entry, rest });
            }
        };
        self.ring.put(entry);
        then
    }

    /// Takes all events. Whoever asks keeps the books, so there is one at a time.
    fn settle(&self, settle: impl FnOnce(&mut Batch)) {
        let mut batch = lock(&self.batch);
        batch.clear();
        batch.are_plain = self.ring.take(&mut batch.entries);
        if !batch.are_plain {
            let with_rest = batch.entries.iter().filter(|entry| entry.has_rest()).count();
            batch.rests.extend(lock(&self.rests).drain(..with_rest));
        }
        self.heap.take(&mut batch);
        settle(&mut batch);
    }

    #[inline]
    fn number(&self) -> u32 {
        self.id as u32 & NONE
    }
}

// === impl Batch ===

impl Batch {
    /// Empties it. Keeps room for a ring: one flood is no reason to keep room for the next.
    fn clear(&mut self) {
        self.entries.clear();
        self.entries.shrink_to(RING);
        self.rests.clear();
        self.rests.shrink_to(RING);
    }
}

// === impl Heap ===

impl Heap {
    #[cold]
    fn put(&self, event: Event) -> Then {
        let mut events = lock(&self.events);
        events.entries.push(event.entry);
        events.rests.extend(event.rest);
        self.is_used.store(true, Relaxed);
        match events.entries.len() {
            count if count + RING >= EVENTS_MAX => Then::Wait,
            // Not on every event: asking for a lock that is taken is what others would feel.
            count if count.is_multiple_of(EVENTS_BEFORE_SETTLING) => Then::Settle,
            _ => Then::Nothing,
        }
    }

    fn take(&self, into: &mut Batch) {
        if self.is_used.load(Relaxed) {
            let mut events = lock(&self.events);
            self.is_used.store(false, Relaxed);
            // One flood is no reason to keep room for the next.
            let Batch { mut entries, mut rests, .. } = std::mem::take(&mut *events);
            drop(events);
            into.are_plain = false;
            into.entries.append(&mut entries);
            into.rests.append(&mut rests);
        }
    }

    fn settle(&self, settle: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::default();
        self.take(&mut batch);
        settle(&mut batch);
    }
}

// === impl Desks ===

impl Desks {
    pub(super) fn new(monitor: u64, slots: usize) -> Self {
        Self {
            base: monitor << NUMBER_BITS,
            slots,
            desks: Box::new([const { OnceLock::new() }; DESKS_MAX]),
            made: AtomicUsize::new(0),
            opening: Mutex::default(),
            heap: Heap::default(),
            unfollowed: AtomicU64::new(0),
        }
    }

    /// This thread's desk; one is opened where there is none, if there may be one.
    #[inline]
    fn mine(&self) -> Option<&Desk> {
        // That of another monitor's desk is far beyond the end.
        let number = LAST.get() ^ self.base;
        if number < DESKS_MAX as u64 { self.get(number as u32) } else { self.look_for_mine() }
    }

    #[inline]
    fn get(&self, desk: u32) -> Option<&Desk> {
        self.desks.get(desk as usize)?.get().map(Arc::as_ref)
    }

    #[cold]
    fn look_for_mine(&self) -> Option<&Desk> {
        let nowhere = self.base | u64::from(NONE);
        if LAST.get() == nowhere {
            return None;
        }
        let found = MINE.try_with(|mine| {
            let mut mine = mine.try_borrow_mut().ok()?;
            let known = mine.0.iter().find(|desk| desk.id & !u64::from(NONE) == self.base);
            if let Some(desk) = known {
                return Some(desk.id);
            }
            let desk = self.open()?;
            // Desks that nobody else holds belonged to monitors that are gone.
            mine.0.retain(|desk| Arc::strong_count(desk) > 1);
            let id = desk.id;
            mine.0.push(desk);
            Some(id)
        });
        // There are too many, or the thread is ending and has none any more.
        let id = found.ok().flatten().unwrap_or(nowhere);
        LAST.set(id);
        self.get((id ^ self.base) as u32)
    }

    /// A desk for a thread that has none: one that was left and whose calls have ended, or a new one.
    fn open(&self) -> Option<Arc<Desk>> {
        let _turn = lock(&self.opening);
        let is_free = |desk: &&Arc<Desk>| desk.is_left.load(Acquire) && desk.slab.is_idle();
        if let Some(desk) = self.made().find(is_free) {
            desk.is_left.store(false, Relaxed);
            return Some(desk.clone());
        }
        let made = self.made.load(Relaxed);
        let place = self.desks.get(made)?;
        let id = self.base | made as u64;
        let desk = place.get_or_init(|| Arc::new(Desk::new(id, self.slots))).clone();
        self.made.store(made + 1, Release);
        Some(desk)
    }

    fn made(&self) -> impl Iterator<Item = &Arc<Desk>> {
        self.desks[..self.made.load(Acquire)].iter().filter_map(OnceLock::get)
    }

    /// Puts an event on this thread's desk.
    #[inline]
    pub(super) fn put(&self, event: Event) -> Then {
        match self.mine() {
            Some(desk) => desk.put(event),
            None => self.heap.put(event),
        }
    }

    /// Puts the end of a call that was followed on this thread's desk. Mostly the call was started there, and the desk is
    /// still at hand.
    #[inline]
    pub(super) fn call_ended(&self, entry: Entry, followed: Followed<'_>) -> Then {
        match followed.desk {
            Some(desk) if desk.id == LAST.get() => {
                desk.slab.slot(followed.slot()).inspect(|slot| slot.clear());
                desk.put_entry(entry)
            }
            _ => self.ended_elsewhere(Event { entry, rest: None }, followed),
        }
    }

    #[inline(never)]
    fn ended_elsewhere(&self, event: Event, followed: Followed<'_>) -> Then {
        self.clear(followed);
        self.put(event)
    }

    /// Takes what lies on this thread's desk. For who keeps the books.
    pub(super) fn settle_mine(&self, settle: impl FnOnce(&mut Batch)) {
        match self.mine() {
            Some(desk) => desk.settle(settle),
            None => self.heap.settle(settle),
        }
    }

    /// Takes what lies on every desk, one after another. For who keeps the books.
    pub(super) fn settle_all(&self, mut settle: impl FnMut(&mut Batch)) {
        self.made().for_each(|desk| desk.settle(&mut settle));
        self.heap.settle(settle);
    }
}

/// Calls that run.
impl Desks {
    /// Follows a call that this thread starts. One that cannot be followed is counted, unless none is to be.
    #[inline]
    pub(super) fn follow(&self, series: SeriesRef, now: Tick) -> Followed<'_> {
        let Some(desk) = self.mine() else { return self.cannot_follow() };
        let slot = if self.slots > 0 { desk.slab.claim(series, now) } else { None };
        let slot = slot.unwrap_or(NONE);
        Followed { desk: Some(desk), place: u64::from(slot) }
    }

    #[cold]
    fn cannot_follow(&self) -> Followed<'_> {
        self.unfollowed.fetch_add(u64::from(self.slots > 0), Relaxed);
        Followed { desk: None, place: u64::MAX }
    }

    #[inline]
    fn slot<'a>(&'a self, place: Followed<'a>) -> Option<&'a Slot> {
        let desk = place.desk.or_else(|| self.get((place.place >> u32::BITS) as u32));
        desk?.slab.slot(place.slot())
    }

    /// A call has ended, on whichever thread.
    #[inline]
    pub(crate) fn clear(&self, place: Followed<'_>) {
        self.slot(place).inspect(|slot| slot.clear());
    }

    /// Says on which connection a call runs.
    #[inline]
    pub(crate) fn set_connection(&self, place: Followed<'_>, connection: Option<NonZeroU64>) {
        self.slot(place).inspect(|slot| slot.set_connection(connection));
    }

    /// The database has answered; the caller's time does not count.
    pub(crate) fn pause(&self, place: Followed<'_>) {
        self.slot(place).inspect(|slot| slot.pause());
    }

    /// The database works again, after so many nanoseconds of work before.
    pub(crate) fn resume(&self, place: Followed<'_>, now: Tick, worked: u64) {
        self.slot(place).inspect(|slot| slot.resume(now, worked));
    }

    /// All calls that run at this moment.
    pub(super) fn sights(&self, now: Tick) -> Vec<Sight> {
        self.made().flat_map(|desk| desk.slab.sights(desk.number(), now)).collect()
    }

    /// Calls that were started and are not followed.
    pub(super) fn unfollowed(&self) -> u64 {
        let full: u64 = self.made().map(|desk| desk.slab.unfollowed()).sum();
        full + self.unfollowed.load(Relaxed)
    }
}

// === impl Followed ===

impl Followed<'_> {
    #[inline]
    fn slot(self) -> u32 {
        self.place as u32
    }

    /// The same for a call that borrows nothing.
    #[inline]
    pub(crate) fn apart(self) -> Followed<'static> {
        let Some(desk) = self.desk else { return Followed { desk: None, place: self.place } };
        Followed { desk: None, place: u64::from(desk.number()) << u32::BITS | self.place }
    }
}

// === impl Mine ===

/// The thread is ending.
impl Drop for Mine {
    fn drop(&mut self) {
        // What the thread still records must not go to a desk that is another's by then.
        LAST.set(NOWHERE);
        self.0.iter().for_each(|desk| desk.is_left.store(true, Release));
    }
}

//! Where one thread puts down what it saw.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock};

use super::event::{Event, SeriesRef};
use super::lock;
use super::running::{Followed, Slab, Slabs};
use crate::capture::Tick;

/// Events after which a thread settles its desk itself, if the beat has not come by; should the books
/// be busy, it asks again after as many more.
pub(super) const EVENTS_BEFORE_SETTLING: usize = 256;

/// Events a desk may hold while the books are busy; then its thread waits for them.
pub(super) const EVENTS_MAX: usize = 4_096;

/// The events of one thread that are not in the books yet, and the calls it has started.
///
/// Only its thread puts events down, and whoever settles holds the lock for as long as it takes to
/// swap two vectors, so the lock is as good as the thread's own.
pub(super) struct Desk {
    events: Mutex<Vec<Event>>,
    /// Opened with the first call that is started; `None` inside where there was none to have.
    slab: OnceLock<Option<Arc<Slab>>>,
}

/// The desks of all threads that record for one monitor.
///
/// Behind a lock of their own, so that a thread's first call does not wait for the books.
#[derive(Default)]
pub(super) struct Desks(Mutex<Vec<Arc<Desk>>>);

thread_local! {
    /// This thread's desks, by the monitor they belong to: one in nearly every service.
    static DESKS: RefCell<Vec<(u64, Arc<Desk>)>> = const { RefCell::new(Vec::new()) };
}

// === impl Desk ===

impl Desk {
    fn new() -> Self {
        let events = Mutex::new(Vec::with_capacity(EVENTS_BEFORE_SETTLING));
        Self { events, slab: OnceLock::new() }
    }

    /// Puts an event down; says how many lie there now.
    fn put(&self, event: Event) -> usize {
        let mut events = lock(&self.events);
        events.push(event);
        events.len()
    }

    /// Follows a call that this thread starts.
    #[inline]
    fn follow(&self, slabs: &Slabs, series: SeriesRef, now: Tick) -> Option<Followed> {
        match self.slab.get_or_init(|| slabs.open()) {
            Some(slab) => slab.claim(series, now),
            None => {
                slabs.not_followed();
                None
            }
        }
    }

    /// Takes all events, and leaves an empty vector in their place.
    pub(super) fn clear(&self, empty: &mut Vec<Event>) {
        std::mem::swap(&mut *lock(&self.events), empty);
    }
}

// === impl Desks ===

impl Desks {
    fn open(&self) -> Arc<Desk> {
        let desk = Arc::new(Desk::new());
        lock(&self.0).push(desk.clone());
        desk
    }

    /// Shows every desk, and closes those whose thread has ended. Whoever asks keeps the books, so
    /// there is one visitor at a time.
    pub(super) fn visit(&self, slabs: &Slabs, mut settle: impl FnMut(&Desk)) {
        let mut desks = std::mem::take(&mut *lock(&self.0));
        desks.retain(|desk| {
            // Asked before: what a thread put down before it ended is then on the desk.
            let abandoned = Arc::strong_count(desk) == 1;
            settle(desk);
            if let (true, Some(Some(slab))) = (abandoned, desk.slab.get()) {
                slabs.leave(slab);
            }
            !abandoned
        });
        // Threads may have come in meanwhile.
        lock(&self.0).append(&mut desks);
    }
}

/// Puts an event on this thread's desk of a monitor.
///
/// Gives the desk back when it should be settled, and the event itself when the thread is ending
/// and has no desk any more.
pub(super) fn put(
    monitor: u64,
    event: Event,
    opened: &Desks,
) -> Result<Option<(Arc<Desk>, usize)>, Event> {
    let mut event = Some(event);
    let put = at_desk(monitor, opened, |desk| {
        let count = desk.put(event.take()?);
        // Not on every event beyond: asking for a lock that is taken is what others would feel.
        let settle = count.is_multiple_of(EVENTS_BEFORE_SETTLING);
        settle.then(|| (desk.clone(), count))
    });
    match (put, event) {
        (Some(desk), _) => Ok(desk),
        (None, Some(event)) => Err(event),
        // The event was put down.
        (None, None) => Ok(None),
    }
}

/// Follows a call that this thread starts; `None` where it cannot be followed.
#[inline]
pub(super) fn follow(
    monitor: u64,
    opened: &Desks,
    slabs: &Slabs,
    series: SeriesRef,
    now: Tick,
) -> Option<Followed> {
    at_desk(monitor, opened, |desk| desk.follow(slabs, series, now)).unwrap_or_else(|| {
        slabs.not_followed();
        None
    })
}

/// Does something at this thread's desk of a monitor; one is opened where there is none. `None` when
/// the thread is ending and has no desk any more.
#[inline]
fn at_desk<T>(monitor: u64, opened: &Desks, work: impl FnOnce(&Arc<Desk>) -> T) -> Option<T> {
    let done = DESKS.try_with(|desks| {
        let mut desks = desks.try_borrow_mut().ok()?;
        let place = desks.iter().position(|(owner, _)| *owner == monitor);
        let place = place.unwrap_or_else(|| open(&mut desks, monitor, opened));
        Some(work(&desks[place].1))
    });
    done.ok().flatten()
}

#[cold]
fn open(desks: &mut Vec<(u64, Arc<Desk>)>, monitor: u64, opened: &Desks) -> usize {
    // Desks that nobody else holds belonged to monitors that are gone.
    desks.retain(|(_, desk)| Arc::strong_count(desk) > 1);
    desks.push((monitor, opened.open()));
    desks.len() - 1
}

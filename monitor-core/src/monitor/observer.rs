//! Whoever is told of calls one by one: where they start, and once they have ended.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::source::Live;
use super::{Builder, Inner};
use crate::aggregate::{Entry, Event, Followed, SeriesRef};
use crate::capture::{Database, Outcome, Rows, TraceContext};
use crate::snapshot::{FinishedCall, Losses, SourceActivity};

/// Watches calls one by one, as exporters of spans do; given to [`Builder::observer`].
///
/// Two of its methods run in the application's way, where a call starts, and have to be quick. The
/// others run on the monitor's own thread: an observer that is slow there delays what the next
/// ones hear, and in the end misses calls ([`Losses::calls_unobserved`]), but no query feels it. One
/// that panics is counted ([`Losses::panics_caught`]) and told again next time.
///
/// An observer must not ask the monitor to [beat](crate::Monitor::beat) or to tell observers: it would
/// wait for itself. Without an observer all this costs a branch.
pub trait Observer: Send + Sync {
    /// The span under which a call is made that starts here and now. The first observer that knows
    /// is believed.
    fn trace(&self) -> Option<TraceContext> {
        None
    }

    /// Somebody to go along with a call that starts here and now, until it ends.
    fn accompany(&self, call: &StartingCall<'_>) -> Option<Box<dyn Companion>> {
        let _ = call;
        None
    }

    /// Calls that have ended since the last time, in no particular order; every second, and sooner
    /// where there are many.
    fn calls(&self, calls: &[FinishedCall]) {
        let _ = calls;
    }

    /// How pools and databases are, without their calls, and what limits made the monitor let go;
    /// every five seconds.
    fn levels(&self, sources: &[SourceActivity], losses: &Losses) {
        let _ = (sources, losses);
    }
}

/// Goes along with one call; see [`Observer::accompany`].
pub trait Companion: Send + Sync {
    /// The call has ended, in the application's way: be quick.
    fn ended(self: Box<Self>, ending: &Ending<'_>);
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ending<'a> {
    /// Whether well.
    pub outcome: Outcome<'a>,
    /// The database's time.
    pub duration: Duration,
    /// Rows, as far as the driver told.
    pub rows: Rows,
}

/// A call that is about to run.
pub struct StartingCall<'a> {
    live: &'a Live,
    series: SeriesRef,
}

/// The observers of one monitor.
pub(super) struct Observers {
    all: Vec<Box<dyn Observer>>,
    /// Held while observers are told, so that whoever asks for it finds all told when it is done.
    turn: Mutex<()>,
}

/// Calls that observers are told of at once.
const CALLS_AT_ONCE: usize = 512;

// === impl Builder ===

impl Builder {
    /// Somebody to tell of calls one by one. Default: nobody.
    ///
    /// Calls that wait to be told are bounded by [`Builder::observed_calls_max`].
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Calls that have ended and wait for observers. Default:
    /// [`Limits::OBSERVED_CALLS_MAX`](crate::Limits::OBSERVED_CALLS_MAX), 16 384.
    pub fn observed_calls_max(mut self, count: usize) -> Self {
        self.limits.observed_calls_max = count;
        self
    }
}

// === impl Observers ===

impl Observers {
    pub(super) fn new(all: Vec<Box<dyn Observer>>) -> Self {
        Self { all, turn: Mutex::new(()) }
    }

    #[inline]
    pub(super) fn are_there(&self) -> bool {
        self.count() > 0
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }
}

// === impl Inner ===

impl Inner {
    /// Counts a call.
    #[inline]
    pub(super) fn record(&self, event: Event) {
        if self.registry.record(event) {
            self.beat.wake();
        }
    }

    /// Counts a call that was followed and is an entry and nothing else.
    #[inline]
    pub(super) fn call_ended(&self, entry: Entry, followed: Followed<'_>) {
        if self.registry.call_ended(entry, followed) {
            self.beat.wake();
        }
    }

    /// The span under which a call is made here and now.
    pub(super) fn trace(&self) -> Option<TraceContext> {
        self.observers.all.iter().find_map(|observer| {
            let mut trace = None;
            self.guarded(|| trace = observer.trace());
            trace
        })
    }

    /// Those who go along with a call that starts here and now.
    pub(super) fn companions(&self, call: &StartingCall<'_>) -> Vec<Box<dyn Companion>> {
        let mut companions = Vec::new();
        for observer in &self.observers.all {
            self.guarded(|| companions.extend(observer.accompany(call)));
        }
        companions
    }

    /// Tells observers of the calls that have ended.
    pub(super) fn tell_calls(&self) {
        self.in_turn(|observers| {
            self.registry.untold().tell(CALLS_AT_ONCE, |calls| {
                observers.iter().for_each(|observer| self.guarded(|| observer.calls(calls)));
            });
        });
    }

    /// Tells observers how pools and databases are.
    pub(super) fn tell_levels(&self) {
        self.in_turn(|observers| {
            let (sources, mut losses) = self.registry.levels();
            self.complete(&mut losses, &self.dispatch.activities());
            observers
                .iter()
                .for_each(|observer| self.guarded(|| observer.levels(&sources, &losses)));
        });
    }

    fn in_turn(&self, work: impl FnOnce(&[Box<dyn Observer>])) {
        if self.observers.are_there() {
            let _turn = self.observers.turn.lock().unwrap_or_else(PoisonError::into_inner);
            work(&self.observers.all);
        }
    }
}

// === impl StartingCall ===

impl<'a> StartingCall<'a> {
    pub(super) fn new(live: &'a Live, series: SeriesRef) -> Self {
        Self { live, series }
    }

    /// The database it runs on.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.live.source.database
    }

    /// The pool it comes through.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        self.live.source.is_pool.then_some(&*self.live.source.name)
    }

    /// Its statement's normalised text and summary; `None` in the rare case that the statement has just
    /// lost its place. Takes a lock that everybody shares: ask only where it is needed.
    #[must_use]
    pub fn statement(&self) -> Option<(Arc<str>, Arc<str>)> {
        self.live.monitor.registry.described(self.series)
    }
}

impl fmt::Debug for StartingCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartingCall").field("database", self.database()).finish_non_exhaustive()
    }
}

//! Guards that record when they end, and also when nobody ends them.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::source::Live;
use crate::aggregate::{Event, EventOrigin, RowCounts, SeriesRef, nanos};
use crate::capture::{
    CallSite, CheckoutEnd, Clock, Failure, Labels, Outcome, Stopwatch, Tick, TransactionEnd,
};

/// Times one call. Dropped without an end, the call counts as cancelled.
///
/// Borrows its source, so that calls at the same time share nothing; where that does not fit,
/// [`detach`](Self::detach) it.
pub struct CallTimer<'a> {
    live: Option<LiveCall<'a>>,
}

struct LiveCall<'a> {
    on: On<'a>,
    series: SeriesRef,
    watch: Stopwatch,
    rows: RowCounts,
    origin: EventOrigin,
}

/// A source, borrowed or shared.
enum On<'a> {
    Borrowed(&'a Arc<Live>),
    Shared(Arc<Live>),
}

/// Times the wait for a pool's connection. Dropped without an end, the wait counts as cancelled.
pub struct CheckoutTimer {
    live: Option<(LiveSource, Option<CallSite>)>,
}

/// A connection that is out; dropping it means that it came back.
pub struct Checkout {
    live: Option<(LiveSource, Option<u64>)>,
}

/// Times a transaction. Dropped without an end, it counts as dropped: rolled back by nobody's
/// decision.
pub struct TransactionTimer {
    live: Option<(LiveSource, Option<u64>)>,
}

struct LiveSource {
    on: Arc<Live>,
    since: Tick,
}

// === impl CallTimer ===

impl<'a> CallTimer<'a> {
    #[inline]
    pub(super) fn start(call: Option<(&'a Arc<Live>, SeriesRef)>) -> Self {
        let live = call.map(|(live, series)| LiveCall {
            on: On::Borrowed(live),
            series,
            watch: Stopwatch::start(live.monitor.registry.clock.now()),
            rows: RowCounts::UNKNOWN,
            origin: EventOrigin::default(),
        });
        Self { live }
    }

    /// The same timer, borrowing nothing. Costs a reference count that all calls of a source share.
    #[must_use = "a timer that is dropped at once records a cancelled call"]
    pub fn detach(mut self) -> CallTimer<'static> {
        let live = self.live.take().map(|call| LiveCall {
            on: On::Shared(match call.on {
                On::Borrowed(live) => live.clone(),
                On::Shared(live) => live,
            }),
            series: call.series,
            watch: call.watch,
            rows: call.rows,
            origin: call.origin,
        });
        CallTimer { live }
    }

    /// Says which connection it runs on, by a number that is not zero.
    #[inline]
    #[must_use]
    pub fn on_connection(mut self, connection: Option<u64>) -> Self {
        let connection = connection.and_then(NonZeroU64::new);
        self.with(|call| call.origin.connection = connection);
        self
    }

    /// Says on whose behalf it runs.
    #[inline]
    #[must_use]
    pub fn labelled(mut self, labels: Option<Arc<Labels>>) -> Self {
        self.with(|call| call.origin.labels = labels);
        self
    }

    /// Says which line made it.
    #[inline]
    #[must_use]
    pub fn called_at(mut self, call_site: Option<CallSite>) -> Self {
        self.with(|call| call.origin.call_site = call_site);
        self
    }

    /// Rows were handed to the caller; adds to what was said before.
    #[inline]
    pub fn add_returned(&mut self, rows: u64) {
        self.with(|call| call.rows.add_returned(rows));
    }

    /// Rows were changed; adds to what was said before.
    #[inline]
    pub fn add_affected(&mut self, rows: u64) {
        self.with(|call| call.rows.add_affected(rows));
    }

    /// The caller wants more and the database has nothing ready: time counts again.
    ///
    /// Costs a clock reading, unless time was counting already.
    pub fn wait_begins(&mut self) {
        self.with(|live| {
            if !live.watch.is_waiting() {
                live.watch.wait_begins(live.clock().now());
            }
        });
    }

    /// The database has answered: time from here to the next wait is the caller's own.
    ///
    /// Costs a clock reading, unless no time was counting.
    pub fn wait_ends(&mut self) {
        self.with(|live| {
            if live.watch.is_waiting() {
                live.watch.wait_ends(live.clock().now());
            }
        });
    }

    /// Whether the database is working, as far as is known. A call dropped while it is not has
    /// been stopped by its reader and is best [completed](Self::complete).
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.watch.is_waiting())
    }

    /// The call ended well.
    #[inline]
    pub fn complete(mut self) {
        self.end(Outcome::Completed);
    }

    /// The call ended with an error.
    pub fn fail(mut self, failure: Failure<'_>) {
        self.end(Outcome::Failed(failure));
    }

    /// The call ended a while ago, and this is how long it lasted: for an adapter that learns of the
    /// end late.
    pub fn end_late(mut self, outcome: Outcome<'_>, lasted: Duration) {
        self.end_after(outcome, Some(lasted));
    }

    /// The database's time so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let live = self.live.as_ref();
        live.map_or(Duration::ZERO, |live| live.watch.elapsed(live.clock().now()))
    }

    #[inline]
    fn with(&mut self, change: impl FnOnce(&mut LiveCall<'a>)) {
        if let Some(live) = &mut self.live {
            change(live);
        }
    }

    #[inline]
    fn end(&mut self, outcome: Outcome<'_>) {
        self.end_after(outcome, None);
    }

    #[inline]
    fn end_after(&mut self, outcome: Outcome<'_>, lasted: Option<Duration>) {
        let Some(call) = self.live.take() else { return };
        let registry = &call.on.monitor.registry;
        let at = registry.clock.now();
        let nanos = lasted.map_or_else(|| call.watch.nanos(at), nanos);
        registry.record(Event::new(call.series, at, nanos, call.rows, outcome, call.origin));
    }
}

impl Drop for CallTimer<'_> {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

impl fmt::Debug for CallTimer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallTimer").finish_non_exhaustive()
    }
}

// === impl LiveCall ===

impl LiveCall<'_> {
    fn clock(&self) -> &Clock {
        &self.on.monitor.registry.clock
    }
}

impl std::ops::Deref for On<'_> {
    type Target = Live;

    fn deref(&self) -> &Live {
        match self {
            Self::Borrowed(live) => live,
            Self::Shared(live) => live,
        }
    }
}

// === impl CheckoutTimer ===

impl CheckoutTimer {
    pub(super) fn start(live: Option<Arc<Live>>, call_site: Option<CallSite>) -> Self {
        let live = LiveSource::start(live);
        if let Some(live) = &live {
            live.on.source.checkouts.wait_begins();
        }
        Self { live: live.map(|live| (live, call_site)) }
    }

    /// A connection was handed out.
    #[must_use = "the connection counts as returned when this is dropped"]
    pub fn taken(mut self) -> Checkout {
        Checkout::start(self.end(CheckoutEnd::Taken))
    }

    /// The pool gave no connection in time.
    pub fn timed_out(mut self) {
        self.end(CheckoutEnd::TimedOut);
    }

    /// The pool could not give a connection.
    pub fn failed(mut self) {
        self.end(CheckoutEnd::Failed);
    }

    fn end(&mut self, end: CheckoutEnd) -> Option<(LiveSource, Option<CallSite>)> {
        let live = self.live.take()?;
        live.0.on.source.checkouts.wait_ends(end, live.0.elapsed());
        Some(live)
    }
}

impl Drop for CheckoutTimer {
    fn drop(&mut self) {
        self.end(CheckoutEnd::Cancelled);
    }
}

impl fmt::Debug for CheckoutTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckoutTimer").finish_non_exhaustive()
    }
}

// === impl Checkout ===

impl Checkout {
    /// A connection that was handed out just now, after a wait that somebody else has measured.
    pub(super) fn waited_for(live: Option<Arc<Live>>, waited: Duration) -> Self {
        let live = LiveSource::start(live);
        if let Some(live) = &live {
            live.on.source.checkouts.wait_begins();
            live.on.source.checkouts.wait_ends(CheckoutEnd::Taken, waited);
        }
        Self::start(live.map(|live| (live, None)))
    }

    fn start(live: Option<(LiveSource, Option<CallSite>)>) -> Self {
        let live = live.map(|(mut live, call_site)| {
            live.since = live.on.monitor.registry.clock.now();
            let id = live.on.monitor.registry.taken(&live.on.source, live.since, call_site);
            (live, id)
        });
        Self { live }
    }

    /// The connection came back, and somebody else has measured how long it was out.
    pub fn returned_after(mut self, held: Duration) {
        self.end(Some(held));
    }

    fn end(&mut self, held: Option<Duration>) {
        if let Some((live, id)) = self.live.take() {
            live.on.source.checkouts.returned(id, held.unwrap_or_else(|| live.elapsed()));
        }
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout").finish_non_exhaustive()
    }
}

// === impl TransactionTimer ===

impl TransactionTimer {
    pub(super) fn start(live: Option<Arc<Live>>) -> Self {
        let live = LiveSource::start(live).map(|live| {
            let id = live.on.monitor.registry.transaction_begun(&live.on.source, live.since);
            (live, id)
        });
        Self { live }
    }

    /// COMMIT was acknowledged.
    pub fn committed(mut self) {
        self.end(TransactionEnd::Committed);
    }

    /// It was rolled back by the application, or COMMIT failed.
    pub fn rolled_back(mut self) {
        self.end(TransactionEnd::RolledBack);
    }

    fn end(&mut self, end: TransactionEnd) {
        if let Some((live, id)) = self.live.take() {
            live.on.source.transactions.ended(id, end, live.elapsed());
        }
    }
}

impl Drop for TransactionTimer {
    fn drop(&mut self) {
        self.end(TransactionEnd::Dropped);
    }
}

impl fmt::Debug for TransactionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionTimer").finish_non_exhaustive()
    }
}

// === impl LiveSource ===

impl LiveSource {
    fn start(live: Option<Arc<Live>>) -> Option<Self> {
        let on = live?;
        let since = on.monitor.registry.clock.now();
        Some(Self { on, since })
    }

    fn elapsed(&self) -> Duration {
        self.on.monitor.registry.clock.now().since(self.since)
    }
}

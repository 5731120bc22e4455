//! Guards that record when they end, and also when nobody ends them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use crate::aggregate::{self, End, Series};
use crate::capture::{
    CallSite, CheckoutEnd, Failure, Origin, Outcome, Rows, Stopwatch, Tick, TransactionEnd,
};

/// Times one call. Dropped without an end, the call counts as cancelled.
pub struct CallTimer {
    live: Option<LiveCall>,
}

struct LiveCall {
    monitor: Arc<Inner>,
    series: Arc<Series>,
    watch: Stopwatch,
    rows: Rows,
    connection: Option<u64>,
    user: Option<Arc<str>>,
    tag: Option<Arc<str>>,
    call_site: Option<CallSite>,
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
    live: Option<LiveSource>,
}

struct LiveSource {
    monitor: Arc<Inner>,
    source: Arc<aggregate::Source>,
    since: Tick,
}

type Parts = Option<(Arc<Inner>, Arc<aggregate::Source>)>;

// === impl CallTimer ===

impl CallTimer {
    pub(super) fn start(live: Option<(Arc<Inner>, Arc<Series>)>) -> Self {
        let live = live.map(|(monitor, series)| LiveCall {
            watch: Stopwatch::start(monitor.registry.clock.now()),
            monitor,
            series,
            rows: Rows::UNKNOWN,
            connection: None,
            user: None,
            tag: None,
            call_site: None,
        });
        Self { live }
    }

    /// Says which connection it runs on.
    #[must_use]
    pub fn on_connection(mut self, connection: Option<u64>) -> Self {
        self.with(|live| live.connection = connection);
        self
    }

    /// Says on whose behalf it runs.
    #[must_use]
    pub fn for_user(mut self, user: Option<Arc<str>>) -> Self {
        self.with(|live| live.user = user);
        self
    }

    /// Adds a word: a route, a job's name.
    #[must_use]
    pub fn tagged(mut self, tag: Option<Arc<str>>) -> Self {
        self.with(|live| live.tag = tag);
        self
    }

    /// Says which line made it.
    #[must_use]
    pub fn called_at(mut self, call_site: Option<CallSite>) -> Self {
        self.with(|live| live.call_site = call_site);
        self
    }

    /// Rows were handed to the caller; adds to what was said before.
    pub fn add_returned(&mut self, rows: u64) {
        self.with(|live| add(&mut live.rows.returned, rows));
    }

    /// Rows were changed; adds to what was said before.
    pub fn add_affected(&mut self, rows: u64) {
        self.with(|live| add(&mut live.rows.affected, rows));
    }

    /// The caller wants more and the database has nothing ready: time counts again.
    ///
    /// Costs a clock reading, unless time was counting already.
    pub fn wait_begins(&mut self) {
        self.with(|live| {
            if !live.watch.is_waiting() {
                live.watch.wait_begins(live.monitor.registry.clock.now());
            }
        });
    }

    /// The database has answered: time from here to the next wait is the caller's own.
    ///
    /// Costs a clock reading, unless no time was counting.
    pub fn wait_ends(&mut self) {
        self.with(|live| {
            if live.watch.is_waiting() {
                live.watch.wait_ends(live.monitor.registry.clock.now());
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
        live.map_or(Duration::ZERO, |live| live.watch.elapsed(live.monitor.registry.clock.now()))
    }

    fn with(&mut self, change: impl FnOnce(&mut LiveCall)) {
        if let Some(live) = &mut self.live {
            change(live);
        }
    }

    fn end(&mut self, outcome: Outcome<'_>) {
        self.end_after(outcome, None);
    }

    fn end_after(&mut self, outcome: Outcome<'_>, lasted: Option<Duration>) {
        let Some(live) = self.live.take() else { return };
        let registry = &live.monitor.registry;
        let at = registry.clock.now();
        let end = End {
            at,
            duration: lasted.unwrap_or_else(|| live.watch.elapsed(at)),
            rows: live.rows,
            outcome,
            origin: Origin {
                connection: live.connection,
                user: live.user.as_deref(),
                tag: live.tag.as_deref(),
                call_site: live.call_site,
            },
        };
        registry.record(&live.series, end);
    }
}

impl Drop for CallTimer {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

impl fmt::Debug for CallTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.live.as_ref().map_or("", |live| live.series.text());
        f.debug_tuple("CallTimer").field(&text).finish()
    }
}

fn add(rows: &mut Option<u64>, more: u64) {
    *rows = Some(rows.unwrap_or(0).saturating_add(more));
}

// === impl CheckoutTimer ===

impl CheckoutTimer {
    pub(super) fn start(parts: Parts, call_site: Option<CallSite>) -> Self {
        let live = LiveSource::start(parts);
        if let Some(live) = &live {
            live.source.checkouts.wait_begins();
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
        live.0.source.checkouts.wait_ends(end, live.0.elapsed());
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
    pub(super) fn waited_for(parts: Parts, waited: Duration) -> Self {
        let live = LiveSource::start(parts);
        if let Some(live) = &live {
            live.source.checkouts.wait_begins();
            live.source.checkouts.wait_ends(CheckoutEnd::Taken, waited);
        }
        Self::start(live.map(|live| (live, None)))
    }

    fn start(live: Option<(LiveSource, Option<CallSite>)>) -> Self {
        let live = live.map(|(mut live, call_site)| {
            live.since = live.monitor.registry.clock.now();
            let id = live.monitor.registry.taken(&live.source, live.since, call_site);
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
            live.source.checkouts.returned(id, held.unwrap_or_else(|| live.elapsed()));
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
    pub(super) fn start(parts: Parts) -> Self {
        let live = LiveSource::start(parts);
        if let Some(live) = &live {
            live.source.transactions.begun();
        }
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
        if let Some(live) = self.live.take() {
            live.source.transactions.ended(end, live.elapsed());
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
    fn start(parts: Parts) -> Option<Self> {
        let (monitor, source) = parts?;
        let since = monitor.registry.clock.now();
        Some(Self { monitor, source, since })
    }

    fn elapsed(&self) -> Duration {
        self.monitor.registry.clock.now().since(self.since)
    }
}

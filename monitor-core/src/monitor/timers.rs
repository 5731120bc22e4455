//! Guards that record when they end, and also when nobody ends them.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;
use std::time::Duration;

use super::source::Live;
use crate::aggregate::{
    Closer, Event, EventOrigin, Followed, RowCounts, SentText, SeriesRef, Slabs, nanos,
};
use crate::capture::{
    CallSite, CheckoutEnd, Clock, Failure, Labels, Outcome, Stopwatch, Tick, TransactionEnd,
};
use crate::snapshot::CallParts;

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
    followed: Option<Followed>,
    /// A box, as the size of a call is felt wherever it is moved.
    rare: Option<Box<Rare>>,
}

/// What few calls have, and what is told only of one that may be slow.
#[derive(Default)]
struct Rare {
    pool_wait: Option<Duration>,
    trace_id: Option<NonZeroU128>,
    text: Option<SentText>,
    first: Option<FirstAnswer>,
}

/// The first answer of a call whose rows are read one by one.
struct FirstAnswer {
    started: Tick,
    at: Tick,
}

/// A shorter wait for a pool's connection explains nothing, and is not worth a box.
const POOL_WAIT_MIN: Duration = Duration::from_millis(1);

/// A text with its literals, for [`CallTimer::sent_as`]; nothing unless such texts are kept.
#[derive(Debug, Default)]
pub struct KeptText(pub(super) Option<SentText>);

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
    waited: Duration,
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
    pub(super) fn start(live: &'a Arc<Live>, series: SeriesRef, text: KeptText) -> Self {
        let registry = &live.monitor.registry;
        let now = registry.clock.now();
        let live = LiveCall {
            on: On::Borrowed(live),
            series,
            watch: Stopwatch::start(now),
            followed: registry.starts(series, now),
            rows: RowCounts::UNKNOWN,
            origin: EventOrigin::default(),
            rare: text.0.map(|text| Box::new(Rare { text: Some(text), ..Rare::default() })),
        };
        Self { live: Some(live) }
    }

    /// A timer of a monitor that is off.
    #[inline]
    pub(super) fn off() -> Self {
        Self { live: None }
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
            followed: call.followed,
            rare: call.rare,
        });
        CallTimer { live }
    }

    /// Says which connection it runs on, by a number that is not zero.
    #[inline]
    #[must_use]
    pub fn on_connection(mut self, connection: Option<u64>) -> Self {
        let connection = connection.and_then(NonZeroU64::new);
        self.with(|call| {
            call.origin.connection = connection;
            if let Some(followed) = call.followed.filter(|_| connection.is_some()) {
                call.running().set_connection(followed, connection);
            }
        });
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

    /// Says how long it waited for the connection that was taken for it alone; see
    /// [`Checkout::waited`]. Less than a millisecond is not kept.
    #[inline]
    #[must_use]
    pub fn waited_for_pool(mut self, wait: Option<Duration>) -> Self {
        if wait.is_some_and(|wait| wait >= POOL_WAIT_MIN) {
            self.with(|call| call.rare().pool_wait = wait);
        }
        self
    }

    /// Says which trace it is part of, by its W3C trace id. Costs an allocation, and nothing for `None`.
    #[inline]
    #[must_use]
    pub fn traced(mut self, trace_id: Option<u128>) -> Self {
        if let Some(trace_id) = trace_id.and_then(NonZeroU128::new) {
            self.with(|call| call.rare().trace_id = Some(trace_id));
        }
        self
    }

    /// Says how its text was sent, for a call of a [`Statement`](super::Statement); one that was
    /// started with its text knows.
    #[inline]
    #[must_use]
    pub fn sent_as(mut self, text: KeptText) -> Self {
        if let Some(text) = text.0 {
            self.with(|call| call.rare().text = Some(text));
        }
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
                live.works_again(live.clock().now());
            }
        });
    }

    /// The database has answered: time from here to the next wait is the caller's own.
    ///
    /// Costs a clock reading, unless no time was counting, and an allocation the first time.
    pub fn wait_ends(&mut self) {
        self.with(|live| {
            if live.watch.is_waiting() {
                live.answered(live.clock().now());
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
        // In place: moving a call out costs more than recording it does.
        let Some(call) = &mut self.live else { return };
        let at = call.clock().now();
        let nanos = lasted.map_or_else(|| call.watch.nanos(at), nanos);
        let (rare, origin) = (call.rare.take(), std::mem::take(&mut call.origin));
        let registry = &call.on.monitor.registry;
        if let Some(followed) = call.followed {
            registry.running().clear(followed);
        }
        let detail = registry.detail(outcome, nanos, || closer(rare, at, nanos));
        let (series, rows, outcome) = (call.series, call.rows, outcome.kind());
        registry.record(Event { series, at, nanos, rows, outcome, detail, origin });
        self.live = None;
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

    #[cold]
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The database has answered.
    fn answered(&mut self, at: Tick) {
        let is_first = self.rare.as_ref().is_none_or(|rare| rare.first.is_none());
        if let Some(started) = self.watch.waiting_since().filter(|_| is_first) {
            self.rare().first = Some(FirstAnswer { started, at });
        }
        self.watch.wait_ends(at);
        if let Some(followed) = self.followed {
            self.running().pause(followed);
        }
    }

    /// The database works again.
    fn works_again(&mut self, at: Tick) {
        self.watch.wait_begins(at);
        if let Some(followed) = self.followed {
            self.running().resume(followed, at, self.watch.nanos(at));
        }
    }

    fn running(&self) -> &Slabs {
        self.on.monitor.registry.running()
    }
}

/// What is told of a call that may be slow and has lasted so long.
#[cold]
fn closer(rare: Option<Box<Rare>>, ended: Tick, nanos: u64) -> Closer {
    let Some(rare) = rare else { return Closer::default() };
    let duration = Duration::from_nanos(nanos);
    let first_row = rare.first.as_ref().map(|first| first.at.since(first.started));
    let whole = rare.first.as_ref().map(|first| ended.since(first.started));
    let parts = CallParts {
        pool_wait: rare.pool_wait,
        first_row,
        fetch: first_row.map(|first| duration.saturating_sub(first)),
        reader: whole.map(|whole| whole.saturating_sub(duration)),
    };
    Closer { parts, trace_id: rare.trace_id, text: rare.text }
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
        match self.end(CheckoutEnd::Taken) {
            Some((live, call_site, waited)) => Checkout::start(Some((live, call_site)), waited),
            None => Checkout::start(None, Duration::ZERO),
        }
    }

    /// The pool gave no connection in time.
    pub fn timed_out(mut self) {
        self.end(CheckoutEnd::TimedOut);
    }

    /// The pool could not give a connection.
    pub fn failed(mut self) {
        self.end(CheckoutEnd::Failed);
    }

    fn end(&mut self, end: CheckoutEnd) -> Option<(LiveSource, Option<CallSite>, Duration)> {
        let (live, call_site) = self.live.take()?;
        let waited = live.elapsed();
        live.on.source.checkouts.wait_ends(end, waited);
        Some((live, call_site, waited))
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
        Self::start(live.map(|live| (live, None)), waited)
    }

    fn start(live: Option<(LiveSource, Option<CallSite>)>, waited: Duration) -> Self {
        let live = live.map(|(mut live, call_site)| {
            live.since = live.on.monitor.registry.clock.now();
            let id = live.on.monitor.registry.taken(&live.on.source, live.since, call_site);
            (live, id)
        });
        Self { live, waited }
    }

    /// How long the wait for it was; zero if the monitor is off.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
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

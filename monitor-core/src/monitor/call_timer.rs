//! The guard of a call: it records when it ends, and also when nobody ends it.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::kept_text::{Comment, KeptText};
use super::observer::{Companion, Ending, StartingCall};
use super::scope::{self, Handle};
use super::source::{Live, On};
use crate::aggregate::{
    Closer, Desks, Details, Entry, Event, EventOrigin, Followed, RowCounts, SentText, SeriesRef,
    UnitCall, nanos,
};
use crate::capture::{
    CallSite, Clock, Failure, Labels, Outcome, ParameterHasher, Parameters, Stopwatch, Tick,
    TraceContext,
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
    /// Of a call whose rows are read one by one.
    first: Option<First>,
    details: Details,
    labels: Option<Arc<Labels>>,
    followed: Followed,
    /// A box, as the size of a call is felt wherever it is moved.
    rare: Option<Box<Rare>>,
}

/// The first answer of a call, and when that was started. Until then it is the watch that knows.
#[derive(Clone, Copy)]
struct First {
    started: Tick,
    at: Tick,
}

/// What few calls have, and what is told only of one that may be slow.
#[derive(Default)]
struct Rare {
    pool_wait: Option<Duration>,
    trace: Option<TraceContext>,
    companions: Vec<Box<dyn Companion>>,
    text: Option<SentText>,
    scope: Option<InScope>,
    /// What does not fit into its [`Details`].
    rows: Option<RowCounts>,
    connection: Option<NonZeroU64>,
    site: Option<CallSite>,
}

/// The unit of work it is made in.
struct InScope {
    handle: Arc<Handle>,
    parameters: Option<Parameters>,
}

/// A shorter wait for a pool's connection explains nothing, and is not worth a box.
const POOL_WAIT_MIN: Duration = Duration::from_millis(1);

// === impl CallTimer ===

impl<'a> CallTimer<'a> {
    #[inline]
    pub(super) fn start(live: &'a Arc<Live>, series: SeriesRef, text: KeptText) -> Self {
        let registry = &live.monitor.registry;
        let has_more = live.monitor.observers.are_there() || scope::is_entered();
        let now = registry.clock.now();
        let live = LiveCall {
            on: On::Borrowed(live),
            series,
            watch: Stopwatch::start(now),
            first: None,
            details: Details::NOTHING,
            labels: None,
            followed: registry.starts(series, now),
            rare: None,
        };
        let mut timer = Self { live: Some(live) };
        if text.says_more() || has_more {
            timer.with(|call| call.starts_with(text));
        }
        timer
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
            first: call.first,
            details: call.details,
            labels: call.labels,
            followed: call.followed,
            rare: call.rare,
        });
        CallTimer { live }
    }

    /// Says which connection it runs on, by a number that is not zero. `None` leaves what was said.
    #[inline]
    #[must_use]
    pub fn on_connection(mut self, connection: Option<u64>) -> Self {
        if let Some(connection) = connection.and_then(NonZeroU64::new) {
            self.with(|call| {
                if !call.details.set_connection(connection) {
                    call.rare().connection = Some(connection);
                }
                call.running().set_connection(call.followed, Some(connection));
            });
        }
        self
    }

    /// Says on whose behalf it runs. `None` leaves what the text's comment says.
    #[inline]
    #[must_use]
    pub fn labelled(mut self, labels: Option<Arc<Labels>>) -> Self {
        if labels.is_some() {
            self.with(|call| call.labels = labels);
        }
        self
    }

    /// Says which line made it. `None` leaves what was said.
    #[inline]
    #[must_use]
    pub fn called_at(mut self, call_site: Option<CallSite>) -> Self {
        if let Some(site) = call_site {
            self.with(|call| {
                if !call.details.set_site(site) {
                    call.rare().site = Some(site);
                }
            });
        }
        self
    }

    /// Says how long it waited for the connection that was taken for it alone; see
    /// [`Checkout::waited`](crate::Checkout::waited). Less than a millisecond is not kept.
    #[inline]
    #[must_use]
    pub fn waited_for_pool(mut self, wait: Option<Duration>) -> Self {
        if wait.is_some_and(|wait| wait >= POOL_WAIT_MIN) {
            self.with(|call| call.rare().pool_wait = wait);
        }
        self
    }

    /// Says which span it is made under, where no [observer](crate::Observer) knows it. Costs an
    /// allocation, and nothing for `None`.
    #[inline]
    #[must_use]
    pub fn traced(mut self, trace: Option<TraceContext>) -> Self {
        if trace.is_some() {
            self.with(|call| call.rare().trace = trace);
        }
        self
    }

    /// Says how its text was sent, for a call of a [`Statement`](super::Statement); one that was
    /// started with its text knows.
    #[inline]
    #[must_use]
    pub fn sent_as(mut self, text: KeptText) -> Self {
        if let Some(text) = text.text {
            self.with(|call| call.rare().text = Some(text));
        }
        self.commented(text.comment)
    }

    /// Heeds a comment in what nobody said otherwise.
    #[inline]
    fn commented(mut self, comment: Option<Box<Comment>>) -> Self {
        if let Some(comment) = comment {
            self.with(|call| call.heed(*comment));
        }
        self
    }

    /// Says what its values hash to, where it is made in a [unit of work](crate::Scope); elsewhere nobody asks.
    ///
    /// `hash` adds text and values, or says `false` where they cannot be told.
    #[inline]
    #[must_use]
    pub fn with_parameters(mut self, hash: impl FnOnce(&mut ParameterHasher) -> bool) -> Self {
        self.with(|call| {
            if let Some(scope) = call.rare.as_mut().and_then(|rare| rare.scope.as_mut()) {
                let mut hasher = ParameterHasher::new();
                scope.parameters = hash(&mut hasher).then(|| hasher.finish());
            }
        });
        self
    }

    /// Rows were handed to the caller; adds to what was said before.
    #[inline]
    pub fn add_returned(&mut self, rows: u64) {
        self.with(|call| {
            if !call.details.add_returned(rows) {
                call.add_beyond(|known| known.add_returned(rows));
            }
        });
    }

    /// Rows were changed; adds to what was said before.
    #[inline]
    pub fn add_affected(&mut self, rows: u64) {
        self.with(|call| {
            if !call.details.add_affected(rows) {
                call.add_beyond(|known| known.add_affected(rows));
            }
        });
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
    /// Costs a clock reading, unless no time was counting.
    pub fn wait_ends(&mut self) {
        self.with(|live| {
            if live.watch.is_waiting() {
                live.answered(live.clock().now());
            }
        });
    }

    /// When the database began to work, while it does; for a [`LastCall`](crate::LastCall). Costs no clock
    /// reading.
    #[inline]
    #[must_use]
    pub fn waiting_since(&self) -> Option<Tick> {
        self.live.as_ref()?.watch.waiting_since()
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
        let Some(call) = &mut self.live else { return };
        if call.complete() && matches!(call.on, On::Borrowed(_)) {
            // Nothing to drop: spares asking every field.
            std::mem::forget(self);
        } else {
            self.live = None;
        }
    }

    /// The call ended with an error.
    pub fn fail(mut self, failure: Failure<'_>) {
        self.end(Outcome::Failed(failure), None);
    }

    /// The call ended a while ago, and this is how long it lasted: for an adapter that learns of the
    /// end late.
    pub fn end_late(mut self, outcome: Outcome<'_>, lasted: Duration) {
        self.end(outcome, Some(lasted));
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

    /// Once only: the call is gone then.
    #[cold]
    fn end(&mut self, outcome: Outcome<'_>, lasted: Option<Duration>) {
        if let Some(call) = &mut self.live {
            call.end(outcome, lasted);
            self.live = None;
        }
    }
}

impl Drop for CallTimer<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.live.is_some() {
            self.end(Outcome::Cancelled, None);
        }
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

    /// What the start of few calls has: a text that says more, observers, a unit of work.
    #[cold]
    fn starts_with(&mut self, text: KeptText) {
        if let Some(text) = text.text {
            self.rare().text = Some(text);
        }
        if self.on.monitor.observers.are_there() {
            self.observe();
        }
        if let Some(handle) = scope::entered_of(&self.on.monitor) {
            self.rare().scope = Some(InScope { handle, parameters: None });
        }
        if let Some(comment) = text.comment {
            self.heed(*comment);
        }
    }

    /// It ended well. Nearly all do and have nothing rare, so that is a way of its own, which touches nothing of what
    /// others have. Says whether it went that way: then nothing beside its source is held.
    #[inline]
    fn complete(&mut self) -> bool {
        let monitor = &self.on.monitor;
        let registry = &monitor.registry;
        let at = registry.clock.now();
        let nanos = self.watch.nanos(at);
        let has_more = self.rare.is_some() || self.labels.is_some();
        if !has_more && !registry.asks_more(nanos, self.first.is_some()) {
            monitor.call_ended(Entry::new((self.series, at, nanos), self.details), self.followed);
            return true;
        }
        self.end_at(Outcome::Completed, at, nanos);
        false
    }

    fn end(&mut self, outcome: Outcome<'_>, lasted: Option<Duration>) {
        let at = self.clock().now();
        let nanos = lasted.map_or_else(|| self.watch.nanos(at), nanos);
        self.end_at(outcome, at, nanos);
    }

    /// In place: moving a call out costs more than recording it does.
    #[cold]
    fn end_at(&mut self, outcome: Outcome<'_>, at: Tick, nanos: u64) {
        let monitor = &self.on.monitor;
        let registry = &monitor.registry;
        registry.running().clear(self.followed);
        let rows = self.rows();
        let labels = self.labels.take();
        let origin = self.origin(labels);
        let mut rare = self.rare.take();
        if let Some(rare) = &mut rare {
            rare.dismiss(monitor, outcome, nanos, rows);
            if let Some(scope) = rare.scope.take() {
                self.ended_in(scope, (outcome, rows), (at, nanos), &origin);
            }
        }
        let has_more = rare.is_some() || self.first.is_some();
        let closer = registry
            .closer(nanos, has_more, |may_be_slow| self.closer(rare, at, nanos, may_be_slow));
        let event = Event::new((self.series, at, nanos), rows, outcome, closer, origin);
        monitor.record(event);
    }

    /// What is told of a call that may be slow or is observed, and has lasted so long.
    #[cold]
    fn closer(
        &self,
        rare: Option<Box<Rare>>,
        ended: Tick,
        nanos: u64,
        may_be_slow: bool,
    ) -> Closer {
        let rare = rare.map(|rare| *rare).unwrap_or_default();
        let duration = Duration::from_nanos(nanos);
        let first_row = self.first.map(|first| first.at.since(first.started));
        let whole = self.first.map(|first| ended.since(first.started));
        let parts = CallParts {
            pool_wait: rare.pool_wait,
            first_row,
            fetch: first_row.map(|first| duration.saturating_sub(first)),
            reader: whole.map(|whole| whole.saturating_sub(duration)),
        };
        Closer { parts, trace: rare.trace, text: rare.text.filter(|_| may_be_slow) }
    }

    /// Tells the unit of work it was made in.
    #[cold]
    fn ended_in(
        &self,
        scope: InScope,
        (outcome, rows): (Outcome<'_>, RowCounts),
        (ended, nanos): (Tick, u64),
        origin: &EventOrigin,
    ) {
        let InScope { handle, parameters } = scope;
        handle.call_ended(UnitCall {
            series: self.series,
            started: self.started().unwrap_or(ended),
            ended,
            nanos,
            rows,
            outcome: outcome.kind(),
            error: outcome.error_class(),
            call_site: origin.call_site,
            connection: origin.connection,
            parameters,
            in_transaction: false,
            unit: 0,
        });
    }

    #[cold]
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn started(&self) -> Option<Tick> {
        self.first.map(|first| first.started).or_else(|| self.watch.waiting_since())
    }

    fn rows(&self) -> RowCounts {
        let large = self.rare.as_ref().and_then(|rare| rare.rows);
        large.unwrap_or_else(|| self.details.rows())
    }

    /// Adds to rows that do not fit into its [`Details`] any more.
    #[cold]
    fn add_beyond(&mut self, add: impl FnOnce(&mut RowCounts)) {
        let mut rows = self.rows();
        add(&mut rows);
        self.rare().rows = Some(rows);
        self.details.leave_rows();
    }

    fn origin(&self, labels: Option<Arc<Labels>>) -> EventOrigin {
        let rare = self.rare.as_ref();
        let connection = self.details.connection().or(rare.and_then(|rare| rare.connection));
        let call_site = self.details.site().or(rare.and_then(|rare| rare.site));
        EventOrigin { connection, labels, call_site }
    }

    /// Asks observers where in a trace this is, and who goes along.
    #[cold]
    fn observe(&mut self) {
        let trace = self.on.monitor.trace();
        let starting = StartingCall::new(&self.on, self.series);
        let companions = self.on.monitor.companions(&starting);
        if trace.is_some() || !companions.is_empty() {
            let rare = self.rare();
            (rare.trace, rare.companions) = (trace, companions);
        }
    }

    #[cold]
    fn heed(&mut self, comment: Comment) {
        if comment.trace.is_some() {
            let rare = self.rare();
            rare.trace = rare.trace.take().or(comment.trace);
        }
        self.labels = self.labels.take().or(comment.labels);
    }

    /// The database has answered.
    fn answered(&mut self, at: Tick) {
        if self.first.is_none() {
            let started = self.watch.waiting_since().unwrap_or(at);
            self.first = Some(First { started, at });
        }
        self.watch.wait_ends(at);
        self.running().pause(self.followed);
    }

    /// The database works again.
    fn works_again(&mut self, at: Tick) {
        self.watch.wait_begins(at);
        self.running().resume(self.followed, at, self.watch.nanos(at));
    }

    fn running(&self) -> &Desks {
        self.on.monitor.registry.running()
    }
}

// === impl Rare ===

impl Rare {
    /// Tells those who went along that the call has ended.
    fn dismiss(&mut self, monitor: &Inner, outcome: Outcome<'_>, nanos: u64, rows: RowCounts) {
        for companion in self.companions.drain(..) {
            let duration = Duration::from_nanos(nanos);
            let ending = Ending { outcome, duration, rows: rows.into() };
            monitor.guarded(|| companion.ended(&ending));
        }
    }
}

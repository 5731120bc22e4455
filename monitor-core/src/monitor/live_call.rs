//! A call that runs, and what is done when it ends.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::kept_text::{Comment, KeptText};
use super::observer::{Companion, Ending, StartingCall};
use super::scope::{self, Handle};
use super::source::{Live, On};
use crate::aggregate::{
    Closer, Desks, Details, Entry, Event, EventOrigin, Flight, Followed, Part, RowCounts, SentText,
    SeriesRef, UnitCall, nanos,
};
use crate::capture::{CallSite, Clock, Labels, Outcome, Parameters, Stopwatch, Tick, TraceContext};
use crate::snapshot::CallParts;

/// What a [`CallTimer`](super::CallTimer) times.
///
/// What is hot takes it by value: a compiler that never sees its address keeps it in registers, and leaves out what is
/// written and never read.
pub(super) struct LiveCall<'a> {
    on: On<'a>,
    series: SeriesRef,
    pub(super) watch: Stopwatch,
    /// Of a call whose rows are read one by one.
    first: Option<First>,
    pub(super) details: Details,
    pub(super) followed: Followed<'a>,
    /// A box, as the size of a call is felt wherever it is moved.
    rare: Option<Box<Rare>>,
}

/// The first answer of a call, and when that was started. Until then it is the watch that knows.
#[derive(Clone, Copy)]
struct First {
    started: Tick,
    at: Tick,
    then: Then,
}

/// What the reader of a call did after its first answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Nothing that was waited for.
    Rested,
    /// It came back for more.
    Waited,
    /// It let go, and never came back: the answer was one piece, like that of a call whose rows nobody reads one by one.
    LetGo,
}

/// What few calls have, and what is told only of one that may be slow.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) labels: Option<Arc<Labels>>,
    pool_wait: Option<Duration>,
    pub(super) trace: Option<TraceContext>,
    companions: Vec<Box<dyn Companion>>,
    pub(super) text: Option<SentText>,
    scope: Option<InScope>,
    /// What does not fit into its [`Details`].
    rows: Option<RowCounts>,
    pub(super) connection: Option<NonZeroU64>,
    pub(super) site: Option<CallSite>,
}

/// The unit of work it is made in.
struct InScope {
    handle: Arc<Handle>,
    parameters: Option<Parameters>,
    flight: Option<Flight>,
}

/// A shorter wait for a pool's connection explains nothing, and is not worth a box.
const POOL_WAIT_MIN: Duration = Duration::from_millis(1);

// === impl LiveCall ===

impl<'a> LiveCall<'a> {
    #[inline(always)]
    pub(super) fn start(
        live: &'a Arc<Live>,
        series: SeriesRef,
        text: Option<Box<KeptText>>,
    ) -> Self {
        // One branch for both.
        let is_accompanied = live.monitor.observers.count() | scope::depth() != 0;
        let has_more = text.is_some() || is_accompanied;
        let rare = if has_more {
            Rare::starting(live, series, text)
        } else {
            // There is nothing to drop, which a compiler does not see.
            std::mem::forget(text);
            None
        };
        let registry = &live.monitor.registry;
        let now = registry.clock.now();
        // Before there is a call that would have to be dropped should this panic.
        let followed = registry.starts(series, now);
        Self {
            on: On::Borrowed(live),
            series,
            watch: Stopwatch::start(now),
            first: None,
            details: Details::NOTHING,
            followed,
            rare,
        }
    }

    /// The same, borrowing nothing.
    #[inline]
    pub(super) fn detach(self) -> LiveCall<'static> {
        LiveCall {
            on: On::Shared(match self.on {
                On::Borrowed(live) => live.clone(),
                On::Shared(live) => live,
            }),
            series: self.series,
            watch: self.watch,
            first: self.first,
            details: self.details,
            followed: self.followed.apart(),
            rare: self.rare,
        }
    }

    #[inline]
    pub(super) fn clock(&self) -> &Clock {
        &self.on.monitor.registry.clock
    }

    /// It ended well. Nearly all do and have nothing rare, so that is a way of its own, which touches nothing of what
    /// others have.
    #[inline(always)]
    pub(super) fn complete(self) {
        self.complete_at(None);
    }

    /// The same of a call whose reader lets go while the database is not working. Where it has come for one answer
    /// only, that was the end: nothing is read off the clock, and there are no parts.
    #[inline(always)]
    pub(super) fn let_go(mut self) {
        match &mut self.first {
            Some(first) if first.then == Then::Rested => {
                first.then = Then::LetGo;
                let at = first.at;
                self.complete_at(Some(at));
            }
            _ => self.complete(),
        }
    }

    /// Completes it, now or as of a moment that is known.
    #[inline(always)]
    fn complete_at(self, at: Option<Tick>) {
        // Apart from the first line on: whole, it would have to be somewhere in memory where what follows panics.
        let Self { on, series, watch, first, details, followed, rare } = self;
        let live = match on {
            On::Borrowed(live) => live,
            On::Shared(live) => {
                // As one that borrows what is shared.
                let on = On::Borrowed(&live);
                let call = LiveCall { on, series, watch, first, details, followed, rare };
                return call.complete_apart(at);
            }
        };
        let registry = &live.monitor.registry;
        let at = at.unwrap_or_else(|| registry.clock.now());
        let nanos = watch.nanos(at);
        let read = first.filter(First::has_parts);
        if rare.is_some() || registry.asks_more(nanos, read.is_some()) {
            let on = On::Borrowed(live);
            let call = Self { on, series, watch, first, details, followed, rare };
            return call.end_at(Outcome::Completed, at, nanos);
        }
        // There is nothing to drop, which a compiler does not see.
        std::mem::forget(rare);
        if let Some(first) = read {
            count_read(live, series, first.split(at, nanos));
        }
        live.monitor.call_ended(Entry::new((series, at, nanos), details), followed);
    }

    #[inline(never)]
    fn complete_apart(self, at: Option<Tick>) {
        self.complete_at(at);
    }

    #[cold]
    pub(super) fn end(self, outcome: Outcome<'_>, lasted: Option<Duration>) {
        let at = self.clock().now();
        let nanos = lasted.map_or_else(|| self.watch.nanos(at), nanos);
        self.end_at(outcome, at, nanos);
    }

    #[cold]
    fn end_at(mut self, outcome: Outcome<'_>, at: Tick, nanos: u64) {
        let (rows, mut rare) = (self.rows(), self.rare.take());
        let origin = self.origin(rare.as_deref_mut());
        let monitor = &self.on.monitor;
        let registry = &monitor.registry;
        registry.running().clear(self.followed);
        let rare = rare.map(|mut rare| {
            rare.dismiss(monitor, outcome, nanos, rows);
            if let Some(scope) = rare.scope.take() {
                self.ended_in(scope, (outcome, rows), (at, nanos), &origin);
            }
            rare
        });
        let parts = self.first.filter(First::has_parts).map(|first| self.parts(first, at, nanos));
        let has_more = rare.is_some() || parts.is_some();
        let closer = registry.closer(nanos, has_more, |may_be_slow| {
            Rare::closer(rare, parts.unwrap_or_default(), may_be_slow)
        });
        let event = Event::new((self.series, at, nanos), rows, outcome, closer, origin);
        monitor.record(event);
    }

    /// Where the time of a call went whose rows were read one by one; counts it.
    #[cold]
    fn parts(&self, first: First, ended: Tick, nanos: u64) -> CallParts {
        let split = first.split(ended, nanos);
        count_read(&self.on, self.series, split);
        let [first_row, fetch, reader] = split.map(|nanos| Some(Duration::from_nanos(nanos)));
        CallParts { first_row, fetch, reader, pool_wait: None }
    }

    /// It has waited for its connection.
    #[inline]
    pub(super) fn waited(&mut self, wait: Duration) {
        count_wait(&self.on, self.series, wait);
        if wait >= POOL_WAIT_MIN {
            self.change_rare(move |rare| rare.pool_wait = Some(wait));
        }
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
        let InScope { handle, parameters, flight } = scope;
        let beside = flight.map_or(0, |flight| handle.flight_ends(flight));
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
            beside,
            in_transaction: false,
            unit: 0,
        });
    }

    /// Changes what few calls have.
    #[inline]
    pub(super) fn change_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        self.rare = Some(Rare::changed(self.rare.take(), change));
    }

    /// Whether it is made in a unit of work, so that somebody asks what its values hash to.
    #[inline]
    pub(super) fn is_in_scope(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.scope.is_some())
    }

    /// What its values hash to, by which it is seen beside others that ask the same.
    pub(super) fn take_part(&mut self, parameters: Option<Parameters>) {
        if let Some(scope) = self.rare.as_mut().and_then(|rare| rare.scope.as_mut()) {
            scope.parameters = parameters;
            if let (None, Some(parameters)) = (scope.flight, parameters) {
                scope.flight = scope.handle.call_begins(self.series, parameters);
            }
        }
    }

    fn started(&self) -> Option<Tick> {
        self.first.map(|first| first.started).or_else(|| self.watch.waiting_since())
    }

    fn rows(&self) -> RowCounts {
        let large = self.rare.as_ref().and_then(|rare| rare.rows);
        large.unwrap_or_else(|| self.details.rows())
    }

    /// Adds to rows that do not fit into its [`Details`] any more.
    #[inline]
    pub(super) fn add_beyond(&mut self, add: impl FnOnce(&mut RowCounts)) {
        let known = self.details.rows();
        self.change_rare(move |rare| add(rare.rows.get_or_insert(known)));
        self.details.leave_rows();
    }

    fn origin(&self, rare: Option<&mut Rare>) -> EventOrigin {
        let (connection, call_site) = (self.details.connection(), self.details.site());
        let Some(rare) = rare else { return EventOrigin { connection, labels: None, call_site } };
        EventOrigin {
            connection: connection.or(rare.connection),
            labels: rare.labels.take(),
            call_site: call_site.or(rare.site),
        }
    }

    /// Heeds a comment in what nobody said otherwise.
    #[inline]
    pub(super) fn heed(&mut self, comment: Box<Comment>) {
        self.change_rare(move |rare| rare.heed(*comment));
    }

    /// The database has answered.
    pub(super) fn answered(&mut self, at: Tick) {
        if self.first.is_none() {
            let started = self.watch.waiting_since().unwrap_or(at);
            self.first = Some(First { started, at, then: Then::Rested });
        }
        self.watch.wait_ends(at);
        self.running().pause(self.followed);
    }

    /// The database works again.
    pub(super) fn works_again(&mut self, at: Tick) {
        if let Some(first) = &mut self.first {
            first.then = Then::Waited;
        }
        self.watch.wait_begins(at);
        self.running().resume(self.followed, at, self.watch.nanos(at));
    }

    #[inline]
    pub(super) fn running(&self) -> &Desks {
        self.on.monitor.registry.running()
    }
}

#[cold]
fn count_wait(live: &Live, series: SeriesRef, wait: Duration) {
    live.monitor.record(Part::Waited(nanos(wait)).event(series));
}

#[inline(never)]
fn count_read(live: &Live, series: SeriesRef, [first, fetch, reader]: [u64; 3]) {
    live.monitor.record(Part::Read { first, fetch, reader }.event(series));
}

// === impl First ===

impl First {
    /// Whether its rows were read one by one.
    #[inline]
    fn has_parts(&self) -> bool {
        self.then != Then::LetGo
    }

    /// Nanoseconds to the first answer of a call that worked so long, for all that came after, and of the reader's own.
    fn split(self, ended: Tick, nanos: u64) -> [u64; 3] {
        let first = self.at.nanos_since(self.started);
        let reader = ended.nanos_since(self.started).saturating_sub(nanos);
        [first, nanos.saturating_sub(first), reader]
    }
}

// === impl Rare ===

impl Rare {
    /// What a call has at its start: a text that says more, observers, a unit of work.
    #[cold]
    fn starting(live: &Live, series: SeriesRef, text: Option<Box<KeptText>>) -> Option<Box<Self>> {
        let KeptText { text, comment } = text.map(|text| *text).unwrap_or_default();
        let mut rare: Option<Box<Self>> = None;
        if let Some(text) = text {
            rare.get_or_insert_default().text = Some(text);
        }
        if live.monitor.observers.are_there() {
            Self::observe(&mut rare, live, series);
        }
        if let Some(handle) = scope::entered_of(&live.monitor) {
            rare.get_or_insert_default().scope =
                Some(InScope { handle, parameters: None, flight: None });
        }
        if let Some(comment) = comment {
            rare.get_or_insert_default().heed(*comment);
        }
        rare
    }

    /// Asks observers where in a trace this is, and who goes along.
    fn observe(rare: &mut Option<Box<Self>>, live: &Live, series: SeriesRef) {
        let trace = live.monitor.trace();
        let companions = live.monitor.companions(&StartingCall::new(live, series));
        if trace.is_some() || !companions.is_empty() {
            let rare = rare.get_or_insert_default();
            (rare.trace, rare.companions) = (trace, companions);
        }
    }

    /// Heeds a comment in what nobody said otherwise.
    fn heed(&mut self, Comment { trace, labels }: Comment) {
        self.trace = self.trace.take().or(trace);
        self.labels = self.labels.take().or(labels);
    }

    #[cold]
    fn changed(rare: Option<Box<Self>>, change: impl FnOnce(&mut Self)) -> Box<Self> {
        let mut rare = rare.unwrap_or_default();
        change(&mut rare);
        rare
    }

    /// What is told of a call that may be slow or is observed.
    #[cold]
    fn closer(rare: Option<Box<Self>>, parts: CallParts, may_be_slow: bool) -> Closer {
        let rare = rare.map(|rare| *rare).unwrap_or_default();
        let parts = CallParts { pool_wait: rare.pool_wait, ..parts };
        Closer { parts, trace: rare.trace, text: rare.text.filter(|_| may_be_slow) }
    }

    /// Tells those who went along that the call has ended.
    fn dismiss(&mut self, monitor: &Inner, outcome: Outcome<'_>, nanos: u64, rows: RowCounts) {
        for companion in self.companions.drain(..) {
            let duration = Duration::from_nanos(nanos);
            let ending = Ending { outcome, duration, rows: rows.into() };
            monitor.guarded(|| companion.ended(&ending));
        }
    }
}

//! Handles on where calls come from, and on what they run.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::call_timer::CallTimer;
use super::kept_text::{Comment, KeptText};
use super::probe::ProbeTimer;
use super::scope;
use super::timers::{Checkout, CheckoutTimer, TransactionTimer};
use crate::aggregate::{
    self, Closer, Details, Event, EventOrigin, Owner, RowCounts, SeriesRef, UnitCall, nanos,
};
use crate::capture::{Call, CallSite, CheckoutEnd, Database, Labels, Origin, Outcome, PoolLevels};
use crate::identify::{Dialect, Kind};
use crate::snapshot::dialect;

/// One way calls take to a database: a pool, or connections made without one.
///
/// Cheap to clone. An adapter gets one from the [`Monitor`](super::Monitor) and tells it everything
/// it sees. All methods are infallible and short; those of a monitor that is off do nothing.
#[derive(Clone)]
pub struct Source {
    live: Option<Arc<Live>>,
}

/// What a source that is not off knows.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) monitor: Arc<Inner>,
    pub(super) source: Arc<aggregate::Source>,
    /// Of the source's texts, at hand.
    owner: Owner,
    dialect: Dialect,
}

/// A source, borrowed or shared.
pub(super) enum On<'a> {
    Borrowed(&'a Arc<Live>),
    Shared(Arc<Live>),
}

/// A statement that a source is about to run, already identified.
///
/// For adapters that give the text away before the call starts. It belongs to the source that
/// identified it, and costs nothing to copy.
#[derive(Clone, Copy, Debug)]
pub struct Statement(Option<(u64, SeriesRef)>);

// === impl Source ===

impl Source {
    pub(super) fn new(
        monitor: Option<&Arc<Inner>>,
        pool: Option<&str>,
        database: Database,
    ) -> Self {
        let live = monitor.map(|monitor| {
            let source = monitor.registry.source(pool, &database);
            Arc::new(Live {
                monitor: monitor.clone(),
                owner: monitor.registry.owner(&source),
                source,
                dialect: dialect(database.system),
            })
        });
        Self { live }
    }

    /// A source of a monitor that is off.
    #[must_use]
    pub fn off() -> Self {
        Self { live: None }
    }

    /// Whether this is a source of a monitor that is off.
    #[must_use]
    #[inline]
    pub fn is_off(&self) -> bool {
        self.live.is_none()
    }

    /// Whether both are handles on one source, [apart](Self::apart) or not.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.live, &other.live) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(&mine.source, &theirs.source),
            (None, None) => true,
            _ => false,
        }
    }

    /// The same source, sharing no reference count with this one.
    ///
    /// For a connection that [detaches](CallTimer::detach) its timers: their counting then meets
    /// nobody else's.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { live: self.live.as_ref().map(|live| Arc::new(Live::clone(live))) }
    }

    /// The pool's name, or the database's where there is no pool; empty when off.
    #[must_use]
    pub fn name(&self) -> &str {
        self.live.as_ref().map_or("", |live| &live.source.name)
    }

    /// The database behind it.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.live.as_ref().map(|live| &*live.source.database)
    }

    /// Identifies a statement. A text seen before costs a hash and a look-up.
    #[must_use]
    #[inline]
    pub fn statement(&self, text: &str) -> Statement {
        Statement(self.live.as_ref().map(|live| (live.monitor.registry.id(), live.series(text))))
    }

    /// Whether a statement that this source has identified is still followed under that identity.
    ///
    /// For adapters that keep statements: one that gave up its place must be identified again, or its
    /// calls count as "other". Costs a load.
    #[must_use]
    #[inline]
    pub fn follows(&self, statement: Statement) -> bool {
        self.live.as_ref().zip(statement.0).is_some_and(|(live, (monitor, series))| {
            let registry = &live.monitor.registry;
            registry.knows(monitor, series, &live.source) && registry.is_current(series)
        })
    }

    /// Starts timing a call of a statement that this source has identified: now.
    ///
    /// A statement that another source has identified is not timed: it would count for that one.
    #[must_use = "a timer that is dropped at once records a cancelled call"]
    #[inline(always)]
    pub fn start(&self, statement: Statement) -> CallTimer<'_> {
        let known = self.live.as_ref().zip(statement.0).filter(|(live, (monitor, series))| {
            live.monitor.registry.knows(*monitor, *series, &live.source)
        });
        match known {
            Some((live, (_, series))) => CallTimer::start(live, series, None),
            None => CallTimer::off(),
        }
    }

    /// Starts timing a call: now.
    #[must_use = "a timer that is dropped at once records a cancelled call"]
    #[inline(always)]
    pub fn call(&self, text: &str) -> CallTimer<'_> {
        match &self.live {
            Some(live) => {
                let (series, kept) = match live.remembered(text) {
                    Some(series) => (series, None),
                    None => live.seen(text),
                };
                CallTimer::start(live, series, kept)
            }
            None => CallTimer::off(),
        }
    }

    /// What a text tells beside its statement, for an adapter that starts its calls
    /// [without](Self::start) it: its beginning with its literals, where such texts are kept, and the
    /// trace and the route or action that a comment of [sqlcommenter's form](crate::identify::tags)
    /// names. Costs a branch or two where there is neither, and allocates where there is.
    #[must_use]
    #[inline]
    pub fn kept_text(&self, text: &str) -> KeptText {
        self.live.as_ref().map(|live| live.kept_text(text)).unwrap_or_default()
    }

    /// Records a call that has ended.
    #[inline]
    pub fn record(&self, call: Call<'_>) {
        let Some(live) = &self.live else { return };
        let nanos = nanos(call.duration);
        if !live.record_plain(&call, nanos) {
            live.record_any(call, nanos);
        }
    }

    /// Starts waiting for a connection of this pool. The caller's line is remembered.
    #[track_caller]
    #[must_use = "a timer that is dropped at once records a cancelled checkout"]
    pub fn checkout(&self) -> CheckoutTimer {
        self.checkout_at(Some(CallSite::here()))
    }

    /// Starts waiting for a connection, for an adapter that knows, or does not know, the line.
    #[must_use = "a timer that is dropped at once records a cancelled checkout"]
    pub fn checkout_at(&self, call_site: Option<CallSite>) -> CheckoutTimer {
        CheckoutTimer::start(self.live.clone(), call_site)
    }

    /// A connection was handed out just now, for a pool that tells the wait when it is over.
    #[must_use = "the connection counts as returned when this is dropped"]
    pub fn checkout_taken(&self, waited: Duration) -> Checkout {
        Checkout::waited_for(self.live.clone(), waited)
    }

    /// The pool gave no connection in time, for a pool that tells the wait when it is over.
    pub fn checkout_timed_out(&self, waited: Duration) {
        if let Some(live) = &self.live {
            live.source.checkouts.wait_begins();
            live.source.checkouts.wait_ends(CheckoutEnd::TimedOut, waited);
            if let Some(scope) = scope::entered_of(&live.monitor) {
                scope.unit.waited(waited, false);
            }
            live.source.remember_timeout(live.monitor.registry.clock.now(), waited, None);
        }
    }

    /// A transaction has begun.
    #[must_use = "a timer that is dropped at once records a dropped transaction"]
    pub fn transaction(&self) -> TransactionTimer {
        TransactionTimer::start(self.live.clone())
    }

    /// A connection was made; `took` where the adapter saw how long.
    pub fn connection_created(&self, took: Option<Duration>) {
        if let Some(live) = &self.live {
            live.source.connections.created(took);
            live.source.contact.answered(live.monitor.registry.clock.now());
        }
    }

    /// A connection was closed.
    pub fn connection_closed(&self) {
        if let Some(live) = &self.live {
            live.source.connections.closed();
        }
    }

    /// An attempt to connect failed.
    pub fn connection_failed(&self) {
        if let Some(live) = &self.live {
            let now = live.monitor.registry.clock.now();
            live.source.connections.failed(now);
            live.source.contact.lost(now);
        }
    }

    /// An attempt to connect failed that counts elsewhere, with the database rather than the pool: it
    /// shall be known when a time-out of the pool is explained.
    pub fn connection_refused(&self) {
        if let Some(live) = &self.live {
            live.source.connections.refused(live.monitor.registry.clock.now());
        }
    }

    /// The pool has looked whether a connection works, which is no call of the application's.
    pub fn connection_checked(&self, took: Duration, well: bool) {
        if let Some(live) = &self.live {
            live.source.connections.checked(took, well);
            let now = live.monitor.registry.clock.now();
            match well {
                true => live.source.contact.answered(now),
                false => live.source.contact.lost(now),
            }
        }
    }

    /// A connection whose cache of prepared statements holds `capacity` texts, and cannot hold more, is
    /// about to run this text, which is to be kept in it; see
    /// [`PoolActivity::statement_cache`](crate::snapshot::PoolActivity::statement_cache).
    ///
    /// Costs a lock that the pool's connections share: not for those with room in their cache.
    pub fn found_cache_full(&self, statement: Statement, text: &str, capacity: usize) {
        if let (Some(live), Some(series)) = (&self.live, statement.series()) {
            live.source.prepared(series, text, capacity);
        }
    }

    /// The driver has reported how long somebody waited for a connection of a pool that nobody sees.
    pub fn wait_reported(&self, waited: Duration, is_slow: bool) {
        if let Some(live) = &self.live {
            live.source.reported.waited(waited, is_slow);
        }
    }

    /// Says that it is not seen how calls of this source end: an error looks like any other end.
    pub fn ends_are_unseen(&self) {
        if let Some(live) = &self.live {
            live.source.ends_are_unseen();
        }
    }

    /// A probe goes out: the short question whether the database is there.
    ///
    /// It is told here and nowhere else, so that it counts neither as a call nor as a checkout.
    /// Whoever sends probes asks without waiting for a connection, and with a time limit.
    #[must_use = "a timer that is dropped at once says nothing about the database"]
    pub fn probe(&self) -> ProbeTimer {
        ProbeTimer::start(self.live.clone())
    }

    /// Pushes in what a pool says of itself, for pools no adapter knows.
    pub fn set_levels(&self, levels: PoolLevels) {
        if let Some(live) = &self.live {
            live.source.tell_levels(levels);
        }
    }

    /// From now on, asks for the pool's levels whenever a snapshot is taken.
    ///
    /// Where several pools count as one, each is asked and they are added up; see
    /// [`watch_levels_of`](Self::watch_levels_of). The closure must be quick, must not panic and must
    /// not keep the pool alive: hold it weakly and answer `None` when it is gone.
    pub fn watch_levels(&self, ask: impl Fn() -> Option<PoolLevels> + Send + Sync + 'static) {
        let ask: Arc<aggregate::LevelsFn> = Arc::new(ask);
        self.watch(Arc::as_ptr(&ask).addr(), ask);
    }

    /// [`watch_levels`](Self::watch_levels) for one of several handles on a pool: those of one
    /// number are one pool, and count once.
    pub fn watch_levels_of(
        &self,
        pool: usize,
        ask: impl Fn() -> Option<PoolLevels> + Send + Sync + 'static,
    ) {
        self.watch(pool, Arc::new(ask));
    }

    fn watch(&self, pool: usize, ask: Arc<aggregate::LevelsFn>) {
        if let Some(live) = &self.live {
            live.source.ask_levels(pool, ask);
        }
    }
}

// === impl Statement ===

impl Statement {
    /// What the statement does, as far as its first words tell; `None` from a monitor that is off.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        self.0.map(|(_, series)| series.kind())
    }

    pub(super) fn series(self) -> Option<SeriesRef> {
        self.0.map(|(_, series)| series)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}

// === impl Live ===

impl Live {
    /// The series of a text that this thread remembers: one that tells nothing else.
    #[inline]
    fn remembered(&self, text: &str) -> Option<SeriesRef> {
        self.monitor.registry.remembered(text, self.owner)
    }

    #[inline]
    fn series(&self, text: &str) -> SeriesRef {
        self.remembered(text)
            .unwrap_or_else(|| self.monitor.registry.series(text, self.dialect, &self.source))
    }

    /// Records a call of which nothing is to be told but what every call tells. Says whether it was one.
    #[inline]
    fn record_plain(&self, call: &Call<'_>, nanos: u64) -> bool {
        let Call { text, rows, outcome, origin, .. } = *call;
        let is_asked_more = self.monitor.observers.are_there()
            || scope::is_entered()
            || self.monitor.registry.asks_more(nanos, false);
        if is_asked_more || origin.user.is_some() || origin.tag.is_some() {
            return false;
        }
        let connection = origin.connection.and_then(NonZeroU64::new);
        let details = Details::of(RowCounts::from(rows), connection, origin.call_site);
        let details = details.filter(|_| !matches!(outcome, Outcome::Failed(_)));
        let Some((details, series)) = details.zip(self.remembered(text)) else { return false };
        let at = self.monitor.registry.clock.now();
        self.monitor.record(Event::plain((series, at, nanos), details.ended(outcome.kind())));
        true
    }

    #[inline(never)]
    fn record_any(&self, call: Call<'_>, nanos: u64) {
        let Origin { connection, user, tag, call_site, trace } = call.origin;
        let registry = &self.monitor.registry;
        let comment = Comment::of(call.text);
        let trace = trace.cloned().or_else(|| self.monitor.trace());
        let (commented_trace, commented) =
            comment.map_or((None, None), |one| (one.trace, one.labels));
        let trace = trace.or(commented_trace);
        let has_more = trace.is_some();
        let closer = registry.closer(nanos, has_more, |may_be_slow| Closer {
            trace,
            text: may_be_slow.then(|| registry.sent_text(call.text)).flatten(),
            ..Closer::default()
        });
        let (series, at) = (self.series(call.text), registry.clock.now());
        let (rows, outcome) = (RowCounts::from(call.rows), call.outcome);
        let connection = connection.and_then(NonZeroU64::new);
        if let Some(scope) = scope::entered_of(&self.monitor) {
            scope.call_ended(UnitCall {
                series,
                started: at.before(call.duration),
                ended: at,
                nanos,
                rows,
                outcome: outcome.kind(),
                error: outcome.error_class(),
                call_site,
                connection,
                parameters: call.parameters,
                beside: 0,
                in_transaction: false,
                unit: 0,
            });
        }
        let labels = Labels::default().with_user(user).with_tag(tag).shared().or(commented);
        let origin = EventOrigin { connection, labels, call_site };
        self.monitor.record(Event::new((series, at, nanos), rows, outcome, closer, origin));
    }

    #[inline(never)]
    fn seen(&self, text: &str) -> (SeriesRef, Option<Box<KeptText>>) {
        let series = self.monitor.registry.series(text, self.dialect, &self.source);
        let kept = self.kept_text(text);
        (series, kept.says_more().then(|| Box::new(kept)))
    }

    #[inline]
    fn kept_text(&self, text: &str) -> KeptText {
        KeptText { text: self.monitor.registry.sent_text(text), comment: Comment::of(text) }
    }
}

// === impl On ===

impl std::ops::Deref for On<'_> {
    type Target = Live;

    #[inline]
    fn deref(&self) -> &Live {
        match self {
            Self::Borrowed(live) => live,
            Self::Shared(live) => live,
        }
    }
}

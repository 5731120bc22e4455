//! Where the stages meet: the monitor itself, and the handles adapters hold.

mod advisor;
mod alerting;
mod beat;
mod builder;
mod call_timer;
mod capture;
mod checks;
mod kept_text;
mod last_call;
mod live_call;
mod observer;
mod probe;
mod scope;
mod scope_watch;
mod slow_settings;
mod source;
mod survey;
mod timers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use builder::{BuildError, Builder};
pub use call_timer::CallTimer;
pub use kept_text::KeptText;
pub use last_call::LastCall;
pub use observer::{Companion, Ending, Observer, StartingCall};
pub use probe::ProbeTimer;
pub use scope::{Scope, ScopeGuard, ScopeSummary, Scoped, WeakScope};
pub use source::{Source, Statement};
pub use timers::{Checkout, CheckoutTimer, Drain, TransactionTimer};

use crate::aggregate::Registry;
use crate::capture::{Clock, Database};
use crate::deliver::Dispatch;
use crate::judge::{self, AlertFilter, Explanation, Health, HealthBook, Thresholds};
use crate::show;
use crate::snapshot::{
    CallRecord, Losses, PoolActivity, SinkActivity, SlowFilter, Snapshot, SourceActivity,
};

/// Watches databases from inside the service.
///
/// Cheap to clone: all clones are one monitor. Adapters get a reference and keep a clone. When the
/// last clone, and the last source made from it, is gone, its beat stops.
#[derive(Clone, Default)]
pub struct Monitor {
    /// `None` is a monitor that is off.
    inner: Option<Arc<Inner>>,
}

pub(crate) struct Inner {
    registry: Registry,
    /// The build of the service, where it was told.
    build: Option<Arc<str>>,
    thresholds: Thresholds,
    alerting: alerting::Alerting,
    health: Mutex<HealthBook>,
    dispatch: Dispatch,
    beat: beat::Beat,
    advisor: advisor::Advisor,
    observers: observer::Observers,
    scope_watch: scope_watch::ScopeWatch,
}

// === impl Monitor ===

impl Monitor {
    /// A monitor with everything at its default, ready to be changed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A monitor that sees nothing and costs next to nothing.
    ///
    /// Lets a service keep its wrapped pools when monitoring is switched off by configuration.
    #[must_use]
    pub fn off() -> Self {
        Self { inner: None }
    }

    /// Whether this monitor records anything.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.inner.is_none()
    }

    /// The clock this monitor reads. A monitor that is off has one of its own.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.inner.as_ref().map_or_else(Clock::real, |inner| inner.registry.clock.clone())
    }

    /// The thresholds this monitor judges by.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        self.inner.as_ref().map_or_else(Thresholds::default, |inner| inner.thresholds)
    }

    /// A database that is used without a pool, or whose pool is not known.
    ///
    /// Asking twice for an equal database gives the same source. Takes a short lock: do it once per
    /// connection, not once per call.
    #[must_use]
    pub fn database(&self, database: Database) -> Source {
        Source::new(self.inner.as_ref(), None, database)
    }

    /// A pool by its name. Asking twice for the same name and database gives the same pool.
    #[must_use]
    pub fn pool(&self, name: &str, database: Database) -> Source {
        Source::new(self.inner.as_ref(), Some(name), database)
    }

    /// A pool without a name of its own: it is called after its database, `host:port/name`, and
    /// gets a number behind that if there is such a pool already.
    #[must_use]
    pub fn unnamed_pool(&self, database: Database) -> Source {
        let base = database.to_string();
        let taken = |name: &str| self.inner.as_ref().is_some_and(|i| i.registry.has_pool(name));
        let mut name = base.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{base}-{number}");
            number += 1;
        }
        self.pool(&name, database)
    }

    /// The numbers at this moment.
    ///
    /// Copies the numbers of every statement and adds up totals, which takes a millisecond or two when there are
    /// thousands; each [list](crate::snapshot::List) takes as much when it is read first. A call of a known
    /// statement does not wait for it, unless its thread ends thousands of calls meanwhile; the first
    /// call of a new statement may wait while the numbers are copied. A monitor that is off gives an empty snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.inner.as_ref().map_or_else(Snapshot::empty, |inner| inner.snapshot())
    }

    /// How the databases do, check by check, judged by the [thresholds](Self::thresholds).
    ///
    /// Never asks a database: it judges what calls and probes have told. Costs what a
    /// [`snapshot`](Self::snapshot) costs. Where a check took its status some time ago,
    /// [`Check::since`](judge::Check::since) is true to a beat of five seconds.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health_of(&self.snapshot())
    }

    /// The same of a snapshot that was just taken, for whoever needs both.
    #[must_use]
    pub fn health_of(&self, snapshot: &Snapshot) -> Health {
        match &self.inner {
            Some(inner) => inner.health(snapshot),
            None => judge::health(snapshot, &self.thresholds(), &[]),
        }
    }

    /// The slowest call of each statement that had slow calls, slowest first.
    #[must_use]
    pub fn slow_queries(&self, limit: usize) -> Vec<CallRecord> {
        self.slow_calls().take(limit).collect()
    }

    /// The slowest call of each statement that had very slow calls, slowest first.
    #[must_use]
    pub fn very_slow_queries(&self, limit: usize) -> Vec<CallRecord> {
        self.slow_calls().filter(CallRecord::is_very_slow).take(limit).collect()
    }

    fn slow_calls(&self) -> impl Iterator<Item = CallRecord> {
        let log = self.inner.as_ref().map(|inner| inner.registry.slow_calls());
        log.unwrap_or_default().into_iter()
    }

    /// The slow calls a filter asks for, among all that are kept: the slowest call of each statement,
    /// and the newest.
    #[must_use]
    pub fn slow_log(&self, filter: &SlowFilter) -> Vec<CallRecord> {
        let log = self.inner.as_ref().map(|inner| inner.registry.slow_log());
        filter.choose(log.unwrap_or_default())
    }

    /// The newest calls, newest first, as far as
    /// [`Limits::recent_calls_max`](crate::Limits::recent_calls_max) goes back.
    #[must_use]
    pub fn recent_calls(&self, limit: usize) -> Vec<CallRecord> {
        self.inner.as_ref().map(|inner| inner.registry.recent_calls(limit)).unwrap_or_default()
    }

    /// Waits until every sink was told what waits for it, at most so long; says whether that was so. It was not where a
    /// sink refused something meanwhile.
    ///
    /// For the end of a process: dropping a monitor waits for no sink. True for a monitor that is off.
    #[must_use = "alerts may be left untold"]
    pub fn flush_alerts(&self, within: Duration) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.dispatch.done_within(within))
    }

    /// A report a person likes to read, as plain text.
    #[must_use]
    pub fn report(&self) -> String {
        let snapshot = self.snapshot();
        let recommendations = self.recommendations();
        show::text(&snapshot, &self.health_of(&snapshot))
            + &show::timeouts(&self.timeouts_of(&snapshot))
            + &show::recommendations(&recommendations)
    }

    /// Why checkouts timed out: the newest of each pool, newest first, under the pool's name.
    ///
    /// Of each pool [`CheckoutTimeout::KEPT_MAX`](crate::snapshot::CheckoutTimeout::KEPT_MAX) are kept.
    #[must_use]
    pub fn timeouts(&self) -> Vec<(Arc<str>, Explanation)> {
        self.timeouts_of(&self.snapshot())
    }

    fn timeouts_of(&self, snapshot: &Snapshot) -> Vec<(Arc<str>, Explanation)> {
        let thresholds = self.thresholds();
        let of_pool = |(source, pool): (&SourceActivity, &PoolActivity)| {
            let name = source.name.clone();
            let explained =
                pool.timeouts.iter().map(|timeout| judge::explain(timeout, &thresholds));
            explained.map(move |explanation| (name.clone(), explanation)).collect::<Vec<_>>()
        };
        snapshot.pools().flat_map(of_pool).collect()
    }

    /// Does what is due: digests the slow log, finds calls that run too long, parses new statements,
    /// tells observers, closes window pieces and reviews alerts.
    ///
    /// A thread of the monitor's own calls this every second, unless the builder was told
    /// [`beat_by_hand`](Builder::beat_by_hand).
    pub fn beat(&self) {
        if let Some(inner) = &self.inner {
            inner.beat();
        }
    }

    /// Tells [observers](Observer) all there is to tell, rather than on the next beat: every call that
    /// has ended, and how pools are. When it is done they have heard it.
    ///
    /// For the end of a service, before what observers send with is shut down. An observer must not
    /// call it: it would wait for itself.
    pub fn tell_observers(&self) {
        if let Some(inner) = &self.inner {
            inner.tell_calls();
            inner.tell_levels();
        }
    }
}

/// Shows whether it is on, and nothing it has recorded.
impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").field("off", &self.is_off()).finish_non_exhaustive()
    }
}

// === impl Inner ===

impl Inner {
    fn health_book(&self) -> MutexGuard<'_, HealthBook> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self, snapshot: &Snapshot) -> Health {
        let alerts = self.alerting.state().book.alerts(&AlertFilter::default());
        let health = judge::health(snapshot, &self.thresholds, &alerts);
        self.health_book().dated(health)
    }

    /// Takes down how things are, so that later on it is known since when.
    fn note_health(&self, snapshot: &Snapshot) {
        self.beat.note_panics(snapshot, self.registry.clock.now());
        let health = self.health(snapshot);
        self.health_book().note(&health);
    }

    fn snapshot(&self) -> Snapshot {
        self.watch_scopes();
        let mut snapshot = self.registry.snapshot();
        snapshot.build = self.build.clone();
        snapshot.beat = Some(self.beat.read(self.registry.clock.now()));
        snapshot.sinks = self.dispatch.activities();
        self.complete(&mut snapshot.losses, &snapshot.sinks);
        snapshot
    }

    /// Adds what the registry does not know of.
    fn complete(&self, losses: &mut Losses, sinks: &[SinkActivity]) {
        {
            let state = self.alerting.state();
            losses.alerts_forgotten = state.book.forgotten();
            losses.mutes_forgotten = state.mutes.forgotten();
        }
        losses.panics_caught += self.beat.panicked();
        for sink in sinks {
            losses.notices_dropped += sink.dropped;
            losses.notices_given_up += sink.given_up;
            losses.panics_caught += sink.panicked;
        }
        losses.recommendations_forgotten = self.advisor.forgotten();
    }
}

//! Handles on where calls come from, and on what they run.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::timers::{CallTimer, Checkout, CheckoutTimer, TransactionTimer};
use crate::aggregate::{self, End, Series};
use crate::capture::{Call, CallSite, CheckoutEnd, Database, PoolLevels, System};
use crate::identify::Dialect;

/// One way calls take to a database: a pool, or connections made without one.
///
/// Cheap to clone. An adapter gets one from the [`Monitor`](super::Monitor) and tells it everything
/// it sees. All methods are infallible and short; those of a monitor that is off do nothing.
#[derive(Clone)]
pub struct Source {
    live: Option<Live>,
}

#[derive(Clone)]
struct Live {
    monitor: Arc<Inner>,
    source: Arc<aggregate::Source>,
    dialect: Dialect,
}

/// A statement that a source is about to run, already identified.
///
/// Adapters that give the text away before the call starts identify it first.
#[derive(Clone)]
pub struct Statement {
    live: Option<(Arc<Inner>, Arc<Series>)>,
}

// === impl Source ===

impl Source {
    pub(super) fn new(
        monitor: Option<&Arc<Inner>>,
        pool: Option<&str>,
        database: Database,
    ) -> Self {
        let live = monitor.map(|monitor| Live {
            monitor: monitor.clone(),
            source: monitor.registry.source(pool, &database),
            dialect: dialect(database.system),
        });
        Self { live }
    }

    /// A source of a monitor that is off.
    #[must_use]
    pub fn off() -> Self {
        Self { live: None }
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
    pub fn statement(&self, text: &str) -> Statement {
        let live = self.live.as_ref().map(|live| {
            let series = live.monitor.registry.series(text, live.dialect, &live.source);
            (live.monitor.clone(), series)
        });
        Statement { live }
    }

    /// Starts timing a call of a statement: now.
    #[must_use = "a timer that is dropped at once records a cancelled call"]
    pub fn call(&self, text: &str) -> CallTimer {
        self.statement(text).start()
    }

    /// Records a call that has ended.
    pub fn record(&self, call: Call<'_>) {
        let Some(live) = &self.live else { return };
        let registry = &live.monitor.registry;
        let series = registry.series(call.text, live.dialect, &live.source);
        let end = End {
            at: registry.clock.now(),
            duration: call.duration,
            rows: call.rows,
            outcome: call.outcome,
            origin: call.origin,
        };
        registry.record(&series, end);
    }

    /// Starts waiting for a connection of this pool. The caller's line is remembered.
    #[track_caller]
    #[must_use = "a timer that is dropped at once records a cancelled checkout"]
    pub fn checkout(&self) -> CheckoutTimer {
        self.checkout_at(Some(Location::caller().into()))
    }

    /// Starts waiting for a connection, for an adapter that knows, or does not know, the line.
    #[must_use = "a timer that is dropped at once records a cancelled checkout"]
    pub fn checkout_at(&self, call_site: Option<CallSite>) -> CheckoutTimer {
        CheckoutTimer::start(self.parts(), call_site)
    }

    /// A connection was handed out just now, for a pool that tells the wait when it is over.
    #[must_use = "the connection counts as returned when this is dropped"]
    pub fn checkout_taken(&self, waited: Duration) -> Checkout {
        Checkout::waited_for(self.parts(), waited)
    }

    /// The pool gave no connection in time, for a pool that tells the wait when it is over.
    pub fn checkout_timed_out(&self, waited: Duration) {
        if let Some(live) = &self.live {
            live.source.checkouts.wait_begins();
            live.source.checkouts.wait_ends(CheckoutEnd::TimedOut, waited);
        }
    }

    /// A transaction has begun.
    #[must_use = "a timer that is dropped at once records a dropped transaction"]
    pub fn transaction(&self) -> TransactionTimer {
        TransactionTimer::start(self.parts())
    }

    /// A connection was made; `took` where the adapter saw how long.
    pub fn connection_created(&self, took: Option<Duration>) {
        if let Some(live) = &self.live {
            live.source.connections.created(took);
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
            live.source.connections.failed();
        }
    }

    /// Pushes in what a pool says of itself, for pools no adapter knows.
    pub fn set_levels(&self, levels: PoolLevels) {
        if let Some(live) = &self.live {
            live.source.tell_levels(levels);
        }
    }

    /// From now on, asks for the pool's levels whenever a snapshot is taken.
    ///
    /// The closure must be quick, must not panic and must not keep the pool alive: hold it weakly
    /// and answer `None` when it is gone.
    pub fn watch_levels(&self, ask: impl Fn() -> Option<PoolLevels> + Send + Sync + 'static) {
        if let Some(live) = &self.live {
            live.source.ask_levels(Arc::new(ask));
        }
    }

    fn parts(&self) -> Option<(Arc<Inner>, Arc<aggregate::Source>)> {
        self.live.as_ref().map(|live| (live.monitor.clone(), live.source.clone()))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}

/// The SQL dialect of a system.
fn dialect(system: System) -> Dialect {
    match system {
        System::PostgreSql => Dialect::PostgreSql,
        System::MySql | System::MariaDb => Dialect::MySql,
        System::Sqlite => Dialect::Sqlite,
        System::OtherSql => Dialect::Generic,
    }
}

// === impl Statement ===

impl Statement {
    /// Starts timing a call of this statement: now.
    #[must_use = "a timer that is dropped at once records a cancelled call"]
    pub fn start(&self) -> CallTimer {
        CallTimer::start(self.live.clone())
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.live.as_ref().map_or("", |(_, series)| series.text());
        f.debug_tuple("Statement").field(&text).finish()
    }
}

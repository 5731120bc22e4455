//! How long callers wait for a connection of an r2d2 pool, and how long they keep it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::connection::get_default_instrumentation;
use diesel::r2d2::event::{AcquireEvent, CheckinEvent, CheckoutEvent, ReleaseEvent, TimeoutEvent};
use diesel::r2d2::{
    Builder, ConnectionManager, CustomizeConnection, Error, HandleError, HandleEvent,
    LoggingErrorHandler, Pool, PoolError, PooledConnection, R2D2Connection,
};
use monitor_core::capture::{Database, PoolLevels};
use monitor_core::{Checkout, CheckoutTimer, Monitor, Source};

pub use crate::probe::Prober;

use crate::Watch;
use crate::install::{beside_default, is_ours, watch_of};
use crate::link::Link;
use crate::probe;

/// Watches one r2d2 pool of diesel connections.
///
/// [`build`](Self::build) is the short way:
///
/// ```
/// # use diesel::r2d2::{ConnectionManager, Pool, PoolError, R2D2Connection};
/// # fn build<C: R2D2Connection + 'static>(monitor: &monitor_core::Monitor, url: &str) -> Result<(), PoolError> {
/// use monitor_diesel::r2d2::PoolMonitor;
///
/// let watch = PoolMonitor::new("shop", monitor, monitor_diesel::database_of(url));
/// let pool = watch.build(Pool::builder().max_size(10), ConnectionManager::<C>::new(url))?;
///
/// let conn = pool.get()?; // Or, to remember the line that took it: `watch.get(&pool)?`
/// # let _ = conn;
/// # Ok(())
/// # }
/// ```
///
/// A pool that is built elsewhere gets [`on`](Self::on); one that has a customizer of its own takes
/// only the events, and calls [`watch`](Self::watch) from its customizer.
///
/// # What r2d2 does not tell
///
/// - Who waits now: a wait is told when it is over. [`get`](Self::get) tells.
/// - Which line of the application took a connection. [`get`](Self::get) tells.
/// - What `try_get` takes: it is counted when the connection comes back, as a checkout that did not
///   wait, and seems idle until then.
///
/// Unless told otherwise, r2d2 runs `SELECT 1` before it hands a connection out. Its time is part of
/// the wait. It is no call of the application's, and counted apart
/// ([`ConnectionActivity::check_time`]); so is a `SELECT 1` of your own on what `try_get` took.
///
/// # Is the database there?
///
/// Calls tell as long as there are any. For quiet hours, [`probe_every`](Self::probe_every) asks now
/// and then, and [`probe`](Self::probe) once; neither is a call or a checkout.
///
/// [`ConnectionActivity::check_time`]: monitor_core::snapshot::ConnectionActivity::check_time
#[derive(Clone, Debug)]
pub struct PoolMonitor {
    monitor: Monitor,
    source: Source,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The most the pool may have; 0 where nobody said.
    max: AtomicU32,
    /// The last thing heard was that a connection could not be made, or had died.
    lost: AtomicBool,
    /// Connections that exist, by r2d2's number.
    connections: Mutex<HashMap<u64, Pooled>>,
}

/// A connection of the pool.
#[derive(Debug, Default)]
struct Pooled {
    /// What else is known of it; `None` where nobody called [`PoolMonitor::watch`].
    link: Option<Arc<Link>>,
    /// It is out.
    out: Option<Checkout>,
}

thread_local! {
    /// The connection that this thread has just made: r2d2 tells its number next, on the same thread.
    static MADE: RefCell<Option<Arc<Link>>> = const { RefCell::new(None) };
    /// The wait that this thread is in, which r2d2 ends on the same thread.
    static WAITING: RefCell<Option<CheckoutTimer>> = const { RefCell::new(None) };
}

// === impl PoolMonitor ===

impl PoolMonitor {
    /// Watches a pool under a name. [`database_of`](crate::database_of) reads the database from a
    /// URL.
    #[must_use]
    pub fn new(name: &str, monitor: &Monitor, database: Database) -> Self {
        let source = monitor.pool(name, database);
        let state = Arc::new(State::default());
        let pool = Arc::downgrade(&state);
        source.watch_levels(move || Some(pool.upgrade()?.levels()));
        Self { monitor: monitor.clone(), source, state }
    }

    /// Says how many connections the pool may have, as r2d2 does not; without it the pool's usage
    /// is not known.
    #[must_use]
    pub fn max_size(self, connections: u32) -> Self {
        self.state.max.store(connections, Relaxed);
        self
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether the last thing heard was that a connection could not be made, or had died. Unknown, and
    /// so no, where the pool has an error handler of its own.
    pub(crate) fn is_lost(&self) -> bool {
        self.state.lost.load(Relaxed)
    }

    /// Builds a pool that is watched, with everything the builder says.
    ///
    /// # Errors
    ///
    /// Where r2d2 cannot build it.
    pub fn build<C>(
        &self,
        pool: Builder<ConnectionManager<C>>,
        manager: ConnectionManager<C>,
    ) -> Result<Pool<ConnectionManager<C>>, PoolError>
    where
        C: R2D2Connection + 'static,
    {
        let pool = self.on(pool).build(manager)?;
        self.state.max.store(pool.max_size(), Relaxed);
        Ok(pool)
    }

    /// Puts itself on a pool that is being built, as its event handler, its connection customizer and
    /// its error handler, which logs as r2d2's own does: checkouts and calls are then those of this
    /// pool. How many connections it may have is said with [`max_size`](Self::max_size).
    #[must_use]
    pub fn on<C>(&self, pool: Builder<ConnectionManager<C>>) -> Builder<ConnectionManager<C>>
    where
        C: R2D2Connection + 'static,
    {
        pool.event_handler(Box::new(self.clone()))
            .connection_customizer(Box::new(self.clone()))
            .error_handler(Box::new(self.clone()))
    }

    /// Takes a connection as [`Pool::get`] does, and remembers the line that calls this: it is named
    /// where a connection does not come back, or where another caller waits in vain.
    ///
    /// # Errors
    ///
    /// Where r2d2 gives none in time.
    #[track_caller]
    pub fn get<C>(
        &self,
        pool: &Pool<ConnectionManager<C>>,
    ) -> Result<PooledConnection<ConnectionManager<C>>, PoolError>
    where
        C: R2D2Connection + 'static,
    {
        let before = WAITING.replace(Some(self.source.checkout()));
        let connection = pool.get();
        // Here still where the pool is watched by nobody, or by somebody else.
        match (WAITING.replace(before), &connection) {
            (Some(waiting), Err(_)) => waiting.timed_out(),
            (Some(waiting), Ok(_)) => drop(waiting.taken()),
            (None, _) => {}
        }
        connection
    }

    /// Counts a connection's calls as this pool's. For customizers, which see each connection once.
    ///
    /// A connection that [`install`](crate::install()) watches already stays counted where it was
    /// made, with its database; otherwise it counts with this pool.
    pub fn watch(&self, connection: &mut impl diesel::Connection) {
        let link = match watch_of(connection.instrumentation()) {
            Some(watch) => watch.pooled(&self.monitor, &self.source),
            None => {
                let mut watch = Watch::new(&self.monitor).made(&self.source);
                let link = watch.pooled(&self.monitor, &self.source);
                connection.set_instrumentation(beside_default(watch));
                link
            }
        };
        link.goes_in();
        MADE.set(Some(link));
    }
}

/// Handlers run while r2d2 holds its lock: they must not touch the pool, and touch only counters.
impl HandleEvent for PoolMonitor {
    fn handle_acquire(&self, event: AcquireEvent) {
        self.state.lost.store(false, Relaxed);
        let made = Pooled { link: MADE.take(), out: None };
        self.state.connections().insert(event.connection_id(), made);
    }

    fn handle_release(&self, event: ReleaseEvent) {
        self.state.connections().remove(&event.connection_id());
    }

    fn handle_checkout(&self, event: CheckoutEvent) {
        let checkout = match WAITING.take() {
            Some(waiting) => waiting.taken(),
            None => self.source.checkout_taken(event.duration()),
        };
        let mut connections = self.state.connections();
        let connection = connections.entry(event.connection_id()).or_default();
        if let Some(link) = &connection.link {
            link.goes_out();
            checkout.shows(&link.last_call);
        }
        connection.out = Some(checkout);
    }

    fn handle_timeout(&self, event: TimeoutEvent) {
        match WAITING.take() {
            Some(waiting) => waiting.timed_out(),
            None => self.source.checkout_timed_out(event.timeout()),
        }
    }

    fn handle_checkin(&self, event: CheckinEvent) {
        if probe::is_on() {
            return;
        }
        let checkout = {
            let mut connections = self.state.connections();
            let connection = connections.get_mut(&event.connection_id());
            connection.and_then(|connection| {
                if let Some(link) = &connection.link {
                    link.goes_in();
                }
                connection.out.take()
            })
        };
        // `try_get` does not tell of its checkout; it does not wait either.
        checkout
            .unwrap_or_else(|| self.source.checkout_taken(Duration::ZERO))
            .returned_after(event.duration());
    }
}

impl HandleError<Error> for PoolMonitor {
    fn handle_error(&self, error: Error) {
        self.state.lost.store(true, Relaxed);
        if matches!(error, Error::ConnectionError(_)) {
            // What our instrumentation has seen counts with the database.
            match get_default_instrumentation().is_some_and(|default| is_ours(&*default)) {
                true => self.source.connection_refused(),
                false => self.source.connection_failed(),
            }
        }
        LoggingErrorHandler.handle_error(error);
    }
}

impl<C, E> CustomizeConnection<C, E> for PoolMonitor
where
    C: R2D2Connection + 'static,
    E: 'static,
{
    fn on_acquire(&self, connection: &mut C) -> Result<(), E> {
        self.watch(connection);
        Ok(())
    }
}

// === impl State ===

impl State {
    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Pooled>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn levels(&self) -> PoolLevels {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let connections = self.connections();
        let out = connections.values().filter(|connection| connection.out.is_some()).count();
        let (size, idle) = (count(connections.len()), count(connections.len() - out));
        let max = Some(self.max.load(Relaxed)).filter(|max| *max > 0);
        PoolLevels { size, idle, max, ..PoolLevels::default() }
    }
}

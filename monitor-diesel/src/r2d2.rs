//! How long callers wait for a connection of an r2d2 pool, and how long they keep it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::r2d2::event::{AcquireEvent, CheckinEvent, CheckoutEvent, ReleaseEvent, TimeoutEvent};
use diesel::r2d2::{Builder, ConnectionManager, CustomizeConnection, HandleEvent, R2D2Connection};
use monitor_core::capture::{Database, PoolLevels};
use monitor_core::{Checkout, Monitor, Source};

pub use crate::probe::Prober;

use crate::Watch;
use crate::install::{beside_default, watch_of};
use crate::probe;

/// Watches one r2d2 pool of diesel connections.
///
/// [`on`](Self::on) is the short way. A pool that has a customizer of its own takes only the
/// events, and calls [`watch`](Self::watch) from its customizer:
///
/// ```
/// # use diesel::r2d2::{ConnectionManager, Pool, R2D2Connection};
/// # fn build<C: R2D2Connection + 'static>(monitor: &monitor_core::Monitor, url: &str) {
/// use monitor_diesel::r2d2::PoolMonitor;
///
/// let watch = PoolMonitor::new("shop", monitor, monitor_diesel::database_of(url)).max_size(10);
/// let builder = watch.on(Pool::<ConnectionManager<C>>::builder().max_size(10));
/// # let _ = builder;
/// # }
/// ```
///
/// # What r2d2 does not tell
///
/// - Who waits now: a wait is told when it is over.
/// - What `try_get` takes: it is counted when the connection comes back, as a checkout that did not
///   wait, and seems idle until then.
/// - Which line of the application took a connection.
///
/// Unless told otherwise, r2d2 runs `SELECT 1` before it hands a connection out. Its time is part of
/// the wait, and it is a call of its own.
///
/// # Is the database there?
///
/// Calls tell as long as there are any. For quiet hours, [`probe_every`](Self::probe_every) asks now
/// and then, and [`probe`](Self::probe) once; neither is a call or a checkout.
#[derive(Clone, Debug)]
pub struct PoolMonitor {
    monitor: Monitor,
    source: Source,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Connections that exist.
    size: AtomicU32,
    /// The most the pool may have; 0 where nobody said.
    max: AtomicU32,
    /// Connections that are out, by r2d2's number; never more than the pool has.
    out: Mutex<HashMap<u64, Checkout>>,
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

    /// Puts itself on a pool that is being built, as its event handler and its connection
    /// customizer: checkouts and calls are then those of this pool.
    #[must_use]
    pub fn on<C>(&self, pool: Builder<ConnectionManager<C>>) -> Builder<ConnectionManager<C>>
    where
        C: R2D2Connection + 'static,
    {
        pool.event_handler(Box::new(self.clone())).connection_customizer(Box::new(self.clone()))
    }

    /// Counts a connection's calls as this pool's. For customizers, which see each connection once.
    ///
    /// A connection that [`install`](crate::install) watches already stays counted where it was
    /// made, with its database; otherwise it counts with this pool.
    pub fn watch(&self, connection: &mut impl diesel::Connection) {
        if let Some(watch) = watch_of(connection.instrumentation()) {
            return watch.count_for(&self.monitor, &self.source);
        }
        let watch = Watch::new(&self.monitor).made(&self.source);
        connection.set_instrumentation(beside_default(watch));
    }
}

/// Handlers run while r2d2 holds its lock: they must not touch the pool, and touch only counters.
impl HandleEvent for PoolMonitor {
    fn handle_acquire(&self, _: AcquireEvent) {
        self.state.size.fetch_add(1, Relaxed);
    }

    fn handle_release(&self, _: ReleaseEvent) {
        self.state.size.fetch_sub(1, Relaxed);
    }

    fn handle_checkout(&self, event: CheckoutEvent) {
        let checkout = self.source.checkout_taken(event.duration());
        self.state.out().insert(event.connection_id(), checkout);
    }

    fn handle_timeout(&self, event: TimeoutEvent) {
        self.source.checkout_timed_out(event.timeout());
    }

    fn handle_checkin(&self, event: CheckinEvent) {
        if probe::is_on() {
            return;
        }
        let checkout = self.state.out().remove(&event.connection_id());
        // `try_get` does not tell of its checkout; it does not wait either.
        checkout
            .unwrap_or_else(|| self.source.checkout_taken(Duration::ZERO))
            .returned_after(event.duration());
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
    fn out(&self) -> MutexGuard<'_, HashMap<u64, Checkout>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn levels(&self) -> PoolLevels {
        let size = self.size.load(Relaxed);
        let out = u32::try_from(self.out().len()).unwrap_or(u32::MAX);
        let max = Some(self.max.load(Relaxed)).filter(|max| *max > 0);
        PoolLevels { size, idle: size.saturating_sub(out), max, ..PoolLevels::default() }
    }
}

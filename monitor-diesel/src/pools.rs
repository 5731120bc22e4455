//! What the async pools have in common: a wait, and a connection that is out.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use diesel_async::AsyncConnection;
use monitor_core::capture::{CallSite, Database, PoolLevels};
use monitor_core::{Checkout, CheckoutTimer, Monitor, Source};

use crate::Watch;
use crate::install::{beside_default, watch_of};
use crate::link::Link;

/// Watches one pool.
#[derive(Clone, Debug)]
pub(crate) struct PoolWatch {
    monitor: Monitor,
    source: Source,
}

/// A connection of a watched pool; dropping it gives it back.
///
/// Dereferences to the connection, so queries run on it as on the pool's own type.
pub struct CheckedOut<T> {
    // Dropped in this order: what the pool does with it afterwards is the pool's own, and it is out
    // until the pool has it.
    _back: Back,
    connection: T,
    _checkout: Checkout,
}

/// Says that a connection goes back.
struct Back(Arc<Link>);

// === impl PoolWatch ===

impl PoolWatch {
    pub(crate) fn new(name: &str, monitor: &Monitor, database: Database) -> Self {
        Self { monitor: monitor.clone(), source: monitor.pool(name, database) }
    }

    /// Asks a pool for its levels as long as it lives.
    #[cfg(any(feature = "bb8", feature = "deadpool"))]
    pub(crate) fn levels(&self, ask: impl Fn() -> Option<PoolLevels> + Send + Sync + 'static) {
        self.source.watch_levels(ask);
    }

    /// What a pool says of itself when it can be asked.
    #[cfg(feature = "mobc")]
    pub(crate) fn set_levels(&self, levels: PoolLevels) {
        self.source.set_levels(levels);
    }

    pub(crate) fn waits(&self, call_site: CallSite) -> CheckoutTimer {
        self.source.checkout_at(Some(call_site))
    }

    /// A connection was handed out.
    pub(crate) fn taken<T>(&self, mut connection: T, waiting: CheckoutTimer) -> CheckedOut<T>
    where
        T: DerefMut,
        T::Target: AsyncConnection,
    {
        let link = self.link(&mut *connection);
        link.goes_out();
        let checkout = waiting.taken();
        checkout.shows(&link.last_call);
        CheckedOut { _back: Back(link), connection, _checkout: checkout }
    }

    /// A connection that the pool has just made, or has handed out for the first time. Its calls are
    /// the pool's from now on.
    pub(crate) fn link<C: AsyncConnection>(&self, connection: &mut C) -> Arc<Link> {
        if let Some(watch) = watch_of(connection.instrumentation()) {
            return watch.pooled(&self.monitor, &self.source);
        }
        let mut watch = Watch::new(&self.monitor).made(&self.source);
        let link = watch.pooled(&self.monitor, &self.source);
        connection.set_instrumentation(beside_default(watch));
        link
    }
}

// === impl CheckedOut ===

impl<T: Deref> Deref for CheckedOut<T> {
    type Target = T::Target;

    fn deref(&self) -> &T::Target {
        &self.connection
    }
}

impl<T: DerefMut> DerefMut for CheckedOut<T> {
    fn deref_mut(&mut self) -> &mut T::Target {
        &mut self.connection
    }
}

impl<T> fmt::Debug for CheckedOut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedOut").finish_non_exhaustive()
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        self.0.goes_in();
    }
}

//! bb8 with diesel-async: how long callers wait, how long they keep a connection, and who does.

use std::fmt;
use std::sync::Arc;

use bb8::ManageConnection;
use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection, RunError};
use monitor_core::Monitor;
use monitor_core::capture::{CallSite, Database, PoolLevels};

pub use crate::pools::CheckedOut;
use crate::pools::PoolWatch;

/// A bb8 pool of diesel-async connections that is watched.
///
/// Works as [`deadpool::MonitoredPool`](crate::deadpool::MonitoredPool) does. The very first look at a
/// connection happens before the pool's watch knows it, and counts as a call.
pub struct MonitoredPool<C: AsyncConnection + 'static>
where
    AsyncDieselConnectionManager<C>: ManageConnection,
{
    // bb8 has no weak reference to a pool.
    pool: Arc<Pool<C>>,
    watch: PoolWatch,
}

// === impl MonitoredPool ===

impl<C> MonitoredPool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>:
        ManageConnection<Connection = C, Error = diesel_async::pooled_connection::PoolError>,
{
    /// Watches a pool under a name. [`database_of`](crate::database_of) reads the database from a
    /// URL.
    pub fn new(name: &str, pool: Pool<C>, monitor: &Monitor, database: Database) -> Self {
        let (watch, pool) = (PoolWatch::new(name, monitor, database), Arc::new(pool));
        let weak = Arc::downgrade(&pool);
        watch.levels(move || {
            let pool = weak.upgrade()?;
            let state = pool.state();
            Some(PoolLevels {
                size: state.connections,
                idle: state.idle_connections,
                max: Some(pool.config().max_size),
                ..PoolLevels::default()
            })
        });
        Self { pool, watch }
    }

    /// A connection. The wait begins when this is polled first; the caller's line is remembered.
    ///
    /// # Errors
    ///
    /// Where bb8 gives none.
    #[track_caller]
    pub fn get(
        &self,
    ) -> impl Future<Output = Result<CheckedOut<PooledConnection<'_, C>>, RunError>> + Send {
        let call_site = CallSite::here();
        async move {
            let waiting = self.watch.waits(call_site);
            match self.pool.get().await {
                Ok(connection) => Ok(self.watch.taken(connection, waiting)),
                Err(error) => {
                    match error {
                        RunError::TimedOut => waiting.timed_out(),
                        RunError::User(_) => waiting.failed(),
                    }
                    Err(error)
                }
            }
        }
    }

    /// The pool itself. A connection taken from it directly is not seen as a checkout.
    pub fn inner(&self) -> &Pool<C> {
        &self.pool
    }
}

impl<C> Clone for MonitoredPool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>: ManageConnection,
{
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), watch: self.watch.clone() }
    }
}

impl<C> fmt::Debug for MonitoredPool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>: ManageConnection,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredPool").finish_non_exhaustive()
    }
}

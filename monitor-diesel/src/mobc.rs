//! mobc with diesel-async: how long callers wait, how long they keep a connection, and who does.

use std::fmt;

use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::mobc::{Pool, PooledConnection};
use mobc::{Error, Manager};
use monitor_core::Monitor;
use monitor_core::capture::{CallSite, Database, PoolLevels};

pub use crate::pools::CheckedOut;
use crate::pools::PoolWatch;

/// Why mobc gave no connection.
pub type PoolError = Error<diesel_async::pooled_connection::PoolError>;

/// A mobc pool of diesel-async connections that is watched.
///
/// Works as [`deadpool::MonitoredPool`](crate::deadpool::MonitoredPool) does. mobc tells its levels
/// only to who can wait for them, so they are those after the last [`get`](Self::get), and they are
/// what mobc makes them: after a time-out it may count a caller as waiting who has gone.
pub struct MonitoredPool<C: AsyncConnection + 'static>
where
    AsyncDieselConnectionManager<C>: Manager,
{
    pool: Pool<C>,
    watch: PoolWatch,
}

// === impl MonitoredPool ===

impl<C> MonitoredPool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>:
        Manager<Connection = C, Error = diesel_async::pooled_connection::PoolError>,
{
    /// Watches a pool under a name. [`database_of`](crate::database_of) reads the database from a
    /// URL.
    pub fn new(name: &str, pool: Pool<C>, monitor: &Monitor, database: Database) -> Self {
        Self { pool, watch: PoolWatch::new(name, monitor, database) }
    }

    /// A connection. The wait begins when this is polled first; the caller's line is remembered.
    ///
    /// # Errors
    ///
    /// Where mobc gives none.
    #[track_caller]
    pub fn get(
        &self,
    ) -> impl Future<Output = Result<CheckedOut<PooledConnection<C>>, PoolError>> + Send {
        let call_site = CallSite::here();
        async move {
            let waiting = self.watch.waits(call_site);
            let connection = self.pool.get().await;
            self.sample().await;
            match connection {
                Ok(connection) => Ok(self.watch.taken(connection, waiting)),
                Err(error) => {
                    match error {
                        Error::Timeout => waiting.timed_out(),
                        Error::Inner(_) | Error::BadConn | Error::PoolClosed => waiting.failed(),
                    }
                    Err(error)
                }
            }
        }
    }

    async fn sample(&self) {
        let state = self.pool.state().await;
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        self.watch.set_levels(PoolLevels {
            size: count(state.connections),
            idle: count(state.idle),
            // Zero is mobc's word for no limit.
            max: Some(count(state.max_open)).filter(|max| *max > 0),
            ..PoolLevels::default()
        });
    }

    /// The pool itself. A connection taken from it directly is not seen as a checkout.
    pub fn inner(&self) -> &Pool<C> {
        &self.pool
    }
}

impl<C> Clone for MonitoredPool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), watch: self.watch.clone() }
    }
}

impl<C> fmt::Debug for MonitoredPool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredPool").finish_non_exhaustive()
    }
}

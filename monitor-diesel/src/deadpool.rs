//! deadpool with diesel-async: how long callers wait, how long they keep a connection, and who does.

use std::fmt;

use deadpool::managed::Manager;
use deadpool::managed::Timeouts;
use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use monitor_core::Monitor;
use monitor_core::capture::{CallSite, Database, PoolLevels};

pub use crate::pools::CheckedOut;
use crate::pools::PoolWatch;

/// A deadpool of diesel-async connections that is watched.
///
/// ```
/// # use diesel_async::AsyncPgConnection;
/// # use diesel_async::pooled_connection::AsyncDieselConnectionManager;
/// # use diesel_async::pooled_connection::deadpool::Pool;
/// # async fn serve(monitor: &monitor_core::Monitor, url: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use monitor_diesel::deadpool::MonitoredPool;
///
/// let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(url);
/// let pool = Pool::builder(manager).max_size(10).build()?;
/// let pool = MonitoredPool::new("shop", pool, monitor, monitor_diesel::database_of(url));
///
/// let mut conn = pool.get().await?;
/// # let _ = &mut conn;
/// # Ok(())
/// # }
/// ```
///
/// Only what goes through [`get`](Self::get) is seen. The look at a connection before it is handed out
/// again is no call of the application's ([`ConnectionActivity::check_time`]), unless it is a query
/// of your own (`RecyclingMethod::CustomQuery`).
///
/// [`ConnectionActivity::check_time`]: monitor_core::snapshot::ConnectionActivity::check_time
pub struct MonitoredPool<C: AsyncConnection + Send + 'static>
where
    AsyncDieselConnectionManager<C>: Manager,
{
    pool: Pool<C>,
    watch: PoolWatch,
}

// === impl MonitoredPool ===

impl<C> MonitoredPool<C>
where
    C: AsyncConnection + Send + 'static,
    AsyncDieselConnectionManager<C>:
        Manager<Type = C, Error = diesel_async::pooled_connection::PoolError>,
{
    /// Watches a pool under a name. [`database_of`](crate::database_of) reads the database from a
    /// URL.
    pub fn new(name: &str, pool: Pool<C>, monitor: &Monitor, database: Database) -> Self {
        let watch = PoolWatch::new(name, monitor, database);
        let weak = pool.weak();
        watch.levels(move || {
            let status = weak.upgrade()?.status();
            let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            let (size, idle) = (count(status.size), count(status.available));
            Some(PoolLevels {
                size,
                idle,
                max: Some(count(status.max_size)),
                ..PoolLevels::default()
            })
        });
        Self { pool, watch }
    }

    /// A connection. The wait begins when this is polled first; the caller's line is remembered.
    ///
    /// # Errors
    ///
    /// Where deadpool gives none.
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = Result<CheckedOut<Object<C>>, PoolError>> + Send {
        self.get_at(CallSite::here(), self.pool.timeouts())
    }

    /// The same with time limits of this call's own.
    ///
    /// # Errors
    ///
    /// Where deadpool gives none.
    #[track_caller]
    pub fn timeout_get(
        &self,
        timeouts: &Timeouts,
    ) -> impl Future<Output = Result<CheckedOut<Object<C>>, PoolError>> + Send {
        self.get_at(CallSite::here(), *timeouts)
    }

    async fn get_at(
        &self,
        call_site: CallSite,
        timeouts: Timeouts,
    ) -> Result<CheckedOut<Object<C>>, PoolError> {
        let waiting = self.watch.waits(call_site);
        match self.pool.timeout_get(&timeouts).await {
            Ok(connection) => Ok(self.watch.taken(connection, waiting)),
            Err(error) => {
                match error {
                    PoolError::Timeout(_) => waiting.timed_out(),
                    _ => waiting.failed(),
                }
                Err(error)
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
    C: AsyncConnection + Send + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), watch: self.watch.clone() }
    }
}

impl<C> fmt::Debug for MonitoredPool<C>
where
    C: AsyncConnection + Send + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredPool").finish_non_exhaustive()
    }
}

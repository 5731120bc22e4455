//! sqlx's `Acquire`, so that migrations run on a wrapped pool.

use std::fmt;
use std::future::ready;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::pin;

use futures_util::future::BoxFuture;
use sqlx::{Acquire, Error, Transaction};

use crate::checkout::{Lent, Wait};
use crate::connection::MonitoredConnection;
use crate::database::MonitoredDatabase;
use crate::pool::MonitoredPool;
use crate::pool_connection::MonitoredPoolConnection;
use crate::transaction::MonitoredTransaction;
use crate::watch::call_site;

/// What generic code gets that asks for sqlx's [`Acquire`]: the checkout is counted, the calls on
/// the connection are not.
///
/// The trait demands a `Deref` to sqlx's own connection, which cannot be watched.
pub struct UnwatchedConnection<DB: MonitoredDatabase>(Lent<DB>);

/// `sqlx::migrate!().run(&pool)` works. What runs on the connections handed out this way is not
/// seen; for a transaction that is seen use [`MonitoredPool::begin`].
impl<'a, DB: MonitoredDatabase> Acquire<'a> for &'_ MonitoredPool<DB> {
    type Database = DB;
    type Connection = UnwatchedConnection<DB>;

    #[track_caller]
    fn acquire(self) -> BoxFuture<'a, Result<Self::Connection, Error>> {
        let (pool, site) = (self.clone(), call_site(Location::caller()));
        Box::pin(async move {
            let mut wait = Wait::start(&pool, site);
            let end = wait.until(pin!(pool.inner().acquire())).await;
            wait.unseen(end).map(UnwatchedConnection)
        })
    }

    /// Counts the wait only: the transaction is sqlx's own and ends out of sight.
    #[track_caller]
    fn begin(self) -> BoxFuture<'a, Result<Transaction<'a, DB>, Error>> {
        let (pool, site) = (self.clone(), call_site(Location::caller()));
        Box::pin(async move {
            let mut wait = Wait::start(&pool, site);
            let end = wait.until(pin!(pool.inner().acquire())).await;
            let (raw, _checkout) = wait.unseen(end)?.into_parts();
            Transaction::begin(raw, None).await
        })
    }
}

/// What has a connection hands it to code that asks for sqlx's [`Acquire`]; what runs on it is not seen.
macro_rules! lends_its_connection {
    ($of:ty) => {
        impl<'c, DB: MonitoredDatabase> Acquire<'c> for &'c mut $of {
            type Database = DB;
            type Connection = &'c mut DB::Connection;

            fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
                Box::pin(ready(Ok(self.as_raw_mut())))
            }

            /// The transaction is sqlx's own and runs out of sight; `begin` of the connection itself is
            /// seen, and comes first where a method is called.
            fn begin(self) -> BoxFuture<'c, Result<Transaction<'c, DB>, Error>> {
                Transaction::begin(self.as_raw_mut(), None)
            }
        }
    };
}

lends_its_connection!(MonitoredConnection<DB>);
lends_its_connection!(MonitoredPoolConnection<DB>);
lends_its_connection!(MonitoredTransaction<'_, DB>);

impl<DB: MonitoredDatabase> Deref for UnwatchedConnection<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        self.0.raw()
    }
}

impl<DB: MonitoredDatabase> DerefMut for UnwatchedConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.raw_mut()
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for UnwatchedConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnwatchedConnection").finish_non_exhaustive()
    }
}

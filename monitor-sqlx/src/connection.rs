//! A connection that is watched.

use std::fmt;
use std::sync::Arc;

use monitor_core::{Checkout, Monitor};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Error, SqlSafeStr};

use crate::checkout::Lent;
use crate::database::MonitoredDatabase;
use crate::transaction::MonitoredTransaction;
use crate::watch::Watch;

/// A connection whose queries and transactions the monitor sees.
///
/// Comes from [`MonitoredPool::acquire`](crate::MonitoredPool::acquire), or from
/// [`new`](Self::new) around a connection that belongs to no pool. `&mut connection` is an
/// executor, and so is `&mut *connection` behind a reference.
///
/// It is no `Deref` to sqlx's connection on purpose: that would let calls slip past unseen. What
/// needs sqlx's own gets it from [`as_raw_mut`](Self::as_raw_mut).
///
/// Its calls carry no connection number: sqlx makes neither the server's process id nor any other
/// identity of a connection public.
pub struct MonitoredConnection<DB: MonitoredDatabase> {
    raw: Raw<DB>,
    pub(crate) watch: Arc<Watch>,
    /// Behind `raw`: the connection is back before it counts as back.
    _checkout: Option<Checkout>,
}

enum Raw<DB: MonitoredDatabase> {
    Lent(PoolConnection<DB>),
    Own(DB::Connection),
}

// === impl MonitoredConnection ===

impl<DB: MonitoredDatabase> MonitoredConnection<DB> {
    /// Watches a connection that belongs to no pool.
    ///
    /// `options` are those it was made with; they tell which database it is. The password in them
    /// is not read.
    pub fn new(
        connection: DB::Connection,
        options: &<DB::Connection as Connection>::Options,
        monitor: &Monitor,
    ) -> Self {
        let watch = Arc::new(Watch::new(monitor.database(DB::identify(options))));
        Self { raw: Raw::Own(connection), watch, _checkout: None }
    }

    pub(crate) fn lent(Lent { raw, checkout }: Lent<DB>, watch: Arc<Watch>) -> Self {
        Self { raw: Raw::Lent(raw), watch, _checkout: Some(checkout) }
    }

    /// Begins a transaction, or sets a savepoint inside one.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Connection::begin`].
    pub async fn begin(&mut self) -> Result<MonitoredTransaction<'_, DB>, Error> {
        MonitoredTransaction::begin(self, None).await
    }

    /// Begins a transaction with a statement of its own.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Connection::begin_with`].
    pub async fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> Result<MonitoredTransaction<'_, DB>, Error> {
        let statement = statement.into_sql_str();
        MonitoredTransaction::begin(self, Some(statement)).await
    }

    /// Asks the database whether it is still there. Not counted as a call.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.as_raw_mut().ping().await
    }

    /// Closes the connection instead of giving it back.
    ///
    /// # Errors
    ///
    /// When the goodbye could not be said.
    pub async fn close(self) -> Result<(), Error> {
        match self.raw {
            Raw::Lent(raw) => raw.close().await,
            Raw::Own(raw) => raw.close().await,
        }
    }

    /// Makes the pool close the connection when it comes back. Does nothing without a pool.
    pub fn close_on_drop(&mut self) {
        if let Raw::Lent(raw) = &mut self.raw {
            raw.close_on_drop();
        }
    }

    /// Takes the connection out of its pool for good, and out of sight.
    pub fn detach(self) -> DB::Connection {
        match self.raw {
            Raw::Lent(raw) => raw.detach(),
            Raw::Own(raw) => raw,
        }
    }

    /// Whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.as_raw().is_in_transaction()
    }

    /// sqlx's own connection, to look at.
    pub fn as_raw(&self) -> &DB::Connection {
        match &self.raw {
            Raw::Lent(raw) => raw,
            Raw::Own(raw) => raw,
        }
    }

    /// sqlx's own connection, for what needs it: COPY, the driver's own methods, functions that
    /// take a `&mut PgConnection`.
    ///
    /// Nothing that runs on it is seen, except by the [tracing layer](crate::layer), if that is
    /// installed.
    pub fn as_raw_mut(&mut self) -> &mut DB::Connection {
        self.split().0
    }

    /// The connection to run something on, and who watches it.
    pub(crate) fn split(&mut self) -> (&mut DB::Connection, &Watch) {
        let raw = match &mut self.raw {
            Raw::Lent(raw) => &mut **raw,
            Raw::Own(raw) => raw,
        };
        (raw, &self.watch)
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for MonitoredConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredConnection")
            .field("source", &self.watch.source)
            .finish_non_exhaustive()
    }
}

//! A connection that is watched.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use monitor_core::Monitor;
use monitor_core::capture::CallSite;
use sqlx::{Connection, Error, SqlSafeStr};
use sqlx_core::transaction::TransactionManager;

use crate::checkout::Lent;
use crate::database::MonitoredDatabase;
use crate::growth::Growth;
use crate::pool::MonitoredPool;
use crate::seat::{Notes, Seat};
use crate::transaction::MonitoredTransaction;
use crate::watch::{Arrival, Watch, call_site};

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
    growth: Option<Growth>,
}

enum Raw<DB: MonitoredDatabase> {
    Lent(Lent<DB>),
    Own(DB::Connection, Notes),
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
        let source = monitor.database(DB::identify(options));
        let watch = Arc::new(Watch::new(source, monitor));
        Self { raw: Raw::Own(connection, Notes::default()), watch, growth: None }
    }

    pub(crate) fn lent(lent: Lent<DB>, pool: &MonitoredPool<DB>) -> Self {
        let (watch, growth) = (pool.watch.clone(), Some(pool.growth().clone()));
        Self { raw: Raw::Lent(lent), watch, growth }
    }

    /// The same connection for this line: its next call names the line where this was called.
    ///
    /// `query.execute(&mut *connection)` and `query.execute(&mut *tx)` need no help: where a connection
    /// or transaction is dereferenced, the line is seen. `query.execute(&mut tx)` calls from inside
    /// sqlx; `query.execute(tx.here())` tells the line.
    #[track_caller]
    pub fn here(&mut self) -> &mut Self {
        self.notes_mut().borrowed(Location::caller());
        self
    }

    /// Begins a transaction, or sets a savepoint inside one.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Connection::begin`].
    #[track_caller]
    pub fn begin(
        &mut self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        MonitoredTransaction::begin_on(self, None, call_site(Location::caller()))
    }

    /// Begins a transaction with a statement of its own.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Connection::begin_with`].
    #[track_caller]
    pub fn begin_with<S: SqlSafeStr>(
        &mut self,
        statement: S,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send + use<'_, DB, S>
    {
        let statement = statement.into_sql_str();
        MonitoredTransaction::begin_on(self, Some(statement), call_site(Location::caller()))
    }

    /// Runs a function inside of a transaction: commits if it succeeds, rolls back if it fails. Both ends
    /// name the line where this was called.
    ///
    /// # Errors
    ///
    /// The function's, and those of beginning and ending a transaction.
    #[track_caller]
    pub fn transaction<'a, F, R, E>(
        &'a mut self,
        callback: F,
    ) -> impl Future<Output = Result<R, E>> + Send
    where
        for<'c> F: FnOnce(&'c mut MonitoredTransaction<'_, DB>) -> BoxFuture<'c, Result<R, E>>
            + 'a
            + Send
            + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        let site = call_site(Location::caller());
        async move {
            let mut tx = MonitoredTransaction::begin_on(self, None, site).await?;
            let result = callback(&mut tx).await;
            tx.end(site, result.is_ok()).await?;
            result
        }
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
            Raw::Lent(lent) => {
                let (raw, _checkout) = lent.into_parts();
                raw.close().await
            }
            Raw::Own(raw, _) => raw.close().await,
        }
    }

    /// Makes the pool close the connection when it comes back. Does nothing without a pool.
    pub fn close_on_drop(&mut self) {
        if let Raw::Lent(lent) = &mut self.raw {
            lent.close_on_drop();
        }
    }

    /// Takes the connection out of its pool for good, and out of sight.
    pub fn detach(self) -> DB::Connection {
        if let Some(growth) = &self.growth {
            growth.detached();
        }
        match self.raw {
            Raw::Lent(lent) => lent.into_parts().0.detach(),
            Raw::Own(raw, _) => raw,
        }
    }

    /// Takes the connection out of its pool, which keeps its place for it for ever, and out of sight;
    /// see [`sqlx::pool::PoolConnection::leak`].
    pub fn leak(self) -> DB::Connection {
        match self.raw {
            Raw::Lent(lent) => lent.into_parts().0.leak(),
            Raw::Own(raw, _) => raw,
        }
    }

    /// Statements that the connection has prepared and keeps.
    pub fn cached_statements_size(&self) -> usize {
        self.as_raw().cached_statements_size()
    }

    /// Forgets the statements that the connection has prepared and keeps. Not counted as a call.
    ///
    /// # Errors
    ///
    /// When the database could not be told.
    pub async fn clear_cached_statements(&mut self) -> Result<(), Error> {
        self.as_raw_mut().clear_cached_statements().await
    }

    /// Makes the connection's buffers as small as may be.
    pub fn shrink_buffers(&mut self) {
        self.as_raw_mut().shrink_buffers();
    }

    /// Whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.as_raw().is_in_transaction()
    }

    /// sqlx's own connection, to look at.
    pub fn as_raw(&self) -> &DB::Connection {
        match &self.raw {
            Raw::Lent(lent) => lent.raw(),
            Raw::Own(raw, _) => raw,
        }
    }

    /// sqlx's own connection, for what needs it: the driver's own methods, functions that take a
    /// `&mut PgConnection`.
    ///
    /// Nothing that runs on it is seen, except by the [tracing layer](crate::layer), if that is
    /// installed.
    pub fn as_raw_mut(&mut self) -> &mut DB::Connection {
        let Seat { raw, notes, .. } = self.seat();
        notes.may_roll_back = true;
        raw
    }

    /// How deep in transactions the driver stands; zero outside of any.
    ///
    /// SQLite's driver rolls back what was dropped on a thread of its own, some time later: it is pinged first, and answers when
    /// all before that is done.
    pub(crate) async fn depth(&mut self) -> usize {
        let Seat { raw, notes, .. } = self.seat();
        if DB::OWN_THREADS && notes.may_roll_back {
            // Where this fails, what comes next fails as well and says so.
            let _ = raw.ping().await;
            notes.may_roll_back = false;
        }
        <DB as sqlx::Database>::TransactionManager::get_transaction_depth(raw)
    }

    /// The connection to run something on, who watches it, and its notes.
    pub(crate) fn seat(&mut self) -> Seat<'_, DB> {
        match &mut self.raw {
            Raw::Lent(lent) => lent.seat(&self.watch),
            Raw::Own(raw, notes) => Seat { raw, watch: &self.watch, notes },
        }
    }

    pub(crate) fn notes_mut(&mut self) -> &mut Notes {
        match &mut self.raw {
            Raw::Lent(lent) => &mut lent.notes,
            Raw::Own(_, notes) => notes,
        }
    }

    /// How a call comes to it that was made on this line, or where it was borrowed last.
    pub(crate) fn arrival(&mut self, own: Option<CallSite>) -> Arrival {
        Arrival::from(self.notes_mut().line(own))
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for MonitoredConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredConnection")
            .field("source", &self.watch.source)
            .finish_non_exhaustive()
    }
}

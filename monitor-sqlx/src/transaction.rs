//! A transaction, or a savepoint inside one, that is watched.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use futures_util::future::BoxFuture;
use monitor_core::TransactionTimer;
use monitor_core::capture::CallSite;
use sqlx::{Error, SqlStr};
use sqlx_core::transaction::{
    TransactionManager, begin_ansi_transaction_sql, commit_ansi_transaction_sql,
    rollback_ansi_transaction_sql,
};

use crate::call::timed;
use crate::connection::MonitoredConnection;
use crate::database::MonitoredDatabase;
use crate::mark::Marked;
use crate::pool_connection::MonitoredPoolConnection;
use crate::seat::{InCall, Seat};
use crate::watch::{Arrival, call_site};

/// A transaction whose queries, beginning and end the monitor sees.
///
/// `BEGIN`, `COMMIT`, `ROLLBACK` and savepoints are calls like any other; a transaction that is not
/// nested also counts as one, with the time from its beginning to its end. PostgreSQL aborts one at its
/// first error and answers COMMIT with ROLLBACK, which sqlx does not tell: it counts as rolled back.
///
/// Both `&mut tx` and `&mut *tx` are executors, so code written for sqlx's transaction stays as it
/// is. Dropped without an end it is rolled back, as sqlx does it: when the connection is next used
/// or given back. That ROLLBACK is no call, since nobody waits for it; the transaction counts as
/// dropped. So does one that sqlx rolls back because a transaction inside of it could not begin, or
/// its caller went away meanwhile; its own commit or rollback then sends nothing and is no call.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct MonitoredTransaction<'c, DB: MonitoredDatabase> {
    on: On<'c, DB>,
    open: bool,
    /// Zero for the transaction itself, more for a savepoint.
    depth: usize,
}

/// The connection a transaction runs on.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would cost every BEGIN on a pool an allocation"
)]
pub(crate) enum On<'c, DB: MonitoredDatabase> {
    Own(MonitoredConnection<DB>),
    Borrowed(&'c mut MonitoredConnection<DB>),
}

type Manager<DB> = <DB as sqlx::Database>::TransactionManager;

// === impl MonitoredTransaction ===

impl<'c, DB: MonitoredDatabase> MonitoredTransaction<'c, DB> {
    pub(crate) async fn begin_on(
        on: impl Into<On<'c, DB>>,
        statement: Option<SqlStr>,
        site: Option<CallSite>,
    ) -> Result<Self, Error> {
        // Open from here on: should BEGIN fail or be cancelled on its way, drop rolls it back.
        let mut tx = Self { on: on.into(), open: true, depth: 0 };
        let depth = tx.connection_mut().depth().await;
        tx.depth = depth;
        let Seat { raw, watch, notes } = tx.connection_mut().seat();
        notes.forget_line();
        let arrival = Arrival::from(site);
        let call = match &statement {
            Some(statement) => InCall::start(watch, notes, statement.as_str(), arrival),
            None => {
                let begin = begin_ansi_transaction_sql(depth);
                InCall::start(watch, notes, begin.as_str(), arrival)
            }
        };
        timed::<DB, _>(call, Box::pin(Manager::<DB>::begin(raw, statement)), |_, ()| ()).await?;
        let Seat { watch, notes, .. } = tx.connection_mut().seat();
        match &notes.transaction {
            Some(open) if depth > 0 => open.savepoint(u32::try_from(depth + 1).unwrap_or(u32::MAX)),
            _ if depth > 0 => {}
            _ => {
                let timer = watch.source.transaction().with_calls_from(site.or(watch.call_site));
                notes.transaction = Some(timer.shows(&notes.last_call));
            }
        }
        Ok(tx)
    }

    /// Begins a transaction inside of this one: a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Connection::begin`].
    #[track_caller]
    pub fn begin(
        &mut self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        MonitoredTransaction::begin_on(self.connection_mut(), None, call_site(Location::caller()))
    }

    /// Ends it well: COMMIT, or the release of a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Transaction::commit`]; the transaction is then rolled back.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Result<(), Error>> + Send + use<'c, DB> {
        self.end(call_site(Location::caller()), true)
    }

    /// Takes everything back: ROLLBACK, or ROLLBACK TO a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Transaction::rollback`].
    #[track_caller]
    pub fn rollback(self) -> impl Future<Output = Result<(), Error>> + Send + use<'c, DB> {
        self.end(call_site(Location::caller()), false)
    }

    pub(crate) async fn end(mut self, site: Option<CallSite>, well: bool) -> Result<(), Error> {
        let depth = self.connection_mut().depth().await;
        let is_aborted = self.connection_mut().notes_mut().is_aborted;
        let result = self.send_end(depth, site, well).await;
        self.open = result.is_err();
        match self.take_timer(depth) {
            Some(timer) if depth == 0 => drop(timer),
            Some(timer) if well && result.is_ok() && !is_aborted => timer.committed(),
            Some(timer) => timer.rolled_back(),
            None => {}
        }
        result
    }

    /// Has the driver end what it has begun last.
    async fn send_end(
        &mut self,
        depth: usize,
        site: Option<CallSite>,
        well: bool,
    ) -> Result<(), Error> {
        let Seat { raw, watch, notes } = self.connection_mut().seat();
        notes.forget_line();
        let work: BoxFuture<'_, _> = match well {
            true => Box::pin(Manager::<DB>::commit(raw)),
            false => Box::pin(Manager::<DB>::rollback(raw)),
        };
        // With a nested one that did not begin, sqlx has rolled back this one too; now it sends nothing.
        if depth == 0 {
            return Marked::new(work, DB::OWN_THREADS).await;
        }
        let text = match well {
            true => commit_ansi_transaction_sql(depth),
            false => rollback_ansi_transaction_sql(depth),
        };
        let start = if depth == 1 { InCall::start_end } else { InCall::start };
        let call = start(watch, notes, text.as_str(), Arrival::from(site));
        timed::<DB, _>(call, work, |_, ()| ()).await
    }

    /// What times the transaction; nothing where only a savepoint ends.
    fn take_timer(&mut self, depth: usize) -> Option<TransactionTimer> {
        (depth <= 1).then(|| self.connection_mut().notes_mut().transaction.take()).flatten()
    }

    fn connection(&self) -> &MonitoredConnection<DB> {
        match &self.on {
            On::Own(connection) => connection,
            On::Borrowed(connection) => connection,
        }
    }

    /// Unlike `deref_mut`, nobody outside of this crate borrows it.
    pub(crate) fn connection_mut(&mut self) -> &mut MonitoredConnection<DB> {
        match &mut self.on {
            On::Own(connection) => connection,
            On::Borrowed(connection) => connection,
        }
    }
}

impl<DB: MonitoredDatabase> Deref for MonitoredTransaction<'_, DB> {
    type Target = MonitoredConnection<DB>;

    fn deref(&self) -> &Self::Target {
        self.connection()
    }
}

impl<DB: MonitoredDatabase> DerefMut for MonitoredTransaction<'_, DB> {
    /// Who borrows the connection is about to run something: the line is remembered for its call.
    #[track_caller]
    fn deref_mut(&mut self) -> &mut Self::Target {
        let connection = self.connection_mut();
        connection.notes_mut().borrowed(Location::caller());
        connection
    }
}

impl<DB: MonitoredDatabase> Drop for MonitoredTransaction<'_, DB> {
    fn drop(&mut self) {
        if self.open {
            let is_outermost = self.depth == 0;
            self.connection_mut().notes_mut().is_aborted = false;
            let raw = self.connection_mut().as_raw_mut();
            Manager::<DB>::start_rollback(raw);
            // A nested one that did not begin may have taken all of it back.
            if is_outermost || Manager::<DB>::get_transaction_depth(raw) == 0 {
                drop(self.take_timer(0));
            }
        }
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for MonitoredTransaction<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredTransaction")
            .field("source", &self.watch.source)
            .finish_non_exhaustive()
    }
}

// === impl On ===

impl<DB: MonitoredDatabase> From<MonitoredPoolConnection<DB>> for On<'_, DB> {
    fn from(connection: MonitoredPoolConnection<DB>) -> Self {
        Self::Own(connection.into_connection())
    }
}

impl<'c, DB: MonitoredDatabase> From<&'c mut MonitoredConnection<DB>> for On<'c, DB> {
    fn from(connection: &'c mut MonitoredConnection<DB>) -> Self {
        Self::Borrowed(connection)
    }
}

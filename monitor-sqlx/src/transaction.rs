//! A transaction, or a savepoint inside one, that is watched.

use std::fmt;
use std::ops::{Deref, DerefMut};

use monitor_core::TransactionTimer;
use sqlx::{Error, SqlStr};
use sqlx_core::transaction::{
    TransactionManager, begin_ansi_transaction_sql, commit_ansi_transaction_sql,
    rollback_ansi_transaction_sql,
};

use crate::call::timed;
use crate::connection::MonitoredConnection;
use crate::database::MonitoredDatabase;
use crate::pool_connection::MonitoredPoolConnection;
use crate::watch::Arrival;

/// A transaction whose queries, beginning and end the monitor sees.
///
/// `BEGIN`, `COMMIT`, `ROLLBACK` and savepoints are calls like any other; a transaction that is not
/// nested also counts as one, with the time from its beginning to its end.
///
/// Both `&mut tx` and `&mut *tx` are executors, so code written for sqlx's transaction stays as it
/// is. Dropped without an end it is rolled back, as sqlx does it: when the connection is next used
/// or given back. That ROLLBACK is no call, since nobody waits for it; the transaction counts as
/// dropped.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct MonitoredTransaction<'c, DB: MonitoredDatabase> {
    on: On<'c, DB>,
    open: bool,
    /// `None` in a savepoint.
    timer: Option<TransactionTimer>,
}

/// The connection a transaction runs on.
pub(crate) enum On<'c, DB: MonitoredDatabase> {
    Own(MonitoredConnection<DB>),
    Borrowed(&'c mut MonitoredConnection<DB>),
}

type Manager<DB> = <DB as sqlx::Database>::TransactionManager;

// === impl MonitoredTransaction ===

impl<'c, DB: MonitoredDatabase> MonitoredTransaction<'c, DB> {
    pub(crate) async fn begin(
        on: impl Into<On<'c, DB>>,
        statement: Option<SqlStr>,
    ) -> Result<Self, Error> {
        // Open from here on: should BEGIN fail or be cancelled on its way, drop rolls it back.
        let mut tx = Self { on: on.into(), open: true, timer: None };
        let (raw, watch) = tx.split();
        let depth = Manager::<DB>::get_transaction_depth(raw);
        let timer = match &statement {
            Some(statement) => watch.start(statement.as_str(), Arrival::default()),
            None => watch.start(begin_ansi_transaction_sql(depth).as_str(), Arrival::default()),
        };
        let source = watch.source.clone();
        timed::<DB, _>(timer, Box::pin(Manager::<DB>::begin(raw, statement)), |_, ()| ()).await?;
        tx.timer = (depth == 0).then(|| source.transaction());
        Ok(tx)
    }

    /// Ends it well: COMMIT, or the release of a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Transaction::commit`]; the transaction is then rolled back.
    pub async fn commit(mut self) -> Result<(), Error> {
        let (raw, watch) = self.split();
        let depth = Manager::<DB>::get_transaction_depth(raw);
        let timer = watch.start(commit_ansi_transaction_sql(depth).as_str(), Arrival::default());
        let result = timed::<DB, _>(timer, Box::pin(Manager::<DB>::commit(raw)), |_, ()| ()).await;
        self.open = result.is_err();
        if let Some(timer) = self.timer.take() {
            if result.is_ok() { timer.committed() } else { timer.rolled_back() }
        }
        result
    }

    /// Takes everything back: ROLLBACK, or ROLLBACK TO a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Transaction::rollback`].
    pub async fn rollback(mut self) -> Result<(), Error> {
        let (raw, watch) = self.split();
        let depth = Manager::<DB>::get_transaction_depth(raw);
        let timer = watch.start(rollback_ansi_transaction_sql(depth).as_str(), Arrival::default());
        let result =
            timed::<DB, _>(timer, Box::pin(Manager::<DB>::rollback(raw)), |_, ()| ()).await;
        self.open = result.is_err();
        if let Some(timer) = self.timer.take() {
            timer.rolled_back();
        }
        result
    }
}

impl<DB: MonitoredDatabase> Deref for MonitoredTransaction<'_, DB> {
    type Target = MonitoredConnection<DB>;

    fn deref(&self) -> &Self::Target {
        match &self.on {
            On::Own(connection) => connection,
            On::Borrowed(connection) => connection,
        }
    }
}

impl<DB: MonitoredDatabase> DerefMut for MonitoredTransaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match &mut self.on {
            On::Own(connection) => connection,
            On::Borrowed(connection) => connection,
        }
    }
}

impl<DB: MonitoredDatabase> Drop for MonitoredTransaction<'_, DB> {
    fn drop(&mut self) {
        if self.open {
            Manager::<DB>::start_rollback(self.as_raw_mut());
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

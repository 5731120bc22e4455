//! A watched connection that belongs to a pool.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use sqlx::Error;

use crate::checkout::Lent;
use crate::connection::MonitoredConnection;
use crate::database::MonitoredDatabase;
use crate::pool::MonitoredPool;
use crate::transaction::MonitoredTransaction;

/// A connection on loan from a [`MonitoredPool`](crate::MonitoredPool); dropped, it goes back.
///
/// Stands in for [`sqlx::pool::PoolConnection`]: `&mut connection` and `&mut *connection` are
/// executors, and both are watched.
pub struct MonitoredPoolConnection<DB: MonitoredDatabase>(MonitoredConnection<DB>);

// === impl MonitoredPoolConnection ===

impl<DB: MonitoredDatabase> MonitoredPoolConnection<DB> {
    pub(crate) fn lent(lent: Lent<DB>, pool: &MonitoredPool<DB>) -> Self {
        Self(MonitoredConnection::lent(lent, pool))
    }

    pub(crate) fn connection_mut(&mut self) -> &mut MonitoredConnection<DB> {
        &mut self.0
    }

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Connection::begin`].
    #[track_caller]
    pub fn begin(
        &mut self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        self.0.begin()
    }

    pub(crate) fn into_connection(self) -> MonitoredConnection<DB> {
        self.0
    }

    /// Closes the connection instead of giving it back.
    ///
    /// # Errors
    ///
    /// When the goodbye could not be said.
    pub async fn close(self) -> Result<(), Error> {
        self.0.close().await
    }

    /// Takes the connection out of its pool for good, and out of sight.
    pub fn detach(self) -> DB::Connection {
        self.0.detach()
    }

    /// Takes the connection out of its pool, which keeps its place for it for ever, and out of sight.
    pub fn leak(self) -> DB::Connection {
        self.0.leak()
    }
}

impl<DB: MonitoredDatabase> Deref for MonitoredPoolConnection<DB> {
    type Target = MonitoredConnection<DB>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<DB: MonitoredDatabase> DerefMut for MonitoredPoolConnection<DB> {
    /// Who borrows the connection is about to run something: the line is remembered for its call.
    #[track_caller]
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.notes_mut().borrowed(Location::caller());
        &mut self.0
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for MonitoredPoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

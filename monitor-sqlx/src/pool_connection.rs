//! A watched connection that belongs to a pool.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::Error;

use crate::checkout::Lent;
use crate::connection::MonitoredConnection;
use crate::database::MonitoredDatabase;
use crate::watch::Watch;

/// A connection on loan from a [`MonitoredPool`](crate::MonitoredPool); dropped, it goes back.
///
/// Stands in for [`sqlx::pool::PoolConnection`]: `&mut connection` and `&mut *connection` are
/// executors, and both are watched.
pub struct MonitoredPoolConnection<DB: MonitoredDatabase>(MonitoredConnection<DB>);

// === impl MonitoredPoolConnection ===

impl<DB: MonitoredDatabase> MonitoredPoolConnection<DB> {
    pub(crate) fn lent(lent: Lent<DB>, watch: Arc<Watch>) -> Self {
        Self(MonitoredConnection::lent(lent, watch))
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
}

impl<DB: MonitoredDatabase> Deref for MonitoredPoolConnection<DB> {
    type Target = MonitoredConnection<DB>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<DB: MonitoredDatabase> DerefMut for MonitoredPoolConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for MonitoredPoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

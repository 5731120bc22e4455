//! What a wrapped pool can be told.

use std::fmt;
use std::sync::Arc;

use monitor_core::Monitor;
use monitor_core::capture::{Database, Labels};
use sqlx::Pool;

use crate::database::MonitoredDatabase;
use crate::pool::MonitoredPool;

/// Settings of a [`MonitoredPool`]; see [`MonitoredPool::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct PoolBuilder<DB: MonitoredDatabase> {
    pool: Pool<DB>,
    name: Option<String>,
    database: Option<Database>,
    labels: Labels,
}

// === impl PoolBuilder ===

impl<DB: MonitoredDatabase> PoolBuilder<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        Self { pool, name: None, database: None, labels: Labels::default() }
    }

    /// The pool's name in pages, metrics and alerts. Default: the database's address.
    ///
    /// Pools of the same name and database are counted as one.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which database this is. Default: what the connect options say, without the password.
    ///
    /// For what they cannot know: MariaDB, a proxy in between, a customer's name in the file's.
    pub fn database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    /// The user that calls carry which are not [`for_user`](MonitoredPool::for_user) of another.
    pub fn user(mut self, user: impl AsRef<str>) -> Self {
        self.labels = self.labels.with_user(Some(user.as_ref()));
        self
    }

    /// The tag that calls carry which are not [`tagged`](MonitoredPool::tagged) otherwise.
    pub fn tag(mut self, tag: impl AsRef<str>) -> Self {
        self.labels = self.labels.with_tag(Some(tag.as_ref()));
        self
    }

    /// Wraps the pool.
    pub fn build(self, monitor: &Monitor) -> MonitoredPool<DB> {
        let database = self.database.unwrap_or_else(|| DB::identify(&self.pool.connect_options()));
        let source = match &self.name {
            Some(name) => monitor.pool(name, database),
            None => monitor.unnamed_pool(database),
        };
        let mut pool = MonitoredPool::around(self.pool, source);
        Arc::make_mut(&mut pool.watch).labels = self.labels.shared();
        pool
    }
}

/// Shows the settings; connect options hold a password and stay out.
impl<DB: MonitoredDatabase> fmt::Debug for PoolBuilder<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("name", &self.name)
            .field("database", &self.database)
            .field("tag", &self.labels.tag)
            .finish_non_exhaustive()
    }
}

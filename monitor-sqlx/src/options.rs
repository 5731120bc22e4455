//! What a wrapped pool can be told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
    probe: Option<Duration>,
}

// === impl PoolBuilder ===

impl<DB: MonitoredDatabase> PoolBuilder<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        Self { pool, name: None, database: None, labels: Labels::default(), probe: None }
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

    /// Asks the database every so often whether it is there, so that
    /// [`Monitor::health`](monitor_core::Monitor::health) knows also while nobody calls. Off by
    /// default.
    ///
    /// A task asks as [`MonitoredPool::probe`] does: at once, then at this interval, which is kept
    /// between 100 ms and a minute; 10 s is a good choice. After a failure it waits twice as long
    /// each time, up to a minute. It ends when the pool is closed, or when the last clone of the
    /// wrapped pool is dropped.
    pub fn probe(mut self, every: Duration) -> Self {
        self.probe = Some(every);
        self
    }

    /// Wraps the pool.
    ///
    /// # Panics
    ///
    /// With [`probe`](Self::probe), outside of an async runtime: as sqlx does when it makes a pool.
    pub fn build(self, monitor: &Monitor) -> MonitoredPool<DB> {
        let database = self.database.unwrap_or_else(|| DB::identify(&self.pool.connect_options()));
        let source = match &self.name {
            Some(name) => monitor.pool(name, database),
            None => monitor.unnamed_pool(database),
        };
        let mut pool = MonitoredPool::around(self.pool, source);
        if let Some(every) = self.probe.filter(|_| !monitor.is_off()) {
            pool.start_probing(every);
        }
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
            .field("probe", &self.probe)
            .finish_non_exhaustive()
    }
}

//! What a pool's options say before there is a pool.

use std::time::Duration;

use crate::database::MonitoredDatabase;
use crate::options::MonitoredPoolOptions;

// === impl MonitoredPoolOptions ===

impl<DB: MonitoredDatabase> MonitoredPoolOptions<DB> {
    /// See [`PoolOptions::get_max_connections`](sqlx::pool::PoolOptions::get_max_connections).
    #[must_use]
    pub fn get_max_connections(&self) -> u32 {
        self.options().get_max_connections()
    }

    /// See [`PoolOptions::get_min_connections`](sqlx::pool::PoolOptions::get_min_connections).
    #[must_use]
    pub fn get_min_connections(&self) -> u32 {
        self.options().get_min_connections()
    }

    /// See [`PoolOptions::get_acquire_slow_threshold`](sqlx::pool::PoolOptions::get_acquire_slow_threshold).
    #[must_use]
    pub fn get_acquire_slow_threshold(&self) -> Duration {
        self.options().get_acquire_slow_threshold()
    }

    /// See [`PoolOptions::get_acquire_timeout`](sqlx::pool::PoolOptions::get_acquire_timeout).
    #[must_use]
    pub fn get_acquire_timeout(&self) -> Duration {
        self.options().get_acquire_timeout()
    }

    /// See [`PoolOptions::get_max_lifetime`](sqlx::pool::PoolOptions::get_max_lifetime).
    #[must_use]
    pub fn get_max_lifetime(&self) -> Option<Duration> {
        self.options().get_max_lifetime()
    }

    /// See [`PoolOptions::get_idle_timeout`](sqlx::pool::PoolOptions::get_idle_timeout).
    #[must_use]
    pub fn get_idle_timeout(&self) -> Option<Duration> {
        self.options().get_idle_timeout()
    }

    /// See [`PoolOptions::get_test_before_acquire`](sqlx::pool::PoolOptions::get_test_before_acquire).
    #[must_use]
    pub fn get_test_before_acquire(&self) -> bool {
        self.options().get_test_before_acquire()
    }
}

//! Where well ends.

use std::time::Duration;

/// The lines between well and not well. All of them can be set on the monitor's builder.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// A call of this length or longer is slow.
    pub slow: Duration,
    /// A call of this length or longer is very slow.
    pub very_slow: Duration,
    /// Share of failed calls, from 0 to 1, over the last minute.
    pub error_rate: f64,
    /// Share of a pool's connections in use, from 0 to 1.
    pub pool_usage: f64,
    /// Mean time of a call over the last minute.
    pub average_time: Duration,
    /// Calls per second over the last minute.
    pub calls_per_second: f64,
    /// A connection out for this long or longer counts as leaked.
    pub leak_after: Duration,
    /// Leaked connections of one pool.
    pub leaked_connections: u64,
    /// Failed attempts to connect over the last minute.
    pub failed_connections: u64,
    /// Checkouts that got no connection over the last minute.
    pub failed_checkouts: u64,
    /// Calls the last minute must have had before a rate or a mean is judged: a share of three
    /// calls says nothing.
    pub calls_min: u64,
}

impl Thresholds {
    /// Default of [`slow`](Self::slow).
    pub const SLOW: Duration = Duration::from_secs(1);
    /// Default of [`very_slow`](Self::very_slow).
    pub const VERY_SLOW: Duration = Duration::from_secs(5);
    /// Default of [`error_rate`](Self::error_rate): 5 %.
    pub const ERROR_RATE: f64 = 0.05;
    /// Default of [`pool_usage`](Self::pool_usage): 80 %.
    pub const POOL_USAGE: f64 = 0.8;
    /// Default of [`average_time`](Self::average_time).
    pub const AVERAGE_TIME: Duration = Duration::from_millis(500);
    /// Default of [`calls_per_second`](Self::calls_per_second).
    pub const CALLS_PER_SECOND: f64 = 100.0;
    /// Default of [`leak_after`](Self::leak_after): a minute, the shorter end of what HikariCP's
    /// maintainer advises against taking long transactions for leaks.
    pub const LEAK_AFTER: Duration = Duration::from_secs(60);
    /// Default of [`leaked_connections`](Self::leaked_connections).
    pub const LEAKED_CONNECTIONS: u64 = 5;
    /// Default of [`failed_connections`](Self::failed_connections).
    pub const FAILED_CONNECTIONS: u64 = 10;
    /// Default of [`failed_checkouts`](Self::failed_checkouts).
    pub const FAILED_CHECKOUTS: u64 = 5;
    /// Default of [`calls_min`](Self::calls_min).
    pub const CALLS_MIN: u64 = 20;
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            slow: Self::SLOW,
            very_slow: Self::VERY_SLOW,
            error_rate: Self::ERROR_RATE,
            pool_usage: Self::POOL_USAGE,
            average_time: Self::AVERAGE_TIME,
            calls_per_second: Self::CALLS_PER_SECOND,
            leak_after: Self::LEAK_AFTER,
            leaked_connections: Self::LEAKED_CONNECTIONS,
            failed_connections: Self::FAILED_CONNECTIONS,
            failed_checkouts: Self::FAILED_CHECKOUTS,
            calls_min: Self::CALLS_MIN,
        }
    }
}

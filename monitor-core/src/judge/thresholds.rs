//! Where well ends.

use std::time::Duration;

use super::{AlertRules, FindingKind};
use crate::snapshot::PoolActivity;

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
    /// 99th percentile of the calls' times over the last minute.
    pub p99: Duration,
    /// Calls per second over the last minute.
    pub calls_per_second: f64,
    /// A connection out for this long or longer counts as leaked.
    pub leak_after: Duration,
    /// Leaked connections of one pool; all of them, of a pool that can have fewer. One that is alone never counts,
    /// as it is often kept on purpose.
    pub leaked_connections: u64,
    /// Failed attempts to connect over the last minute.
    pub failed_connections: u64,
    /// Checkouts that got no connection over the last minute.
    pub failed_checkouts: u64,
    /// 95th percentile of the waits for a pool's connection over the last minute.
    pub pool_wait: Duration,
    /// Time a transaction may be open.
    pub transaction_time: Duration,
    /// How many times its former mean time makes a call's a regression.
    pub regression: f64,
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
    /// Default of [`p99`](Self::p99).
    pub const P99: Duration = Duration::from_secs(2);
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
    /// Default of [`pool_wait`](Self::pool_wait): as long as a call may take on average.
    pub const POOL_WAIT: Duration = Duration::from_millis(500);
    /// Default of [`transaction_time`](Self::transaction_time): a minute of held locks and of rows
    /// that cannot be cleaned up.
    pub const TRANSACTION_TIME: Duration = Duration::from_secs(60);
    /// Default of [`regression`](Self::regression).
    pub const REGRESSION: f64 = 3.0;
    /// Default of [`calls_min`](Self::calls_min).
    pub const CALLS_MIN: u64 = 20;
}

impl Thresholds {
    /// Leaked connections that are too many for a pool of this size.
    pub(super) fn leaked_connections_of(&self, pool: &PoolActivity) -> u64 {
        let most = pool.levels.and_then(|levels| levels.max).filter(|most| *most > 1);
        most.map_or(self.leaked_connections, |most| self.leaked_connections.min(most.into()))
    }

    /// The lines a value must fall below again before trouble is over. Slow calls are counted as
    /// they happen, so their line is the same in both directions.
    pub(crate) fn to_clear(self, rules: &AlertRules) -> Self {
        let at = |kind| rules.of(kind).clear_at;
        let count = |count: u64, kind| ((count as f64 * at(kind)).ceil() as u64).max(1);
        Self {
            error_rate: self.error_rate * at(FindingKind::ErrorRate),
            pool_usage: self.pool_usage * at(FindingKind::PoolUsage),
            average_time: self.average_time.mul_f64(at(FindingKind::AverageTime)),
            p99: self.p99.mul_f64(at(FindingKind::P99)),
            calls_per_second: self.calls_per_second * at(FindingKind::CallsPerSecond),
            leaked_connections: count(self.leaked_connections, FindingKind::ConnectionLeak),
            failed_connections: count(self.failed_connections, FindingKind::ConnectionFailures),
            failed_checkouts: count(self.failed_checkouts, FindingKind::FailedCheckouts),
            pool_wait: self.pool_wait.mul_f64(at(FindingKind::PoolWait)),
            transaction_time: self.transaction_time.mul_f64(at(FindingKind::LongTransaction)),
            regression: self.regression * at(FindingKind::LatencyRegression),
            ..self
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            slow: Self::SLOW,
            very_slow: Self::VERY_SLOW,
            error_rate: Self::ERROR_RATE,
            pool_usage: Self::POOL_USAGE,
            average_time: Self::AVERAGE_TIME,
            p99: Self::P99,
            calls_per_second: Self::CALLS_PER_SECOND,
            leak_after: Self::LEAK_AFTER,
            leaked_connections: Self::LEAKED_CONNECTIONS,
            failed_connections: Self::FAILED_CONNECTIONS,
            failed_checkouts: Self::FAILED_CHECKOUTS,
            pool_wait: Self::POOL_WAIT,
            transaction_time: Self::TRANSACTION_TIME,
            regression: Self::REGRESSION,
            calls_min: Self::CALLS_MIN,
        }
    }
}

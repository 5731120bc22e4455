//! Connections and transactions, by pool and by database.

use monitor_core::snapshot::{ConnectionActivity, SourceActivity};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Bucket, Scope, quantile, seconds};

/// Transactions of every pool, and of every database used without one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Transactions {
    /// What the numbers are about; those open are open now.
    pub scope: Scope,
    /// From how long on a transaction is long.
    pub long_after_seconds: f64,
    /// By source.
    pub sources: Vec<SourceTransactions>,
}

/// Transactions of one source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceTransactions {
    /// The pool's name, or the database's where there is no pool.
    pub name: String,
    /// Whether it is a pool.
    pub is_pool: bool,
    /// The database behind it.
    pub database: String,
    /// Transactions that began.
    pub begun: u64,
    /// Transactions that began, per second.
    pub begun_per_second: f64,
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were rolled back.
    pub rolled_back: u64,
    /// Transactions dropped while open, which rolls them back.
    pub dropped: u64,
    /// Those that were rolled back or dropped as a share of those that ended.
    pub rollback_rate: f64,
    /// Transactions open now.
    pub open: u64,
    /// For how long the longest of them has been open.
    pub open_longest_seconds: Option<f64>,
    /// Mean time between begin and end; `null` where none ended.
    pub mean_seconds: Option<f64>,
    /// The median; `null` where none ended.
    pub p50_seconds: Option<f64>,
    /// The 95th percentile.
    pub p95_seconds: Option<f64>,
    /// The 99th percentile.
    pub p99_seconds: Option<f64>,
    /// How long the ended ones lasted.
    pub histogram: Vec<Bucket>,
    /// Time they were open and ran nothing, as a share of the time they were open; `null` where nobody sees it.
    pub think_share: Option<f64>,
    /// The 95th percentile of that time.
    pub think_p95_seconds: Option<f64>,
    /// Levels opened inside of transactions.
    pub savepoints: u64,
    /// The deepest level since the start.
    pub depth_max: u64,
}

/// Connections made and lost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Connections {
    /// Connections made; zero where the adapter cannot see it.
    pub created: u64,
    /// Connections closed; zero where the adapter cannot see it.
    pub closed: u64,
    /// Attempts to connect that failed.
    pub failed: u64,
    /// The median time to connect; `null` where none was made.
    pub create_p50_seconds: Option<f64>,
    /// The 95th percentile of it.
    pub create_p95_seconds: Option<f64>,
    /// Looks of the pool whether a connection works that found it does not.
    pub checks_failed: u64,
}

// === impl SourceTransactions ===

impl SourceTransactions {
    pub(crate) fn new(source: &SourceActivity, scope: &Scope) -> Self {
        let transactions = &source.transactions;
        let undone = transactions.rolled_back.saturating_add(transactions.dropped);
        let ended = undone.saturating_add(transactions.committed);
        let time = transactions.time.as_secs_f64();
        let count = transactions.duration.count();
        let sees_think = transactions.think.count() > 0 && time > 0.0;
        let think_share = transactions.think_time.as_secs_f64() / time.max(1e-12);
        Self {
            name: source.name.to_string(),
            is_pool: source.pool.is_some(),
            database: source.database.to_string(),
            begun: transactions.begun,
            begun_per_second: scope.per_second(transactions.begun),
            committed: transactions.committed,
            rolled_back: transactions.rolled_back,
            dropped: transactions.dropped,
            rollback_rate: if ended > 0 { undone as f64 / ended as f64 } else { 0.0 },
            open: transactions.open,
            open_longest_seconds: seconds(transactions.open_longest),
            mean_seconds: (count > 0).then(|| time / count as f64),
            p50_seconds: quantile(&transactions.duration, 0.5),
            p95_seconds: quantile(&transactions.duration, 0.95),
            p99_seconds: quantile(&transactions.duration, 0.99),
            histogram: Bucket::all(&transactions.duration),
            think_share: sees_think.then_some(think_share.min(1.0)),
            think_p95_seconds: quantile(&transactions.think, 0.95),
            savepoints: transactions.savepoints,
            depth_max: transactions.depth_max,
        }
    }
}

// === impl Connections ===

impl Connections {
    pub(crate) fn new(connections: &ConnectionActivity) -> Self {
        Self {
            created: connections.created,
            closed: connections.closed,
            failed: connections.failed,
            create_p50_seconds: quantile(&connections.create_time, 0.5),
            create_p95_seconds: quantile(&connections.create_time, 0.95),
            checks_failed: connections.checks_failed,
        }
    }
}

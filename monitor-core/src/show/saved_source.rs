//! Pools, connections and transactions, read back.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::saved::{Calls, SavedDatabase, buckets, seconds};
use super::saved_contact::Contact;
use crate::capture::PoolLevels;
use crate::snapshot::{
    CacheOffender, CheckoutActivity, ConnectionActivity, Histogram, PoolActivity, ReportedWaits,
    SampledLevels, SourceActivity, StatementCacheActivity, TransactionActivity,
};

#[derive(Deserialize)]
pub(super) struct Source {
    name: Arc<str>,
    #[serde(flatten)]
    database: SavedDatabase,
    connections: Connections,
    transactions: Transactions,
    /// Missing in files from before it was known.
    #[serde(default)]
    contact: Contact,
    #[serde(default)]
    reported_waits: Waits,
    #[serde(default = "yes")]
    sees_ends: bool,
    pool: Option<Pool>,
    #[serde(flatten)]
    activity: Calls,
}

/// What was so before anybody said otherwise.
fn yes() -> bool {
    true
}

#[derive(Default, Deserialize)]
struct Waits {
    reported: u64,
    slow: u64,
    #[serde(deserialize_with = "seconds")]
    seconds: Duration,
    #[serde(deserialize_with = "seconds")]
    longest_seconds: Duration,
}

#[derive(Deserialize)]
struct Cache {
    capacity: u64,
    looked_up: u64,
    missed: u64,
    offenders: Vec<Offender>,
}

#[derive(Deserialize)]
struct Offender {
    statement: Arc<str>,
    missed: u64,
}

#[derive(Deserialize)]
struct Connections {
    created: u64,
    closed: u64,
    failed: u64,
    #[serde(default, deserialize_with = "seconds")]
    create_seconds: Duration,
    create_time: Times,
    #[serde(default)]
    checks_failed: u64,
    #[serde(default)]
    check_time: Times,
}

#[derive(Deserialize)]
struct Transactions {
    begun: u64,
    committed: u64,
    rolled_back: u64,
    dropped: u64,
    open: u64,
    open_longest_seconds: Option<f64>,
    #[serde(default, deserialize_with = "seconds")]
    time_seconds: Duration,
    duration: Times,
    #[serde(default)]
    savepoints: u64,
    #[serde(default)]
    depth_max: u64,
    #[serde(default, deserialize_with = "seconds")]
    think_seconds: Duration,
    #[serde(default)]
    think: Times,
    #[serde(default)]
    statements: u64,
    #[serde(default)]
    statements_max: u64,
}

#[derive(Deserialize)]
struct Pool {
    size: Option<u32>,
    idle: Option<u32>,
    max: Option<u32>,
    min: Option<u32>,
    overflow: Option<u32>,
    #[serde(default)]
    samples: u64,
    #[serde(default)]
    sampled_in_use: u64,
    #[serde(default)]
    sampled_max: u64,
    waiting: u64,
    taken: u64,
    timed_out: u64,
    failed: u64,
    cancelled: u64,
    out: u64,
    #[serde(default)]
    out_most: u64,
    leaked: u64,
    #[serde(deserialize_with = "seconds")]
    wait_seconds: Duration,
    #[serde(deserialize_with = "seconds")]
    wait_max_seconds: Duration,
    #[serde(default, deserialize_with = "seconds")]
    hold_seconds: Duration,
    wait: Times,
    hold: Times,
    #[serde(default)]
    draining: u64,
    #[serde(default)]
    drain: Times,
    statement_cache: Option<Cache>,
}

#[derive(Default, Deserialize)]
struct Times {
    #[serde(deserialize_with = "buckets")]
    buckets: Histogram,
}

// === impl Source ===

impl From<Source> for SourceActivity {
    fn from(read: Source) -> Self {
        let (connections, transactions) = (read.connections, read.transactions);
        Self {
            name: read.name,
            database: Arc::new(read.database.into()),
            activity: read.activity.into(),
            contact: read.contact.into(),
            reported_waits: ReportedWaits {
                reported: read.reported_waits.reported,
                slow: read.reported_waits.slow,
                time: read.reported_waits.seconds,
                longest: read.reported_waits.longest_seconds,
            },
            sees_ends: read.sees_ends,
            connections: ConnectionActivity {
                created: connections.created,
                closed: connections.closed,
                failed: connections.failed,
                time: connections.create_seconds,
                create_time: connections.create_time.buckets,
                checks_failed: connections.checks_failed,
                check_time: connections.check_time.buckets,
            },
            transactions: TransactionActivity {
                begun: transactions.begun,
                committed: transactions.committed,
                rolled_back: transactions.rolled_back,
                dropped: transactions.dropped,
                open: transactions.open,
                open_longest: transactions
                    .open_longest_seconds
                    .and_then(|age| Duration::try_from_secs_f64(age).ok()),
                time: transactions.time_seconds,
                duration: transactions.duration.buckets,
                savepoints: transactions.savepoints,
                depth_max: transactions.depth_max,
                think_time: transactions.think_seconds,
                think: transactions.think.buckets,
                statements: transactions.statements,
                statements_max: transactions.statements_max,
                // Lines of another build's source, and what was so at that moment only.
                gaps: Vec::new(),
                idle_longest: None,
            },
            pool: read.pool.map(PoolActivity::from),
        }
    }
}

impl From<Cache> for StatementCacheActivity {
    fn from(read: Cache) -> Self {
        let offenders = read.offenders.into_iter();
        let offender =
            |one: Offender| CacheOffender { statement: one.statement, missed: one.missed };
        Self {
            capacity: read.capacity,
            looked_up: read.looked_up,
            missed: read.missed,
            offenders: offenders.map(offender).collect(),
        }
    }
}

// === impl Pool ===

impl Pool {
    /// What the pool said of itself, if it did.
    fn levels(&self) -> Option<PoolLevels> {
        Some(PoolLevels {
            size: self.size?,
            idle: self.idle?,
            max: self.max,
            min: self.min,
            overflow: self.overflow.unwrap_or_default(),
        })
    }
}

impl From<Pool> for PoolActivity {
    fn from(read: Pool) -> Self {
        Self {
            levels: read.levels(),
            sampled: SampledLevels {
                samples: read.samples,
                in_use: read.sampled_in_use,
                max: read.sampled_max,
            },
            checkouts: CheckoutActivity {
                taken: read.taken,
                timed_out: read.timed_out,
                failed: read.failed,
                cancelled: read.cancelled,
                waiting: read.waiting,
                out: read.out,
                out_most: read.out_most,
                wait_time: read.wait_seconds,
                wait_max: read.wait_max_seconds,
                wait: read.wait.buckets,
                hold_time: read.hold_seconds,
                hold: read.hold.buckets,
                draining: read.draining,
                drain: read.drain.buckets,
            },
            held: Vec::new(),
            leaked: read.leaked,
            timeouts: Vec::new(),
            statement_cache: read.statement_cache.map(StatementCacheActivity::from),
        }
    }
}

//! Pools, connections and transactions at a moment.

use std::sync::Arc;
use std::time::Duration;

use super::{Activity, CheckoutTimeout, ContactActivity, Histogram};
use crate::capture::{CallSite, Database, PoolLevels};

/// One way calls take to a database: a pool, or connections made without one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceActivity {
    /// The pool's name, or the database's where there is no pool.
    pub name: Arc<str>,
    /// The database behind it.
    pub database: Arc<Database>,
    /// Calls made through it, since the start.
    pub activity: Activity,
    /// Its connections.
    pub connections: ConnectionActivity,
    /// Its transactions.
    pub transactions: TransactionActivity,
    /// When its database was last heard of, now and not within a window.
    pub contact: ContactActivity,
    /// Waits for connections that the driver itself reports, where nobody sees its pool.
    pub reported_waits: ReportedWaits,
    /// Whether it is seen how calls end. Where it is not, none counts as failed or cancelled, and how
    /// many were is unknown.
    pub sees_ends: bool,
    /// What only a pool has.
    pub pool: Option<PoolActivity>,
}

/// Connections made and lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionActivity {
    /// Connections made; zero where the adapter cannot see it.
    pub created: u64,
    /// Connections closed; zero where the adapter cannot see it.
    pub closed: u64,
    /// Attempts to connect that failed.
    pub failed: u64,
    /// Time it took to make connections, all together.
    pub time: Duration,
    /// How long it took to connect.
    pub create_time: Histogram,
    /// Looks of the pool itself whether a connection works that found it does not.
    pub checks_failed: u64,
    /// How long such looks took, whatever they found. They are no calls of the application's; zero
    /// of them where the adapter cannot tell.
    pub check_time: Histogram,
}

/// Transactions since the start, and those open now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionActivity {
    /// Transactions that began. Savepoints are not counted.
    pub begun: u64,
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were rolled back by the application.
    pub rolled_back: u64,
    /// Transactions dropped while open, which rolls them back.
    pub dropped: u64,
    /// Transactions open now.
    pub open: u64,
    /// For how long the longest of them has been open.
    pub open_longest: Option<Duration>,
    /// For how long the one that does nothing for longest has been open and ran nothing: idle in
    /// transaction. `None` where none is, or the adapter cannot see it.
    pub idle_longest: Option<Duration>,
    /// Time between begin and end of those that ended, all together.
    pub time: Duration,
    /// How long the ended ones lasted.
    pub duration: Histogram,
    /// Levels opened inside of transactions; zero where the adapter cannot see it.
    pub savepoints: u64,
    /// The deepest level since the start, where a transaction itself is 1; zero without savepoints.
    pub depth_max: u64,
    /// Time the ended ones were open and ran nothing, together: the application's own.
    pub think_time: Duration,
    /// The same by transaction; empty where the adapter cannot see it.
    pub think: Histogram,
    /// Statements that the ended ones ran, savepoints included, without their BEGIN and their end;
    /// zero where the adapter cannot see it.
    pub statements: u64,
    /// The most of them in one transaction since the start.
    pub statements_max: u64,
    /// Where the longest pause of each was, most time first; at most [`ThinkGap::KEPT_MAX`] places.
    pub gaps: Vec<ThinkGap>,
}

/// A place where transactions stayed open and ran nothing: the longest pause of each is told here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThinkGap {
    /// The line of the call before it, or where the transaction was begun; `None` where not known.
    pub after: Option<CallSite>,
    /// The line of the call after it, or where the transaction was ended; `None` where not known.
    pub before: Option<CallSite>,
    /// Transactions whose longest pause was here.
    pub transactions: u64,
    /// Those pauses together.
    pub time: Duration,
    /// The longest of them.
    pub longest: Duration,
}

/// A pool at a moment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PoolActivity {
    /// What the pool says of itself, or was last told by hand; `None` if nobody said anything yet.
    pub levels: Option<PoolLevels>,
    /// How full it was whenever the monitor looked, every five seconds.
    pub sampled: SampledLevels,
    /// Takings of connections.
    pub checkouts: CheckoutActivity,
    /// Connections that are out now, longest first.
    pub held: Vec<HeldConnection>,
    /// Connections that have been out for the leak threshold or longer and, where the adapter tells,
    /// have called nothing for as long.
    pub leaked: u64,
    /// The newest time-outs with who held the connections then, newest first.
    pub timeouts: Vec<CheckoutTimeout>,
    /// Calls that found the cache of prepared statements full; `None` where every cache has room, there is
    /// none, or the adapter cannot see it.
    pub statement_cache: Option<StatementCacheActivity>,
}

/// Calls on connections that keep as many prepared statements as they can.
///
/// Counted by a model, which has to see as many different texts as a cache holds before it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementCacheActivity {
    /// Texts that one connection keeps.
    pub capacity: u64,
    /// Calls whose text is to be kept.
    pub looked_up: u64,
    /// Those whose text was not kept any more, so that it was prepared again.
    pub missed: u64,
    /// Whose texts they were, most first; at most [`CacheOffender::KEPT_MAX`].
    pub offenders: Vec<CacheOffender>,
}

/// A statement whose texts do not stay in the cache of prepared statements.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheOffender {
    /// Its normalised text.
    pub statement: Arc<str>,
    /// Calls whose text was prepared again.
    pub missed: u64,
}

/// Waits for connections as the driver reports them: sqlx those beyond its own threshold, unless it is
/// told to report all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedWaits {
    /// Waits that were reported; how many were not is unknown.
    pub reported: u64,
    /// Those reported as slow.
    pub slow: u64,
    /// All that were reported together.
    pub time: Duration,
    /// The longest of them since the start.
    pub longest: Duration,
}

/// A pool's levels, added up over the moments at which they were looked at.
///
/// A pool that does not tell its maximum is not sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampledLevels {
    /// How often.
    pub samples: u64,
    /// Connections in use, added up.
    pub in_use: u64,
    /// The most connections the pool might have had, added up.
    pub max: u64,
}

/// Takings of connections since the start, and those waiting now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckoutActivity {
    /// Checkouts that got a connection.
    pub taken: u64,
    /// Checkouts that gave up at the pool's time limit.
    pub timed_out: u64,
    /// Checkouts that failed for another reason.
    pub failed: u64,
    /// Checkouts whose caller went away.
    pub cancelled: u64,
    /// Callers waiting now.
    pub waiting: u64,
    /// Connections out now, by our own count.
    pub out: u64,
    /// The most that were out at once since the start, by our own count, also in a window.
    pub out_most: u64,
    /// Time all checkouts waited together, however they ended.
    pub wait_time: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// How long checkouts waited, however they ended.
    pub wait: Histogram,
    /// Time connections were held that came back, all together.
    pub hold_time: Duration,
    /// How long connections were held that came back.
    pub hold: Histogram,
    /// Connections that were given back while the database still worked for a caller who had gone,
    /// and that nobody can use until it has answered; zero where the adapter cannot see it.
    pub draining: u64,
    /// How long such connections were busy after they had been given back.
    pub drain: Histogram,
}

/// A connection that is out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldConnection {
    /// For how long.
    pub held: Duration,
    /// The line that took it, where known.
    pub call_site: Option<CallSite>,
    /// What its holder has called last, or is calling, where the adapter tells.
    pub statement: Option<Arc<str>>,
    /// For how long that has been running; `None` where nothing runs or nobody tells.
    pub running: Option<Duration>,
    /// How long ago its last call began; `None` where it has called nothing or nobody tells.
    pub called: Option<Duration>,
    /// For how long a transaction has been open on it; `None` where none is or nobody tells.
    pub transaction: Option<Duration>,
    /// Whether the adapter tells what it runs; where it does not, the ones above say nothing.
    pub is_seen: bool,
}

// === impl StatementCacheActivity ===

impl CacheOffender {
    /// Statements named for one pool; calls of others are in the sums.
    pub const KEPT_MAX: usize = 64;
}

impl StatementCacheActivity {
    fn since(&self, earlier: &Self) -> Self {
        let offenders = self.offenders.iter().map(|one| {
            let before = earlier.offenders.iter().find(|old| old.statement == one.statement);
            let missed = one.missed.saturating_sub(before.map_or(0, |before| before.missed));
            CacheOffender { missed, ..one.clone() }
        });
        let mut offenders: Vec<_> = offenders.filter(|one| one.missed > 0).collect();
        offenders.sort_by_key(|one| std::cmp::Reverse(one.missed));
        Self {
            capacity: self.capacity,
            looked_up: self.looked_up.saturating_sub(earlier.looked_up),
            missed: self.missed.saturating_sub(earlier.missed),
            offenders,
        }
    }
}

// === impl ReportedWaits ===

impl ReportedWaits {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            reported: self.reported.saturating_sub(earlier.reported),
            slow: self.slow.saturating_sub(earlier.slow),
            time: self.time.saturating_sub(earlier.time),
            longest: self.longest,
        }
    }
}

// === impl HeldConnection ===

impl HeldConnection {
    /// Whether it looks forgotten: out for so long and, where the adapter tells, without a call for
    /// so long. A long transaction that works is no leak, and neither is a long call.
    #[must_use]
    pub fn is_leak(&self, leak_after: Duration) -> bool {
        let is_quiet =
            self.running.is_none() && self.called.is_none_or(|called| called >= leak_after);
        self.held >= leak_after && is_quiet
    }
}

// === impl ThinkGap ===

impl ThinkGap {
    /// Pairs of lines kept for each source; pauses elsewhere are in the sums, and counted in
    /// [`Losses::think_gaps_folded`](super::Losses::think_gaps_folded).
    pub const KEPT_MAX: usize = 64;

    fn since(&self, earlier: &[Self]) -> Option<Self> {
        let is_here = |gap: &&Self| gap.after == self.after && gap.before == self.before;
        let before = earlier.iter().find(is_here);
        let transactions = self.transactions - before.map_or(0, |before| before.transactions);
        let time = self.time.saturating_sub(before.map_or(Duration::ZERO, |before| before.time));
        (transactions > 0).then(|| Self {
            transactions,
            time,
            longest: self.longest.min(time),
            ..self.clone()
        })
    }
}

// === impl PoolActivity ===

impl PoolActivity {
    /// Connections in use as a share of the most the pool may have, from 0 to 1; `None` where the
    /// pool does not tell its maximum.
    #[must_use]
    pub fn usage(&self) -> Option<f64> {
        let levels = self.levels?;
        let max = levels.max.filter(|max| *max > 0)?;
        Some(f64::from(levels.in_use()) / f64::from(max))
    }
}

// === impl SampledLevels ===

impl SampledLevels {
    /// Connections in use as a share of the most there might have been, from 0 to 1, over all
    /// samples; `None` without one.
    #[must_use]
    pub fn usage(&self) -> Option<f64> {
        (self.max > 0).then(|| self.in_use as f64 / self.max as f64)
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            samples: self.samples.saturating_sub(earlier.samples),
            in_use: self.in_use.saturating_sub(earlier.in_use),
            max: self.max.saturating_sub(earlier.max),
        }
    }
}

// === impl SourceActivity ===

impl SourceActivity {
    /// Whether the two are readings of one source.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.database == other.database
            && self.pool.is_some() == other.pool.is_some()
    }

    /// What happened since `earlier`, an older reading of the same source; levels as they are now.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            activity: self.activity.since(&earlier.activity),
            connections: self.connections.since(&earlier.connections),
            transactions: self.transactions.since(&earlier.transactions),
            reported_waits: self.reported_waits.since(&earlier.reported_waits),
            pool: self.pool.as_ref().map(|pool| match &earlier.pool {
                Some(before) => PoolActivity {
                    sampled: pool.sampled.since(&before.sampled),
                    checkouts: pool.checkouts.since(&before.checkouts),
                    statement_cache: pool.statement_cache.as_ref().map(|cache| {
                        cache.since(&before.statement_cache.clone().unwrap_or_default())
                    }),
                    ..pool.clone()
                },
                None => pool.clone(),
            }),
            ..self.clone()
        }
    }
}

impl ConnectionActivity {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            created: self.created.saturating_sub(earlier.created),
            closed: self.closed.saturating_sub(earlier.closed),
            failed: self.failed.saturating_sub(earlier.failed),
            time: self.time.saturating_sub(earlier.time),
            create_time: self.create_time.since(&earlier.create_time),
            checks_failed: self.checks_failed.saturating_sub(earlier.checks_failed),
            check_time: self.check_time.since(&earlier.check_time),
        }
    }
}

impl TransactionActivity {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            begun: self.begun.saturating_sub(earlier.begun),
            committed: self.committed.saturating_sub(earlier.committed),
            rolled_back: self.rolled_back.saturating_sub(earlier.rolled_back),
            dropped: self.dropped.saturating_sub(earlier.dropped),
            open: self.open,
            open_longest: self.open_longest,
            idle_longest: self.idle_longest,
            time: self.time.saturating_sub(earlier.time),
            duration: self.duration.since(&earlier.duration),
            savepoints: self.savepoints.saturating_sub(earlier.savepoints),
            depth_max: self.depth_max,
            think_time: self.think_time.saturating_sub(earlier.think_time),
            think: self.think.since(&earlier.think),
            statements: self.statements.saturating_sub(earlier.statements),
            statements_max: self.statements_max,
            gaps: self.gaps.iter().filter_map(|gap| gap.since(&earlier.gaps)).collect(),
        }
    }
}

impl CheckoutActivity {
    /// Checkouts that are over, however they ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        [self.timed_out, self.failed, self.cancelled]
            .into_iter()
            .fold(self.taken, u64::saturating_add)
    }

    fn since(&self, earlier: &Self) -> Self {
        let wait = self.wait.since(&earlier.wait);
        Self {
            taken: self.taken.saturating_sub(earlier.taken),
            timed_out: self.timed_out.saturating_sub(earlier.timed_out),
            failed: self.failed.saturating_sub(earlier.failed),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            waiting: self.waiting,
            out: self.out,
            out_most: self.out_most,
            wait_time: self.wait_time.saturating_sub(earlier.wait_time),
            wait_max: wait.range().map_or(Duration::ZERO, |(_, high)| high.min(self.wait_max)),
            wait,
            hold_time: self.hold_time.saturating_sub(earlier.hold_time),
            hold: self.hold.since(&earlier.hold),
            draining: self.draining,
            drain: self.drain.since(&earlier.drain),
        }
    }
}

//! Pools, connections and transactions as JSON.

use serde::Serialize;

use super::health::ContactView;
use super::json::{ActivityView, DatabaseView};
use super::timeouts::TimeoutView;
use crate::snapshot::{
    HeldConnection, Histogram, PoolActivity, SourceActivity, StatementCacheActivity, ThinkGap,
};

#[derive(Serialize)]
pub(super) struct SourceView<'a> {
    name: &'a str,
    #[serde(flatten)]
    database: DatabaseView<'a>,
    connections: ConnectionsView,
    transactions: TransactionsView,
    contact: ContactView,
    reported_waits: WaitsView,
    sees_ends: bool,
    pool: Option<PoolView>,
    #[serde(flatten)]
    activity: ActivityView<'a>,
}

#[derive(Serialize)]
struct ConnectionsView {
    created: u64,
    closed: u64,
    failed: u64,
    create_seconds: f64,
    create_time: TimesView,
    checks_failed: u64,
    check_time: TimesView,
}

#[derive(Serialize)]
struct TransactionsView {
    begun: u64,
    committed: u64,
    rolled_back: u64,
    dropped: u64,
    open: u64,
    open_longest_seconds: Option<f64>,
    time_seconds: f64,
    duration: TimesView,
    savepoints: u64,
    depth_max: u64,
    think_seconds: f64,
    think: TimesView,
    idle_longest_seconds: Option<f64>,
    statements: u64,
    statements_max: u64,
    gaps: Vec<GapView>,
}

#[derive(Serialize)]
struct GapView {
    after: Option<String>,
    before: Option<String>,
    transactions: u64,
    seconds: f64,
    longest_seconds: f64,
}

#[derive(Serialize)]
struct PoolView {
    size: Option<u32>,
    idle: Option<u32>,
    in_use: Option<u32>,
    max: Option<u32>,
    min: Option<u32>,
    overflow: Option<u32>,
    usage: Option<f64>,
    samples: u64,
    sampled_in_use: u64,
    sampled_max: u64,
    waiting: u64,
    taken: u64,
    timed_out: u64,
    failed: u64,
    cancelled: u64,
    out: u64,
    out_most: u64,
    leaked: u64,
    wait_seconds: f64,
    wait_max_seconds: f64,
    hold_seconds: f64,
    wait: TimesView,
    hold: TimesView,
    draining: u64,
    drain: TimesView,
    held: Vec<HeldView>,
    timeouts: Vec<TimeoutView>,
    statement_cache: Option<CacheView>,
}

#[derive(Serialize)]
struct WaitsView {
    reported: u64,
    slow: u64,
    seconds: f64,
    longest_seconds: f64,
}

#[derive(Serialize)]
struct CacheView {
    capacity: u64,
    looked_up: u64,
    missed: u64,
    offenders: Vec<OffenderView>,
}

#[derive(Serialize)]
struct OffenderView {
    statement: String,
    missed: u64,
}

#[derive(Serialize)]
pub(super) struct HeldView {
    held_seconds: f64,
    call_site: Option<String>,
    statement: Option<String>,
    running_seconds: Option<f64>,
    called_seconds: Option<f64>,
    transaction_seconds: Option<f64>,
}

#[derive(Serialize)]
struct TimesView {
    count: u64,
    p50_seconds: Option<f64>,
    p95_seconds: Option<f64>,
    p99_seconds: Option<f64>,
    buckets: Vec<(i32, u64)>,
}

impl<'a> SourceView<'a> {
    /// As in a window, where time-outs are not told again.
    pub(super) fn in_window(source: &'a SourceActivity) -> Self {
        let mut view = Self::new(source);
        if let Some(pool) = &mut view.pool {
            pool.timeouts.clear();
        }
        view
    }

    pub(super) fn new(source: &'a SourceActivity) -> Self {
        let (connections, transactions) = (&source.connections, &source.transactions);
        Self {
            name: &source.name,
            database: DatabaseView::new(&source.database),
            connections: ConnectionsView {
                created: connections.created,
                closed: connections.closed,
                failed: connections.failed,
                create_seconds: connections.time.as_secs_f64(),
                create_time: TimesView::new(&connections.create_time),
                checks_failed: connections.checks_failed,
                check_time: TimesView::new(&connections.check_time),
            },
            transactions: TransactionsView {
                begun: transactions.begun,
                committed: transactions.committed,
                rolled_back: transactions.rolled_back,
                dropped: transactions.dropped,
                open: transactions.open,
                open_longest_seconds: transactions.open_longest.map(|age| age.as_secs_f64()),
                time_seconds: transactions.time.as_secs_f64(),
                duration: TimesView::new(&transactions.duration),
                savepoints: transactions.savepoints,
                depth_max: transactions.depth_max,
                think_seconds: transactions.think_time.as_secs_f64(),
                think: TimesView::new(&transactions.think),
                idle_longest_seconds: transactions.idle_longest.map(|idle| idle.as_secs_f64()),
                statements: transactions.statements,
                statements_max: transactions.statements_max,
                gaps: transactions.gaps.iter().map(GapView::new).collect(),
            },
            contact: ContactView::new(&source.contact),
            reported_waits: WaitsView {
                reported: source.reported_waits.reported,
                slow: source.reported_waits.slow,
                seconds: source.reported_waits.time.as_secs_f64(),
                longest_seconds: source.reported_waits.longest.as_secs_f64(),
            },
            sees_ends: source.sees_ends,
            pool: source.pool.as_ref().map(PoolView::new),
            activity: ActivityView::new(&source.activity),
        }
    }
}

impl CacheView {
    fn new(cache: &StatementCacheActivity) -> Self {
        let offenders = cache
            .offenders
            .iter()
            .map(|one| OffenderView { statement: one.statement.to_string(), missed: one.missed });
        Self {
            capacity: cache.capacity,
            looked_up: cache.looked_up,
            missed: cache.missed,
            offenders: offenders.collect(),
        }
    }
}

impl GapView {
    fn new(gap: &ThinkGap) -> Self {
        Self {
            after: gap.after.map(|site| site.to_string()),
            before: gap.before.map(|site| site.to_string()),
            transactions: gap.transactions,
            seconds: gap.time.as_secs_f64(),
            longest_seconds: gap.longest.as_secs_f64(),
        }
    }
}

impl PoolView {
    fn new(pool: &PoolActivity) -> Self {
        let (levels, checkouts) = (pool.levels, &pool.checkouts);
        Self {
            size: levels.map(|levels| levels.size),
            idle: levels.map(|levels| levels.idle),
            in_use: levels.map(|levels| levels.in_use()),
            max: levels.and_then(|levels| levels.max),
            min: levels.and_then(|levels| levels.min),
            overflow: levels.map(|levels| levels.overflow),
            usage: pool.usage(),
            samples: pool.sampled.samples,
            sampled_in_use: pool.sampled.in_use,
            sampled_max: pool.sampled.max,
            waiting: checkouts.waiting,
            taken: checkouts.taken,
            timed_out: checkouts.timed_out,
            failed: checkouts.failed,
            cancelled: checkouts.cancelled,
            out: checkouts.out,
            out_most: checkouts.out_most,
            leaked: pool.leaked,
            wait_seconds: checkouts.wait_time.as_secs_f64(),
            wait_max_seconds: checkouts.wait_max.as_secs_f64(),
            hold_seconds: checkouts.hold_time.as_secs_f64(),
            wait: TimesView::new(&checkouts.wait),
            hold: TimesView::new(&checkouts.hold),
            draining: checkouts.draining,
            drain: TimesView::new(&checkouts.drain),
            statement_cache: pool.statement_cache.as_ref().map(CacheView::new),
            held: pool.held.iter().map(HeldView::new).collect(),
            timeouts: pool.timeouts.iter().map(TimeoutView::new).collect(),
        }
    }
}

impl HeldView {
    pub(super) fn new(held: &HeldConnection) -> Self {
        Self {
            held_seconds: held.held.as_secs_f64(),
            call_site: held.call_site.map(|site| site.to_string()),
            statement: held.statement.as_deref().map(str::to_owned),
            running_seconds: held.running.map(|running| running.as_secs_f64()),
            called_seconds: held.called.map(|called| called.as_secs_f64()),
            transaction_seconds: held.transaction.map(|open| open.as_secs_f64()),
        }
    }
}

impl TimesView {
    fn new(times: &Histogram) -> Self {
        let seconds = |q| times.quantile(q).map(|time| time.as_secs_f64());
        Self {
            count: times.count(),
            p50_seconds: seconds(0.5),
            p95_seconds: seconds(0.95),
            p99_seconds: seconds(0.99),
            buckets: times.buckets().collect(),
        }
    }
}

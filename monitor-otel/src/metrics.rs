//! Histograms of calls, and how pools are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use monitor_core::capture::{OutcomeKind, PoolLevels};
use monitor_core::snapshot::{FinishedCall, Losses, SourceActivity};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram, Meter};

use crate::replay::replay;
use crate::summaries::Summaries;
use crate::{attributes, names};

/// Upper bounds in seconds, as the conventions advise for calls; they advise none for pools, where
/// the SDK's own are made for milliseconds.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Upper bounds in rows, as the conventions advise.
const ROWS: [f64; 13] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// All instruments.
#[derive(Debug)]
pub(crate) struct Metrics {
    operation_duration: Histogram<f64>,
    returned_rows: Histogram<u64>,
    cancelled: Counter<u64>,
    create_time: Histogram<f64>,
    wait_time: Histogram<f64>,
    use_time: Histogram<f64>,
    /// What was recorded of each source's times, by its name and database.
    told: Mutex<HashMap<String, SourceActivity>>,
    latest: Arc<Latest>,
}

/// What observable instruments show, as of the last time the monitor told it.
#[derive(Debug, Default)]
struct Latest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pools: Vec<Pool>,
    losses: Losses,
    folded: u64,
}

#[derive(Debug)]
struct Pool {
    name: KeyValue,
    levels: Option<PoolLevels>,
    waiting: u64,
    timed_out: u64,
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn new(meter: &Meter) -> Self {
        let latest = Arc::new(Latest::default());
        observe_pools(meter, &latest);
        observe_losses(meter, &latest);
        Self {
            operation_duration: seconds(
                meter,
                names::OPERATION_DURATION,
                "Duration of database client operations.",
            ),
            returned_rows: meter
                .u64_histogram(names::RETURNED_ROWS)
                .with_unit("{row}")
                .with_description(
                    "The actual number of records returned by the database operation.",
                )
                .with_boundaries(ROWS.to_vec())
                .build(),
            cancelled: meter
                .u64_counter(names::CANCELLED_CALLS)
                .with_unit("{call}")
                .with_description("Calls whose caller went away.")
                .build(),
            create_time: seconds(
                meter,
                names::CREATE_TIME,
                "The time it took to create a new connection.",
            ),
            wait_time: seconds(
                meter,
                names::WAIT_TIME,
                "The time it took to obtain an open connection from the pool.",
            ),
            use_time: seconds(
                meter,
                names::USE_TIME,
                "The time between borrowing a connection and returning it to the pool.",
            ),
            told: Mutex::default(),
            latest,
        }
    }

    pub(crate) fn record(&self, call: &FinishedCall, summaries: &mut Summaries) {
        let record = &call.record;
        let attributes = summaries.of(&record.database, &call.summary);
        let seconds = record.duration.as_secs_f64();
        match record.outcome {
            OutcomeKind::Failed => {
                let failed = [&attributes[..], &attributes::error(record)].concat();
                return self.operation_duration.record(seconds, &failed);
            }
            OutcomeKind::Completed => {}
            OutcomeKind::Cancelled => {
                self.cancelled.add(1, &attributes::database(&record.database));
            }
        }
        self.operation_duration.record(seconds, &attributes);
        if let Some(rows) = record.rows.returned {
            self.returned_rows.record(rows, &attributes);
        }
    }

    pub(crate) fn levels(&self, sources: &[SourceActivity], losses: &Losses, folded: usize) {
        let mut told = lock(&self.told);
        let mut pools = Vec::new();
        for source in sources {
            let Some(pool) = Pool::of(source) else { continue };
            let key = format!("{} {}", source.name, source.database);
            let since = told.get(&key).map(|before| source.since(before));
            self.record_times(&pool.name, since.as_ref().unwrap_or(source));
            told.insert(key, source.clone());
            pools.push(pool);
        }
        *lock(&self.latest.0) = State { pools, losses: *losses, folded: folded as u64 };
    }

    fn record_times(&self, name: &KeyValue, source: &SourceActivity) {
        let connections = &source.connections;
        let checkouts = source.pool.iter().map(|pool| &pool.checkouts);
        let times = [(&self.create_time, &connections.create_time, connections.time)];
        let of_pool = checkouts.flat_map(|checkouts| {
            [
                (&self.wait_time, &checkouts.wait, checkouts.wait_time),
                (&self.use_time, &checkouts.hold, checkouts.hold_time),
            ]
        });
        for (instrument, histogram, time) in times.into_iter().chain(of_pool) {
            for (seconds, count) in replay(histogram, time) {
                (0..count).for_each(|_| instrument.record(seconds, std::slice::from_ref(name)));
            }
        }
    }
}

fn seconds(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(SECONDS.to_vec())
        .build()
}

fn observe_pools(meter: &Meter, latest: &Arc<Latest>) {
    observe_level(
        meter,
        latest,
        (names::CONNECTION_COUNT, "{connection}"),
        "The number of connections that are currently in the state described by the attribute.",
        |pool, out| {
            let Some(levels) = pool.levels else { return };
            for (state, count) in [("idle", levels.idle), ("used", levels.in_use())] {
                let state = KeyValue::new(names::CONNECTION_STATE, state);
                out.observe(count, &[pool.name.clone(), state]);
            }
        },
    );
    observe_level(
        meter,
        latest,
        (names::CONNECTION_MAX, "{connection}"),
        "The maximum number of open connections allowed.",
        |pool, out| out.some(pool, pool.levels.and_then(|levels| levels.max)),
    );
    observe_level(
        meter,
        latest,
        (names::CONNECTION_IDLE_MIN, "{connection}"),
        "The minimum number of idle open connections allowed.",
        |pool, out| out.some(pool, pool.levels.and_then(|levels| levels.min)),
    );
    observe_level(
        meter,
        latest,
        (names::PENDING_REQUESTS, "{request}"),
        "The number of current pending requests for an open connection.",
        |pool, out| out.some(pool, u32::try_from(pool.waiting).ok()),
    );
    let weak = Arc::downgrade(latest);
    meter
        .u64_observable_counter(names::CONNECTION_TIMEOUTS)
        .with_unit("{timeout}")
        .with_description("The number of connection timeouts that have occurred.")
        .with_callback(move |out| {
            each_pool(&weak, |pool| out.observe(pool.timed_out, std::slice::from_ref(&pool.name)));
        })
        .build();
}

fn observe_level(
    meter: &Meter,
    latest: &Arc<Latest>,
    (name, unit): (&'static str, &'static str),
    description: &'static str,
    read: impl Fn(&Pool, Levels<'_>) + Send + Sync + 'static,
) {
    let weak = Arc::downgrade(latest);
    meter
        .i64_observable_up_down_counter(name)
        .with_unit(unit)
        .with_description(description)
        .with_callback(move |out| each_pool(&weak, |pool| read(pool, Levels(out))))
        .build();
}

fn observe_losses(meter: &Meter, latest: &Arc<Latest>) {
    let weak = Arc::downgrade(latest);
    meter
        .u64_observable_counter(names::DROPPED)
        .with_unit("{detail}")
        .with_description("Details the monitor's limits made it let go of; totals stay true.")
        .with_callback(move |out| {
            let Some(latest) = weak.upgrade() else { return };
            let state = lock(&latest.0);
            let entries = state.losses.entries().into_iter();
            for (reason, count) in entries.chain([("summaries_folded", state.folded)]) {
                if count > 0 {
                    out.observe(count, &[KeyValue::new(names::REASON, reason)]);
                }
            }
        })
        .build();
}

/// Shows each pool; none once the monitor is gone.
fn each_pool(latest: &Weak<Latest>, show: impl FnMut(&Pool)) {
    if let Some(latest) = latest.upgrade() {
        lock(&latest.0).pools.iter().for_each(show);
    }
}

/// Takes a lock, also after a panic elsewhere: the data behind it is valid at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Pool ===

impl Pool {
    fn of(source: &SourceActivity) -> Option<Self> {
        let pool = source.pool.as_ref()?;
        Some(Self {
            name: KeyValue::new(names::POOL_NAME, source.name.clone()),
            levels: pool.levels,
            waiting: pool.checkouts.waiting,
            timed_out: pool.checkouts.timed_out,
        })
    }
}

/// Where levels of pools go.
struct Levels<'a>(&'a dyn AsyncInstrument<i64>);

// === impl Levels ===

impl Levels<'_> {
    fn observe(&self, count: u32, attributes: &[KeyValue]) {
        self.0.observe(count.into(), attributes);
    }

    fn some(&self, pool: &Pool, count: Option<u32>) {
        if let Some(count) = count {
            self.observe(count, std::slice::from_ref(&pool.name));
        }
    }
}

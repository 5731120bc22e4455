//! The waist: the numbers at a moment, as plain data.
//!
//! Left of here numbers are gathered, right of here they are judged and shown. A snapshot does not
//! know how it was gathered; it can be cloned, compared, kept and sent.

mod activity;
pub(crate) mod buckets;
mod contact;
mod finished;
mod histogram;
mod list;
mod losses;
mod minutes;
mod parts;
mod records;
mod rollup;
mod row_histogram;
mod running;
mod scoped_call;
mod scopes;
mod sinks;
mod slow_filter;
mod sources;
mod timeouts;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use activity::{Activity, ErrorCount};
pub(crate) use activity::{Adding, ERROR_CODES_MAX, codes, merge_errors};
pub use contact::{ContactActivity, ProbeActivity};
pub use finished::FinishedCall;
pub use histogram::Histogram;
pub use list::List;
pub use losses::Losses;
pub use minutes::{Minute, PoolMinute, Pulse, StatementMinute, TableMinute};
pub use parts::PartSums;
pub use records::{CallParts, CallRecord, OriginalText, SlowReason, SlowVerdict};
pub use rollup::{KindActivity, ListActivity, Rollup, StatementActivity, TableActivity};
pub(crate) use rollup::{StatementKey, dialect, merged, other_text};
pub use row_histogram::RowHistogram;
pub use running::RunningCall;
pub use scoped_call::ScopedCall;
pub use scopes::{RepeatKind, RepeatedCalls, ScopeActivity, ScopeExample, ScopeStatement};
pub use sinks::{SinkActivity, SinkFailure};
pub use slow_filter::SlowFilter;
pub use sources::{
    CacheOffender, CheckoutActivity, ConnectionActivity, HeldConnection, PoolActivity,
    ReportedWaits, SampledLevels, SourceActivity, StatementCacheActivity, ThinkGap,
    TransactionActivity,
};
pub use timeouts::CheckoutTimeout;

/// The numbers of one monitor at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub at: SystemTime,
    /// When the monitor started. Two snapshots of one start are of one process, and the later one
    /// goes on where the earlier one stopped.
    pub started_at: SystemTime,
    /// How long the monitor had been running.
    pub uptime: Duration,
    /// The build of the service, as it was [told](crate::Builder::build_id).
    pub build: Option<Arc<str>>,
    /// Everything since the start.
    pub lifetime: Rollup,
    /// The same over the last minutes, shortest first.
    pub windows: Vec<Window>,
    /// The last hour minute by minute, oldest first. Minutes that are over only.
    pub minutes: Vec<Arc<Minute>>,
    /// Every pool, and every database used without one, with its connections and transactions.
    pub sources: Vec<SourceActivity>,
    /// The slowest call of each slow statement, slowest first.
    pub slow: Vec<CallRecord>,
    /// The newest slow calls, newest first.
    pub slow_newest: Vec<CallRecord>,
    /// Calls that run at this moment and are slow already, longest first.
    pub running: Vec<RunningCall>,
    /// The calls that were found running too long, each as it was when it was first found, newest
    /// first. One whose [`number`](RunningCall::number) is above those seen before is news.
    pub running_told: Vec<RunningCall>,
    /// Units of work that have ended, by name.
    pub scopes: Vec<ScopeActivity>,
    /// Everybody who asked to hear of alerts, in the order of the builder, and whether they did hear.
    pub sinks: Vec<SinkActivity>,
    /// What the monitor's own limits made it let go.
    pub losses: Losses,
    /// How the monitor's own pace was; `None` where nobody beats: a monitor that is off.
    pub beat: Option<BeatActivity>,
}

/// The pace of the monitor itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BeatActivity {
    /// Time since the last beat ended, or since the monitor was built.
    pub last_ago: Duration,
    /// Time since a panic was last caught, as far as a beat has noticed it.
    pub panicked_ago: Option<Duration>,
}

/// What happened in the last minutes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Window {
    /// The time asked for: 1, 5, 15 or 60 minutes.
    pub span: Duration,
    /// The time really covered: less than `span` while the monitor is young, otherwise more by up to
    /// a beat of five seconds in the shortest window, and by up to a minute in the others.
    pub covered: Duration,
    /// The numbers. Of many statements in one minute those that took most time are kept apart, the
    /// others are counted as "other".
    pub rollup: Rollup,
    /// What happened to pools, connections and transactions meanwhile; what is a level, such as
    /// the connections in use, is as it is now.
    pub sources: Vec<SourceActivity>,
}

// === impl Snapshot ===

impl Snapshot {
    /// The snapshot of a monitor that is off.
    pub(crate) fn empty() -> Self {
        let now = SystemTime::now();
        Self {
            at: now,
            started_at: now,
            uptime: Duration::ZERO,
            build: None,
            lifetime: Rollup::default(),
            windows: Vec::new(),
            minutes: Vec::new(),
            sources: Vec::new(),
            slow: Vec::new(),
            slow_newest: Vec::new(),
            running: Vec::new(),
            running_told: Vec::new(),
            scopes: Vec::new(),
            sinks: Vec::new(),
            losses: Losses::default(),
            beat: None,
        }
    }

    /// Sources that are pools.
    pub fn pools(&self) -> impl Iterator<Item = (&SourceActivity, &PoolActivity)> {
        self.sources.iter().filter_map(|source| Some((source, source.pool.as_ref()?)))
    }

    /// The window of a span, if one is kept.
    #[must_use]
    pub fn window(&self, span: Duration) -> Option<&Window> {
        self.windows.iter().find(|window| window.span == span)
    }

    /// Puts all [lists](List) together now, for a snapshot that is kept: of 400 statements, one whose lists nobody reads
    /// takes 20 MB after an hour, and 6 MB once they are put together. Takes the time of a full reading.
    pub fn put_together(&self) {
        let windows = self.windows.iter().map(|window| &window.rollup);
        windows.chain([&self.lifetime]).for_each(Rollup::put_together);
    }

    /// Calls per second since the start.
    #[must_use]
    pub fn calls_per_second(&self) -> f64 {
        per_second(self.lifetime.total.calls, self.uptime)
    }
}

// === impl Window ===

impl Window {
    /// Calls per second in the window.
    #[must_use]
    pub fn calls_per_second(&self) -> f64 {
        per_second(self.rollup.total.calls, self.covered)
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

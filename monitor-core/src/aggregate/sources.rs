//! Pools, connections and transactions of one source.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::contact::Contact;
use super::event::nanos;
use super::histogram::AtomicHistogram;
use super::last_call::LastCall;
use super::lock;
use super::timeouts::{Held, TextFn, Timeout, Timeouts, named};
use crate::capture::{CallSite, CheckoutEnd, Clock, Database, PoolLevels, Tick, TransactionEnd};
use crate::snapshot::{
    Activity, CheckoutActivity, ConnectionActivity, ContactActivity, PoolActivity, SampledLevels,
    SourceActivity, TransactionActivity,
};

/// Asks a pool for its levels; `None` when the pool is gone.
pub(crate) type LevelsFn = dyn Fn() -> Option<PoolLevels> + Send + Sync;

/// One way calls take to a database.
pub(crate) struct Source {
    pub(super) id: u16,
    pub(crate) name: Arc<str>,
    pub(crate) database: Arc<Database>,
    pub(crate) is_pool: bool,
    pub(crate) connections: Connections,
    pub(crate) transactions: Transactions,
    pub(crate) checkouts: Checkouts,
    pub(crate) contact: Contact,
    levels: Mutex<Levels>,
    sampled: Sampled,
    timeouts: Timeouts,
    panics_caught: AtomicU64,
}

/// Levels added up over the beats.
#[derive(Default)]
struct Sampled {
    samples: AtomicU64,
    in_use: AtomicU64,
    max: AtomicU64,
}

/// Connections made and lost.
#[derive(Default)]
pub(crate) struct Connections {
    created: AtomicU64,
    closed: AtomicU64,
    failed: AtomicU64,
    nanos: AtomicU64,
    /// When an attempt to connect failed last, in nanoseconds of the clock and one more.
    refused: AtomicU64,
    create_time: AtomicHistogram,
    checks_failed: AtomicU64,
    check_time: AtomicHistogram,
}

/// Transactions begun and ended.
#[derive(Default)]
pub(crate) struct Transactions {
    begun: AtomicU64,
    ended: [AtomicU64; 3],
    open: AtomicI64,
    nanos: AtomicU64,
    duration: AtomicHistogram,
    savepoints: AtomicU64,
    depth_max: AtomicU64,
    think_nanos: AtomicU64,
    think: AtomicHistogram,
    followed: Mutex<Followed>,
}

/// Takings of connections.
#[derive(Default)]
pub(crate) struct Checkouts {
    ended: [AtomicU64; 4],
    waiting: AtomicI64,
    out: AtomicI64,
    wait_nanos: AtomicU64,
    wait_nanos_max: AtomicU64,
    wait: AtomicHistogram,
    hold_nanos: AtomicU64,
    hold: AtomicHistogram,
    followed: Mutex<Followed>,
}

/// What is out or open now; at most so many.
#[derive(Default)]
struct Followed {
    next: u64,
    now: HashMap<u64, Holder>,
}

/// Since when something is out or open, and by whom.
#[derive(Clone)]
struct Holder {
    since: Tick,
    call_site: Option<CallSite>,
    last_call: Option<Arc<LastCall>>,
}

#[derive(Default)]
enum Levels {
    #[default]
    Unknown,
    Told(PoolLevels),
    Asked(Arc<LevelsFn>),
}

// === impl Source ===

impl Source {
    pub(super) fn new(id: u16, name: Arc<str>, database: Database, is_pool: bool) -> Self {
        Self {
            id,
            name,
            database: Arc::new(database),
            is_pool,
            connections: Connections::default(),
            transactions: Transactions::default(),
            checkouts: Checkouts::default(),
            contact: Contact::default(),
            levels: Mutex::default(),
            sampled: Sampled::default(),
            timeouts: Timeouts::default(),
            panics_caught: AtomicU64::new(0),
        }
    }

    /// Levels pushed in by hand.
    pub(crate) fn tell_levels(&self, levels: PoolLevels) {
        *lock(&self.levels) = Levels::Told(levels);
    }

    /// From now on, ask for the levels whenever somebody looks.
    pub(crate) fn ask_levels(&self, ask: Arc<LevelsFn>) {
        *lock(&self.levels) = Levels::Asked(ask);
    }

    fn levels(&self) -> Option<PoolLevels> {
        let ask = match &*lock(&self.levels) {
            Levels::Unknown => return None,
            Levels::Told(levels) => return Some(*levels),
            // Asked outside the lock: what the pool does to answer is its own affair.
            Levels::Asked(ask) => ask.clone(),
        };
        // A closure that panics says nothing, and is counted.
        catch_unwind(AssertUnwindSafe(&*ask)).unwrap_or_else(|_| {
            self.panics_caught.fetch_add(1, Relaxed);
            None
        })
    }

    /// Whether the pool was asked and did not answer.
    pub(super) fn is_gone(&self) -> bool {
        let is_asked = matches!(*lock(&self.levels), Levels::Asked(_));
        is_asked && self.levels().is_none()
    }

    pub(super) fn panics_caught(&self) -> u64 {
        self.panics_caught.load(Relaxed)
    }

    /// Looks how full the pool is; only the beat does, so that samples lie evenly in time.
    pub(super) fn sample(&self) {
        let Some(levels) = self.is_pool.then(|| self.levels()).flatten() else { return };
        let Some(max) = levels.max.filter(|max| *max > 0) else { return };
        self.sampled.samples.fetch_add(1, Relaxed);
        self.sampled.in_use.fetch_add(levels.in_use().into(), Relaxed);
        self.sampled.max.fetch_add(max.into(), Relaxed);
    }

    /// A checkout has timed out: who holds the connections at this moment is its explanation.
    ///
    /// Costs a look at every connection that is out.
    pub(crate) fn remember_timeout(
        &self,
        now: Tick,
        waited: Duration,
        call_site: Option<CallSite>,
    ) {
        self.timeouts.push(Timeout {
            at: now,
            waited,
            call_site,
            waiting: gauge(&self.checkouts.waiting),
            out: gauge(&self.checkouts.out),
            held: self.checkouts.held(now),
            levels: self.levels(),
            connect_failed: self.connections.refused_since(now.before(waited)),
        });
    }

    /// Everything but what calls tell, which is known once they are booked.
    pub(super) fn read(
        &self,
        now: Tick,
        leak: Duration,
        clock: &Clock,
        text: &TextFn<'_>,
    ) -> SourceActivity {
        SourceActivity {
            name: self.name.clone(),
            database: self.database.clone(),
            activity: Activity::default(),
            connections: self.connections.read(),
            transactions: self.transactions.read(now),
            contact: ContactActivity::default(),
            pool: self.is_pool.then(|| {
                let held = named(self.checkouts.held(now), text);
                PoolActivity {
                    levels: self.levels(),
                    sampled: self.sampled.read(),
                    checkouts: self.checkouts.read(),
                    leaked: held.iter().filter(|held| held.held >= leak).count() as u64,
                    held,
                    timeouts: self.timeouts.read(clock, text),
                }
            }),
        }
    }
}

// === impl Sampled ===

impl Sampled {
    fn read(&self) -> SampledLevels {
        SampledLevels {
            samples: self.samples.load(Relaxed),
            in_use: self.in_use.load(Relaxed),
            max: self.max.load(Relaxed),
        }
    }
}

// === impl Connections ===

impl Connections {
    pub(crate) fn created(&self, took: Option<Duration>) {
        self.created.fetch_add(1, Relaxed);
        if let Some(took) = took {
            self.nanos.fetch_add(nanos(took), Relaxed);
            self.create_time.record(nanos(took));
        }
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self, at: Tick) {
        self.failed.fetch_add(1, Relaxed);
        self.refused(at);
    }

    /// An attempt to connect failed, wherever it counts.
    pub(crate) fn refused(&self, at: Tick) {
        self.refused.fetch_max(at.as_nanos().saturating_add(1), Relaxed);
    }

    fn refused_since(&self, since: Tick) -> bool {
        self.refused.load(Relaxed) > since.as_nanos()
    }

    /// The pool has looked whether a connection works.
    pub(crate) fn checked(&self, took: Duration, well: bool) {
        self.checks_failed.fetch_add(u64::from(!well), Relaxed);
        self.check_time.record(nanos(took));
    }

    fn read(&self) -> ConnectionActivity {
        ConnectionActivity {
            created: self.created.load(Relaxed),
            closed: self.closed.load(Relaxed),
            failed: self.failed.load(Relaxed),
            time: Duration::from_nanos(self.nanos.load(Relaxed)),
            create_time: self.create_time.read(),
            checks_failed: self.checks_failed.load(Relaxed),
            check_time: self.check_time.read(),
        }
    }
}

// === impl Transactions ===

impl Transactions {
    /// One has begun. The number names it until it ends; `None` where too many are open.
    pub(crate) fn begun(&self, at: Tick, open_max: usize) -> Option<u64> {
        self.begun.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        lock(&self.followed).add(at, None, open_max)
    }

    pub(crate) fn ended(&self, id: Option<u64>, end: TransactionEnd, took: Duration) {
        lock(&self.followed).remove(id);
        self.ended[end as usize].fetch_add(1, Relaxed);
        self.open.fetch_sub(1, Relaxed);
        self.nanos.fetch_add(nanos(took), Relaxed);
        self.duration.record(nanos(took));
    }

    /// A level opened inside of one; the transaction itself is level 1.
    pub(crate) fn savepoint(&self, depth: u32) {
        self.savepoints.fetch_add(1, Relaxed);
        self.depth_max.fetch_max(depth.into(), Relaxed);
    }

    /// For how long one that has ended ran nothing.
    pub(crate) fn thought(&self, idle: Duration) {
        self.think_nanos.fetch_add(nanos(idle), Relaxed);
        self.think.record(nanos(idle));
    }

    fn read(&self, now: Tick) -> TransactionActivity {
        let ended = |end: TransactionEnd| self.ended[end as usize].load(Relaxed);
        TransactionActivity {
            begun: self.begun.load(Relaxed),
            committed: ended(TransactionEnd::Committed),
            rolled_back: ended(TransactionEnd::RolledBack),
            dropped: ended(TransactionEnd::Dropped),
            open: gauge(&self.open),
            open_longest: lock(&self.followed).ages(now).max(),
            time: Duration::from_nanos(self.nanos.load(Relaxed)),
            duration: self.duration.read(),
            savepoints: self.savepoints.load(Relaxed),
            depth_max: self.depth_max.load(Relaxed),
            think_time: Duration::from_nanos(self.think_nanos.load(Relaxed)),
            think: self.think.read(),
        }
    }
}

// === impl Checkouts ===

impl Checkouts {
    pub(crate) fn wait_begins(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }

    pub(crate) fn wait_ends(&self, end: CheckoutEnd, waited: Duration) {
        let waited = nanos(waited);
        self.waiting.fetch_sub(1, Relaxed);
        self.ended[end as usize].fetch_add(1, Relaxed);
        self.wait_nanos.fetch_add(waited, Relaxed);
        self.wait_nanos_max.fetch_max(waited, Relaxed);
        self.wait.record(waited);
    }

    /// A connection is out. The number names it until it is back; `None` where too many are out.
    pub(crate) fn taken(&self, at: Tick, site: Option<CallSite>, out_max: usize) -> Option<u64> {
        self.out.fetch_add(1, Relaxed);
        lock(&self.followed).add(at, site, out_max)
    }

    pub(crate) fn returned(&self, id: Option<u64>, held_for: Duration) {
        self.out.fetch_sub(1, Relaxed);
        self.hold_nanos.fetch_add(nanos(held_for), Relaxed);
        self.hold.record(nanos(held_for));
        lock(&self.followed).remove(id);
    }

    /// Its holder can be asked what it runs.
    pub(crate) fn shows(&self, id: Option<u64>, last_call: Arc<LastCall>) {
        let mut followed = lock(&self.followed);
        if let Some(holder) = id.and_then(|id| followed.now.get_mut(&id)) {
            holder.last_call = Some(last_call);
        }
    }

    fn held(&self, now: Tick) -> Vec<Held> {
        let mut held: Vec<_> = lock(&self.followed)
            .now
            .values()
            .map(|holder| Held {
                held: now.since(holder.since),
                call_site: holder.call_site,
                series: holder.last_call.as_ref().and_then(|last| last.series()),
                running: holder.last_call.as_ref().and_then(|last| last.running(now)),
                is_seen: holder.last_call.is_some(),
            })
            .collect();
        held.sort_by_key(|held| std::cmp::Reverse(held.held));
        held
    }

    fn read(&self) -> CheckoutActivity {
        let ended = |end: CheckoutEnd| self.ended[end as usize].load(Relaxed);
        CheckoutActivity {
            taken: ended(CheckoutEnd::Taken),
            timed_out: ended(CheckoutEnd::TimedOut),
            failed: ended(CheckoutEnd::Failed),
            cancelled: ended(CheckoutEnd::Cancelled),
            waiting: gauge(&self.waiting),
            out: gauge(&self.out),
            wait_time: Duration::from_nanos(self.wait_nanos.load(Relaxed)),
            wait_max: Duration::from_nanos(self.wait_nanos_max.load(Relaxed)),
            wait: self.wait.read(),
            hold_time: Duration::from_nanos(self.hold_nanos.load(Relaxed)),
            hold: self.hold.read(),
        }
    }
}

// === impl Followed ===

impl Followed {
    fn add(&mut self, since: Tick, call_site: Option<CallSite>, most: usize) -> Option<u64> {
        if self.now.len() >= most {
            return None;
        }
        self.next += 1;
        self.now.insert(self.next, Holder { since, call_site, last_call: None });
        Some(self.next)
    }

    fn remove(&mut self, id: Option<u64>) {
        if let Some(id) = id {
            self.now.remove(&id);
        }
    }

    fn ages(&self, now: Tick) -> impl Iterator<Item = Duration> + '_ {
        self.now.values().map(move |holder| now.since(holder.since))
    }
}

/// What goes up comes down, but the two may be read in the other order.
fn gauge(value: &AtomicI64) -> u64 {
    u64::try_from(value.load(Relaxed)).unwrap_or(0)
}

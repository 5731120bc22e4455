//! Pools, connections and transactions of one source.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::contact::Contact;
use super::drains::Drains;
use super::event::{SeriesRef, nanos};
use super::followed::Followed;
use super::histogram::AtomicHistogram;
use super::last_call::LastCall;
use super::lock;
use super::prepared::Prepared;
use super::reported::Reported;
use super::timeouts::{Held, TextFn, Timeout, Timeouts, named};
use super::transactions::Transactions;
use crate::capture::{CallSite, CheckoutEnd, Clock, Database, PoolLevels, Tick};
use crate::snapshot::{
    Activity, CheckoutActivity, ConnectionActivity, ContactActivity, PoolActivity, SampledLevels,
    SourceActivity,
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
    prepared: Prepared,
    pub(crate) reported: Reported,
    /// Whoever tells of calls cannot see how they end.
    ends_unseen: AtomicBool,
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

/// Takings of connections.
#[derive(Default)]
pub(crate) struct Checkouts {
    ended: [AtomicU64; 4],
    waiting: AtomicI64,
    out: AtomicI64,
    out_most: AtomicI64,
    wait_nanos: AtomicU64,
    wait_nanos_max: AtomicU64,
    wait: AtomicHistogram,
    hold_nanos: AtomicU64,
    hold: AtomicHistogram,
    followed: Mutex<Followed>,
    pub(crate) drains: Drains,
}

#[derive(Default)]
enum Levels {
    #[default]
    Unknown,
    Told(PoolLevels),
    Asked(Vec<Asked>),
}

/// A pool that can be asked, by who it is: several handles on one pool say the same.
#[derive(Clone)]
struct Asked {
    pool: usize,
    ask: Arc<LevelsFn>,
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
            prepared: Prepared::default(),
            reported: Reported::default(),
            ends_unseen: AtomicBool::new(false),
            panics_caught: AtomicU64::new(0),
        }
    }

    /// A connection whose cache of prepared statements is full runs a text that is kept in it.
    pub(crate) fn prepared(&self, series: SeriesRef, text: &str, capacity: usize) {
        self.prepared.looked_up(series, text, capacity);
    }

    pub(crate) fn ends_are_unseen(&self) {
        self.ends_unseen.store(true, Relaxed);
    }

    /// Levels pushed in by hand.
    pub(crate) fn tell_levels(&self, levels: PoolLevels) {
        *lock(&self.levels) = Levels::Told(levels);
    }

    /// From now on, ask this pool as well for its levels whenever somebody looks.
    pub(crate) fn ask_levels(&self, pool: usize, ask: Arc<LevelsFn>) {
        let mut levels = lock(&self.levels);
        match &mut *levels {
            Levels::Asked(all) => all.push(Asked { pool, ask }),
            _ => *levels = Levels::Asked(vec![Asked { pool, ask }]),
        }
    }

    /// What the pools of this name say together. One that is gone is asked no more.
    fn levels(&self) -> Option<PoolLevels> {
        let asked = match &*lock(&self.levels) {
            Levels::Unknown => return None,
            Levels::Told(levels) => return Some(*levels),
            // Asked outside the lock: what the pool does to answer is its own affair.
            Levels::Asked(asked) => asked.clone(),
        };
        let (mut sum, mut heard) = (None::<PoolLevels>, Vec::new());
        for one in &asked {
            match self.answer(one) {
                Some(_) if heard.contains(&one.pool) => {}
                Some(levels) => {
                    heard.push(one.pool);
                    sum = Some(sum.map_or(levels, |sum| sum.plus(&levels)));
                }
                None => self.forget(one),
            }
        }
        sum
    }

    /// A closure that panics says nothing, and is counted.
    fn answer(&self, asked: &Asked) -> Option<PoolLevels> {
        catch_unwind(AssertUnwindSafe(&*asked.ask)).unwrap_or_else(|_| {
            self.panics_caught.fetch_add(1, Relaxed);
            None
        })
    }

    /// The last pool stays, so that it is known that it has gone.
    fn forget(&self, gone: &Asked) {
        if let Levels::Asked(all) = &mut *lock(&self.levels)
            && all.len() > 1
        {
            all.retain(|one| !Arc::ptr_eq(&one.ask, &gone.ask));
        }
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
            draining: self.checkouts.drains.now(),
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
        // Asked first: a pool may tell meanwhile which connections it has closed.
        let levels = self.levels();
        SourceActivity {
            name: self.name.clone(),
            database: self.database.clone(),
            activity: Activity::default(),
            connections: self.connections.read(),
            transactions: self.transactions.read(now),
            contact: ContactActivity::default(),
            reported_waits: self.reported.read(),
            sees_ends: !self.ends_unseen.load(Relaxed),
            pool: self.is_pool.then(|| {
                let held = named(self.checkouts.held(now), text);
                PoolActivity {
                    levels,
                    sampled: self.sampled.read(),
                    checkouts: self.checkouts.read(),
                    leaked: held.iter().filter(|held| held.is_leak(leak)).count() as u64,
                    held,
                    timeouts: self.timeouts.read(clock, text),
                    statement_cache: self.prepared.read(text),
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
    pub(crate) fn taken(
        &self,
        at: Tick,
        site: Option<CallSite>,
        last_call: Option<Arc<LastCall>>,
        out_max: usize,
    ) -> Option<usize> {
        let out = self.out.fetch_add(1, Relaxed) + 1;
        if out > self.out_most.load(Relaxed) {
            self.out_most.fetch_max(out, Relaxed);
        }
        lock(&self.followed).add(at, site, last_call, out_max)
    }

    pub(crate) fn returned(&self, id: Option<usize>, held_for: Duration) {
        self.out.fetch_sub(1, Relaxed);
        self.hold_nanos.fetch_add(nanos(held_for), Relaxed);
        self.hold.record(nanos(held_for));
        lock(&self.followed).remove(id);
    }

    /// Its holder can be asked what it runs.
    pub(crate) fn shows(&self, id: Option<usize>, last_call: Arc<LastCall>) {
        lock(&self.followed).shows(id, last_call);
    }

    fn held(&self, now: Tick) -> Vec<Held> {
        let mut held: Vec<_> =
            lock(&self.followed).holders().map(|holder| Held::of(holder, now)).collect();
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
            out_most: gauge(&self.out_most),
            wait_time: Duration::from_nanos(self.wait_nanos.load(Relaxed)),
            wait_max: Duration::from_nanos(self.wait_nanos_max.load(Relaxed)),
            wait: self.wait.read(),
            hold_time: Duration::from_nanos(self.hold_nanos.load(Relaxed)),
            hold: self.hold.read(),
            draining: self.drains.now(),
            drain: self.drains.read(),
        }
    }
}

/// What goes up comes down, but the two may be read in the other order.
pub(super) fn gauge(value: &AtomicI64) -> u64 {
    u64::try_from(value.load(Relaxed)).unwrap_or(0)
}

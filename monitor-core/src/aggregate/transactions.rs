//! Transactions: how long, how they ended, and where the application thought meanwhile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::event::nanos;
use super::followed::Followed;
use super::histogram::AtomicHistogram;
use super::last_call::LastCall;
use super::lock;
use super::sources::gauge;
use crate::capture::{CallSite, Tick, TransactionEnd};
use crate::snapshot::{ThinkGap, TransactionActivity};

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
    statements: AtomicU64,
    statements_max: AtomicU64,
    gaps: Mutex<HashMap<Gap, Thought>>,
    followed: Mutex<Followed>,
}

/// What a transaction that has ended did with its time, from an adapter that tells of its calls.
pub(crate) struct Spent {
    pub(crate) thinking: Duration,
    pub(crate) statements: u64,
    /// The longest time in which nothing ran.
    pub(crate) longest: Option<(Gap, Duration)>,
}

/// The line of the call before a pause, and of the one after it.
pub(crate) type Gap = (Option<CallSite>, Option<CallSite>);

#[derive(Default)]
struct Thought {
    transactions: u64,
    time: Duration,
    longest: Duration,
}

// === impl Transactions ===

impl Transactions {
    /// One has begun. The number names it until it ends; `None` where too many are open.
    pub(crate) fn begun(&self, at: Tick, open_max: usize) -> Option<usize> {
        self.begun.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        lock(&self.followed).add(at, None, None, open_max)
    }

    /// What its connection runs can be asked.
    pub(crate) fn shows(&self, id: Option<usize>, last_call: Arc<LastCall>) {
        lock(&self.followed).shows(id, last_call);
    }

    pub(crate) fn ended(&self, id: Option<usize>, end: TransactionEnd, took: Duration) {
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

    /// What one that has ended ran, and for how long it ran nothing. Whether its longest pause found
    /// a place.
    pub(crate) fn spent(&self, spent: &Spent) -> bool {
        self.think_nanos.fetch_add(nanos(spent.thinking), Relaxed);
        self.think.record(nanos(spent.thinking));
        self.statements.fetch_add(spent.statements, Relaxed);
        self.statements_max.fetch_max(spent.statements, Relaxed);
        let Some((gap, time)) = spent.longest else { return true };
        let mut gaps = lock(&self.gaps);
        if gaps.len() >= ThinkGap::KEPT_MAX && !gaps.contains_key(&gap) {
            return false;
        }
        let thought = gaps.entry(gap).or_default();
        thought.transactions += 1;
        thought.time = thought.time.saturating_add(time);
        thought.longest = thought.longest.max(time);
        true
    }

    pub(super) fn read(&self, now: Tick) -> TransactionActivity {
        let ended = |end: TransactionEnd| self.ended[end as usize].load(Relaxed);
        let (open_longest, idle_longest) = {
            let followed = lock(&self.followed);
            let idle = followed.holders().filter_map(|one| one.last_call.as_ref()?.idle(now));
            (followed.ages(now).max(), idle.max())
        };
        TransactionActivity {
            begun: self.begun.load(Relaxed),
            committed: ended(TransactionEnd::Committed),
            rolled_back: ended(TransactionEnd::RolledBack),
            dropped: ended(TransactionEnd::Dropped),
            open: gauge(&self.open),
            open_longest,
            idle_longest,
            time: Duration::from_nanos(self.nanos.load(Relaxed)),
            duration: self.duration.read(),
            savepoints: self.savepoints.load(Relaxed),
            depth_max: self.depth_max.load(Relaxed),
            think_time: Duration::from_nanos(self.think_nanos.load(Relaxed)),
            think: self.think.read(),
            statements: self.statements.load(Relaxed),
            statements_max: self.statements_max.load(Relaxed),
            gaps: self.gaps(),
        }
    }

    fn gaps(&self) -> Vec<ThinkGap> {
        let mut gaps: Vec<_> = lock(&self.gaps)
            .iter()
            .map(|((after, before), thought)| ThinkGap {
                after: *after,
                before: *before,
                transactions: thought.transactions,
                time: thought.time,
                longest: thought.longest,
            })
            .collect();
        gaps.sort_by_key(|gap| (std::cmp::Reverse(gap.time), gap.after, gap.before));
        gaps
    }
}

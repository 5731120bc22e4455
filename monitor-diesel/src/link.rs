//! What is known of one connection by everybody who sees it: its watch, its wrapper, its pool.
#![cfg_attr(
    not(all(feature = "deadpool", feature = "r2d2")),
    allow(dead_code, reason = "without wrappers and pools fewer see it")
)]

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monitor_core::capture::{Labels, Tick};
use monitor_core::{LastCall, Source, Statement};

use crate::transaction::Transaction;

/// One connection. Its watch writes, and so do those who hold it; all of it is a few loads and stores
/// that other connections do not touch.
#[derive(Debug)]
pub(crate) struct Link {
    /// Tells connections of one process apart.
    pub(crate) number: u64,
    /// What it runs, for whoever asks who holds it.
    pub(crate) last_call: LastCall,
    /// The transaction it is in.
    pub(crate) transaction: Transaction,
    /// Calls that the wrapper is about to make, and diesel to tell of; or [`ALONE`].
    covered: AtomicU32,
    /// It belongs to a pool, so somebody may ask what it runs.
    is_pooled: AtomicBool,
    /// It belongs to a pool and nobody has it.
    is_idle: AtomicBool,
    /// Its pool is looking whether it works.
    is_checked: AtomicBool,
    told: Mutex<Told>,
    /// Moves on whenever something else is told.
    version: AtomicU32,
}

/// What the watch was told, for others who record calls.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) source: Source,
    pub(crate) labels: Option<Arc<Labels>>,
}

/// While this lives, what the connection runs is its pool's own look at it.
#[derive(Debug)]
pub(crate) struct Checked(Arc<Link>);

/// It is one call, of who has the connection alone: what takes its cover off need not be quick about it.
const ALONE: u32 = u32::MAX;

/// The texts by which diesel and diesel-async look whether a connection works: r2d2's, and those of
/// the async pools on PostgreSQL and elsewhere.
const CHECKS: [&str; 3] = ["SELECT 1", "SELECT $1", "SELECT ?"];

// === impl Link ===

impl Link {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        Self {
            number: NUMBER.fetch_add(1, Relaxed),
            last_call: LastCall::default(),
            transaction: Transaction::default(),
            covered: AtomicU32::new(0),
            is_pooled: AtomicBool::new(false),
            is_idle: AtomicBool::new(false),
            is_checked: AtomicBool::new(false),
            told: Mutex::new(Told { source: Source::off(), labels: None }),
            version: AtomicU32::new(0),
        }
    }

    /// A call of a statement begins.
    #[inline(always)]
    pub(crate) fn call_begins(&self, statement: Statement, now: impl FnOnce() -> Tick) {
        self.transaction.call_begins();
        if self.is_pooled.load(Relaxed) {
            self.last_call.begins(statement, now());
        }
    }

    /// A call has ended.
    #[inline(always)]
    pub(crate) fn call_ends(&self) {
        self.transaction.call_ends();
        if self.is_pooled.load(Relaxed) {
            self.last_call.ends();
        }
    }

    /// Whether a call with this text is the pool's own.
    ///
    /// The text decides only while nobody has the connection, as far as the pool tells.
    #[inline]
    pub(crate) fn is_check(&self, text: &str) -> bool {
        self.is_checked.load(Relaxed) || self.is_idle.load(Relaxed) && CHECKS.contains(&text)
    }

    /// Whether it may be the pool's own, for who has no text at hand.
    #[inline]
    pub(crate) fn may_be_check(&self) -> bool {
        self.is_checked.load(Relaxed) || self.is_idle.load(Relaxed)
    }
}

/// Who holds it.
impl Link {
    /// A pool has it, and nobody else.
    pub(crate) fn goes_in(&self) {
        self.is_pooled.store(true, Relaxed);
        self.is_idle.store(true, Relaxed);
    }

    /// A pool has handed it out.
    pub(crate) fn goes_out(&self) {
        self.is_pooled.store(true, Relaxed);
        self.is_idle.store(false, Relaxed);
        self.last_call.forget();
    }

    /// What runs until the guard is dropped is the pool's own.
    pub(crate) fn checking(self: &Arc<Self>) -> Checked {
        self.is_checked.store(true, Relaxed);
        Checked(self.clone())
    }
}

/// Between the wrapper, which sees a call better, and the watch, which sees it too.
impl Link {
    /// Does what diesel tells of once, and the wrapper records; for who has the connection alone.
    #[inline]
    pub(crate) fn covering<T>(&self, work: impl FnOnce() -> T) -> T {
        self.cover();
        let result = work();
        self.uncover();
        result
    }

    /// The next call that diesel tells of is one that the wrapper records.
    #[inline]
    pub(crate) fn cover(&self) {
        self.covered.store(ALONE, Relaxed);
    }

    /// diesel has told what it had to tell.
    #[inline]
    pub(crate) fn uncover(&self) {
        self.covered.store(0, Relaxed);
    }

    /// The same for who shares the connection: each covers one of what is told.
    pub(crate) fn cover_one(&self) {
        self.covered.fetch_add(1, Relaxed);
    }

    /// Whether the wrapper records the call that starts now; once for every cover.
    #[inline]
    pub(crate) fn take_cover(&self) -> bool {
        match self.covered.load(Relaxed) {
            0 => false,
            ALONE => {
                self.uncover();
                true
            }
            _ => self.take_shared_cover(),
        }
    }

    #[cold]
    fn take_shared_cover(&self) -> bool {
        self.covered.fetch_update(Relaxed, Relaxed, |covered| covered.checked_sub(1)).is_ok()
    }

    pub(crate) fn tell(&self, told: Told) {
        *self.lock() = told;
        self.version.fetch_add(1, Relaxed);
    }

    /// What was told, and the version of it.
    pub(crate) fn told(&self) -> (Told, u32) {
        // The version first: what is told meanwhile shall be asked for again.
        let version = self.version();
        (self.lock().clone(), version)
    }

    #[inline]
    pub(crate) fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Checked ===

impl Drop for Checked {
    fn drop(&mut self) {
        self.0.is_checked.store(false, Relaxed);
    }
}

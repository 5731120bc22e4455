//! Single calls that are kept: the newest ones, and on their way to the slow log.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cell::{SHARDS, shard};
use super::lock;
use super::series::{Series, Statement};
use super::sources::Source;
use crate::capture::{CallSite, Clock, ErrorClass, Origin, Outcome, OutcomeKind, Rows, Tick};
use crate::snapshot::CallRecord;

/// One call, as it is kept inside. It shares the statement and the source.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) statement: Arc<Statement>,
    pub(super) source: Arc<Source>,
    pub(super) at: Tick,
    pub(super) duration: Duration,
    rows: Rows,
    outcome: OutcomeKind,
    error: Option<ErrorClass>,
    connection: Option<u64>,
    user: Option<Arc<str>>,
    tag: Option<Arc<str>>,
    call_site: Option<CallSite>,
}

/// The newest calls. Each thread writes to one of a few rings, and never waits for it.
pub(super) struct RecentCalls {
    rings: [Mutex<VecDeque<Kept>>; SHARDS],
    calls_max: usize,
    dropped: AtomicU64,
}

// === impl Kept ===

impl Kept {
    pub(super) fn new(
        series: &Series,
        at: Tick,
        duration: Duration,
        rows: Rows,
        outcome: Outcome<'_>,
        origin: &Origin<'_>,
    ) -> Self {
        Self {
            statement: series.statement.clone(),
            source: series.source.clone(),
            at,
            duration,
            rows,
            outcome: outcome.kind(),
            error: match outcome {
                Outcome::Failed(failure) => Some(failure.class),
                Outcome::Completed | Outcome::Cancelled => None,
            },
            connection: origin.connection,
            user: origin.user.map(Arc::from),
            tag: origin.tag.map(Arc::from),
            call_site: origin.call_site,
        }
    }

    pub(super) fn record(&self, clock: &Clock) -> CallRecord {
        CallRecord {
            statement: self.statement.text.clone(),
            fingerprint: self.statement.fingerprint,
            kind: self.statement.kind(),
            at: clock.wall(self.at),
            duration: self.duration,
            rows: self.rows,
            outcome: self.outcome,
            error: self.error,
            database: self.source.database.clone(),
            pool: self.source.is_pool.then(|| self.source.name.clone()),
            connection: self.connection,
            user: self.user.clone(),
            tag: self.tag.clone(),
            call_site: self.call_site,
        }
    }
}

// === impl RecentCalls ===

impl RecentCalls {
    pub(super) fn new(calls_max: usize) -> Self {
        Self { rings: Default::default(), calls_max, dropped: AtomicU64::new(0) }
    }

    pub(super) fn is_off(&self) -> bool {
        self.calls_max == 0
    }

    pub(super) fn push(&self, call: Kept) {
        let Ok(mut ring) = self.rings[shard()].try_lock() else {
            self.dropped.fetch_add(1, Relaxed);
            return;
        };
        if ring.len() >= self.calls_max {
            ring.pop_front();
        }
        ring.push_back(call);
    }

    /// The newest calls, newest first.
    pub(super) fn newest(&self, limit: usize, clock: &Clock) -> Vec<CallRecord> {
        let limit = limit.min(self.calls_max);
        let mut calls: Vec<Kept> = Vec::new();
        for ring in &self.rings {
            calls.extend(lock(ring).iter().rev().take(limit).cloned());
        }
        calls.sort_by_key(|call| std::cmp::Reverse(call.at));
        calls.iter().take(limit).map(|call| call.record(clock)).collect()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

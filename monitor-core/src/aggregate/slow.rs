//! Single calls that are kept, and the slow log.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::event::Event;
use super::sources::Source;
use super::statement::Statement;
use crate::capture::Clock;
use crate::identify::Fingerprint;
use crate::snapshot::CallRecord;

/// One call, as it is kept inside: the event, and the statement it was a call of.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) event: Event,
    pub(super) statement: Arc<Statement>,
}

/// The slowest call of each statement that crossed the threshold, and the newest slow calls.
///
/// Keeping one call per statement, rather than the newest calls only, means a noisy statement
/// cannot push the others out.
pub(super) struct SlowLog {
    worst: HashMap<(u16, Fingerprint), Kept>,
    newest: Newest,
    statements_max: usize,
}

/// The newest calls, in whatever order they come in: desks are settled one after another, so what
/// comes last need not be the newest.
///
/// Holds up to twice as many as are wanted, so that the older half can leave at once, at a few
/// nanoseconds a call.
pub(super) struct Newest {
    calls: Vec<Kept>,
    calls_max: usize,
}

// === impl Kept ===

impl Kept {
    pub(super) fn record(&self, sources: &[Arc<Source>], clock: &Clock) -> CallRecord {
        let Event { series, at, rows, outcome, error, origin, .. } = &self.event;
        let source = &sources[usize::from(series.source())];
        let labels = origin.labels.as_deref();
        CallRecord {
            statement: self.statement.text.clone(),
            fingerprint: self.statement.fingerprint,
            kind: self.statement.kind(),
            at: clock.wall(*at),
            duration: self.event.duration(),
            rows: (*rows).into(),
            outcome: *outcome,
            error: error.as_ref().map(|error| error.class),
            database: source.database.clone(),
            pool: source.is_pool.then(|| source.name.clone()),
            connection: origin.connection.map(NonZeroU64::get),
            user: labels.and_then(|labels| labels.user.as_deref()).map(Arc::from),
            tag: labels.and_then(|labels| labels.tag.as_deref()).map(Arc::from),
            call_site: origin.call_site,
        }
    }
}

// === impl SlowLog ===

impl SlowLog {
    pub(super) fn new(statements_max: usize) -> Self {
        Self { worst: HashMap::new(), newest: Newest::new(statements_max), statements_max }
    }

    pub(super) fn enter(&mut self, call: Kept) {
        self.newest.push(call.clone());
        let key = (call.event.series.source(), call.statement.fingerprint);
        match self.worst.get_mut(&key) {
            Some(worst) if worst.event.nanos >= call.event.nanos => {}
            Some(worst) => *worst = call,
            None => {
                self.worst.insert(key, call);
                self.make_room();
            }
        }
    }

    fn make_room(&mut self) {
        if self.worst.len() <= self.statements_max {
            return;
        }
        let rank = |call: &Kept| (call.event.nanos, call.event.at);
        let fastest = self.worst.iter().min_by_key(|(_, call)| rank(call));
        if let Some(key) = fastest.map(|(key, _)| *key) {
            self.worst.remove(&key);
        }
    }

    /// The slowest call of each statement, slowest first.
    pub(super) fn worst(&self) -> Vec<Kept> {
        let mut worst: Vec<_> = self.worst.values().cloned().collect();
        worst.sort_by_key(|call| std::cmp::Reverse((call.event.nanos, call.event.at)));
        worst
    }

    /// The newest slow calls, newest first.
    pub(super) fn newest(&self) -> Vec<Kept> {
        self.newest.read(self.statements_max)
    }
}

// === impl Newest ===

impl Newest {
    pub(super) fn new(calls_max: usize) -> Self {
        Self { calls: Vec::new(), calls_max }
    }

    pub(super) fn is_off(&self) -> bool {
        self.calls_max == 0
    }

    pub(super) fn push(&mut self, call: Kept) {
        self.calls.push(call);
        if self.calls.len() >= self.calls_max.saturating_mul(2) {
            let surplus = self.calls.len() - self.calls_max;
            self.calls.select_nth_unstable_by_key(surplus, |call| call.event.at);
            self.calls.drain(..surplus);
        }
    }

    /// The newest calls, newest first.
    pub(super) fn read(&self, limit: usize) -> Vec<Kept> {
        let mut calls: Vec<_> = self.calls.iter().rev().cloned().collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.event.at));
        calls.truncate(limit.min(self.calls_max));
        calls
    }
}

//! Single calls that are kept, and the slow log.

use std::collections::{HashMap, VecDeque};
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
    newest: VecDeque<Kept>,
    statements_max: usize,
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
        Self { worst: HashMap::new(), newest: VecDeque::new(), statements_max }
    }

    pub(super) fn enter(&mut self, call: Kept) {
        if self.newest.len() >= self.statements_max {
            self.newest.pop_front();
        }
        self.newest.push_back(call.clone());
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
        let mut newest: Vec<_> = self.newest.iter().rev().cloned().collect();
        newest.sort_by_key(|call| std::cmp::Reverse(call.event.at));
        newest
    }
}

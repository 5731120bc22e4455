//! Single calls that are kept, and the slow log.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU64;
use std::sync::Arc;

use super::event::{Event, SentText};
use super::sources::Source;
use super::statement::Statement;
use crate::capture::Clock;
use crate::identify::{Fingerprint, ListSize};
use crate::snapshot::{CallRecord, FinishedCall, OriginalText, SlowVerdict};

/// One call, as it is kept inside: the event, and the statement it was a call of.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) event: Event,
    pub(super) statement: Arc<Statement>,
    pub(super) list_size: ListSize,
    /// A box, as every call of the history is a `Kept`.
    slow: Option<Box<Slow>>,
}

/// What is kept of a slow call only.
#[derive(Clone)]
struct Slow {
    verdict: SlowVerdict,
    /// Tells slow calls apart.
    number: u64,
    /// As it was sent; in the slow log only.
    text: Option<Arc<str>>,
}

/// The slowest call of each statement that crossed its threshold, and the newest slow calls.
///
/// Keeping one call per statement, rather than the newest calls only, means a noisy statement
/// cannot push the others out.
pub(super) struct SlowLog {
    worst: HashMap<(u16, Fingerprint), Kept>,
    newest: Newest,
    statements_max: usize,
    entered: u64,
    pub(super) statements_dropped: u64,
    pub(super) texts_cut: u64,
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
    pub(super) fn new(
        event: Event,
        statement: Arc<Statement>,
        list_size: ListSize,
        verdict: Option<SlowVerdict>,
    ) -> Self {
        let slow = verdict.map(|verdict| Box::new(Slow { verdict, number: 0, text: None }));
        Self { event, statement, list_size, slow }
    }

    pub(super) fn is_slow(&self) -> bool {
        self.slow.is_some()
    }

    fn number(&self) -> Option<u64> {
        self.slow.as_ref().map(|slow| slow.number)
    }

    pub(super) fn record(&self, sources: &[Arc<Source>], clock: &Clock) -> CallRecord {
        let Event { series, at, rows, outcome, origin, detail, .. } = &self.event;
        let source = &sources[usize::from(series.source())];
        let labels = origin.labels.as_deref();
        let error = self.event.error();
        let closer = detail.as_ref().map(|detail| &detail.closer);
        let trace = closer.and_then(|closer| closer.trace.as_ref());
        CallRecord {
            statement: self.statement.text.clone(),
            fingerprint: self.statement.fingerprint,
            kind: self.statement.kind(),
            tables: self.statement.tables(),
            list_size: self.list_size,
            at: clock.wall(*at),
            duration: self.event.duration(),
            parts: closer.map(|closer| closer.parts).unwrap_or_default(),
            slow: self.slow.as_ref().map(|slow| slow.verdict),
            slow_number: self.number(),
            rows: rows.counted_for(self.statement.kind()).into(),
            outcome: *outcome,
            error: error.map(|error| error.class),
            error_code: error.and_then(|error| error.code.as_deref()).map(Arc::from),
            database: source.database.clone(),
            pool: source.is_pool.then(|| source.name.clone()),
            connection: origin.connection.map(NonZeroU64::get),
            user: labels.and_then(|labels| labels.user.as_deref()).map(Arc::from),
            tag: labels.and_then(|labels| labels.tag.as_deref()).map(Arc::from),
            call_site: origin.call_site,
            trace_id: trace.map(|trace| trace.trace_id.get()),
            trace_sampled: trace.is_some_and(|trace| trace.is_sampled()),
            original: self.slow.as_ref().and_then(|slow| slow.text.clone()).map(OriginalText::new),
        }
    }

    /// The call with what only observers are told.
    pub(super) fn finished(&self, sources: &[Arc<Source>], clock: &Clock) -> FinishedCall {
        let record = self.record(sources, clock);
        let lasted = record.duration + record.parts.reader.unwrap_or_default();
        let closer = self.event.detail.as_ref().map(|detail| &detail.closer);
        FinishedCall {
            summary: self.statement.summary.clone(),
            started: record.at.checked_sub(lasted).unwrap_or(record.at),
            trace: closer.and_then(|closer| closer.trace.clone()),
            record,
        }
    }

    /// Its text as it was sent, which nothing but the slow log may keep.
    fn take_text(&mut self) -> Option<SentText> {
        self.event.detail.as_mut()?.closer.text.take()
    }
}

// === impl SlowLog ===

impl SlowLog {
    pub(super) fn new(statements_max: usize) -> Self {
        Self {
            worst: HashMap::new(),
            newest: Newest::new(statements_max),
            statements_max,
            entered: 0,
            statements_dropped: 0,
            texts_cut: 0,
        }
    }

    /// Keeps a slow call, and takes its text out of it.
    pub(super) fn enter(&mut self, call: &mut Kept) {
        let text = call.take_text();
        self.entered += 1;
        if let Some(slow) = &mut call.slow {
            slow.number = self.entered;
        }
        self.newest.push(call.clone());
        let key = (call.event.series.source(), call.statement.fingerprint);
        let worst = self.worst.get(&key);
        if worst.is_some_and(|worst| worst.event.nanos >= call.event.nanos) {
            return;
        }
        self.texts_cut += u64::from(text.as_ref().is_some_and(|text| text.is_cut));
        let mut worst = call.clone();
        if let Some(slow) = &mut worst.slow {
            slow.text = text.map(SentText::into_text);
        }
        self.worst.insert(key, worst);
        self.make_room();
    }

    fn make_room(&mut self) {
        if self.worst.len() <= self.statements_max {
            return;
        }
        let rank = |call: &Kept| (call.event.nanos, call.event.at);
        let fastest = self.worst.iter().min_by_key(|(_, call)| rank(call));
        if let Some(key) = fastest.map(|(key, _)| *key) {
            self.worst.remove(&key);
            self.statements_dropped += 1;
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

    /// All calls it holds, each once.
    pub(super) fn all(&self) -> Vec<Kept> {
        let mut all = self.worst();
        let known: HashSet<_> = all.iter().map(|call| call.number()).collect();
        all.extend(self.newest().into_iter().filter(|call| !known.contains(&call.number())));
        all
    }

    /// Slow calls that are not among the newest any more.
    pub(super) fn calls_dropped(&self) -> u64 {
        self.entered.saturating_sub(self.statements_max as u64)
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

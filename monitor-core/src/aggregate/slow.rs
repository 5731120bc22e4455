//! Single calls that are kept, and the slow log.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU64;
use std::sync::Arc;

use super::entry::Entry;
use super::event::{Rest, SentText};
use super::history::{Ended, Newest};
use super::sources::Source;
use super::statement::Statement;
use crate::capture::{Clock, Tick};
use crate::identify::{Fingerprint, ListSize};
use crate::snapshot::{CallRecord, FinishedCall, OriginalText, SlowVerdict};

/// One call, as it is kept inside: the event, and the statement it was a call of.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    pub(super) rest: Option<Arc<Rest>>,
    pub(super) statement: Arc<Statement>,
    pub(super) list_size: ListSize,
}

/// A slow call of the log, with its text as it was sent where such texts are kept.
#[derive(Clone)]
pub(super) struct Logged {
    call: Kept,
    text: Option<Arc<str>>,
}

/// The slowest call of each statement that crossed its threshold, and the newest slow calls.
///
/// Keeping one call per statement, rather than the newest calls only, means a noisy statement
/// cannot push the others out.
pub(super) struct SlowLog {
    worst: HashMap<(u16, Fingerprint), Logged>,
    newest: Newest<Kept>,
    statements_max: usize,
    entered: u64,
    pub(super) statements_dropped: u64,
    pub(super) texts_cut: u64,
}

// === impl Kept ===

impl Kept {
    fn slow(&self) -> Option<(SlowVerdict, u64)> {
        self.rest.as_ref()?.slow
    }

    fn number(&self) -> Option<u64> {
        self.slow().map(|(_, number)| number)
    }

    pub(super) fn record(&self, sources: &[Arc<Source>], clock: &Clock) -> CallRecord {
        let (entry, rest) = (&self.entry, self.rest.as_deref());
        let source = &sources[usize::from(entry.series.source())];
        let labels = rest.and_then(|rest| rest.origin.labels.as_deref());
        let error = rest.and_then(|rest| rest.error.as_ref());
        let closer = rest.map(|rest| &rest.closer);
        let trace = closer.and_then(|closer| closer.trace.as_ref());
        let (connection, call_site) = entry.origin(rest);
        CallRecord {
            statement: self.statement.text.clone(),
            fingerprint: self.statement.fingerprint,
            kind: self.statement.kind(),
            tables: self.statement.tables(),
            list_size: self.list_size,
            at: clock.wall(entry.at),
            duration: entry.duration(),
            parts: closer.map(|closer| closer.parts).unwrap_or_default(),
            slow: self.slow().map(|(verdict, _)| verdict),
            slow_number: self.number(),
            rows: entry.rows(rest).counted_for(self.statement.kind()).into(),
            outcome: entry.outcome(),
            error: error.map(|error| error.class),
            error_code: error.and_then(|error| error.code.as_deref()).map(Arc::from),
            database: source.database.clone(),
            pool: source.is_pool.then(|| source.name.clone()),
            connection: connection.map(NonZeroU64::get),
            user: labels.and_then(|labels| labels.user.as_deref()).map(Arc::from),
            tag: labels.and_then(|labels| labels.tag.as_deref()).map(Arc::from),
            call_site,
            trace_id: trace.map(|trace| trace.trace_id.get()),
            trace_sampled: trace.is_some_and(|trace| trace.is_sampled()),
            original: None,
        }
    }

    /// The call with what only observers are told.
    pub(super) fn finished(&self, sources: &[Arc<Source>], clock: &Clock) -> FinishedCall {
        let record = self.record(sources, clock);
        let lasted = record.duration + record.parts.reader.unwrap_or_default();
        let closer = self.rest.as_ref().map(|rest| &rest.closer);
        FinishedCall {
            summary: self.statement.summary.clone(),
            started: record.at.checked_sub(lasted).unwrap_or(record.at),
            trace: closer.and_then(|closer| closer.trace.clone()),
            record,
        }
    }
}

impl Ended for Kept {
    fn ended(&self) -> Tick {
        self.entry.at
    }
}

// === impl Logged ===

impl Logged {
    fn of(call: &Kept) -> Self {
        Self { call: call.clone(), text: None }
    }

    pub(super) fn record(&self, sources: &[Arc<Source>], clock: &Clock) -> CallRecord {
        let original = self.text.clone().map(OriginalText::new);
        CallRecord { original, ..self.call.record(sources, clock) }
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

    /// The number of the next slow call.
    pub(super) fn next(&mut self) -> u64 {
        self.entered += 1;
        self.entered
    }

    /// Keeps a slow call, and its text as it was sent.
    pub(super) fn enter(&mut self, call: &Kept, text: Option<SentText>) {
        self.newest.extend(std::slice::from_ref(call));
        let entry = &call.entry;
        let key = (entry.series.source(), call.statement.fingerprint);
        let worst = self.worst.get(&key);
        if worst.is_some_and(|worst| worst.call.entry.nanos >= entry.nanos) {
            return;
        }
        self.texts_cut += u64::from(text.as_ref().is_some_and(|text| text.is_cut));
        let text = text.map(SentText::into_text);
        self.worst.insert(key, Logged { call: call.clone(), text });
        self.make_room();
    }

    fn make_room(&mut self) {
        if self.worst.len() <= self.statements_max {
            return;
        }
        let fastest = self.worst.iter().min_by_key(|(_, logged)| rank(logged));
        if let Some(key) = fastest.map(|(key, _)| *key) {
            self.worst.remove(&key);
            self.statements_dropped += 1;
        }
    }

    /// The slowest call of each statement, slowest first.
    pub(super) fn worst(&self) -> Vec<Logged> {
        let mut worst: Vec<_> = self.worst.values().cloned().collect();
        worst.sort_by_key(|logged| std::cmp::Reverse(rank(logged)));
        worst
    }

    /// The newest slow calls, newest first.
    pub(super) fn newest(&self) -> Vec<Logged> {
        self.newest.read(self.statements_max).iter().map(Logged::of).collect()
    }

    /// All calls it holds, each once.
    pub(super) fn all(&self) -> Vec<Logged> {
        let mut all = self.worst();
        let known: HashSet<_> = all.iter().map(|logged| logged.call.number()).collect();
        let newest = self.newest().into_iter();
        all.extend(newest.filter(|logged| !known.contains(&logged.call.number())));
        all
    }

    /// Slow calls that are not among the newest any more.
    pub(super) fn calls_dropped(&self) -> u64 {
        self.entered.saturating_sub(self.statements_max as u64)
    }
}

fn rank(logged: &Logged) -> (u64, Tick) {
    let entry = &logged.call.entry;
    (entry.nanos, entry.at)
}

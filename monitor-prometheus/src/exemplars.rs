//! Calls that were part of a trace, as examples of the buckets they are counted in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use monitor_core::capture::{Database, OutcomeKind};
use monitor_core::identify::Fingerprint;
use monitor_core::snapshot::{CallRecord, Snapshot};

use crate::buckets;
use crate::ledger::{Key, Ledger};

/// One call in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exemplar {
    trace_id: u128,
    pub(crate) duration: Duration,
    /// When the call ended.
    pub(crate) at: SystemTime,
}

/// The newest traced call of each classic bucket of one histogram that has any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exemplars(Vec<(usize, Exemplar)>);

/// The exemplars of every series of calls.
#[derive(Debug, Default)]
pub(crate) struct Traced(HashMap<Key, Vec<(Ending, Exemplars)>>);

/// What tells the series of one summary apart: the error's type and code, both empty where there was none.
type Ending = (Arc<str>, Arc<str>);

/// Older calls are no exemplars: Prometheus has stored them by then, if it ever scrapes, as it holds a target to be gone
/// that it has not scraped for as long.
const AGE_MAX: Duration = Duration::from_secs(5 * 60);

// === impl Traced ===

impl Traced {
    /// From the slow log and the history of recent calls, which bound what there is. Only of traces whose spans are
    /// kept: the others lead nowhere.
    pub(crate) fn new(snapshot: &Snapshot, recent: &[CallRecord], ledger: &Ledger) -> Self {
        let mut traced = Self::default();
        let is_young =
            |call: &&CallRecord| snapshot.at.duration_since(call.at).unwrap_or_default() <= AGE_MAX;
        let all = recent.iter().chain(&snapshot.slow_newest).chain(&snapshot.slow);
        let mut calls: Vec<_> = all.filter(|call| call.trace_sampled).filter(is_young).collect();
        if calls.is_empty() {
            return traced;
        }
        calls.sort_by_key(|call| std::cmp::Reverse(call.at));
        let summaries = summaries(snapshot);
        for call in calls {
            let Some(summary) = summaries.get(&(&*call.database, call.fingerprint)) else {
                continue;
            };
            let series = traced.0.entry(ledger.key(&call.database, summary)).or_default();
            let ending = ending(call);
            match series.iter_mut().find(|(known, _)| *known == ending) {
                Some((_, exemplars)) => exemplars.offer(call),
                None => {
                    let mut exemplars = Exemplars::default();
                    exemplars.offer(call);
                    series.push((ending, exemplars));
                }
            }
        }
        traced
    }

    /// The exemplars of a series.
    pub(crate) fn of(&self, series: &Key, error_type: &str, code: &str) -> Exemplars {
        let series = self.0.get(series);
        let same = |(error, known): &Ending| (&**error, &**known) == (error_type, code);
        let found = series.and_then(|series| series.iter().find(|(ending, _)| same(ending)));
        found.map(|(_, exemplars)| exemplars.clone()).unwrap_or_default()
    }
}

fn summaries(snapshot: &Snapshot) -> HashMap<(&Database, Fingerprint), &Arc<str>> {
    let statements = snapshot.lifetime.statements.iter();
    let named = statements.filter_map(|statement| {
        Some(((&*statement.database, statement.fingerprint?), &statement.summary))
    });
    named.collect()
}

fn ending(call: &CallRecord) -> Ending {
    let none = || Arc::<str>::from("");
    match (call.outcome, call.error) {
        (OutcomeKind::Failed, Some(class)) => match &call.error_code {
            Some(code) => (code.clone(), code.clone()),
            None => (class.as_str().into(), none()),
        },
        _ => (none(), none()),
    }
}

// === impl Exemplars ===

impl Exemplars {
    /// Takes a call in, unless its bucket has one; the newest is offered first.
    fn offer(&mut self, call: &CallRecord) {
        let Some(trace_id) = call.trace_id else { return };
        let place = buckets::classic_place(call.duration);
        if self.of(place).is_none() {
            self.0.push((place, Exemplar { trace_id, duration: call.duration, at: call.at }));
        }
    }

    /// The exemplar of a classic bucket.
    pub(crate) fn of(&self, place: usize) -> Option<&Exemplar> {
        self.0.iter().find(|(known, _)| *known == place).map(|(_, exemplar)| exemplar)
    }

    /// All of them with their buckets, newest first.
    #[cfg(feature = "protobuf")]
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (usize, Exemplar)> {
        self.0.iter()
    }
}

// === impl Exemplar ===

impl Exemplar {
    /// The trace's id as W3C Trace Context writes it.
    pub(crate) fn trace(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

//! The books of units of work: what those of a name came to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Limits;
use super::flights::Flights;
use super::lock;
use super::scope_rule::ScopeRule;
use super::unit::{Record, Unit, UnitCall, UnitWait};
use super::unit_sum::{Share, UnitSum, shares};
use crate::capture::{Clock, Tick};
use crate::snapshot::{RepeatedCalls, ScopeActivity};

/// Every unit of work of one monitor.
///
/// A unit writes into a record of its own; these books are locked once, when it ends.
pub(crate) struct Scopes {
    rules: ScopeRules,
    names_max: usize,
    calls_max: usize,
    kept_max: usize,
    next: AtomicU64,
    /// Reads that run now.
    pub(crate) flights: Flights,
    books: Mutex<ScopeBooks>,
}

/// What units of each name should keep to.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeRules {
    pub(crate) everybody: ScopeRule,
    pub(crate) by_name: HashMap<Arc<str>, ScopeRule>,
}

#[derive(Default)]
struct ScopeBooks {
    names: BTreeMap<Arc<str>, Entry>,
    /// The newest units, with their calls, so long as those are not too many.
    kept: VecDeque<Arc<EndedUnit>>,
    calls_kept: usize,
    /// Units that call something again and again and that nobody has looked at yet.
    suspects: Vec<Arc<EndedUnit>>,
    /// The newest units that were found to do so.
    guilty: VecDeque<Arc<EndedUnit>>,
    losses: ScopeLosses,
}

/// What the limits made these books let go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScopeLosses {
    pub(crate) names_folded: u64,
    pub(crate) calls_unkept: u64,
    pub(crate) unjudged: u64,
    pub(crate) repeats_dropped: u64,
    pub(crate) flattened: u64,
    pub(crate) unfollowed: u64,
}

/// What units of one name came to.
#[derive(Default)]
struct Entry {
    activity: ScopeActivity,
    worst: Option<Worst>,
}

/// The unit that took most of the database's time.
#[derive(Clone)]
pub(crate) struct Worst {
    pub(super) ended: Tick,
    pub(super) took: Duration,
    pub(super) calls: u64,
    pub(super) nanos: u64,
    pub(super) pool_wait: Duration,
    pub(super) shares: Vec<Share>,
}

/// A unit that has ended, or a first part of one that made too many calls.
#[derive(Clone, Debug)]
pub(crate) struct EndedUnit {
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    /// In the order in which they started.
    pub(crate) calls: Vec<UnitCall>,
    pub(crate) waits: Vec<UnitWait>,
}

/// Units of one name that wait to be looked at.
const SUSPECTS_OF_NAME_MAX: usize = 8;
/// Calls of units that wait to be looked at. About 150 B each.
const SUSPECT_CALLS_MAX: usize = 20_000;
/// Calls kept of units that were found to repeat some; the oldest unit makes room.
const GUILTY_CALLS_MAX: usize = 5_000;
/// Repeated calls kept of one name; those that cost least make room.
const REPEATS_OF_NAME_MAX: usize = 16;
/// Statements kept of the worst unit.
const SHARES_MAX: usize = 5;
/// Duplicates in one unit from which on it is looked at.
const DUPLICATES_MIN: u64 = 2;
/// Time of reads that ran beside the same reads, in one unit, from which on it is looked at.
const AT_ONCE_NANOS_MIN: u64 = 1_000_000;
/// Under which units count whose name is beyond the limit.
const OTHER: &str = "(other)";

// === impl ScopeRules ===

impl ScopeRules {
    pub(crate) fn of(&self, name: &str) -> ScopeRule {
        self.by_name.get(name).copied().unwrap_or(self.everybody)
    }
}

// === impl Scopes ===

impl Scopes {
    pub(super) fn new(rules: ScopeRules, limits: &Limits) -> Self {
        Self {
            rules,
            names_max: limits.scope_names_max,
            calls_max: limits.scope_calls_max,
            kept_max: limits.scope_calls_kept_max,
            next: AtomicU64::new(1),
            flights: Flights::new(),
            books: Mutex::default(),
        }
    }

    /// What units of a name should keep to.
    pub(crate) fn rule(&self, name: &str) -> ScopeRule {
        self.rules.of(name)
    }

    /// A unit begins.
    pub(crate) fn begin(&self, name: Arc<str>, around: Option<Arc<Unit>>, now: Tick) -> Arc<Unit> {
        self.unit(name, around, now, self.calls_max)
    }

    /// A unit begins that keeps so many calls, and that will be in no books.
    pub(crate) fn unit(
        &self,
        name: Arc<str>,
        around: Option<Arc<Unit>>,
        now: Tick,
        calls_max: usize,
    ) -> Arc<Unit> {
        let id = self.next.fetch_add(1, Relaxed);
        Arc::new(Unit::new(id, name, around, now, calls_max))
    }

    /// A unit was nested too deep to be part of the one it was begun in.
    pub(crate) fn flattened(&self) {
        lock(&self.books).losses.flattened += 1;
    }

    /// A call of a unit has ended.
    pub(crate) fn call(&self, unit: &Arc<Unit>, call: UnitCall) {
        for filled in unit.call(call) {
            let record = filled.so_far();
            lock(&self.books).suspect(Arc::new(EndedUnit::new(&filled, record)));
        }
    }

    /// A unit has ended.
    pub(crate) fn end(&self, unit: &Unit, now: Tick, clock: &Clock) {
        let record = unit.take();
        let totals = record.totals;
        let ended = EndedUnit::new(unit, record);
        let sum = UnitSum::of(&ended.calls);
        let rule = self.rules.of(&ended.name);
        let is_suspect = sum.most >= rule.repeats_min
            || sum.duplicates >= DUPLICATES_MIN
            || sum.at_once_nanos >= AT_ONCE_NANOS_MIN;
        let is_over = rule.calls_max.is_some_and(|most| totals.calls > most)
            || rule.time_max.is_some_and(|most| u128::from(totals.nanos) > most.as_nanos());
        let took = now.since(unit.started);

        let mut books = lock(&self.books);
        books.losses.calls_unkept += totals.unkept;
        let entry = books.entry(&ended.name, self.names_max);
        let activity = &mut entry.activity;
        (activity.calls_budget, activity.time_budget) = (rule.calls_max, rule.time_max);
        activity.units += 1;
        activity.calls += totals.calls;
        activity.failed += totals.failed;
        activity.calls_each.record(totals.calls);
        activity.calls_max = activity.calls_max.max(totals.calls);
        activity.time += took;
        activity.times.record(took);
        let in_database = Duration::from_nanos(totals.nanos);
        activity.database_time += in_database;
        activity.database_times.record(in_database);
        activity.busy_time += Duration::from_nanos(sum.busy);
        activity.pool_wait += Duration::from_nanos(totals.wait_nanos);
        activity.transaction_time += Duration::from_nanos(totals.transaction_nanos);
        activity.distinct += sum.distinct;
        activity.repeated += sum.repeated;
        activity.duplicates += sum.duplicates;
        activity.duplicate_time += Duration::from_nanos(sum.duplicate_nanos);
        activity.at_once += sum.at_once;
        activity.at_once_time += Duration::from_nanos(sum.at_once_nanos);
        activity.waited_needlessly += sum.needless;
        activity.needless_wait += Duration::from_nanos(sum.needless_nanos);
        if is_over {
            activity.over_budget += 1;
            activity.over_budget_at = Some(clock.wall(now));
        }
        if entry.worst.as_ref().is_none_or(|worst| totals.nanos > worst.nanos) && totals.calls > 0 {
            entry.worst = Some(Worst {
                ended: now,
                took,
                calls: totals.calls,
                nanos: totals.nanos,
                pool_wait: Duration::from_nanos(totals.wait_nanos),
                shares: shares(&ended.calls, SHARES_MAX),
            });
        }
        let ended = Arc::new(ended);
        // One that filled up was looked at then.
        if is_suspect && ended.calls.len() < self.calls_max {
            books.suspect(ended.clone());
        }
        books.keep(ended, self.kept_max);
    }

    /// Units that nobody has looked at yet, taken out.
    pub(crate) fn take_suspects(&self) -> Vec<Arc<EndedUnit>> {
        std::mem::take(&mut lock(&self.books).suspects)
    }

    /// What was found in a unit.
    pub(crate) fn note(&self, unit: &Arc<EndedUnit>, found: Vec<RepeatedCalls>) {
        if found.is_empty() {
            return;
        }
        let mut books = lock(&self.books);
        books.guilty.push_back(unit.clone());
        while books.guilty.len() > 1 && calls_of(books.guilty.iter()) > GUILTY_CALLS_MAX {
            books.guilty.pop_front();
        }
        let entry = books.entry(&unit.name, self.names_max);
        let repeats = &mut entry.activity.repeats;
        for found in found {
            match repeats.iter_mut().find(|known| is_same(known, &found)) {
                Some(known) => add(known, found),
                None => repeats.push(found),
            }
        }
        repeats.sort_by_key(|repeated| std::cmp::Reverse(repeated.saved));
        let dropped = repeats.len().saturating_sub(REPEATS_OF_NAME_MAX);
        repeats.truncate(REPEATS_OF_NAME_MAX);
        books.losses.repeats_dropped += dropped as u64;
    }

    /// Units whose calls are kept, each once: the newest, and those that repeat calls.
    pub(crate) fn kept(&self) -> Vec<Arc<EndedUnit>> {
        let books = lock(&self.books);
        let all = books.kept.iter().chain(&books.guilty);
        let by_id: BTreeMap<_, _> = all.map(|unit| (unit.id, unit.clone())).collect();
        by_id.into_values().collect()
    }

    /// What units of each name came to, and the worst of each.
    pub(super) fn read(&self) -> Vec<(ScopeActivity, Option<Worst>)> {
        let books = lock(&self.books);
        books.names.values().map(|entry| (entry.activity.clone(), entry.worst.clone())).collect()
    }

    pub(super) fn losses(&self) -> ScopeLosses {
        let losses = lock(&self.books).losses;
        ScopeLosses { unfollowed: self.flights.unfollowed(), ..losses }
    }
}

// === impl ScopeBooks ===

impl ScopeBooks {
    fn entry(&mut self, name: &Arc<str>, names_max: usize) -> &mut Entry {
        let is_new = !self.names.contains_key(name);
        let fold = is_new && self.names.len() >= names_max.saturating_sub(1);
        self.losses.names_folded += u64::from(fold);
        let name: Arc<str> = if fold { OTHER.into() } else { name.clone() };
        self.names.entry(name).or_insert_with_key(|name| Entry {
            activity: ScopeActivity { name: name.clone(), ..ScopeActivity::default() },
            ..Entry::default()
        })
    }

    /// Somebody shall look at a unit, if not too many wait for that already.
    fn suspect(&mut self, unit: Arc<EndedUnit>) {
        let is_full = calls_of(self.suspects.iter()) + unit.calls.len() > SUSPECT_CALLS_MAX;
        let of_name = self.suspects.iter().filter(|other| other.name == unit.name).count();
        if is_full || of_name >= SUSPECTS_OF_NAME_MAX {
            self.losses.unjudged += 1;
        } else {
            self.suspects.push(unit);
        }
    }

    fn keep(&mut self, unit: Arc<EndedUnit>, calls_max: usize) {
        self.calls_kept += unit.calls.len();
        self.kept.push_back(unit);
        while self.calls_kept > calls_max || self.kept.len() > calls_max {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.calls_kept -= oldest.calls.len();
        }
    }
}

fn calls_of<'a>(units: impl Iterator<Item = &'a Arc<EndedUnit>>) -> usize {
    units.map(|unit| unit.calls.len()).sum()
}

fn is_same(a: &RepeatedCalls, b: &RepeatedCalls) -> bool {
    (a.kind, a.fingerprint, &a.call_site, &a.database)
        == (b.kind, b.fingerprint, &b.call_site, &b.database)
}

fn add(known: &mut RepeatedCalls, found: RepeatedCalls) {
    known.units += found.units;
    known.calls_max = known.calls_max.max(found.calls_max);
    known.calls += found.calls;
    known.time += found.time;
    known.saved += found.saved;
    known.last_at = known.last_at.max(found.last_at);
    known.muted = found.muted;
}

// === impl EndedUnit ===

impl EndedUnit {
    fn new(unit: &Unit, record: Record) -> Self {
        let Record { name, mut calls, waits, .. } = record;
        calls.sort_by_key(|call| call.started);
        Self { id: unit.id, name, calls, waits }
    }
}

//! What the calls of one unit of work come to.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU64;

use super::event::SeriesRef;
use super::unit::UnitCall;
use crate::capture::{CallSite, OutcomeKind};
use crate::identify::Kind;

/// What the calls of a unit come to, beside what is counted anyway.
#[derive(Debug, Default)]
pub(super) struct UnitSum {
    /// Nanoseconds in which at least one call ran.
    pub(super) busy: u64,
    pub(super) distinct: u64,
    pub(super) repeated: u64,
    /// The most calls of one statement.
    pub(super) most: usize,
    pub(super) duplicates: u64,
    pub(super) duplicate_nanos: u64,
    pub(super) at_once: u64,
    pub(super) at_once_nanos: u64,
    pub(super) needless: u64,
    pub(super) needless_nanos: u64,
}

/// A statement's share of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) series: SeriesRef,
    pub(super) calls: u64,
    pub(super) nanos: u64,
    pub(super) call_site: Option<CallSite>,
}

/// Reads, one after another, of which some need not have waited for those before.
#[derive(Default)]
struct Chain {
    ended: u64,
    free: u64,
    nanos: u64,
    longest: u64,
    bound: HashSet<NonZeroU64>,
    asked: HashSet<(u64, NonZeroU64)>,
}

// === impl UnitSum ===

impl UnitSum {
    /// Adds up calls that are in the order of their starts. Takes time in proportion to them.
    pub(super) fn of(calls: &[UnitCall]) -> Self {
        let mut sum = Self::default();
        sum.count_statements(calls);
        sum.count_busy(calls);
        sum.count_duplicates(calls);
        sum.count_at_once(calls);
        sum.count_needless(calls);
        sum
    }

    fn count_statements(&mut self, calls: &[UnitCall]) {
        let mut words: Vec<u64> = calls.iter().map(|call| call.series.word()).collect();
        words.sort_unstable();
        for same in words.chunk_by(|a, b| a == b) {
            self.distinct += 1;
            self.repeated += same.len() as u64 - 1;
            self.most = self.most.max(same.len());
        }
    }

    fn count_busy(&mut self, calls: &[UnitCall]) {
        let mut until = 0;
        for call in calls {
            let (from, to) = (call.started.as_nanos().max(until), call.ended.as_nanos());
            self.busy += to.saturating_sub(from);
            until = until.max(to);
        }
    }

    /// Any write makes all answers new: which tables a statement touches is not known here.
    fn count_duplicates(&mut self, calls: &[UnitCall]) {
        if self.repeated == 0 {
            return;
        }
        let mut asked = HashSet::new();
        for call in calls {
            let Some(parameters) = call.parameters.filter(|_| is_read(call)) else {
                if call.series.kind() != Kind::Select {
                    asked.clear();
                }
                continue;
            };
            if !asked.insert((call.series.word(), parameters.all)) {
                self.duplicates += 1;
                self.duplicate_nanos = self.duplicate_nanos.saturating_add(call.nanos);
            }
        }
    }

    /// Of reads that ran beside one another, the first has to be asked; a transaction sees what others do not.
    fn count_at_once(&mut self, calls: &[UnitCall]) {
        let late = |call: &&UnitCall| call.beside > 0 && is_read(call) && !call.in_transaction;
        for call in calls.iter().filter(late) {
            self.at_once += 1;
            self.at_once_nanos = self.at_once_nanos.saturating_add(call.nanos);
        }
    }

    fn count_needless(&mut self, calls: &[UnitCall]) {
        let mut chain = Chain::default();
        for call in calls {
            if !chain.goes_on(call) {
                self.end(std::mem::take(&mut chain));
            }
            chain.add(call);
        }
        self.end(chain);
    }

    fn end(&mut self, chain: Chain) {
        if chain.free > 1 {
            self.needless += chain.free - 1;
            let saved = chain.nanos.saturating_sub(chain.longest);
            self.needless_nanos = self.needless_nanos.saturating_add(saved);
        }
    }
}

// === impl Chain ===

impl Chain {
    /// Whether a call comes behind the last one of the chain, with nothing in its way to run beside it.
    fn goes_on(&self, call: &UnitCall) -> bool {
        self.ended == 0
            || (is_read(call) && !call.in_transaction && call.started.as_nanos() >= self.ended)
    }

    fn add(&mut self, call: &UnitCall) {
        self.ended = call.ended.as_nanos();
        if !is_read(call) || call.in_transaction {
            *self = Self::default();
            return;
        }
        let Some(parameters) = call.parameters else { return };
        // The same question again is a duplicate, and better not asked at all.
        if !self.asked.insert((call.series.word(), parameters.all)) {
            return;
        }
        // What was bound to a call before was known then. A text that holds literals may be made of an
        // answer, so only a text that is the statement itself would say as much; that is not known here.
        let is_known = parameters.bound.is_some_and(|bound| !self.bound.insert(bound));
        if is_known || self.free == 0 {
            self.free += 1;
            self.nanos = self.nanos.saturating_add(call.nanos);
            self.longest = self.longest.max(call.nanos);
        }
    }
}

fn is_read(call: &UnitCall) -> bool {
    call.series.kind() == Kind::Select && call.outcome == OutcomeKind::Completed
}

/// The statements of some calls, most time first.
pub(super) fn shares(calls: &[UnitCall], most: usize) -> Vec<Share> {
    let mut places = HashMap::new();
    let mut all: Vec<Share> = Vec::new();
    for call in calls {
        let place = *places.entry(call.series.word()).or_insert_with(|| {
            let (series, call_site) = (call.series, call.call_site);
            all.push(Share { series, calls: 0, nanos: 0, call_site });
            all.len() - 1
        });
        all[place].calls += 1;
        all[place].nanos = all[place].nanos.saturating_add(call.nanos);
    }
    all.sort_by_key(|share| std::cmp::Reverse(share.nanos));
    all.truncate(most);
    all
}

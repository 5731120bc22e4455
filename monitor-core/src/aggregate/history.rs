//! The newest calls of all.

use std::sync::Arc;

use rapidhash::{RapidHashMap, RapidHashSet};

use super::entry::Entry;
use super::event::{Rest, SeriesRef};
use super::statement::Statement;
use crate::capture::Tick;
use crate::identify::ListSize;

/// The newest calls, as they were written down.
///
/// Whose calls they are is looked up when somebody asks; only statements that have given up their place are kept here, and
/// apart from the calls what few of them have.
pub(super) struct History {
    calls: Newest<Entry>,
    /// By number; see [`Entry::number`].
    rests: RapidHashMap<u64, Arc<Rest>>,
    next: u64,
    gone: RapidHashMap<u64, (Arc<Statement>, ListSize)>,
}

/// The newest of some calls, in whatever order they come in: desks are settled one after another, so what
/// comes last need not be the newest.
///
/// Holds up to twice as many as are wanted, so that half of them can leave at once.
pub(super) struct Newest<T> {
    calls: Vec<T>,
    /// None of them is later than what came after it, as long as calls came in the order of time.
    before: Vec<T>,
    calls_max: usize,
    in_order: bool,
}

/// What has an end.
pub(super) trait Ended {
    fn ended(&self) -> Tick;
}

// === impl History ===

impl History {
    pub(super) fn new(calls_max: usize) -> Self {
        Self {
            calls: Newest::new(calls_max),
            rests: RapidHashMap::default(),
            next: 0,
            gone: RapidHashMap::default(),
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.calls.calls_max == 0
    }

    /// Adds calls that have no rest.
    #[inline]
    pub(super) fn extend(&mut self, calls: &[Entry]) {
        if self.calls.extend(calls) {
            self.forget();
        }
    }

    /// Adds a call with its rest, if it has one.
    pub(super) fn push_with(&mut self, call: Entry, rest: Option<&Arc<Rest>>) {
        if self.is_off() {
            return;
        }
        match rest {
            None => self.extend(&[call]),
            Some(rest) => {
                self.next += 1;
                self.rests.insert(self.next, rest.clone());
                self.extend(&[call.with_number(self.next)]);
            }
        }
    }

    /// A series has given up its place; its calls may still be here.
    pub(super) fn leaves(&mut self, series: SeriesRef, statement: Arc<Statement>, size: ListSize) {
        if self.is_off() {
            return;
        }
        self.gone.insert(series.word(), (statement, size));
        // More than twice what can be called for here, or every new one would have all looked through.
        if self.gone.len() > self.calls.calls_max.saturating_mul(4) {
            self.forget();
        }
    }

    /// Forgets what belongs to no call here.
    #[cold]
    fn forget(&mut self) {
        if !self.gone.is_empty() {
            let known: RapidHashSet<_> = self.calls.all().map(|call| call.series.word()).collect();
            self.gone.retain(|series, _| known.contains(series));
        }
        if !self.rests.is_empty() {
            let known: RapidHashSet<_> = self.calls.all().filter_map(Entry::number).collect();
            self.rests.retain(|number, _| known.contains(number));
        }
    }

    /// The statement of a series that has given up its place.
    pub(super) fn gone(&self, series: SeriesRef) -> Option<(Arc<Statement>, ListSize)> {
        self.gone.get(&series.word()).cloned()
    }

    /// The newest calls, newest first.
    pub(super) fn read(&self, limit: usize) -> Vec<(Entry, Option<Arc<Rest>>)> {
        let with_rest = |call: Entry| {
            let rest = call.number().and_then(|number| self.rests.get(&number));
            (call, rest.cloned())
        };
        self.calls.read(limit).into_iter().map(with_rest).collect()
    }
}

impl Ended for Entry {
    #[inline]
    fn ended(&self) -> Tick {
        self.at
    }
}

// === impl Newest ===

impl<T: Ended + Clone> Newest<T> {
    pub(super) fn new(calls_max: usize) -> Self {
        Self { calls: Vec::new(), before: Vec::new(), calls_max, in_order: true }
    }

    /// Adds calls; says whether old ones have left.
    #[inline]
    pub(super) fn extend(&mut self, mut calls: &[T]) -> bool {
        let mut have_left = false;
        while let Some(first) = calls.first().filter(|_| self.calls_max > 0) {
            let room = self.calls_max - self.calls.len();
            let (now, later) = calls.split_at(room.min(calls.len()));
            let last = self.calls.last().or(self.before.last());
            self.in_order &= last.is_none_or(|last| last.ended() <= first.ended());
            self.in_order &= now.is_sorted_by_key(Ended::ended);
            self.calls.extend_from_slice(now);
            if now.len() == room {
                self.turn();
                have_left = true;
            }
            calls = later;
        }
        have_left
    }

    /// Lets the older half go.
    #[cold]
    fn turn(&mut self) {
        let surplus = self.before.len();
        std::mem::swap(&mut self.calls, &mut self.before);
        if !self.in_order && surplus > 0 {
            self.before.append(&mut self.calls);
            self.before.select_nth_unstable_by_key(surplus, Ended::ended);
            self.before.drain(..surplus);
            self.in_order = self.before.is_sorted_by_key(Ended::ended);
        }
        self.calls.clear();
    }

    fn all(&self) -> impl Iterator<Item = &T> {
        self.before.iter().chain(&self.calls)
    }

    /// The newest calls, newest first.
    pub(super) fn read(&self, limit: usize) -> Vec<T> {
        let mut calls: Vec<_> = self.all().collect();
        // Of two at one moment, what came in last is the newer one.
        calls.reverse();
        calls.sort_by_key(|call| std::cmp::Reverse(call.ended()));
        calls.into_iter().take(limit.min(self.calls_max)).cloned().collect()
    }
}

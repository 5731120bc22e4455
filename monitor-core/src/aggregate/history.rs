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
/// Holds up to three times as many as are wanted, mostly twice as many, so that many of them can leave at once.
pub(super) struct Newest<T> {
    calls: Vec<T>,
    /// What came before, as far as it may be among the newest.
    before: Vec<T>,
    /// The first and the last end of the newest, and the last of what came before.
    from: Tick,
    until: Tick,
    before_until: Tick,
    calls_max: usize,
}

/// From and until when, of no calls.
const NEVER: (Tick, Tick) = (Tick::END, Tick::START);

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
        let (from, until) = NEVER;
        Self { calls: Vec::new(), before: Vec::new(), from, until, before_until: until, calls_max }
    }

    /// Adds calls in the order in which they ended, as a thread puts them down; says whether old ones have left.
    #[inline]
    pub(super) fn extend(&mut self, mut calls: &[T]) -> bool {
        let mut have_left = false;
        while self.calls_max > 0 {
            let room = self.calls_max - self.calls.len();
            let (now, later) = calls.split_at(room.min(calls.len()));
            let (Some(first), Some(last)) = (now.first(), now.last()) else { break };
            self.from = self.from.min(first.ended());
            self.until = self.until.max(last.ended());
            self.calls.extend_from_slice(now);
            if now.len() == room {
                self.turn();
                have_left = true;
            }
            calls = later;
        }
        have_left
    }

    /// Lets go what was before, as there are as many calls now as are wanted: all of it that is not later than one of them.
    ///
    /// Of threads that record at the same time that leaves what their last batches overlap by.
    #[cold]
    fn turn(&mut self) {
        let (from, until) = (self.from, self.until);
        (self.from, self.until) = NEVER;
        match self.before_until > from {
            true => self.before.retain(|call| call.ended() > from),
            false => self.before.clear(),
        }
        if self.before.is_empty() {
            std::mem::swap(&mut self.calls, &mut self.before);
            self.before_until = until;
        } else {
            self.before.append(&mut self.calls);
            self.before_until = until.max(self.before_until);
        }
        // Those of a thread that was told of late overlap with all.
        let surplus = self.before.len() - self.calls_max;
        if surplus > self.calls_max / 2 {
            self.before.select_nth_unstable_by_key(surplus, Ended::ended);
            self.before.drain(..surplus);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct At(u64);

    impl Ended for At {
        fn ended(&self) -> Tick {
            Tick::from_nanos(self.0)
        }
    }

    #[test]
    fn the_newest_are_kept_however_the_batches_of_threads_overlap() {
        const WANTED: usize = 50;
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let (mut newest, mut all) = (Newest::new(WANTED), Vec::new());
        // Three threads; what the third has seen is taken in late, and covers all that the others did meanwhile.
        let mut waiting = [Vec::new(), Vec::new(), Vec::new()];
        for end in 1..30_000 {
            let thread = if random(10) == 0 { 2 } else { random(2) as usize };
            waiting[thread].push(At(end));
            let batch = if thread == 2 { 90 } else { 1 + random(40) as usize };
            if waiting[thread].len() >= batch {
                let batch = std::mem::take(&mut waiting[thread]);
                newest.extend(&batch);
                all.extend(batch.iter().map(|call| call.0));
                all.sort_unstable_by_key(|end| std::cmp::Reverse(*end));
                all.truncate(WANTED);
                let kept: Vec<_> = newest.read(WANTED).iter().map(|call| call.0).collect();
                assert_eq!(kept, all, "after {end}");
                assert!(newest.before.len() + newest.calls.len() <= 3 * WANTED);
            }
        }
    }
}

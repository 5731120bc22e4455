//! The last minutes, cut from lifetime numbers.
//!
//! The query path knows nothing of windows. On every beat what is fresh in the books is taken and
//! kept: a minute of single beats, then an hour of minutes. A window is a sum of those pieces and of what is
//! fresh now.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::limits::{WINDOW_STATEMENTS_MAX, WINDOWS};
use super::reading::Reading;
use super::sources::Source;
use crate::capture::Tick;
use crate::snapshot::{
    Activity, Adding, List, Minute, Rollup, SourceActivity, StatementActivity, Window, merged,
};

/// A minute: the shortest window, and the length of a coarse piece.
const MINUTE: Duration = WINDOWS[0];

/// The pieces windows are put together from.
#[derive(Default)]
pub(super) struct Windows {
    started: Tick,
    last_beat: Tick,
    last_sources: Vec<SourceActivity>,
    /// All that was closed into pieces since the start, by source.
    closed: Vec<Activity>,
    /// The last minute, a piece per beat.
    fine: VecDeque<Piece>,
    /// The last hour, a piece per minute.
    coarse: VecDeque<Piece>,
    /// Each of the coarse pieces in a few numbers.
    minutes: VecDeque<Arc<Minute>>,
    /// The minute that is not full yet.
    growing: Option<Piece>,
    /// What the coarse pieces of each window add up to, as long as they are the same ones.
    totals: [Option<Total>; WINDOWS.len()],
    /// Readings that were added to "other".
    pub(super) folded: u64,
}

/// What happened between two moments.
#[derive(Clone)]
struct Piece {
    from: Tick,
    to: Tick,
    sum: Sum,
    /// Every source as it was at `from`.
    sources: Vec<SourceActivity>,
    /// Whether no statement was added to "other".
    is_complete: bool,
}

/// Calls added up by statement and by source.
#[derive(Clone, Default)]
pub(super) struct Sum {
    /// One of each statement.
    pub(super) readings: List<StatementActivity>,
    /// In the order of the sources' numbers.
    pub(super) by_source: Vec<Activity>,
}

/// Sums on their way to one: sources are added up, statements will be when somebody reads them.
struct Parts {
    by_source: Vec<Activity>,
    readings: Vec<List<StatementActivity>>,
}

/// What some coarse pieces add up to.
struct Total {
    from: Tick,
    to: Tick,
    sum: Sum,
}

// === impl Windows ===

impl Windows {
    pub(super) fn starting(at: Tick) -> Self {
        Self { started: at, last_beat: at, ..Self::default() }
    }

    /// Closes the piece that began with the beat before.
    pub(super) fn beat(&mut self, sum: Sum, sources: Vec<SourceActivity>, now: Tick) {
        add_sources(&mut self.closed, &sum.by_source);
        let sources = std::mem::replace(&mut self.last_sources, without_holders(sources));
        let mut piece = Piece { from: self.last_beat, to: now, sum, sources, is_complete: true };
        self.folded += piece.fold();
        self.last_beat = now;
        self.fine.push_back(piece.clone());
        while self.fine.front().is_some_and(|old| now.since(old.to) >= MINUTE) {
            self.fine.pop_front();
        }
        self.grow(piece);
        let longest = WINDOWS[WINDOWS.len() - 1];
        while self.coarse.front().is_some_and(|old| now.since(old.to) >= longest) {
            self.coarse.pop_front();
            self.minutes.pop_front();
        }
    }

    fn grow(&mut self, piece: Piece) {
        let mut grown = match self.growing.take() {
            Some(mut growing) => {
                growing.to = piece.to;
                growing.is_complete &= piece.is_complete;
                growing.sum = Parts::of([&growing.sum, &piece.sum]).sum();
                growing
            }
            None => piece,
        };
        self.folded += grown.fold();
        if grown.to.since(grown.from) >= MINUTE {
            self.minutes.push_back(Arc::new(grown.minute(self.started, &self.last_sources)));
            self.coarse.push_back(grown);
        } else {
            self.growing = Some(grown);
        }
    }

    /// Everything since the start by source, with what is fresh.
    pub(super) fn lifetime(&self, fresh: &Sum) -> Vec<Activity> {
        let mut all = self.closed.clone();
        add_sources(&mut all, &fresh.by_source);
        all
    }

    /// The minutes that are over, oldest first.
    pub(super) fn minutes(&self) -> Vec<Arc<Minute>> {
        self.minutes.iter().cloned().collect()
    }

    /// All windows as they are now, with what is fresh.
    pub(super) fn read(
        &mut self,
        fresh: &Sum,
        sources: &[SourceActivity],
        now: Tick,
    ) -> Vec<Window> {
        let all = WINDOWS.into_iter().enumerate();
        all.map(|(place, span)| self.window(place, span, fresh, sources, now)).collect()
    }

    fn window(
        &mut self,
        place: usize,
        span: Duration,
        fresh: &Sum,
        sources: &[SourceActivity],
        now: Tick,
    ) -> Window {
        let start = now.before(span);
        let within = |piece: &&Piece| piece.to > start;
        let (parts, oldest) = if span <= MINUTE {
            let pieces: Vec<_> = self.fine.iter().rev().take_while(within).collect();
            let sums = pieces.iter().map(|piece| &piece.sum);
            (Parts::of([fresh].into_iter().chain(sums)), pieces.last().copied())
        } else {
            let growing = self.growing.as_ref().filter(within);
            let pieces: Vec<_> = self.coarse.iter().rev().take_while(within).collect();
            let total = Total::of(&pieces, &mut self.totals[place]);
            let sums = growing.map(|piece| &piece.sum).into_iter().chain(total);
            let oldest = pieces.last().copied().or(growing);
            (Parts::of([fresh].into_iter().chain(sums)), oldest)
        };
        let (from, before) =
            oldest.map_or((self.last_beat, &self.last_sources), |old| (old.from, &old.sources));
        let none = Activity::default();
        let sources = sources.iter().enumerate().map(|(number, source)| SourceActivity {
            activity: parts.by_source.get(number).unwrap_or(&none).clone(),
            ..since(source, before)
        });
        Window {
            span,
            covered: now.since(from),
            sources: sources.collect(),
            rollup: parts.rollup(),
        }
    }
}

/// What happened to a source. Sources are only ever added, so one that is not there yet began at zero.
fn since(source: &SourceActivity, before: &[SourceActivity]) -> SourceActivity {
    let before = before.iter().find(|old| old.is_same(source));
    before.map_or_else(|| source.clone(), |before| source.since(before))
}

// === impl Piece ===

impl Piece {
    /// Keeps the statements that took most time apart and adds up the others by kind; says how many.
    fn fold(&mut self) -> u64 {
        let of_their_own = |reading: &&StatementActivity| reading.fingerprint.is_some();
        if self.sum.readings.iter().filter(of_their_own).count() <= WINDOW_STATEMENTS_MAX {
            return 0;
        }
        let mut readings = self.sum.readings.to_vec();
        readings.sort_by_key(|reading| {
            std::cmp::Reverse((reading.fingerprint.is_some(), reading.activity.time))
        });
        let rest = readings.split_off(WINDOW_STATEMENTS_MAX);
        let folded = rest.iter().filter(of_their_own).count();
        let others = rest.into_iter().map(|reading| {
            StatementActivity::other(reading.kind, reading.database, reading.activity)
        });
        readings.extend(merged(others));
        self.sum.readings = readings.into();
        self.is_complete = false;
        folded as u64
    }

    /// The piece in a few numbers. `sources` are as they were at its end.
    fn minute(&self, started: Tick, sources: &[SourceActivity]) -> Minute {
        let sources: Vec<_> = sources.iter().map(|source| since(source, &self.sources)).collect();
        let rollup = Parts::of([&self.sum]).rollup();
        let (ended, covered) = (self.to.since(started), self.to.since(self.from));
        Minute::of(&rollup, &sources, ended, covered, self.is_complete)
    }
}

// === impl Sum ===

impl Sum {
    /// The numbers of some series.
    pub(super) fn of(series: Vec<Reading<Activity>>, sources: &[Arc<Source>]) -> Self {
        let mut by_source = Vec::<Adding>::new();
        by_source.resize_with(sources.len(), Adding::default);
        series.iter().for_each(|one| by_source[usize::from(one.source)].add(&one.numbers));
        let readings = series.into_iter().map(|one| {
            let (one, numbers) = one.split();
            one.with(sources, numbers)
        });
        Self {
            readings: merged(readings).into(),
            by_source: by_source.into_iter().map(Adding::into_sum).collect(),
        }
    }
}

// === impl Parts ===

impl Parts {
    fn of<'a>(sums: impl IntoIterator<Item = &'a Sum>) -> Self {
        let mut parts = Self { by_source: Vec::new(), readings: Vec::new() };
        for sum in sums {
            add_sources(&mut parts.by_source, &sum.by_source);
            parts.readings.push(sum.readings.clone());
        }
        parts
    }

    fn sum(self) -> Sum {
        let Self { by_source, readings } = self;
        Sum { readings: List::lazy(move || added_up(&readings)), by_source }
    }

    fn rollup(self) -> Rollup {
        Rollup::lazy(total(&self.by_source), move || added_up(&self.readings))
    }
}

fn added_up(readings: &[List<StatementActivity>]) -> Vec<StatementActivity> {
    merged(readings.iter().flatten().cloned())
}

/// What all sources add up to.
pub(super) fn total(by_source: &[Activity]) -> Activity {
    let mut total = Activity::default();
    by_source.iter().for_each(|source| total.merge(source));
    total
}

/// Adds what happened to each source.
fn add_sources(sums: &mut Vec<Activity>, more: &[Activity]) {
    if sums.len() < more.len() {
        sums.resize_with(more.len(), Activity::default);
    }
    sums.iter_mut().zip(more).for_each(|(sum, more)| sum.merge(more));
}

// === impl Total ===

impl Total {
    /// What these pieces, newest first, add up to: known already, unless a minute has passed since.
    fn of<'a>(pieces: &[&Piece], known: &'a mut Option<Self>) -> Option<&'a Sum> {
        let (newest, oldest) = (pieces.first()?, pieces.last()?);
        if known.as_ref().is_none_or(|known| (known.from, known.to) != (oldest.from, newest.to)) {
            let sum = Parts::of(pieces.iter().map(|piece| &piece.sum)).sum();
            *known = Some(Self { from: oldest.from, to: newest.to, sum });
        }
        known.as_ref().map(|known| &known.sum)
    }
}

/// Sources as pieces keep them: who holds a connection is of interest only now.
fn without_holders(mut sources: Vec<SourceActivity>) -> Vec<SourceActivity> {
    for pool in sources.iter_mut().filter_map(|source| source.pool.as_mut()) {
        pool.held = Vec::new();
    }
    sources
}

//! The last minutes, cut from lifetime numbers.
//!
//! The query path knows nothing of windows. On every beat what is fresh in the books is taken and
//! kept: a minute of single beats, then an hour of minutes. A window is a sum of those pieces and of what is
//! fresh now.

use std::collections::VecDeque;
use std::time::Duration;

use super::limits::{WINDOW_STATEMENTS_MAX, WINDOWS};
use crate::capture::Tick;
use crate::snapshot::{Rollup, SourceActivity, StatementActivity, Window, merged};

/// A minute: the shortest window, and the length of a coarse piece.
const MINUTE: Duration = WINDOWS[0];

/// The pieces windows are put together from.
#[derive(Default)]
pub(super) struct Windows {
    last_beat: Tick,
    last_sources: Vec<SourceActivity>,
    /// The last minute, a piece per beat.
    fine: VecDeque<Piece>,
    /// The last hour, a piece per minute.
    coarse: VecDeque<Piece>,
    /// The minute that is not full yet.
    growing: Option<Piece>,
    /// Readings that were added to "other".
    pub(super) folded: u64,
}

/// What happened between two moments, by statement.
#[derive(Clone)]
struct Piece {
    from: Tick,
    to: Tick,
    readings: Vec<StatementActivity>,
    /// Every source as it was at `from`.
    sources: Vec<SourceActivity>,
}

// === impl Windows ===

impl Windows {
    pub(super) fn starting(at: Tick) -> Self {
        Self { last_beat: at, ..Self::default() }
    }

    /// Closes the piece that began with the beat before.
    pub(super) fn beat(
        &mut self,
        mut readings: Vec<StatementActivity>,
        sources: Vec<SourceActivity>,
        now: Tick,
    ) {
        self.fold(&mut readings);
        let sources = std::mem::replace(&mut self.last_sources, without_holders(sources));
        let piece = Piece { from: self.last_beat, to: now, readings, sources };
        self.last_beat = now;
        self.fine.push_back(piece.clone());
        while self.fine.front().is_some_and(|old| now.since(old.to) >= MINUTE) {
            self.fine.pop_front();
        }
        self.grow(piece);
        let longest = WINDOWS[WINDOWS.len() - 1];
        while self.coarse.front().is_some_and(|old| now.since(old.to) >= longest) {
            self.coarse.pop_front();
        }
    }

    fn grow(&mut self, piece: Piece) {
        let mut grown = match self.growing.take() {
            Some(mut growing) => {
                growing.to = piece.to;
                growing.readings = merged(growing.readings.into_iter().chain(piece.readings));
                growing
            }
            None => piece,
        };
        self.fold(&mut grown.readings);
        if grown.to.since(grown.from) >= MINUTE {
            self.coarse.push_back(grown);
        } else {
            self.growing = Some(grown);
        }
    }

    /// Keeps the statements that took most time apart and adds up the others by kind.
    fn fold(&mut self, readings: &mut Vec<StatementActivity>) {
        if readings.len() <= WINDOW_STATEMENTS_MAX {
            return;
        }
        readings.sort_by_key(|reading| std::cmp::Reverse(reading.activity.time));
        let rest = readings.split_off(WINDOW_STATEMENTS_MAX);
        self.folded += rest.len() as u64;
        let others = rest.into_iter().map(|reading| {
            StatementActivity::other(reading.kind, reading.database, reading.activity)
        });
        readings.extend(merged(others));
    }

    /// All windows as they are now, with what is fresh.
    pub(super) fn read(
        &self,
        fresh: Vec<StatementActivity>,
        sources: &[SourceActivity],
        now: Tick,
    ) -> Vec<Window> {
        let newest = Piece {
            from: self.last_beat,
            to: now,
            readings: fresh,
            sources: self.last_sources.clone(),
        };
        WINDOWS.iter().map(|span| self.window(*span, &newest, sources)).collect()
    }

    fn window(&self, span: Duration, newest: &Piece, sources: &[SourceActivity]) -> Window {
        let older: Vec<&Piece> = match span <= MINUTE {
            true => self.fine.iter().rev().collect(),
            false => self.growing.iter().chain(self.coarse.iter().rev()).collect(),
        };
        let start = newest.to.before(span);
        let mut oldest = newest;
        let mut readings = newest.readings.clone();
        for piece in older.into_iter().take_while(|piece| piece.to > start) {
            oldest = piece;
            readings.extend(piece.readings.iter().cloned());
        }
        let sources = sources.iter().map(|source| {
            // Sources are only ever added, so one that is not there yet began at zero.
            let before = oldest.sources.iter().find(|old| old.is_same(source));
            before.map_or_else(|| source.clone(), |before| source.since(before))
        });
        Window {
            span,
            covered: newest.to.since(oldest.from),
            rollup: Rollup::of(readings),
            sources: sources.collect(),
        }
    }
}

/// Sources as pieces keep them: who holds a connection is of interest only now.
fn without_holders(mut sources: Vec<SourceActivity>) -> Vec<SourceActivity> {
    for pool in sources.iter_mut().filter_map(|source| source.pool.as_mut()) {
        pool.held = Vec::new();
    }
    sources
}

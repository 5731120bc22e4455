//! The last minutes, cut from lifetime numbers.
//!
//! The query path knows nothing of windows. On every beat the difference between now and the
//! beat before is taken and kept: twelve beats fine, then minutes. A window is a sum of those
//! pieces and of what has happened since the last beat.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::catalog::Catalog;
use super::limits::{WINDOW_STATEMENTS_MAX, WINDOWS};
use super::lock;
use crate::capture::{Database, Tick};
use crate::identify::{Fingerprint, Kind};
use crate::snapshot::{Rollup, SourceActivity, StatementActivity, Window};

/// A minute: the shortest window, and the length of a coarse piece.
const MINUTE: Duration = WINDOWS[0];

/// The pieces windows are put together from.
#[derive(Default)]
pub(super) struct Windows {
    pieces: Mutex<Pieces>,
    folded: AtomicU64,
}

#[derive(Default)]
struct Pieces {
    last_beat: Tick,
    last_sources: Vec<SourceActivity>,
    /// The last minute, a piece per beat.
    fine: VecDeque<Piece>,
    /// The last hour, a piece per minute.
    coarse: VecDeque<Piece>,
    /// The minute that is not full yet.
    growing: Option<Piece>,
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
    /// Closes the piece that began with the beat before.
    pub(super) fn beat(&self, catalog: &Catalog, sources: Vec<SourceActivity>, now: Tick) {
        let mut pieces = lock(&self.pieces);
        let mut readings = new_readings(catalog, true);
        self.fold(&mut readings);
        let before = std::mem::replace(&mut pieces.last_sources, sources);
        let piece = Piece { from: pieces.last_beat, to: now, readings, sources: before };
        pieces.add(piece, |readings| self.fold(readings));
        pieces.last_beat = now;
    }

    /// All windows as they are now.
    pub(super) fn read(
        &self,
        catalog: &Catalog,
        sources: &[SourceActivity],
        now: Tick,
    ) -> Vec<Window> {
        let pieces = lock(&self.pieces);
        let newest = Piece {
            from: pieces.last_beat,
            to: now,
            readings: new_readings(catalog, false),
            sources: pieces.last_sources.clone(),
        };
        WINDOWS.iter().map(|span| pieces.window(*span, &newest, sources)).collect()
    }

    pub(super) fn folded(&self) -> u64 {
        self.folded.load(Relaxed)
    }

    /// Keeps the statements that took most time apart and adds up the others by kind.
    fn fold(&self, readings: &mut Vec<StatementActivity>) {
        if readings.len() <= WINDOW_STATEMENTS_MAX {
            return;
        }
        readings.sort_by_key(|reading| std::cmp::Reverse(reading.activity.time));
        let rest = readings.split_off(WINDOW_STATEMENTS_MAX);
        self.folded.fetch_add(rest.len() as u64, Relaxed);
        let others = rest.into_iter().map(|reading| {
            let text: Arc<str> = format!("(other {} statements)", reading.kind).into();
            StatementActivity {
                fingerprint: None,
                summary: text.clone(),
                text,
                tables: Arc::default(),
                by_list_size: Vec::new(),
                ..reading
            }
        });
        readings.extend(merged(others));
    }
}

/// What every series has counted since the last beat; with `take`, a beat is now.
fn new_readings(catalog: &Catalog, take: bool) -> Vec<StatementActivity> {
    let (series, _) = catalog.all();
    let mut readings = catalog.unseen(take);
    for series in series {
        let activity = series.read();
        let mut seen = lock(&series.seen);
        if activity.calls == seen.calls {
            continue;
        }
        let new = activity.since(&seen);
        if take {
            *seen = activity;
        }
        readings.push(series.reading(new));
    }
    readings
}

/// Readings of the same statement added up.
fn merged(readings: impl IntoIterator<Item = StatementActivity>) -> Vec<StatementActivity> {
    type Key = (Option<Fingerprint>, Kind, Arc<Database>);
    let mut sums = BTreeMap::<Key, StatementActivity>::new();
    for reading in readings {
        let key = (reading.fingerprint, reading.kind, reading.database.clone());
        match sums.get_mut(&key) {
            Some(sum) => sum.add(reading),
            None => {
                sums.insert(key, reading);
            }
        }
    }
    sums.into_values().collect()
}

// === impl Pieces ===

impl Pieces {
    fn add(&mut self, piece: Piece, fold: impl Fn(&mut Vec<StatementActivity>)) {
        let now = piece.to;
        self.fine.push_back(piece.clone());
        while self.fine.front().is_some_and(|old| now.since(old.to) >= MINUTE) {
            self.fine.pop_front();
        }
        let mut grown = match self.growing.take() {
            Some(mut growing) => {
                growing.to = piece.to;
                growing.readings = merged(growing.readings.into_iter().chain(piece.readings));
                growing
            }
            None => piece,
        };
        fold(&mut grown.readings);
        if grown.to.since(grown.from) >= MINUTE {
            self.coarse.push_back(grown);
        } else {
            self.growing = Some(grown);
        }
        let longest = WINDOWS[WINDOWS.len() - 1];
        while self.coarse.front().is_some_and(|old| now.since(old.to) >= longest) {
            self.coarse.pop_front();
        }
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

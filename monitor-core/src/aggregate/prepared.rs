//! What does not fit into connections' caches of prepared statements.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use xxhash_rust::xxh3::xxh3_64;

use super::event::SeriesRef;
use super::lock;
use super::timeouts::TextFn;
use crate::snapshot::{CacheOffender, StatementCacheActivity};

/// The cache of a pool's connections, as a model: one cache that sees the calls of all of them.
///
/// Connections of a pool are alike: each runs a random share of the same calls. How often the last
/// `capacity` different texts hold the next one is then the same for one of them as for all together, so
/// one model tells for all, and no connection has to be known again. It only works while a
/// connection's own cache is full; before that nothing is lost.
#[derive(Default)]
pub(super) struct Prepared {
    model: Mutex<Model>,
    capacity: AtomicUsize,
}

#[derive(Default)]
struct Model {
    turn: u64,
    /// The last turn of each text.
    texts: HashMap<u64, u64>,
    looked_up: u64,
    missed: u64,
    /// Misses by series.
    by_series: HashMap<u64, u64>,
}

// === impl Prepared ===

impl Prepared {
    /// A connection whose cache is full is about to run a text that is kept prepared.
    ///
    /// Costs a short lock that the pool's connections share and a hash of the text; a miss looks
    /// through the model besides, which is little beside preparing the text.
    pub(super) fn looked_up(&self, series: SeriesRef, text: &str, capacity: usize) {
        self.capacity.store(capacity, Relaxed);
        lock(&self.model).looked_up(series, xxh3_64(text.as_bytes()), capacity);
    }

    /// `None` while every cache has room.
    pub(super) fn read(&self, text: &TextFn<'_>) -> Option<StatementCacheActivity> {
        let (looked_up, missed, by_series) = {
            let model = lock(&self.model);
            if model.turn == 0 {
                return None;
            }
            let by_series: Vec<_> = model.by_series.iter().map(|(word, n)| (*word, *n)).collect();
            (model.looked_up, model.missed, by_series)
        };
        // Names lie in the books, which may be busy: no call waits for them meanwhile.
        let named = by_series.into_iter();
        let named = named.map(|(word, missed)| (text(SeriesRef::from_word(word)), missed));
        Some(StatementCacheActivity {
            capacity: self.capacity.load(Relaxed) as u64,
            looked_up,
            missed,
            offenders: offenders(named),
        })
    }
}

/// Misses by statement: those of lists of different sizes add up.
fn offenders(
    named: impl Iterator<Item = (Option<std::sync::Arc<str>>, u64)>,
) -> Vec<CacheOffender> {
    let mut offenders: Vec<CacheOffender> = Vec::new();
    for (statement, missed) in named.filter_map(|(statement, missed)| Some((statement?, missed))) {
        match offenders.iter_mut().find(|one| one.statement == statement) {
            Some(one) => one.missed += missed,
            None => offenders.push(CacheOffender { statement, missed }),
        }
    }
    offenders.sort_by(|a, b| (b.missed, &a.statement).cmp(&(a.missed, &b.statement)));
    offenders
}

// === impl Model ===

impl Model {
    fn looked_up(&mut self, series: SeriesRef, text: u64, capacity: usize) {
        self.turn += 1;
        // Before it is full, it may miss what a connection has had for long.
        let is_warm = self.texts.len() >= capacity;
        self.looked_up += u64::from(is_warm);
        if self.texts.insert(text, self.turn).is_some() {
            return;
        }
        if is_warm {
            self.missed += 1;
            let is_kept = self.by_series.len() < CacheOffender::KEPT_MAX
                || self.by_series.contains_key(&series.word());
            if is_kept {
                *self.by_series.entry(series.word()).or_default() += 1;
            }
        }
        while self.texts.len() > capacity.max(1) {
            let oldest = self.texts.iter().min_by_key(|(_, turn)| **turn).map(|(text, _)| *text);
            let Some(oldest) = oldest else { return };
            self.texts.remove(&oldest);
        }
    }
}

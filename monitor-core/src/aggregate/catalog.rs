//! From a text to its series, and who has to make room.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};

use dashmap::DashMap;

use super::lock;
use super::series::{Series, Statement, other};
use super::sources::Source;
use crate::identify::{self, Dialect, Kind, ListSize};
use crate::snapshot::{Activity, StatementActivity};

/// Statements by text and by fingerprint, bounded both ways.
///
/// A text seen before costs a hash and a look-up. The first sight of a text reads it once; the
/// first sight of a statement takes the one lock. When all places are taken, a clock hand goes
/// round and takes the place of a series that was not used since it last came by (CLOCK, the
/// second-chance algorithm), so a flood of one-off statements cannot push the busy ones out.
pub(super) struct Catalog {
    /// Hash of source and text, to series. Weak, so that an evicted series is not kept alive.
    texts: quick_cache::sync::Cache<u64, Weak<Series>, quick_cache::UnitWeighter, PreHashed>,
    series: DashMap<Key, Arc<Series>>,
    places: Mutex<Places>,
    statements_max: usize,
    evicted: AtomicU64,
    /// Drawn anew for every monitor, so that nobody can choose texts that collide.
    secrets: rapidhash::v3::RapidSecrets,
}

type Key = (u16, u64, ListSize);

#[derive(Default)]
struct Places {
    taken: Vec<Arc<Series>>,
    hand: usize,
    /// Evicted, but a call in flight may still count there.
    retired: Vec<Arc<Series>>,
    folded: BTreeMap<(u16, Kind), Folded>,
}

/// What retired series left behind.
struct Folded {
    source: Arc<Source>,
    activity: Activity,
    /// The part of it that the windows have not seen.
    unseen: Activity,
}

/// The hash is the key: hashing it again would be for nothing.
type PreHashed = BuildHasherDefault<Identity64>;

#[derive(Default)]
pub(super) struct Identity64(u64);

// === impl Catalog ===

impl Catalog {
    pub(super) fn new(statements_max: usize, texts_max: usize) -> Self {
        Self {
            texts: quick_cache::sync::Cache::with(
                texts_max,
                texts_max as u64,
                quick_cache::UnitWeighter,
                PreHashed::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            ),
            series: DashMap::default(),
            places: Mutex::default(),
            statements_max,
            evicted: AtomicU64::new(0),
            secrets: rapidhash::v3::RapidSecrets::seed(RandomState::new().hash_one(0)),
        }
    }

    /// The series of a text that a source sends.
    pub(super) fn find(&self, text: &str, dialect: Dialect, source: &Arc<Source>) -> Arc<Series> {
        let hash = rapidhash::v3::rapidhash_v3_seeded(text.as_bytes(), &self.secrets)
            ^ u64::from(source.id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if let Some(series) = self.texts.get(&hash).and_then(|known| known.upgrade())
            && !series.retired.load(Relaxed)
        {
            mark_used(&series);
            return series;
        }
        let series = self.first_sight(text, dialect, source);
        self.texts.insert(hash, Arc::downgrade(&series));
        series
    }

    fn first_sight(&self, text: &str, dialect: Dialect, source: &Arc<Source>) -> Arc<Series> {
        let identity = identify::identify(text, dialect);
        let list_size = identity.list_size;
        let key = (source.id, identity.fingerprint.as_u64(), list_size);
        if let Some(series) = self.series.get(&key) {
            mark_used(&series);
            return Arc::clone(&series);
        }
        let mut places = lock(&self.places);
        if let Some(series) = self.series.get(&key) {
            return Arc::clone(&series);
        }
        let statement = Arc::new(Statement::new(identity, dialect));
        let series = Arc::new(Series::new(statement, source.clone(), list_size));
        if let Some(evicted) = places.seat(series.clone(), self.statements_max) {
            self.evicted.fetch_add(1, Relaxed);
            self.series.remove(&key_of(&evicted));
            places.retire(evicted, self.statements_max);
        }
        self.series.insert(key, series.clone());
        series
    }

    /// Every series that may still count, and by source what the gone ones left behind.
    pub(super) fn all(&self) -> (Vec<Arc<Series>>, Vec<(u16, StatementActivity)>) {
        let mut places = lock(&self.places);
        places.fold_retired();
        let folded = places.folded.iter();
        let folded = folded
            .map(|((id, kind), gone)| (*id, other(*kind, &gone.source, gone.activity.clone())));
        let folded = folded.collect();
        (places.taken.iter().chain(&places.retired).cloned().collect(), folded)
    }

    /// What the gone ones left behind that windows have not seen; with `take`, they now have.
    pub(super) fn unseen(&self, take: bool) -> Vec<StatementActivity> {
        let mut places = lock(&self.places);
        let folded = places.folded.iter_mut().filter(|(_, folded)| folded.unseen.calls > 0);
        folded
            .map(|((_, kind), folded)| {
                let unseen = match take {
                    true => std::mem::take(&mut folded.unseen),
                    false => folded.unseen.clone(),
                };
                other(*kind, &folded.source, unseen)
            })
            .collect()
    }

    /// Statements in their places.
    pub(super) fn statements(&self) -> Vec<Arc<Statement>> {
        lock(&self.places).taken.iter().map(|series| series.statement.clone()).collect()
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Relaxed)
    }
}

fn key_of(series: &Series) -> Key {
    (series.source.id, series.statement.fingerprint.as_u64(), series.list_size)
}

fn mark_used(series: &Series) {
    // Read first: a store takes the cache line from everybody else.
    if !series.used.load(Relaxed) {
        series.used.store(true, Relaxed);
    }
}

// === impl Places ===

impl Places {
    /// Gives a series a place; returns the one that had it.
    fn seat(&mut self, series: Arc<Series>, places_max: usize) -> Option<Arc<Series>> {
        if self.taken.len() < places_max {
            self.taken.push(series);
            return None;
        }
        loop {
            let place = self.hand % self.taken.len();
            self.hand = place + 1;
            if !self.taken[place].used.swap(false, Relaxed) {
                return Some(std::mem::replace(&mut self.taken[place], series));
            }
        }
    }

    fn retire(&mut self, series: Arc<Series>, retired_max: usize) {
        series.retired.store(true, Relaxed);
        self.retired.push(series);
        if self.retired.len() >= retired_max.max(64) {
            self.fold_retired();
        }
    }

    /// Moves the numbers of retired series that nobody can count on any more.
    fn fold_retired(&mut self) {
        let folded = &mut self.folded;
        self.retired.retain(|series| {
            // Out of the map and held by nobody else, it can only be reached through a weak entry
            // of `texts`, whose reader sees that it is retired and does not count there.
            if Arc::strong_count(series) > 1 {
                return true;
            }
            let activity = series.read();
            let unseen = activity.since(&lock(&series.seen));
            let folded =
                folded.entry((series.source.id, series.statement.kind())).or_insert_with(|| {
                    Folded {
                        source: series.source.clone(),
                        activity: Activity::default(),
                        unseen: Activity::default(),
                    }
                });
            folded.activity.merge(&activity);
            folded.unseen.merge(&unseen);
            false
        });
    }
}

// === impl Identity64 ===

impl Hasher for Identity64 {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

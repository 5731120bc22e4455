//! All numbers of all series, and who has to make room.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::desk::{Desk, Desks};
use super::event::{Event, SeriesRef};
use super::slow::{Kept, Newest, SlowLog};
use super::sources::Source;
use super::statement::Statement;
use super::tally::{Slowness, Tally};
use crate::identify::{Fingerprint, Kind, ListSize, Wording};
use crate::snapshot::{Activity, ListActivity, StatementActivity};

/// What identifies a series.
pub(super) type Key = (u16, Fingerprint, ListSize);

/// All numbers of all series: plain data, behind one lock that recorders do not take.
///
/// When all places are taken, a clock hand goes round and takes the place of a series that was not
/// used again since it last came by (CLOCK, the second-chance algorithm), so a flood of one-off
/// statements cannot push the busy ones out. What it counted is added to the "other" statements of
/// its source and kind.
pub(super) struct Books {
    places: Vec<Place>,
    hand: usize,
    by_key: HashMap<Key, SeriesRef>,
    others: BTreeMap<(u16, Kind), Tally>,
    sources: Vec<Arc<Source>>,
    /// What desks are swapped with, so that neither side allocates.
    spare: Vec<Event>,
    recent: Newest,
    pub(super) slow_log: SlowLog,
    slowness: Slowness,
    places_max: usize,
    pub(super) evicted: u64,
    pub(super) error_codes_folded: u64,
    pub(super) history_calls_dropped: u64,
}

struct Place {
    series: SeriesRef,
    key: Key,
    statement: Arc<Statement>,
    tally: Tally,
    /// What the literals of its texts told.
    wording: Wording,
    /// Called again since the hand last came by.
    used: bool,
}

/// The generation of each place, to be read without the lock: a look-up that finds another one
/// than it remembers has found a series that lost its place.
pub(super) struct Generations(Box<[AtomicU32]>);

// === impl Books ===

impl Books {
    pub(super) fn new(
        places_max: usize,
        recent_max: usize,
        slow_log: SlowLog,
        slowness: Slowness,
    ) -> Self {
        Self {
            places: Vec::new(),
            hand: 0,
            by_key: HashMap::new(),
            others: BTreeMap::new(),
            sources: Vec::new(),
            spare: Vec::new(),
            recent: Newest::new(recent_max),
            slow_log,
            slowness,
            places_max,
            evicted: 0,
            error_codes_folded: 0,
            history_calls_dropped: 0,
        }
    }

    pub(super) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    pub(super) fn add_source(&mut self, source: Arc<Source>) {
        self.sources.push(source);
    }

    /// The series of a key, if it has a place; a text of it that was not seen before told `wording`.
    pub(super) fn find(&mut self, key: &Key, wording: &Wording) -> Option<SeriesRef> {
        let series = self.by_key.get(key).copied()?;
        self.word(series, wording);
        Some(series)
    }

    fn word(&mut self, series: SeriesRef, wording: &Wording) {
        if let Some(place) = self.places.get_mut(series.place()) {
            place.wording.merge(wording);
        }
    }

    /// Gives a new series a place.
    pub(super) fn seat(
        &mut self,
        key: Key,
        statement: Statement,
        wording: &Wording,
        generations: &Generations,
        desks: &Desks,
    ) -> SeriesRef {
        let kind = statement.kind();
        let (place, generation) = match self.places.len() < self.places_max {
            true => (self.places.len(), 0),
            false => {
                // What was seen of the series that has to go shall count as its own.
                self.settle_all(desks);
                let place = self.victim();
                let generation = self.places[place].series.generation();
                (place, SeriesRef::next_generation(generation))
            }
        };
        let series = SeriesRef::new(place, generation, key.0, kind);
        let statement = Arc::new(statement);
        let new = Place {
            series,
            key,
            statement,
            tally: Tally::default(),
            wording: Wording::default(),
            used: false,
        };
        match self.places.get_mut(place) {
            None => self.places.push(new),
            Some(taken) => {
                let gone = std::mem::replace(taken, new);
                generations.set(place, generation);
                self.by_key.remove(&gone.key);
                self.other(gone.key.0, gone.statement.kind()).merge(&gone.tally);
                self.evicted += 1;
            }
        }
        self.by_key.insert(key, series);
        self.word(series, wording);
        series
    }

    fn victim(&mut self) -> usize {
        loop {
            let place = self.hand % self.places.len();
            self.hand = place + 1;
            if !std::mem::take(&mut self.places[place].used) {
                return place;
            }
        }
    }

    fn other(&mut self, source: u16, kind: Kind) -> &mut Tally {
        self.others.entry((source, kind)).or_default()
    }

    /// Takes in what lies on every desk, and closes those whose thread has ended.
    pub(super) fn settle_all(&mut self, desks: &Desks) {
        desks.visit(|desk| self.settle(desk));
    }

    /// Takes in what lies on a desk.
    pub(super) fn settle(&mut self, desk: &Desk) {
        let mut events = std::mem::take(&mut self.spare);
        desk.clear(&mut events);
        events.drain(..).for_each(|event| self.enter(event));
        self.spare = events;
    }

    /// Counts a call.
    pub(super) fn enter(&mut self, event: Event) {
        let slowness = self.slowness;
        let keep = !self.recent.is_off() || event.nanos >= slowness.slow;
        let place = self.places.get_mut(event.series.place());
        let place = place.filter(|place| place.series == event.series);
        let (folded, statement) = match place {
            Some(place) => {
                // A first call is no reason to stay.
                place.used |= place.tally.was_called();
                let statement = &place.statement;
                let folded = place.tally.add(&event, statement.kind(), slowness);
                (folded, keep.then(|| statement.clone()))
            }
            None => {
                let (source, kind) = (event.series.source(), event.series.kind());
                self.history_calls_dropped += u64::from(keep);
                (self.other(source, kind).add(&event, kind, slowness), None)
            }
        };
        self.error_codes_folded += u64::from(folded);
        if let Some(statement) = statement {
            self.keep(Kept { event, statement });
        }
    }

    /// Keeps single calls: slow ones, and the newest.
    fn keep(&mut self, call: Kept) {
        if call.event.nanos >= self.slowness.slow {
            self.slow_log.enter(call.clone());
        }
        if !self.recent.is_off() {
            self.recent.push(call);
        }
    }

    /// The newest calls, newest first.
    pub(super) fn recent(&self, limit: usize) -> Vec<Kept> {
        self.recent.read(limit)
    }

    /// Statements that have a place.
    pub(super) fn statements(&self) -> Vec<Arc<Statement>> {
        self.places.iter().map(|place| place.statement.clone()).collect()
    }

    /// A reading of every series by its source: of what `part` takes of its numbers.
    pub(super) fn read(
        &mut self,
        part: impl Fn(&mut Tally) -> Option<Activity>,
    ) -> Vec<(u16, StatementActivity)> {
        let (places, others, sources) = (&mut self.places, &mut self.others, &self.sources);
        let seated = places.iter_mut().filter_map(|place| {
            let activity = part(&mut place.tally)?;
            Some((place.key.0, place.reading(&sources[usize::from(place.key.0)], activity)))
        });
        let rest = others.iter_mut().filter_map(|((source, kind), tally)| {
            let activity = part(tally)?;
            let database = sources[usize::from(*source)].database.clone();
            Some((*source, StatementActivity::other(*kind, database, activity)))
        });
        seated.chain(rest).collect()
    }
}

impl Place {
    fn reading(&self, source: &Source, activity: Activity) -> StatementActivity {
        let by_list_size = match self.key.2 {
            ListSize::None => Vec::new(),
            size => vec![ListActivity { size, activity: activity.clone() }],
        };
        StatementActivity {
            fingerprint: Some(self.statement.fingerprint),
            text: self.statement.text.clone(),
            summary: self.statement.summary.clone(),
            kind: self.statement.kind(),
            tables: self.statement.tables(),
            wording: self.wording,
            database: source.database.clone(),
            activity,
            by_list_size,
        }
    }
}

// === impl Generations ===

impl Generations {
    pub(super) fn new(places_max: usize) -> Self {
        Self((0..places_max).map(|_| AtomicU32::new(0)).collect())
    }

    pub(super) fn is_current(&self, series: SeriesRef) -> bool {
        self.0[series.place()].load(Relaxed) == series.generation()
    }

    fn set(&self, place: usize, generation: u32) {
        self.0[place].store(generation, Relaxed);
    }
}

//! All numbers of all series, and who has to make room.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::desk::{Desk, Desks};
use super::event::{Event, SeriesRef};
use super::running::{Sight, Slabs, Told};
use super::slow::{Kept, Newest, SlowLog};
use super::slowness::{SlowRules, Slowness};
use super::sources::Source;
use super::statement::Statement;
use super::tally::Tally;
use super::tap::Tap;
use crate::capture::{Clock, OutcomeKind, Tick};
use crate::identify::{Fingerprint, Kind, ListSize, Marks, Wording};
use crate::snapshot::{Activity, ListActivity, RunningCall, StatementActivity, other_text};

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
    /// Where there are observers.
    pub(super) tap: Option<Tap>,
    pub(super) slow_log: SlowLog,
    pub(super) told: Told<RunningCall>,
    rules: SlowRules,
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
    slowness: Slowness,
    /// Calls when it last learnt from its own past what is slow.
    learnt_at: u64,
    /// Called again since the hand last came by.
    used: bool,
}

/// Numbers of one series, copied out of the books.
pub(super) struct Reading<T> {
    pub(super) numbers: T,
    pub(super) source: u16,
    who: Who,
}

/// Whose numbers they are.
enum Who {
    Statement(Arc<Statement>, ListSize, Slowness, Wording),
    Other(Kind),
}

/// The generation of each place, to be read without the lock: a look-up that finds another one
/// than it remembers has found a series that lost its place.
pub(super) struct Generations(Box<[AtomicU32]>);

// === impl Books ===

impl Books {
    pub(super) fn new(
        places_max: usize,
        recent_max: usize,
        tap: Option<Tap>,
        slow_log: SlowLog,
        told: Told<RunningCall>,
        rules: SlowRules,
    ) -> Self {
        Self {
            places: Vec::new(),
            hand: 0,
            by_key: HashMap::new(),
            others: BTreeMap::new(),
            sources: Vec::new(),
            spare: Vec::new(),
            recent: Newest::new(recent_max),
            tap,
            slow_log,
            told,
            rules,
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

    /// The series of a key, if it has a place. Its statement heeds what the comments of a text ask for, and remembers what its
    /// literals tell.
    pub(super) fn find(&mut self, key: &Key, marks: Marks, wording: &Wording) -> Option<SeriesRef> {
        let series = *self.by_key.get(key)?;
        let place = self.places.get_mut(series.place())?;
        place.statement.heed(marks);
        place.wording.merge(wording);
        Some(series)
    }

    /// Gives a new series a place.
    pub(super) fn seat(
        &mut self,
        key: Key,
        statement: Statement,
        generations: &Generations,
        desks: &Desks,
        slabs: &Slabs,
    ) -> SeriesRef {
        let kind = statement.kind();
        let (place, generation) = match self.places.len() < self.places_max {
            true => (self.places.len(), 0),
            false => {
                // What was seen of the series that has to go shall count as its own.
                self.settle_all(desks, slabs);
                let place = self.victim();
                let generation = self.places[place].series.generation();
                (place, SeriesRef::next_generation(generation))
            }
        };
        let series = SeriesRef::new(place, generation, key.0, kind);
        let new = Place::new(series, key, statement, &self.rules);
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
    pub(super) fn settle_all(&mut self, desks: &Desks, slabs: &Slabs) {
        desks.visit(slabs, |desk| self.settle(desk));
    }

    /// Takes in what lies on a desk.
    pub(super) fn settle(&mut self, desk: &Desk) {
        let mut events = std::mem::take(&mut self.spare);
        desk.clear(&mut events);
        let mut heard = None;
        for event in events.drain(..) {
            self.hear(&event, &mut heard);
            self.count(event);
        }
        self.note(heard);
        self.spare = events;
    }

    /// Takes in a single call, of a thread that has no desk any more.
    pub(super) fn enter(&mut self, event: Event) {
        let mut heard = None;
        self.hear(&event, &mut heard);
        self.note(heard);
        self.count(event);
    }

    /// Notes which databases answered. A desk's calls mostly end on one of them, one after another, and the last
    /// answer says it all: every single one would cost as much as the rest of the counting.
    fn hear(&self, event: &Event, heard: &mut Option<(u16, Tick)>) {
        let source = event.series.source();
        if event.outcome == OutcomeKind::Completed {
            match heard {
                Some((known, last)) if *known == source => *last = event.at.max(*last),
                _ => self.note(heard.replace((source, event.at))),
            }
        } else if let Some(error) = event.error() {
            // What was answered before comes before.
            self.note(heard.take());
            if let Some(source) = self.sources.get(usize::from(source)) {
                source.contact.refused(error.class, event.at);
            }
        }
    }

    fn note(&self, heard: Option<(u16, Tick)>) {
        let Some((source, at)) = heard else { return };
        if let Some(source) = self.sources.get(usize::from(source)) {
            source.contact.answered(at);
        }
    }

    /// Counts a call.
    fn count(&mut self, event: Event) {
        let is_kept = !self.recent.is_off() || self.tap.is_some();
        let place = self.places.get_mut(event.series.place());
        let Some(place) = place.filter(|place| place.series == event.series) else {
            return self.enter_other(&event);
        };
        // A first call is no reason to stay.
        place.used |= place.tally.was_called();
        let folded = place.tally.add(&event, place.statement.kind(), place.slowness);
        self.error_codes_folded += u64::from(folded);
        let slow = place.slowness.judge(event.nanos);
        if is_kept || slow.is_some() {
            let call = Kept::new(event, place.statement.clone(), place.key.2, slow);
            self.keep(call);
        }
    }

    /// Counts a call whose series has lost its place.
    fn enter_other(&mut self, event: &Event) {
        let (source, kind) = (event.series.source(), event.series.kind());
        let slowness = Slowness::of(self.rules.everywhere);
        let keep = !self.recent.is_off() || slowness.is_slow(event.nanos);
        let folded = self.other(source, kind).add(event, kind, slowness);
        self.history_calls_dropped += u64::from(keep);
        if let Some(tap) = &mut self.tap {
            tap.missed += 1;
        }
        self.error_codes_folded += u64::from(folded);
    }

    /// Keeps single calls: slow ones, those to tell observers of, and the newest.
    fn keep(&mut self, mut call: Kept) {
        if call.is_slow() {
            self.slow_log.enter(&mut call);
        }
        if let Some(tap) = &mut self.tap {
            tap.push(call.clone());
        }
        if !self.recent.is_off() {
            self.recent.push(call);
        }
    }

    /// The calls that run and are slow already, longest first. One that is new is told.
    ///
    /// Looks itself: with what somebody saw a while ago, a call told meanwhile would be told again.
    pub(super) fn overdue(&mut self, slabs: &Slabs, now: Tick, clock: &Clock) -> Vec<RunningCall> {
        let sights = slabs.sights(now);
        self.told.retain(&sights);
        let mut overdue = Vec::new();
        for sight in &sights {
            let Some(mut call) = self.look_at(sight, clock) else { continue };
            call.number = self.told.number(sight, |number| RunningCall { number, ..call.clone() });
            overdue.push(call);
        }
        overdue.sort_by_key(|call| (std::cmp::Reverse(call.running), call.number));
        overdue
    }

    /// A running call, if it is slow already; without a number.
    fn look_at(&self, sight: &Sight, clock: &Clock) -> Option<RunningCall> {
        let place = self.places.get(sight.series.place());
        let place = place.filter(|place| place.series == sight.series);
        let everywhere = || Slowness::of(self.rules.everywhere);
        let slow = place.map_or_else(everywhere, |place| place.slowness).judge(sight.nanos)?;
        let source = self.sources.get(usize::from(sight.series.source()))?;
        let statement = place.map(|place| &place.statement);
        let kind = statement.map_or_else(|| sight.series.kind(), |statement| statement.kind());
        Some(RunningCall {
            number: 0,
            statement: statement.map_or_else(|| other_text(kind), |known| known.text.clone()),
            fingerprint: statement.map(|statement| statement.fingerprint),
            summary: statement.map_or_else(|| other_text(kind), |known| known.summary.clone()),
            kind,
            tables: statement.map(|statement| statement.tables()).unwrap_or_default(),
            muted: statement.is_some_and(|statement| statement.is_muted()),
            since: clock.wall(sight.started),
            running: Duration::from_nanos(sight.nanos),
            slow,
            database: source.database.clone(),
            pool: source.is_pool.then(|| source.name.clone()),
            connection: sight.connection.map(NonZeroU64::get),
        })
    }

    /// Whether observers should be told before their time.
    pub(super) fn is_tap_due(&mut self) -> bool {
        self.tap.as_mut().is_some_and(Tap::is_due)
    }

    /// What a running call is a run of, unless it has lost its place.
    pub(super) fn statement(&self, series: SeriesRef) -> Option<Arc<Statement>> {
        let place = self.places.get(series.place()).filter(|place| place.series == series)?;
        Some(place.statement.clone())
    }

    /// The size class of the lists in calls of a series, if it has its place.
    pub(super) fn list_size(&self, series: SeriesRef) -> Option<ListSize> {
        let place = self.places.get(series.place()).filter(|place| place.series == series)?;
        Some(place.key.2)
    }

    /// The newest calls, newest first.
    pub(super) fn recent(&self, limit: usize) -> Vec<Kept> {
        self.recent.read(limit)
    }

    /// The text of a series, if it has its place.
    pub(super) fn text(&self, series: SeriesRef) -> Option<Arc<str>> {
        let place = self.places.get(series.place())?;
        (place.series == series).then(|| place.statement.text.clone())
    }

    /// Statements that have a place.
    pub(super) fn statements(&self) -> Vec<(SeriesRef, Arc<Statement>)> {
        self.places.iter().map(|place| (place.series, place.statement.clone())).collect()
    }

    /// Asks the rules again for series whose tables are known better now.
    pub(super) fn rule_again(&mut self, refined: &[SeriesRef]) {
        for series in refined {
            let place = self.places.get_mut(series.place());
            if let Some(place) = place.filter(|place| place.series == *series) {
                let after = self.rules.of(place.key.1, &place.statement.tables());
                place.slowness = place.slowness.ruled(after);
            }
        }
    }

    /// Has every series that was called learn from its own past what is slow for it.
    pub(super) fn learn(&mut self) {
        let Some(rule) = self.rules.relative else { return };
        for place in &mut self.places {
            let calls = place.tally.calls();
            if calls != place.learnt_at {
                place.learnt_at = calls;
                place.slowness.learn(rule, calls, place.tally.p95());
            }
        }
    }

    /// A reading of every series of which `part` takes something.
    ///
    /// Numbers are copied here, under the lock; what they add up to is for later.
    pub(super) fn read<T>(&mut self, part: impl Fn(&mut Tally) -> Option<T>) -> Vec<Reading<T>> {
        let seated = self.places.iter_mut().filter_map(|place| {
            let statement = place.statement.clone();
            let who = Who::Statement(statement, place.key.2, place.slowness, place.wording);
            Some(Reading { numbers: part(&mut place.tally)?, source: place.key.0, who })
        });
        let rest = self.others.iter_mut().filter_map(|((source, kind), tally)| {
            Some(Reading { numbers: part(tally)?, source: *source, who: Who::Other(*kind) })
        });
        seated.chain(rest).collect()
    }
}

impl Place {
    fn new(series: SeriesRef, key: Key, statement: Statement, rules: &SlowRules) -> Self {
        Self {
            series,
            key,
            slowness: Slowness::of(rules.of(key.1, &statement.tables())),
            statement: Arc::new(statement),
            tally: Tally::default(),
            wording: Wording::default(),
            learnt_at: 0,
            used: false,
        }
    }
}

// === impl Reading ===

impl<T> Reading<T> {
    /// The statement with some of its numbers.
    pub(super) fn with(&self, sources: &[Arc<Source>], activity: Activity) -> StatementActivity {
        let database = sources[usize::from(self.source)].database.clone();
        let (statement, size, slowness, wording) = match &self.who {
            Who::Statement(statement, size, slowness, wording) => {
                (statement, *size, *slowness, *wording)
            }
            Who::Other(kind) => return StatementActivity::other(*kind, database, activity),
        };
        let by_list_size = match size {
            ListSize::None => Vec::new(),
            size => vec![ListActivity { size, activity: activity.clone() }],
        };
        StatementActivity {
            fingerprint: Some(statement.fingerprint),
            text: statement.text.clone(),
            summary: statement.summary.clone(),
            kind: statement.kind(),
            tables: statement.tables(),
            wording,
            database,
            slow_after: slowness.slow_after(),
            very_slow_after: slowness.very_slow_after(),
            muted: statement.is_muted(),
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

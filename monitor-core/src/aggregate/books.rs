//! All numbers of all series, and who has to make room.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use rapidhash::RapidHashMap;

use super::desk::{Batch, Desks};
use super::entry::Entry;
use super::event::{Rest, SeriesRef};
use super::generations::Generations;
use super::history::History;
use super::parts::Part;
use super::reading::{Reading, Who};
use super::running::{Sight, Told};
use super::slow::{Kept, SlowLog};
use super::slowness::{SlowRules, Slowness};
use super::sources::Source;
use super::statement::Statement;
use super::tally::Tally;
use super::tap::Tap;
use crate::capture::{Clock, OutcomeKind, Tick};
use crate::identify::{Fingerprint, Kind, ListSize, Marks, Wording};
use crate::snapshot::{RunningCall, other_text};

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
    by_key: RapidHashMap<Key, SeriesRef>,
    others: BTreeMap<(u16, Kind), Tally>,
    sources: Vec<Arc<Source>>,
    recent: History,
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
    /// The statement's, at hand.
    kind: Kind,
    tally: Tally,
    /// What the literals of its texts told.
    wording: Wording,
    slowness: Slowness,
    /// Calls when it last learnt from its own past what is slow.
    learnt_at: u64,
    /// Called again since the hand last came by.
    used: bool,
}

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
            by_key: RapidHashMap::default(),
            others: BTreeMap::new(),
            sources: Vec::new(),
            recent: History::new(recent_max),
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
        let new = Place::new(series, key, statement, &self.rules);
        match self.places.get_mut(place) {
            None => self.places.push(new),
            Some(taken) => {
                let gone = std::mem::replace(taken, new);
                generations.set(place, generation);
                self.by_key.remove(&gone.key);
                self.other(gone.key.0, gone.kind).merge(&gone.tally);
                self.recent.leaves(gone.series, gone.statement, gone.key.2);
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

    /// Takes in what lies on every desk.
    pub(super) fn settle_all(&mut self, desks: &Desks) {
        desks.settle_all(|batch| self.settle(batch));
    }

    /// Takes in what lies on the desk of the thread that asks.
    pub(super) fn settle_mine(&mut self, desks: &Desks) {
        desks.settle_mine(|batch| self.settle(batch));
    }

    fn settle(&mut self, Batch { entries, rests, are_plain }: &mut Batch) {
        let mut heard = None;
        // Calls of one statement mostly come one after another; what is known of a statement is then asked for once.
        if *are_plain {
            let mut left = entries.as_slice();
            while let Some(first) = left.first() {
                let other = left.iter().position(|entry| !entry.is_of_series_of(first));
                let (run, others) = left.split_at(other.unwrap_or(left.len()));
                self.settle_plain(run, &mut heard);
                left = others;
            }
        } else {
            for run in entries.chunk_by(Entry::is_plain_like) {
                match run {
                    [entry] if !entry.is_plain() => self.settle_other(*entry, rests, &mut heard),
                    run => self.settle_plain(run, &mut heard),
                }
            }
        }
        self.note(heard);
    }

    #[inline]
    fn settle_plain(&mut self, run: &[Entry], heard: &mut Option<(u16, Tick)>) {
        self.hear(run, None, heard);
        self.count_plain(run);
    }

    /// Takes in an entry that is not plain; those that have a rest find it in its turn.
    fn settle_other(
        &mut self,
        entry: Entry,
        rests: &mut VecDeque<Box<Rest>>,
        heard: &mut Option<(u16, Tick)>,
    ) {
        if let Some(part) = Part::of(&entry) {
            return self.add_part(entry.series, part);
        }
        let rest = rests.pop_front();
        self.hear(&[entry], rest.as_deref(), heard);
        self.count(entry, rest);
    }

    /// Adds where the time of a call went.
    fn add_part(&mut self, series: SeriesRef, part: Part) {
        let place = self.places.get_mut(series.place()).filter(|place| place.series == series);
        match place {
            Some(place) => place.tally.add_part(part),
            None => self.other(series.source(), series.kind()).add_part(part),
        }
    }

    /// Notes which databases answered. A desk's calls mostly end on one of them, one after another, and the last
    /// answer says it all: every single one would cost as much as the rest of the counting.
    ///
    /// Takes calls of one series; `rest` is that of a single one.
    #[inline]
    fn hear(&self, run: &[Entry], rest: Option<&Rest>, heard: &mut Option<(u16, Tick)>) {
        let Some(last) = run.last() else { return };
        let (source, at) = (last.series.source(), last.at);
        // What one thread ends comes in the order of time.
        let completed = run.iter().rfind(|entry| entry.outcome() == OutcomeKind::Completed);
        if let Some(at) = completed.map(|entry| entry.at) {
            match heard {
                Some((known, last)) if *known == source => *last = at.max(*last),
                _ => self.note(heard.replace((source, at))),
            }
        } else if let Some(error) = rest.and_then(|rest| rest.error.as_ref()) {
            // What was answered before comes before.
            self.note(heard.take());
            if let Some(source) = self.sources.get(usize::from(source)) {
                source.contact.refused(error.class, at);
            }
        }
    }

    fn note(&self, heard: Option<(u16, Tick)>) {
        let Some((source, at)) = heard else { return };
        if let Some(source) = self.sources.get(usize::from(source)) {
            source.contact.answered(at);
        }
    }

    /// Counts calls of one series that have no rest.
    #[inline]
    fn count_plain(&mut self, run: &[Entry]) {
        let series = run.first().map(|entry| entry.series);
        let place = series.and_then(|series| self.places.get_mut(series.place()));
        let Some(place) = place.filter(|place| Some(place.series) == series) else {
            return run.iter().for_each(|entry| self.count_other(*entry, None));
        };
        // A first call is no reason to stay.
        place.used |= place.tally.was_called() || run.len() > 1;
        let slowness = place.slowness;
        let slow = place.tally.add_plain(run, place.kind, slowness);
        if slow == 0 && self.tap.is_none() {
            return self.recent.extend(run);
        }
        for entry in run {
            if self.tap.is_some() || slowness.is_slow(entry.nanos) {
                self.keep(*entry, None);
            } else {
                self.recent.extend(std::slice::from_ref(entry));
            }
        }
    }

    /// Counts a call that has a rest.
    #[cold]
    fn count(&mut self, entry: Entry, rest: Option<Box<Rest>>) {
        let place = self.places.get_mut(entry.series.place());
        let Some(place) = place.filter(|place| place.series == entry.series) else {
            return self.count_other(entry, rest);
        };
        place.used |= place.tally.was_called();
        let folded = place.tally.add(&entry, rest.as_deref(), place.kind, place.slowness);
        self.error_codes_folded += u64::from(folded);
        self.keep(entry, rest);
    }

    /// Counts a call whose series has lost its place.
    #[cold]
    fn count_other(&mut self, entry: Entry, rest: Option<Box<Rest>>) {
        let (source, kind) = (entry.series.source(), entry.series.kind());
        let slowness = Slowness::of(self.rules.everywhere);
        let keep = !self.recent.is_off() || slowness.is_slow(entry.nanos);
        let folded = self.other(source, kind).add(&entry, rest.as_deref(), kind, slowness);
        self.history_calls_dropped += u64::from(keep);
        if let Some(tap) = &mut self.tap {
            tap.missed += 1;
        }
        self.error_codes_folded += u64::from(folded);
    }

    /// Keeps a call that is slow, or observed, or has more to tell: for the slow log, for observers, and as one of the newest.
    #[cold]
    fn keep(&mut self, entry: Entry, mut rest: Option<Box<Rest>>) {
        let place = &self.places[entry.series.place()];
        let slow = place.slowness.judge(entry.nanos);
        // Nothing but the slow log may keep it.
        let text = rest.as_mut().and_then(|rest| rest.closer.text.take());
        if let Some(verdict) = slow {
            let rest = rest.get_or_insert_with(|| Box::new(entry.as_rest()));
            rest.slow = Some((verdict, self.slow_log.next()));
        }
        let (statement, list_size) = (place.statement.clone(), place.key.2);
        let call = Kept { entry, rest: rest.map(Arc::from), statement, list_size };
        if slow.is_some() {
            self.slow_log.enter(&call, text);
        }
        self.recent.push_with(entry, call.rest.as_ref());
        if let Some(tap) = &mut self.tap {
            tap.push(call);
        }
    }

    /// The calls that run and are slow already, longest first. One that is new is told.
    ///
    /// Looks itself: with what somebody saw a while ago, a call told meanwhile would be told again.
    pub(super) fn overdue(&mut self, desks: &Desks, now: Tick, clock: &Clock) -> Vec<RunningCall> {
        let sights = desks.sights(now);
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
        let calls = self.recent.read(limit).into_iter();
        let kept = calls.filter_map(|(entry, rest)| {
            let place = self.places.get(entry.series.place());
            let place = place.filter(|place| place.series == entry.series);
            let seated = place.map(|place| (place.statement.clone(), place.key.2));
            let (statement, list_size) = seated.or_else(|| self.recent.gone(entry.series))?;
            Some(Kept { entry, rest, statement, list_size })
        });
        kept.collect()
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
                place.kind = place.statement.kind();
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
        let mut readings = Vec::with_capacity(self.places.len() + self.others.len());
        readings.extend(self.places.iter_mut().filter_map(|place| {
            let numbers = part(&mut place.tally)?;
            let statement = place.statement.clone();
            let who = Who::Statement(statement, place.key.2, place.slowness, place.wording);
            Some(Reading { numbers, source: place.key.0, who })
        }));
        readings.extend(self.others.iter_mut().filter_map(|((source, kind), tally)| {
            Some(Reading { numbers: part(tally)?, source: *source, who: Who::Other(*kind) })
        }));
        readings
    }
}

impl Place {
    fn new(series: SeriesRef, key: Key, statement: Statement, rules: &SlowRules) -> Self {
        Self {
            series,
            key,
            slowness: Slowness::of(rules.of(key.1, &statement.tables())),
            kind: statement.kind(),
            statement: Arc::new(statement),
            tally: Tally::default(),
            wording: Wording::default(),
            learnt_at: 0,
            used: false,
        }
    }
}

//! All numbers of one monitor, and the way to a snapshot.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

use super::books::{Books, Generations};
use super::desk::{self, Desks, EVENTS_MAX};
use super::event::{Event, SeriesRef, nanos};
use super::limits::PARSES_PER_BEAT_MAX;
use super::slow::{Kept, SlowLog};
use super::sources::Source;
use super::statement::Statement;
use super::tally::{Slowness, Tally};
use super::texts::Texts;
use super::windows::Windows;
use super::{Limits, lock};
use crate::capture::{CallSite, Clock, Database, Tick};
use crate::identify::{Dialect, Normaliser};
use crate::snapshot::{CallRecord, Losses, Rollup, Snapshot, SourceActivity};

/// All numbers of one monitor.
pub(crate) struct Registry {
    pub(crate) clock: Clock,
    started: Tick,
    /// Tells monitors of one process apart.
    id: u64,
    leak: Duration,
    limits: Limits,
    /// Drawn anew for every monitor, so that nobody can choose texts that collide.
    secrets: RapidSecrets,
    texts: Texts,
    generations: Generations,
    desks: Desks,
    books: Mutex<Books>,
    /// Locked before the books by whoever needs both.
    windows: Mutex<Windows>,
    sources_folded: AtomicU64,
    checkouts_untracked: AtomicU64,
}

thread_local! {
    /// Keeps its memory from one text to the next: a new text of a known statement allocates nothing.
    static NORMALISER: RefCell<Normaliser> = RefCell::new(Normaliser::new());
}

fn with_normaliser<T>(work: impl Fn(&mut Normaliser) -> T) -> T {
    let kept =
        NORMALISER.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| work(&mut kept)));
    // A thread that is ending has none any more.
    kept.ok().flatten().unwrap_or_else(|| work(&mut Normaliser::new()))
}

// === impl Registry ===

impl Registry {
    pub(crate) fn new(
        clock: Clock,
        limits: Limits,
        slow: Duration,
        very_slow: Duration,
        leak: Duration,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let slow_log = SlowLog::new(limits.slow_statements_max);
        let slowness = Slowness { slow: nanos(slow), very_slow: nanos(very_slow) };
        let (places, recent) = (limits.statements_max, limits.recent_calls_max);
        let started = clock.now();
        Self {
            clock,
            started,
            id: NEXT.fetch_add(1, Relaxed),
            leak,
            limits,
            secrets: RapidSecrets::seed(RandomState::new().hash_one(0)),
            texts: Texts::new(limits.texts_max),
            generations: Generations::new(places),
            desks: Desks::default(),
            books: Mutex::new(Books::new(places, recent, slow_log, slowness)),
            windows: Mutex::new(Windows::starting(started)),
            sources_folded: AtomicU64::new(0),
            checkouts_untracked: AtomicU64::new(0),
        }
    }

    /// The source of a name on a database; made when it is new.
    ///
    /// Without a name the database is used without a pool, and there is one such source for it.
    pub(crate) fn source(&self, name: Option<&str>, database: &Database) -> Arc<Source> {
        let mut books = lock(&self.books);
        let is_pool = name.is_some();
        let name: Arc<str> = name.map_or_else(|| database.to_string().into(), Arc::from);
        let same = |source: &&Arc<Source>| {
            source.is_pool == is_pool && source.name == name && *source.database == *database
        };
        if let Some(source) = books.sources().iter().find(same) {
            return source.clone();
        }
        let last = self.limits.sources_max - 1;
        let number = books.sources().len();
        if number >= last {
            self.sources_folded.fetch_add(1, Relaxed);
        }
        if let Some(other) = books.sources().get(last) {
            return other.clone();
        }
        let id = u16::try_from(number).unwrap_or(u16::MAX);
        let source = Arc::new(match number < last {
            true => Source::new(id, name, database.clone(), is_pool),
            false => Source::new(id, "(other)".into(), Database::default(), true),
        });
        books.add_source(source.clone());
        source
    }

    /// Whether a pool of this name is known and, as far as it tells, still there.
    pub(crate) fn has_pool(&self, name: &str) -> bool {
        let sources = lock(&self.books).sources().to_vec();
        sources.iter().any(|source| source.is_pool && *source.name == *name && !source.is_gone())
    }

    /// The series of a text that a source sends.
    #[inline]
    pub(crate) fn series(&self, text: &str, dialect: Dialect, source: &Source) -> SeriesRef {
        let hash = rapidhash_v3_seeded(text.as_bytes(), &self.secrets)
            ^ u64::from(source.id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let known = self.texts.find(hash);
        match known.filter(|series| self.generations.is_current(*series)) {
            Some(series) => series,
            None => self.first_sight(hash, text, dialect, source),
        }
    }

    #[cold]
    fn first_sight(&self, hash: u64, text: &str, dialect: Dialect, source: &Source) -> SeriesRef {
        let series = with_normaliser(|normaliser| {
            let normalised = normaliser.normalise(text, dialect);
            let key = (source.id, normalised.fingerprint, normalised.list_size);
            if let Some(series) = lock(&self.books).find(&key, &normalised.wording) {
                return series;
            }
            let statement = Statement::new(normalised.identify(), dialect);
            let mut books = lock(&self.books);
            match books.find(&key, &normalised.wording) {
                Some(series) => series,
                None => {
                    let (generations, desks) = (&self.generations, &self.desks);
                    books.seat(key, statement, &normalised.wording, generations, desks)
                }
            }
        });
        self.texts.insert(hash, series);
        series
    }

    /// Counts a call. Never fails; waits only if this thread has put down [`EVENTS_MAX`] calls
    /// while somebody else kept the books.
    #[inline]
    pub(crate) fn record(&self, event: Event) {
        match desk::put(self.id, event, &self.desks) {
            Ok(None) => {}
            Ok(Some((desk, events))) => self.settle(&desk, events),
            Err(event) => lock(&self.books).enter(event),
        }
    }

    #[cold]
    fn settle(&self, desk: &desk::Desk, events: usize) {
        match self.books.try_lock() {
            Ok(mut books) => books.settle(desk),
            Err(TryLockError::Poisoned(books)) => PoisonError::into_inner(books).settle(desk),
            Err(TryLockError::WouldBlock) if events < EVENTS_MAX => {}
            Err(TryLockError::WouldBlock) => lock(&self.books).settle(desk),
        }
    }

    /// Whether a statement was identified for a source of this very monitor.
    pub(crate) fn knows(&self, monitor: u64, series: SeriesRef, source: &Source) -> bool {
        self.id == monitor && series.source() == source.id
    }

    /// Tells monitors of one process apart.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// A connection went out; see `Checkouts::taken`.
    pub(crate) fn taken(&self, source: &Source, at: Tick, site: Option<CallSite>) -> Option<u64> {
        let id = source.checkouts.taken(at, site, self.limits.checkouts_tracked_max);
        if id.is_none() {
            self.checkouts_untracked.fetch_add(1, Relaxed);
        }
        id
    }

    /// What is due on every beat: what lies on desks, and statements the parser has not seen.
    pub(crate) fn beat(&self) {
        let statements = {
            let mut books = lock(&self.books);
            books.settle_all(&self.desks);
            books.statements()
        };
        let mut parsed = 0;
        for statement in statements {
            parsed += usize::from(statement.refine());
            if parsed >= PARSES_PER_BEAT_MAX {
                break;
            }
        }
    }

    /// What is due on every window beat.
    pub(crate) fn beat_windows(&self) {
        let now = self.clock.now();
        // Before any lock: how a pool answers is its own affair.
        let sources = self.read_sources(now);
        let mut windows = lock(&self.windows);
        let mut books = lock(&self.books);
        books.settle_all(&self.desks);
        let readings = books.read(Tally::take_fresh);
        drop(books);
        windows.beat(readings.into_iter().map(|(_, reading)| reading).collect(), sources, now);
    }

    /// The newest calls, newest first.
    pub(crate) fn recent_calls(&self, limit: usize) -> Vec<CallRecord> {
        self.records(|books| books.recent(limit))
    }

    /// The slowest call of each slow statement, slowest first.
    pub(crate) fn slow_calls(&self) -> Vec<CallRecord> {
        self.records(|books| books.slow_log.worst())
    }

    fn records(&self, which: impl FnOnce(&Books) -> Vec<Kept>) -> Vec<CallRecord> {
        let (calls, sources) = {
            let mut books = lock(&self.books);
            books.settle_all(&self.desks);
            (which(&books), books.sources().to_vec())
        };
        calls.iter().map(|call| call.record(&sources, &self.clock)).collect()
    }

    /// Everything, at this moment.
    ///
    /// The books are locked while they are copied; adding up happens after that.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let mut sources = self.read_sources(now);
        let windows = lock(&self.windows);
        let mut books = lock(&self.books);
        books.settle_all(&self.desks);
        let fresh = books.read(|tally| tally.fresh());
        let readings = books.read(|tally| Some(tally.all()));
        let (slow, slow_newest) = (books.slow_log.worst(), books.slow_log.newest());
        let all_sources = books.sources().to_vec();
        let losses = self.losses(&books, &windows);
        drop(books);

        let fresh = fresh.into_iter().map(|(_, reading)| reading).collect();
        let windows = windows.read(fresh, &sources, now);
        for (id, reading) in &readings {
            if let Some(source) = sources.get_mut(usize::from(*id)) {
                source.activity.merge(&reading.activity);
            }
        }
        let record = |call: Kept| call.record(&all_sources, &self.clock);
        Snapshot {
            at: self.clock.wall(now),
            uptime: now.since(self.started),
            lifetime: Rollup::of(readings.into_iter().map(|(_, reading)| reading)),
            windows,
            slow: slow.into_iter().map(record).collect(),
            slow_newest: slow_newest.into_iter().map(record).collect(),
            sources,
            losses,
        }
    }

    /// Every source, in the order of their numbers, without its calls.
    fn read_sources(&self, now: Tick) -> Vec<SourceActivity> {
        let sources = lock(&self.books).sources().to_vec();
        sources.iter().map(|source| source.read(now, self.leak)).collect()
    }

    fn losses(&self, books: &Books, windows: &Windows) -> Losses {
        Losses {
            statements_evicted: books.evicted,
            sources_folded: self.sources_folded.load(Relaxed),
            error_codes_folded: books.error_codes_folded,
            history_calls_dropped: books.history_calls_dropped,
            panics_caught: books.sources().iter().map(|source| source.panics_caught()).sum(),
            window_statements_folded: windows.folded,
            checkouts_untracked: self.checkouts_untracked.load(Relaxed),
            ..Losses::default()
        }
    }
}

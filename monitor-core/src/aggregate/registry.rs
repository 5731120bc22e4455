//! All numbers of one monitor, and the way to a snapshot.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

use super::books::Books;
use super::copies::Copies;
use super::desk::{Desks, Followed, Then};
use super::entry::Entry;
use super::event::{Closer, Event, SentText, SeriesRef};
use super::generations::Generations;
use super::last_call::LastCall;
use super::limits::PARSES_PER_BEAT_MAX;
use super::normaliser::with_normaliser;
use super::remembered::{self, Owner};
use super::running::Told;
use super::scopes::{ScopeRules, Scopes};
use super::slow::{Kept, Logged, SlowLog};
use super::slowness::SlowRules;
use super::sources::Source;
use super::statement::{KeptLiterals, Statement};
use super::tally::Tally;
use super::tap::{Tap, Untold};
use super::texts::{Seen, Texts};
use super::transactions::Spent;
use super::windows::{Sum, Windows, total};
use super::{Limits, lock};
use crate::capture::{CallSite, Clock, Database, Tick};
use crate::identify::Dialect;
use crate::snapshot::{CallRecord, Losses, Snapshot, SourceActivity};

/// All numbers of one monitor.
pub(crate) struct Registry {
    pub(crate) clock: Clock,
    started: Tick,
    /// Tells monitors of one process apart.
    id: u64,
    leak: Duration,
    limits: Limits,
    /// Calls of so many nanoseconds or more may be slow, so what is known of them is kept.
    closer_from: u64,
    /// Bytes of a call's text that are kept with its literals, where that was asked for.
    sent_text_bytes: Option<usize>,
    /// Whether the text in which a statement is first seen is kept with its literals.
    keeps_samples: bool,
    is_observed: bool,
    /// Drawn anew for every monitor, so that nobody can choose texts that collide.
    secrets: RapidSecrets,
    texts: Texts,
    generations: Generations,
    desks: Desks,
    /// Units of work, which have books of their own.
    pub(crate) scopes: Scopes,
    books: Mutex<Books>,
    /// Locked before the books by whoever needs both.
    windows: Mutex<Windows>,
    sources_folded: AtomicU64,
    checkouts_untracked: AtomicU64,
    transactions_untracked: AtomicU64,
    think_gaps_folded: AtomicU64,
}

// === impl Registry ===

impl Registry {
    pub(crate) fn new(
        clock: Clock,
        limits: Limits,
        rules: SlowRules,
        scope_rules: ScopeRules,
        literals: KeptLiterals,
        is_observed: bool,
        leak: Duration,
    ) -> Self {
        // 0 is nobody's.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Relaxed);
        let slow_log = SlowLog::new(limits.slow_statements_max);
        let told = Told::new(limits.running_told_max);
        let (places, recent) = (limits.statements_max, limits.recent_calls_max);
        let tap = is_observed.then(|| Tap::new(limits.observed_calls_max));
        let started = clock.now();
        Self {
            clock,
            started,
            id,
            leak,
            limits,
            closer_from: rules.least(),
            sent_text_bytes: literals.of_slow_calls.then_some(limits.slow_text_bytes_max),
            keeps_samples: literals.for_advice,
            is_observed,
            secrets: RapidSecrets::seed(RandomState::new().hash_one(0)),
            texts: Texts::new(limits.texts_max),
            generations: Generations::new(places),
            desks: Desks::new(id, limits.running_per_thread_max),
            scopes: Scopes::new(scope_rules, &limits),
            books: Mutex::new(Books::new(places, recent, tap, slow_log, told, rules)),
            windows: Mutex::new(Windows::starting(started)),
            sources_folded: AtomicU64::new(0),
            checkouts_untracked: AtomicU64::new(0),
            transactions_untracked: AtomicU64::new(0),
            think_gaps_folded: AtomicU64::new(0),
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

    /// Whose texts those of a source are.
    pub(crate) fn owner(&self, source: &Source) -> Owner {
        Owner::new(self.id, source.id)
    }

    /// The series of a text that an owner sends, if this thread has sent it before and remembers it. Such a text says nothing
    /// else: it has no comment, and its beginning is not kept.
    #[inline]
    pub(crate) fn remembered(&self, text: &str, owner: Owner) -> Option<SeriesRef> {
        let known = remembered::find(owner, text);
        known.filter(|series| self.generations.is_current(*series))
    }

    /// The series of a text that a source sends and this thread does not remember.
    pub(crate) fn series(&self, text: &str, dialect: Dialect, source: &Source) -> SeriesRef {
        let hash = rapidhash_v3_seeded(text.as_bytes(), &self.secrets)
            ^ u64::from(source.id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let seen = self.texts.find(hash);
        match seen.filter(|seen| self.generations.is_current(seen.series)) {
            Some(Seen { series, is_bare }) => {
                if is_bare && !self.keeps_texts() {
                    remembered::remember(Owner::new(self.id, source.id), text, series);
                }
                series
            }
            None => self.first_sight(hash, text, dialect, source),
        }
    }

    #[cold]
    fn first_sight(&self, hash: u64, text: &str, dialect: Dialect, source: &Source) -> SeriesRef {
        let mut is_bare = false;
        let series = with_normaliser(|normaliser| {
            let normalised = normaliser.normalise(text, dialect);
            is_bare = normalised.is_all_of(text);
            let key = (source.id, normalised.fingerprint, normalised.list_size);
            if let Some(series) =
                lock(&self.books).find(&key, normalised.marks, &normalised.wording)
            {
                return series;
            }
            let statement = Statement::new(&normalised, self.keeps_samples.then_some(text));
            statement.heed(normalised.marks);
            let mut books = lock(&self.books);
            match books.find(&key, normalised.marks, &normalised.wording) {
                Some(series) => series,
                None => {
                    let series = books.seat(key, statement, &self.generations, &self.desks);
                    books.find(&key, normalised.marks, &normalised.wording).unwrap_or(series)
                }
            }
        });
        self.texts.insert(hash, Seen { series, is_bare });
        series
    }

    /// A call starts on this thread, and is followed until it is [cleared](Desks::clear).
    #[inline]
    pub(crate) fn starts(&self, series: SeriesRef, now: Tick) -> Followed<'_> {
        self.desks.follow(series, now)
    }

    /// Calls that run.
    #[inline]
    pub(crate) fn running(&self) -> &Desks {
        &self.desks
    }

    /// Counts a call. Never fails; waits only if this thread has put down thousands of calls
    /// while somebody else kept the books.
    ///
    /// Says whether observers should be told before their time.
    #[inline]
    pub(crate) fn record(&self, event: Event) -> bool {
        match self.desks.put(event) {
            Then::Nothing => false,
            then => self.settle(then),
        }
    }

    /// [`record`](Self::record), for a call that was followed and is an entry and nothing else.
    #[inline]
    pub(crate) fn call_ended(&self, entry: Entry, followed: Followed<'_>) -> bool {
        match self.desks.call_ended(entry, followed) {
            Then::Nothing => false,
            then => self.settle(then),
        }
    }

    #[cold]
    fn settle(&self, then: Then) -> bool {
        let mut books = match self.books.try_lock() {
            Ok(books) => books,
            Err(TryLockError::Poisoned(books)) => PoisonError::into_inner(books),
            Err(TryLockError::WouldBlock) if then == Then::Settle => return false,
            Err(TryLockError::WouldBlock) => lock(&self.books),
        };
        books.settle_mine(&self.desks);
        books.is_tap_due()
    }

    /// Whether a statement was identified for a source of this very monitor.
    pub(crate) fn knows(&self, monitor: u64, series: SeriesRef, source: &Source) -> bool {
        self.id == monitor && series.source() == source.id
    }

    /// Whether a series still has its place.
    #[inline]
    pub(crate) fn is_current(&self, series: SeriesRef) -> bool {
        self.generations.is_current(series)
    }

    /// Tells monitors of one process apart.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// A connection went out; see `Checkouts::taken`.
    pub(crate) fn taken(
        &self,
        source: &Source,
        at: Tick,
        site: Option<CallSite>,
        last_call: Option<Arc<LastCall>>,
    ) -> Option<usize> {
        let most = self.limits.checkouts_tracked_max;
        let id = source.checkouts.taken(at, site, last_call, most);
        if id.is_none() {
            self.checkouts_untracked.fetch_add(1, Relaxed);
        }
        id
    }

    /// A transaction has begun; the number names it until it ends.
    pub(crate) fn transaction_begun(&self, source: &Source, at: Tick) -> Option<usize> {
        let id = source.transactions.begun(at, self.limits.checkouts_tracked_max);
        if id.is_none() {
            self.transactions_untracked.fetch_add(1, Relaxed);
        }
        id
    }

    /// What a transaction that has ended did with its time.
    pub(crate) fn transaction_spent(&self, source: &Source, spent: &Spent) {
        if !source.transactions.spent(spent) {
            self.think_gaps_folded.fetch_add(1, Relaxed);
        }
    }

    /// What is due on every beat: what lies on desks, and statements the parser has not seen.
    pub(crate) fn beat(&self) {
        let statements = {
            let mut books = lock(&self.books);
            books.settle_all(&self.desks);
            books.statements()
        };
        let refined = statements.into_iter().filter(|(_, statement)| statement.refine());
        let refined: Vec<_> = refined.take(PARSES_PER_BEAT_MAX).map(|(series, _)| series).collect();
        let mut books = lock(&self.books);
        books.rule_again(&refined);
        books.learn();
        books.overdue(&self.desks, self.clock.now(), &self.clock);
    }

    /// What is due on every window beat.
    pub(crate) fn beat_windows(&self) {
        let now = self.clock.now();
        // Before any lock: how a pool answers is its own affair.
        let all_sources = lock(&self.books).sources().to_vec();
        all_sources.iter().for_each(|source| source.sample());
        let sources = self.read_sources(now);
        let mut windows = lock(&self.windows);
        let (readings, all_sources) = {
            let mut books = lock(&self.books);
            books.settle_all(&self.desks);
            (books.read(Tally::take_fresh), books.sources().to_vec())
        };
        windows.beat(Sum::of(readings, &all_sources), sources, now);
    }

    /// The newest calls, newest first.
    pub(crate) fn recent_calls(&self, limit: usize) -> Vec<CallRecord> {
        self.records(|books| books.recent(limit), Kept::record)
    }

    /// What is told of a call that lasted so long that it may be slow, or is observed and
    /// has more to tell. `tell` is asked for it, and told whether the call may be slow.
    #[inline]
    pub(crate) fn closer(
        &self,
        nanos: u64,
        has_more: bool,
        tell: impl FnOnce(bool) -> Closer,
    ) -> Option<Closer> {
        self.asks_more(nanos, has_more).then(|| tell(nanos >= self.closer_from))
    }

    /// Whether more is asked of a call that lasted so long and has more to tell, or has not.
    #[inline]
    pub(crate) fn asks_more(&self, nanos: u64, has_more: bool) -> bool {
        nanos >= self.closer_from || (has_more && self.is_observed)
    }

    /// Takes out the calls that observers have not been told of.
    pub(crate) fn untold(&self) -> Untold {
        let mut books = lock(&self.books);
        books.settle_all(&self.desks);
        let calls = books.tap.as_mut().map(Tap::take).unwrap_or_default();
        Untold::new(calls, books.sources().to_vec(), self.clock.anchored_anew())
    }

    /// Text and summary of a statement that runs, unless it has lost its place.
    pub(crate) fn described(&self, series: SeriesRef) -> Option<(Arc<str>, Arc<str>)> {
        let statement = lock(&self.books).statement(series)?;
        Some((statement.text.clone(), statement.summary.clone()))
    }

    /// Pools and databases, without their calls, and what limits made the monitor let go.
    pub(crate) fn levels(&self) -> (Vec<SourceActivity>, Losses) {
        let sources = self.read_sources(self.clock.now());
        let windows = lock(&self.windows);
        let losses = self.losses(&lock(&self.books), &windows);
        (sources, losses)
    }

    /// Whether the beginnings of texts are kept.
    #[inline]
    pub(crate) fn keeps_texts(&self) -> bool {
        self.sent_text_bytes.is_some()
    }

    /// The beginning of a text as it is sent, where texts are kept.
    #[inline]
    pub(crate) fn sent_text(&self, text: &str) -> Option<SentText> {
        self.sent_text_bytes.map(|bytes_max| SentText::of(text, bytes_max))
    }

    /// Every call in the slow log, each once.
    pub(crate) fn slow_log(&self) -> Vec<CallRecord> {
        self.records(|books| books.slow_log.all(), Logged::record)
    }

    /// The slowest call of each slow statement, slowest first.
    pub(crate) fn slow_calls(&self) -> Vec<CallRecord> {
        self.records(|books| books.slow_log.worst(), Logged::record)
    }

    fn records<T>(
        &self,
        which: impl FnOnce(&Books) -> Vec<T>,
        record: impl Fn(&T, &[Arc<Source>], &Clock) -> CallRecord,
    ) -> Vec<CallRecord> {
        let (calls, sources) = {
            let mut books = lock(&self.books);
            books.settle_all(&self.desks);
            (which(&books), books.sources().to_vec())
        };
        calls.iter().map(|call| record(call, &sources, &self.clock)).collect()
    }

    /// Everything, at this moment.
    ///
    /// The books are locked while they are copied; totals are added up after that, and statements when they are read.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let mut sources = self.read_sources(now);
        let mut windows = lock(&self.windows);
        let mut books = lock(&self.books);
        books.settle_all(&self.desks);
        let readings = books.read(|tally| tally.copied());
        let (slow, slow_newest) = (books.slow_log.worst(), books.slow_log.newest());
        let running = books.overdue(&self.desks, now, &self.clock);
        let running_told = books.told.newest();
        let all_sources = books.sources().to_vec();
        let losses = self.losses(&books, &windows);
        drop(books);

        let copies = Copies::new(readings, &all_sources);
        let fresh = copies.fresh();
        for (activity, source) in sources.iter_mut().zip(&all_sources) {
            activity.contact = source.contact.read(now);
        }
        let minutes = windows.minutes();
        let by_source = windows.lifetime(&fresh);
        let windows = windows.read(&fresh, &sources, now);
        let lifetime = copies.lifetime(total(&by_source));
        for (source, activity) in sources.iter_mut().zip(by_source) {
            source.activity = activity;
        }
        let record = |call: Logged| call.record(&all_sources, &self.clock);
        Snapshot {
            at: self.clock.wall(now),
            started_at: self.clock.wall(self.started),
            uptime: now.since(self.started),
            build: None,
            lifetime,
            windows,
            minutes,
            slow: slow.into_iter().map(record).collect(),
            slow_newest: slow_newest.into_iter().map(record).collect(),
            running,
            running_told,
            sources,
            scopes: self.read_scopes(),
            // Who hears of alerts is not counted here; the monitor adds it.
            sinks: Vec::new(),
            losses,
            beat: None,
        }
    }

    /// Every source, in the order of their numbers, without its calls.
    fn read_sources(&self, now: Tick) -> Vec<SourceActivity> {
        let sources = lock(&self.books).sources().to_vec();
        let text = |series| lock(&self.books).text(series);
        sources.iter().map(|source| source.read(now, self.leak, &self.clock, &text)).collect()
    }

    /// Does something with the books.
    pub(super) fn with_books<T>(&self, work: impl FnOnce(&Books) -> T) -> T {
        work(&lock(&self.books))
    }

    fn losses(&self, books: &Books, windows: &Windows) -> Losses {
        let scopes = self.scopes.losses();
        Losses {
            statements_evicted: books.evicted,
            sources_folded: self.sources_folded.load(Relaxed),
            error_codes_folded: books.error_codes_folded,
            history_calls_dropped: books.history_calls_dropped,
            calls_unobserved: books.tap.as_ref().map_or(0, |tap| tap.missed),
            calls_unfollowed: self.desks.unfollowed(),
            running_forgotten: books.told.forgotten,
            slow_statements_dropped: books.slow_log.statements_dropped,
            slow_calls_dropped: books.slow_log.calls_dropped(),
            slow_texts_cut: books.slow_log.texts_cut,
            panics_caught: books.sources().iter().map(|source| source.panics_caught()).sum(),
            window_statements_folded: windows.folded,
            checkouts_untracked: self.checkouts_untracked.load(Relaxed),
            transactions_untracked: self.transactions_untracked.load(Relaxed),
            scope_names_folded: scopes.names_folded,
            scope_calls_unkept: scopes.calls_unkept,
            scopes_unjudged: scopes.unjudged,
            scope_repeats_dropped: scopes.repeats_dropped,
            scopes_flattened: scopes.flattened,
            reads_unfollowed: scopes.unfollowed,
            think_gaps_folded: self.think_gaps_folded.load(Relaxed),
            ..Losses::default()
        }
    }
}

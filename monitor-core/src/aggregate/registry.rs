//! All numbers of one monitor, and the way to a snapshot.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Limits;
use super::catalog::Catalog;
use super::cell::Addition;
use super::kept::{Kept, RecentCalls};
use super::limits::PARSES_PER_BEAT_MAX;
use super::lock;
use super::series::Series;
use super::slow::SlowLog;
use super::sources::Source;
use super::windows::Windows;
use crate::capture::{CallSite, Clock, Database, Origin, Outcome, Rows, Tick};
use crate::identify::{Dialect, Kind};
use crate::snapshot::{Activity, CallRecord, Losses, Rollup, Snapshot, SourceActivity};

/// All numbers of one monitor.
pub(crate) struct Registry {
    pub(crate) clock: Clock,
    slow: Duration,
    very_slow: Duration,
    leak: Duration,
    limits: Limits,
    catalog: Catalog,
    sources: Mutex<Vec<Arc<Source>>>,
    slow_log: SlowLog,
    recent: RecentCalls,
    windows: Windows,
    sources_folded: AtomicU64,
    error_codes_folded: AtomicU64,
    checkouts_untracked: AtomicU64,
}

/// How a call ended.
pub(crate) struct End<'a> {
    pub(crate) at: Tick,
    pub(crate) duration: Duration,
    pub(crate) rows: Rows,
    pub(crate) outcome: Outcome<'a>,
    pub(crate) origin: Origin<'a>,
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
        Self {
            clock,
            slow,
            very_slow,
            leak,
            limits,
            catalog: Catalog::new(limits.statements_max, limits.texts_max),
            sources: Mutex::default(),
            slow_log: SlowLog::new(limits.slow_statements_max, limits.slow_queue_max),
            recent: RecentCalls::new(limits.recent_calls_max),
            windows: Windows::default(),
            sources_folded: AtomicU64::new(0),
            error_codes_folded: AtomicU64::new(0),
            checkouts_untracked: AtomicU64::new(0),
        }
    }

    /// The source of a name on a database; made when it is new.
    ///
    /// Without a name the database is used without a pool, and there is one such source for it.
    pub(crate) fn source(&self, name: Option<&str>, database: &Database) -> Arc<Source> {
        let mut sources = lock(&self.sources);
        let is_pool = name.is_some();
        let name: Arc<str> = name.map_or_else(|| database.to_string().into(), Arc::from);
        let same = |source: &&Arc<Source>| {
            source.is_pool == is_pool && source.name == name && *source.database == *database
        };
        if let Some(source) = sources.iter().find(same) {
            return source.clone();
        }
        let last = self.limits.sources_max - 1;
        if sources.len() < last {
            let id = u16::try_from(sources.len()).unwrap_or(u16::MAX);
            let source = Arc::new(Source::new(id, name, database.clone(), is_pool));
            sources.push(source.clone());
            return source;
        }
        self.sources_folded.fetch_add(1, Relaxed);
        if let Some(other) = sources.get(last) {
            return other.clone();
        }
        let id = u16::try_from(last).unwrap_or(u16::MAX);
        let other = Arc::new(Source::new(id, "(other)".into(), Database::default(), true));
        sources.push(other.clone());
        other
    }

    /// Whether a pool of this name is known already.
    pub(crate) fn has_pool(&self, name: &str) -> bool {
        lock(&self.sources).iter().any(|source| source.is_pool && *source.name == *name)
    }

    /// The series of a text that a source sends.
    pub(crate) fn series(&self, text: &str, dialect: Dialect, source: &Arc<Source>) -> Arc<Series> {
        self.catalog.find(text, dialect, source)
    }

    /// Counts a call. Never fails, never waits.
    pub(crate) fn record(&self, series: &Series, mut end: End<'_>) {
        match series.statement.kind() {
            // Changes nothing, whatever the driver's counter still says from the call before.
            Kind::Select | Kind::Ddl => end.rows.affected = end.rows.affected.map(|_| 0),
            // Has no rows, whether the driver says so or not.
            Kind::Transaction => end.rows = Rows::returned(0),
            _ => {}
        }
        let slow = end.duration >= self.slow;
        let very_slow = end.duration >= self.very_slow;
        let addition = Addition { duration: end.duration, rows: end.rows, slow, very_slow };
        if series.add(&addition, end.outcome) {
            self.error_codes_folded.fetch_add(1, Relaxed);
        }
        if self.recent.is_off() && !slow {
            return;
        }
        let kept = Kept::new(series, end.at, end.duration, end.rows, end.outcome, &end.origin);
        if slow {
            self.slow_log.offer(kept.clone());
        }
        if !self.recent.is_off() {
            self.recent.push(kept);
        }
    }

    /// A connection went out; see `Checkouts::taken`.
    pub(crate) fn taken(&self, source: &Source, at: Tick, site: Option<CallSite>) -> Option<u64> {
        let id = source.checkouts.taken(at, site, self.limits.checkouts_tracked_max);
        if id.is_none() {
            self.checkouts_untracked.fetch_add(1, Relaxed);
        }
        id
    }

    /// What is due on every beat: the slow log, and statements the parser has not seen.
    pub(crate) fn beat(&self) {
        self.slow_log.digest();
        let statements = self.catalog.statements();
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
        self.windows.beat(&self.catalog, self.read_sources(BTreeMap::new(), now), now);
    }

    /// The newest calls, newest first.
    pub(crate) fn recent_calls(&self, limit: usize) -> Vec<CallRecord> {
        self.recent.newest(limit, &self.clock)
    }

    /// The slow log: the slowest call of each statement, and the newest slow calls.
    pub(crate) fn slow_log(&self) -> (Vec<CallRecord>, Vec<CallRecord>) {
        self.slow_log.read(&self.clock)
    }

    /// Everything, at this moment. Takes no lock that a known statement's call needs.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let (series, mut readings) = self.catalog.all();
        readings.extend(series.iter().map(|one| (one.source.id, one.reading(one.read()))));
        let mut by_source = BTreeMap::<u16, Activity>::new();
        for (id, reading) in &readings {
            by_source.entry(*id).or_default().merge(&reading.activity);
        }
        let sources = self.read_sources(by_source, now);
        let windows = self.windows.read(&self.catalog, &sources, now);
        let (slow, slow_newest) = self.slow_log();
        Snapshot {
            at: self.clock.wall(now),
            uptime: now.since(Tick::default()),
            lifetime: Rollup::of(readings.into_iter().map(|(_, reading)| reading)),
            windows,
            sources,
            slow,
            slow_newest,
            losses: self.losses(),
        }
    }

    fn read_sources(
        &self,
        mut activity: BTreeMap<u16, Activity>,
        now: Tick,
    ) -> Vec<SourceActivity> {
        let sources = lock(&self.sources).clone();
        sources
            .iter()
            .map(|source| {
                source.read(activity.remove(&source.id).unwrap_or_default(), now, self.leak)
            })
            .collect()
    }

    fn losses(&self) -> Losses {
        Losses {
            statements_evicted: self.catalog.evicted(),
            slow_calls_dropped: self.slow_log.dropped(),
            recent_calls_dropped: self.recent.dropped(),
            sources_folded: self.sources_folded.load(Relaxed),
            error_codes_folded: self.error_codes_folded.load(Relaxed),
            window_statements_folded: self.windows.folded(),
            checkouts_untracked: self.checkouts_untracked.load(Relaxed),
            ..Losses::default()
        }
    }
}

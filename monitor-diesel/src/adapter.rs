//! From diesel's events to what the monitor records.

use std::sync::Arc;

use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent};
use diesel::result::Error;
use monitor_core::capture::{Clock, Database, ErrorClass, Failure, Labels, Tick};
use monitor_core::{KeptText, Monitor, Source, Statement};
use rapidhash::v3::rapidhash_v3;

use crate::connection::Life;
use crate::link::{Link, Told};
use crate::pairing::{Call, Calls, Finished};
use crate::transaction::Step;
use crate::{error, text, url};

/// What diesel-async 0.9 asks first of a connection that its `try_from` was given.
const SET_UP: &[&str] = &[
    "SET TIME ZONE 'UTC'",
    "SET CLIENT_ENCODING TO 'UTF8'",
    "SET time_zone = '+00:00';",
    "SET character_set_client = 'utf8mb4'",
    "SET character_set_connection = 'utf8mb4'",
    "SET character_set_results = 'utf8mb4'",
];

/// Watches one connection. Made by [`instrumentation`](crate::instrumentation).
///
/// Belongs to its connection: dropped together with it, it records that the connection was closed,
/// and that what was under way was cancelled.
///
/// Costs what building the SQL costs, and a look-up; bind values are never formatted.
#[derive(Debug)]
#[must_use = "it watches nothing until a connection gets it with `set_instrumentation`"]
pub struct Watch {
    // The order of the fields is the order they are dropped in: calls end before their connection.
    calls: Calls,
    life: Life,
    /// A bit for each of [`SET_UP`] that was asked.
    set_up: u8,
    monitor: Monitor,
    clock: Clock,
    database: Option<Database>,
    pool: Option<Arc<str>>,
    source: Option<Source>,
    labels: Option<Arc<Labels>>,
    link: Arc<Link>,
    /// Since when the pool has been looking whether the connection works.
    check: Option<Tick>,
    /// Calls that have finished and are not told yet; `None` where they are told at once.
    held_back: Option<Vec<Ended>>,
}

/// A call that has finished, and whether well.
#[derive(Debug)]
struct Ended {
    call: Call,
    error: Option<ErrorClass>,
}

/// What is known of a query that starts.
struct Start {
    hash: u64,
    shows_binds: bool,
    /// `None` where the call is the pool's own.
    statement: Option<Statement>,
    /// Boxed, as few texts tell more than their statement.
    sent: Option<Box<KeptText>>,
}

// === impl Watch ===

impl Watch {
    pub(crate) fn new(monitor: &Monitor) -> Self {
        Self {
            calls: Calls::default(),
            life: Life::default(),
            set_up: 0,
            monitor: monitor.clone(),
            clock: monitor.clock(),
            database: None,
            pool: None,
            source: None,
            labels: None,
            link: Arc::new(Link::new()),
            check: None,
            held_back: None,
        }
    }

    /// Says which database the connection goes to. Not needed where diesel says it itself, when the
    /// connection is made.
    pub fn database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self.source = None;
        self
    }

    /// Says which database the connection goes to, by the URL it was made with. User and password
    /// in it are not kept.
    pub fn url(self, url: &str) -> Self {
        self.database(url::database_of(url))
    }

    /// Counts the connection's calls as those of a pool.
    pub fn pool(mut self, name: &str) -> Self {
        self.pool = Some(name.into());
        self.source = None;
        self
    }

    /// Says on whose behalf the connection works. It shows in histories, never in metrics.
    pub fn user(mut self, user: &str) -> Self {
        self.set_user(Some(user));
        self
    }

    /// Adds a word to the connection's calls: a route, a job's name.
    pub fn tag(mut self, tag: &str) -> Self {
        self.set_tag(Some(tag));
        self
    }

    /// From the next call on, the connection works on behalf of this user; see
    /// [`watch_of`](crate::watch_of).
    pub fn set_user(&mut self, user: Option<&str>) {
        self.labels = Labels::of(self.labels.as_ref()).with_user(user).shared();
        self.tell();
    }

    /// From the next call on, calls carry this word; see [`watch_of`](crate::watch_of).
    pub fn set_tag(&mut self, tag: Option<&str>) {
        self.labels = Labels::of(self.labels.as_ref()).with_tag(tag).shared();
        self.tell();
    }

    /// From the next call on, calls count for this source. Where the connection itself counts stays
    /// as it is, so that it counts once.
    #[cfg(feature = "pool")]
    pub(crate) fn count_for(&mut self, monitor: &Monitor, source: &Source) {
        self.monitor = monitor.clone();
        self.source = Some(source.apart());
        self.tell();
    }

    /// A connection that a pool has just made.
    #[cfg(feature = "pool")]
    pub(crate) fn made(mut self, source: &Source) -> Self {
        self.life.made(source.clone());
        self.source = Some(source.apart());
        self
    }

    /// A connection of a pool: its calls are the pool's from now on.
    #[cfg(feature = "pool")]
    pub(crate) fn pooled(&mut self, monitor: &Monitor, source: &Source) -> Arc<Link> {
        let is_theirs = self.source.as_ref().is_some_and(|mine| mine.is_same(source));
        if !is_theirs {
            self.count_for(monitor, source);
        }
        if self.life.is_unseen() {
            self.life.made(source.clone());
        }
        self.link.clone()
    }

    /// The connection, for others who see it. They learn of every later change.
    #[cfg(feature = "precise")]
    pub(crate) fn link(&mut self) -> &Arc<Link> {
        self.source();
        self.tell();
        &self.link
    }

    /// Everything it knows, leaving a watch that watches nothing.
    #[cfg(feature = "precise")]
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(&Monitor::off()))
    }

    #[cfg(feature = "precise")]
    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// From now on calls that finish are not told, but kept until [`let_go`](Self::let_go).
    #[cfg(feature = "postgres")]
    pub(crate) fn hold_back(&mut self) {
        self.held_back = Some(Vec::new());
    }

    /// Tells what was held back; of the newest call the rows it has changed are known by now, or that
    /// it has failed after all.
    #[cfg(feature = "postgres")]
    pub(crate) fn let_go(&mut self, result: Result<Option<u64>, ()>) {
        let mut held_back = self.held_back.take().unwrap_or_default();
        if let Some(newest) = held_back.last_mut() {
            match result {
                Ok(Some(rows)) => newest.call.timer.add_affected(rows),
                Ok(None) => {}
                Err(()) => newest.error = newest.error.or(Some(ErrorClass::Other)),
            }
        }
        held_back.into_iter().for_each(|ended| self.ended(ended));
    }

    fn tell(&self) {
        if let Some(source) = &self.source {
            self.link.tell(Told { source: source.clone(), labels: self.labels.clone() });
        }
    }

    pub(crate) fn observe(&mut self, event: &InstrumentationEvent<'_>) {
        if self.monitor.is_off() {
            return;
        }
        #[cfg(feature = "r2d2")]
        if crate::probe::is_on() {
            return;
        }
        match event {
            InstrumentationEvent::StartQuery { query, .. } => self.query_starts(*query),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                self.query_finishes(*query, *error);
            }
            InstrumentationEvent::BeginTransaction { depth, .. } => {
                self.link.transaction.announce(Some(Step::begin(*depth)));
            }
            InstrumentationEvent::CommitTransaction { depth, .. } => {
                self.link.transaction.announce((depth.get() == 1).then_some(Step::Commit));
            }
            InstrumentationEvent::RollbackTransaction { depth, .. } => {
                self.link.transaction.announce((depth.get() == 1).then_some(Step::Rollback));
            }
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                self.database.get_or_insert_with(|| url::database_of(url));
                let source = self.source().clone();
                self.life.connecting(source, &self.clock);
            }
            InstrumentationEvent::FinishEstablishConnection { error, .. } => {
                self.life.connected(error.is_none(), &self.clock);
            }
            // A cached query is one that starts and finishes as well.
            _ => {}
        }
    }

    #[inline]
    fn query_starts(&mut self, query: &dyn DebugQuery) {
        match self.link.take_cover() {
            true => self.calls.overtake(&self.link),
            false => self.started(query),
        }
    }

    #[inline(never)]
    fn started(&mut self, query: &dyn DebugQuery) {
        // What sets a new connection up is a part of making it.
        if self.life.is_connecting() || self.is_set_up(query) {
            return;
        }
        let step = self.link.transaction.take_step();
        self.source();
        let Some(source) = &self.source else { return };
        let Start { hash, shows_binds, statement, sent } = Start::of(query, source, &self.link);
        let Some(statement) = statement else {
            self.check = Some(self.clock.now());
            return;
        };
        self.link.call_begins(statement, || self.clock.now());
        let timer = source.start(statement).detach().on_connection(Some(self.link.number));
        let timer = timer.labelled(self.labels.clone());
        let timer = match sent {
            Some(sent) => timer.sent_as(*sent),
            None => timer,
        };
        self.calls.start(Call::new(hash, timer, step, shows_binds), &self.link);
    }

    /// Whether diesel-async sets a connection up that somebody else made for it, of which it does not tell.
    fn is_set_up(&mut self, query: &dyn DebugQuery) -> bool {
        if self.source.is_some() || !self.life.is_unseen() {
            return false;
        }
        let step = text::of(query, |sql| SET_UP.iter().position(|step| *step == sql));
        let Some(step) = step.and_then(|text| text.made) else { return false };
        // Asked again, it is the application's.
        let is_first = self.set_up & 1 << step == 0;
        self.set_up |= 1 << step;
        is_first
    }

    #[inline]
    fn query_finishes(&mut self, query: &dyn DebugQuery, error: Option<&Error>) {
        // Somebody else records what has ended.
        if self.calls.is_empty() && self.check.is_none() {
            return;
        }
        self.finished(query, error);
    }

    #[inline(never)]
    fn finished(&mut self, query: &dyn DebugQuery, error: Option<&Error>) {
        if let Some(since) = self.check.take() {
            let took = self.clock.now().since(since);
            return self.source().connection_checked(took, error.is_none());
        }
        let call = self.calls.finish(|| match text::of(query, hash) {
            Some(text) => Finished { hash: text.made, shows_binds: text.shows_binds },
            None => Finished { hash: hash(text::UNBUILDABLE), shows_binds: false },
        });
        let Some(call) = call else { return };
        let error = error.and_then(error::class);
        match &mut self.held_back {
            Some(held_back) => held_back.push(Ended { call, error }),
            None => self.ended(Ended { call, error }),
        }
    }

    #[inline(always)]
    fn ended(&mut self, Ended { call: Call { timer, step, .. }, error }: Ended) {
        match error {
            Some(class) => timer.fail(Failure::new(class)),
            None => timer.complete(),
        }
        if let Some(step) = step {
            let source = self.source().clone();
            self.link.transaction.took(step, error.is_none(), &source);
        }
        self.link.call_ends();
    }

    fn source(&mut self) -> &Source {
        self.source.get_or_insert_with(|| {
            let database = self.database.clone().unwrap_or_default();
            let source = match &self.pool {
                Some(name) => self.monitor.pool(name, database),
                None => self.monitor.database(database),
            };
            // Every connection counts references of its own: its calls meet nobody else's.
            source.apart()
        })
    }
}

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        self.observe(&event);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Before the connection counts as closed.
        self.link.transaction.close();
    }
}

// === impl Start ===

impl Start {
    #[inline]
    fn of(query: &dyn DebugQuery, source: &Source, link: &Link) -> Self {
        let start = |sql: &str| {
            let (statement, sent) = match link.is_check(sql) {
                true => (None, KeptText::default()),
                false => (Some(source.statement(sql)), source.kept_text(sql)),
            };
            let sent = sent.says_more().then(|| Box::new(sent));
            Self { hash: hash(sql), shows_binds: false, statement, sent }
        };
        match text::of(query, start) {
            Some(text) => Self { shows_binds: text.shows_binds, ..text.made },
            None => Self {
                hash: hash(text::UNBUILDABLE),
                shows_binds: false,
                statement: Some(source.statement(text::UNBUILDABLE)),
                sent: None,
            },
        }
    }
}

/// Tells texts of one connection apart, no more: it need not be secret.
fn hash(sql: &str) -> u64 {
    rapidhash_v3(sql.as_bytes())
}

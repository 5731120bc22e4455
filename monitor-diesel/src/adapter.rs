//! From diesel's events to what the monitor records.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent};
use diesel::result::Error;
use monitor_core::capture::{Clock, Database, Failure, Labels};
use monitor_core::{KeptText, Monitor, Source};
use rapidhash::v3::rapidhash_v3;

use crate::connection::Life;
use crate::pairing::{Call, Calls, Finished};
use crate::transaction::{Step, Transaction};
use crate::{error, text, url};

/// The statement that stands for queries whose SQL cannot be built. They never reach the database;
/// each is a failed call.
const UNBUILDABLE: &str = "unbuildable query";

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
    transaction: Transaction,
    life: Life,
    monitor: Monitor,
    clock: Clock,
    database: Option<Database>,
    pool: Option<Arc<str>>,
    source: Option<Source>,
    connection: u64,
    labels: Option<Arc<Labels>>,
}

// === impl Watch ===

impl Watch {
    pub(crate) fn new(monitor: &Monitor) -> Self {
        static CONNECTION: AtomicU64 = AtomicU64::new(1);
        Self {
            calls: Calls::default(),
            transaction: Transaction::default(),
            life: Life::default(),
            monitor: monitor.clone(),
            clock: monitor.clock(),
            database: None,
            pool: None,
            source: None,
            connection: CONNECTION.fetch_add(1, Relaxed),
            labels: None,
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
    }

    /// From the next call on, calls carry this word; see [`watch_of`](crate::watch_of).
    pub fn set_tag(&mut self, tag: Option<&str>) {
        self.labels = Labels::of(self.labels.as_ref()).with_tag(tag).shared();
    }

    /// From the next call on, calls count for this source. Where the connection itself counts stays
    /// as it is, so that it counts once.
    #[cfg(feature = "r2d2")]
    pub(crate) fn count_for(&mut self, monitor: &Monitor, source: &Source) {
        self.monitor = monitor.clone();
        self.source = Some(source.apart());
    }

    /// A connection that a pool has just made.
    #[cfg(feature = "r2d2")]
    pub(crate) fn made(mut self, source: &Source) -> Self {
        self.life.made(source.clone());
        self.source = Some(source.apart());
        self
    }

    pub(crate) fn observe(&mut self, event: &InstrumentationEvent<'_>) {
        if self.monitor.is_off() {
            return;
        }
        match event {
            InstrumentationEvent::StartQuery { query, .. } => self.query_starts(*query),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                self.query_finishes(*query, *error);
            }
            InstrumentationEvent::BeginTransaction { depth, .. } => {
                self.transaction.announce(Step::Begin, *depth);
            }
            InstrumentationEvent::CommitTransaction { depth, .. } => {
                self.transaction.announce(Step::Commit, *depth);
            }
            InstrumentationEvent::RollbackTransaction { depth, .. } => {
                self.transaction.announce(Step::Rollback, *depth);
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

    fn query_starts(&mut self, query: &dyn DebugQuery) {
        let step = self.transaction.take_step();
        let (connection, labels) = (self.connection, self.labels.clone());
        let source = self.source();
        let text = text::of(query, |sql| (hash(sql), source.statement(sql), source.kept_text(sql)));
        let shows_binds = text.as_ref().is_some_and(|text| text.shows_binds);
        let (hash, statement, sent) = text.map(|text| text.made).unwrap_or_else(|| {
            (hash(UNBUILDABLE), source.statement(UNBUILDABLE), KeptText::default())
        });
        let timer = source
            .start(statement)
            .detach()
            .on_connection(Some(connection))
            .labelled(labels)
            .sent_as(sent);
        self.calls.start(Call::new(hash, timer, step, shows_binds));
    }

    fn query_finishes(&mut self, query: &dyn DebugQuery, error: Option<&Error>) {
        let call = self.calls.finish(|| match text::of(query, hash) {
            Some(text) => Finished { hash: text.made, shows_binds: text.shows_binds },
            None => Finished { hash: hash(UNBUILDABLE), shows_binds: false },
        });
        let Some(call) = call else { return };
        match error.and_then(error::class) {
            Some(class) => call.timer.fail(Failure::new(class)),
            None => call.timer.complete(),
        }
        if let Some(step) = call.step {
            let source = self.source().clone();
            self.transaction.took(step, error.is_none(), &source);
        }
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

/// Tells texts of one connection apart, no more: it need not be secret.
fn hash(sql: &str) -> u64 {
    rapidhash_v3(sql.as_bytes())
}

//! The calls of one wrapped connection, from their queries to their ends.

use std::any::TypeId;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use diesel::backend::Backend;
use diesel::query_builder::{QueryBuilder, QueryFragment, QueryId};
use diesel::result::Error;
use monitor_core::capture::{Clock, ParameterHasher, System, Tick};
use monitor_core::identify::Kind;
use monitor_core::{CallTimer, KeptText, Source, Statement};
use rapidhash::RapidHashMap;

use super::values;
#[cfg(any(feature = "bb8", feature = "deadpool", feature = "mobc"))]
use crate::link::Checked;
use crate::link::{Link, Told};
use crate::transaction::Step;
use crate::{Watch, error, text};

/// Records the calls of one connection.
pub(crate) struct Recorder {
    link: Arc<Link>,
    clock: Clock,
    told: Told,
    version: u32,
    /// Grows no further than there are types of queries in the program. Locked only by who shares
    /// the connection.
    statements: RwLock<RapidHashMap<TypeId, Statement>>,
}

/// What a call runs.
#[derive(Debug)]
pub(crate) struct Query {
    /// `None` where the call is a pool's own look at the connection.
    statement: Option<Statement>,
    /// Whether the driver's count of affected rows is about this statement.
    tells_rows: bool,
    /// Its text with literals, where such texts are kept and it was built: a query that is known by
    /// its type has none.
    sent: KeptText,
    /// Of its values, in a unit of work. Boxed, as few calls have them.
    values: Option<Box<ParameterHasher>>,
}

/// A call that is running. Dropped, it has been cancelled.
pub(crate) struct Running<'a, L: Deref<Target = Link>> {
    timed: Timed<'a>,
    tells_rows: bool,
    step: Option<Step>,
    link: L,
}

enum Timed<'a> {
    Call(CallTimer<'a>),
    /// Boxed, as the size of a call is felt wherever it is moved.
    Check(Box<Check>),
    Ended,
}

/// A pool's look at the connection, and since when.
struct Check(Source, Clock, Tick);

/// What a call needs to begin later, when its future is polled.
#[cfg(feature = "async")]
pub(crate) struct Prepared {
    query: Query,
    link: Arc<Link>,
    told: Told,
    clock: Clock,
}

/// A call that borrows nothing.
#[cfg(feature = "async")]
pub(crate) type Detached = Running<'static, Arc<Link>>;

/// The type that stands for a query's SQL, if there is one.
///
/// It does where diesel itself keeps a prepared statement by it: it has an id, and this very query
/// says that it may be kept (module documentation of `diesel::connection::statement_cache`). One
/// connection has one backend, so that need not be part of it.
fn type_of<DB, T>(query: &T) -> Option<TypeId>
where
    DB: Backend + Default,
    T: QueryFragment<DB> + QueryId,
{
    let id = T::query_id()?;
    matches!(query.is_safe_to_cache_prepared(&DB::default()), Ok(true)).then_some(id)
}

/// The SQL of a query; `None` where it cannot be built.
pub(super) fn sql_of<DB, T>(query: &T) -> Option<String>
where
    DB: Backend + Default,
    DB::QueryBuilder: Default,
    T: QueryFragment<DB>,
{
    let mut builder = DB::QueryBuilder::default();
    query.to_sql(&mut builder, &DB::default()).ok()?;
    Some(builder.finish())
}

/// Says what a call's values hash to, where that is known.
#[inline]
fn tell(timer: CallTimer<'_>, values: Option<Box<ParameterHasher>>) -> CallTimer<'_> {
    match values {
        Some(known) => timer.with_parameters(|hasher| {
            *hasher = *known;
            true
        }),
        None => timer,
    }
}

// === impl Recorder ===

impl Recorder {
    pub(super) fn beside(watch: &mut Watch) -> Self {
        let link = watch.link().clone();
        let (told, version) = link.told();
        Self { link, clock: watch.clock(), told, version, statements: RwLock::default() }
    }

    /// Records nothing: nobody watches the connection.
    pub(super) fn off() -> Self {
        let link = Arc::new(Link::new());
        let (told, version) = link.told();
        Self { link, clock: Clock::real(), told, version, statements: RwLock::default() }
    }

    #[inline]
    fn listen(&mut self) {
        if self.version != self.link.version() {
            (self.told, self.version) = self.link.told();
        }
    }

    /// What a query runs. Builds its SQL, unless it was built before for the same type of query.
    pub(super) fn query<DB, T>(&mut self, query: &T) -> Query
    where
        DB: Backend + Default + 'static,
        DB::QueryBuilder: Default,
        T: QueryFragment<DB> + QueryId,
    {
        self.listen();
        if self.told.is_off() {
            return Query::none();
        }
        let id = type_of(query);
        let statements = self.statements.get_mut().unwrap_or_else(PoisonError::into_inner);
        let known = id.and_then(|id| statements.get(&id)).copied();
        if let Some(statement) = known.filter(|known| self.told.follows(*known, &self.link)) {
            return self.told.query(statement).with(values::of(query));
        }
        let identified = self.told.identify(sql_of(query).as_deref(), &self.link);
        if let (Some(id), Some(statement)) = (id, identified.statement) {
            statements.insert(id, statement);
        }
        identified.with(values::of(query))
    }

    /// What a text runs.
    pub(super) fn text(&mut self, sql: &str) -> Query {
        self.listen();
        match self.told.is_off() {
            true => Query::none(),
            false => self.told.identify(Some(sql), &self.link).with(values::of_text(sql)),
        }
    }

    /// A call begins: now.
    #[inline]
    pub(super) fn start(&self, query: Query) -> Running<'_, &Link> {
        let Told { source, labels } = &self.told;
        let timed = match query.statement {
            _ if self.told.is_off() => Timed::Ended,
            Some(statement) => {
                self.link.call_begins(statement, || self.clock.now());
                let timer = source.start(statement).on_connection(Some(self.link.number));
                let timer = timer.labelled(labels.clone()).sent_as(query.sent);
                Timed::Call(tell(timer, query.values))
            }
            None => Timed::check(source.clone(), self.clock.clone()),
        };
        Running { timed, tells_rows: query.tells_rows, step: None, link: &self.link }
    }

    /// The pool looks whether the connection works.
    #[cfg(feature = "r2d2")]
    pub(super) fn check(&mut self) -> Running<'_, &Link> {
        self.listen();
        self.start(Query::none())
    }
}

/// Calls that begin when their future is polled.
#[cfg(feature = "async")]
impl Recorder {
    pub(super) fn prepare(&self, query: Query) -> Prepared {
        self.prepared(query, self.told.clone())
    }

    fn prepared(&self, query: Query, told: Told) -> Prepared {
        Prepared { query, link: self.link.clone(), told, clock: self.clock.clone() }
    }

    /// While the guard lives, what the connection runs is its pool's own look at it.
    #[cfg(any(feature = "bb8", feature = "deadpool", feature = "mobc"))]
    pub(super) fn checking(&self) -> Checked {
        self.link.checking()
    }
}

/// Calls of who shares the connection with others.
#[cfg(feature = "async-postgres")]
impl Recorder {
    /// A query of who shares the connection.
    pub(super) fn prepare_shared<DB, T>(&self, query: &T) -> Prepared
    where
        DB: Backend + Default + 'static,
        DB::QueryBuilder: Default,
        T: QueryFragment<DB> + QueryId,
    {
        let told = self.listen_shared();
        if told.is_off() {
            return self.prepared(Query::none(), told);
        }
        let id = type_of(query);
        let known = id.and_then(|id| {
            self.statements.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
        });
        if let Some(statement) = known.filter(|known| told.follows(*known, &self.link)) {
            return self.prepared(told.query(statement).with(values::of(query)), told);
        }
        let identified = told.identify(sql_of(query).as_deref(), &self.link);
        if let (Some(id), Some(statement)) = (id, identified.statement) {
            let mut statements = self.statements.write().unwrap_or_else(PoisonError::into_inner);
            statements.insert(id, statement);
        }
        self.prepared(identified.with(values::of(query)), told)
    }

    /// A text of who shares the connection.
    pub(super) fn prepare_shared_text(&self, sql: &str) -> Prepared {
        let told = self.listen_shared();
        let query = match told.is_off() {
            true => Query::none(),
            false => told.identify(Some(sql), &self.link).with(values::of_text(sql)),
        };
        self.prepared(query, told)
    }

    fn listen_shared(&self) -> Told {
        match self.version == self.link.version() {
            true => self.told.clone(),
            false => self.link.told().0,
        }
    }
}

// === impl Told ===

impl Told {
    #[inline]
    fn is_off(&self) -> bool {
        self.source.is_off()
    }

    /// Whether a statement that was identified before is what a query of its type runs.
    #[inline]
    fn follows(&self, statement: Statement, link: &Link) -> bool {
        // A pool's own look is told from a call by its text.
        self.source.follows(statement) && !link.may_be_check()
    }

    fn identify(&self, sql: Option<&str>, link: &Link) -> Query {
        match sql {
            Some(sql) if link.is_check(sql) => Query::none(),
            Some(sql) => {
                Query { sent: self.source.kept_text(sql), ..self.query(self.source.statement(sql)) }
            }
            None => self.query(self.source.statement(text::UNBUILDABLE)),
        }
    }

    #[inline]
    fn query(&self, statement: Statement) -> Query {
        let system = self.source.database().map(|database| database.system);
        // PostgreSQL counts for every statement. SQLite and MySQL leave what the last write has
        // changed standing, or say nothing of use, where a statement changes no rows.
        let tells_rows =
            system == Some(System::PostgreSql) || statement.kind().is_some_and(Kind::is_write);
        Query { statement: Some(statement), tells_rows, sent: KeptText::default(), values: None }
    }
}

// === impl Query ===

impl Query {
    /// Nothing that counts as a call.
    fn none() -> Self {
        Self { statement: None, tells_rows: false, sent: KeptText::default(), values: None }
    }

    fn with(self, values: Option<Box<ParameterHasher>>) -> Self {
        Self { values, ..self }
    }
}

// === impl Prepared ===

#[cfg(feature = "async")]
impl Prepared {
    /// Does what diesel tells our instrumentation of, which thereby leaves it to us.
    pub(super) fn covering<T>(&self, work: impl FnOnce() -> T) -> T {
        self.link.covering(work)
    }

    /// The same for who shares the connection.
    #[cfg(feature = "async-postgres")]
    pub(super) fn covering_one<T>(&self, work: impl FnOnce() -> T) -> T {
        self.link.cover_one();
        work()
    }

    pub(super) fn start(self) -> Detached {
        let Self { query, link, told, clock } = self;
        let Told { source, labels } = told;
        let timed = match query.statement {
            _ if source.is_off() => Timed::Ended,
            Some(statement) => {
                link.call_begins(statement, || clock.now());
                let timer = source.start(statement).detach();
                let timer = timer.on_connection(Some(link.number)).labelled(labels);
                Timed::Call(tell(timer.sent_as(query.sent), query.values))
            }
            None => Timed::check(source, clock),
        };
        Running { timed, tells_rows: query.tells_rows, step: None, link }
    }
}

// === impl Timed ===

impl Timed<'_> {
    #[cold]
    fn check(source: Source, clock: Clock) -> Self {
        let now = clock.now();
        Self::Check(Box::new(Check(source, clock, now)))
    }
}

// === impl Running ===

impl<L: Deref<Target = Link>> Running<'_, L> {
    /// Does what diesel tells our instrumentation of, which thereby leaves it to us.
    #[inline]
    pub(super) fn covering<T>(&self, work: impl FnOnce() -> T) -> T {
        self.link.covering(work)
    }

    /// The same for what diesel tells of as it is polled, which is now.
    #[cfg(feature = "async")]
    pub(super) async fn covering_poll<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut is_told = false;
        std::future::poll_fn(|cx| match std::mem::replace(&mut is_told, true) {
            false => {
                self.link.cover_one();
                work.as_mut().poll(cx)
            }
            true => work.as_mut().poll(cx),
        })
        .await
    }

    /// The call does to a transaction what diesel has announced.
    pub(super) fn taking_step(mut self) -> Self {
        self.step = self.link.transaction.take_step();
        self
    }

    /// A row was handed to the caller: time is the caller's own until the next is asked for.
    #[inline]
    pub(super) fn row(&mut self) {
        match &mut self.timed {
            Timed::Call(timer) => {
                timer.add_returned(1);
                timer.wait_ends();
            }
            // An answer is all a pool wants to know.
            Timed::Check(..) => self.ends(None),
            Timed::Ended => {}
        }
    }

    /// The caller wants the next row.
    #[inline]
    pub(super) fn wants_row(&mut self) {
        if let Timed::Call(timer) = &mut self.timed {
            timer.wait_begins();
        }
    }

    /// The database has answered, and nothing is asked of it for now.
    #[cfg(feature = "async")]
    pub(super) fn answered(&mut self) {
        if let Timed::Call(timer) = &mut self.timed {
            timer.add_returned(0);
            timer.wait_ends();
        }
    }

    /// It has ended with so many rows, all of them handed over.
    #[inline]
    pub(super) fn rows(mut self, rows: usize) {
        if let Timed::Call(timer) = &mut self.timed {
            timer.add_returned(rows as u64);
        }
        self.end(None);
    }

    /// It has ended, and the driver says how many rows it has affected.
    #[inline]
    pub(super) fn affected(mut self, result: &Result<usize, Error>) {
        if let (Timed::Call(timer), Ok(rows), true) = (&mut self.timed, result, self.tells_rows) {
            timer.add_affected(*rows as u64);
        }
        self.end(result.as_ref().err());
    }

    /// It has ended.
    #[inline]
    pub(super) fn end(mut self, error: Option<&Error>) {
        self.ends(error);
    }

    fn ends(&mut self, error: Option<&Error>) {
        if let Some(step) = self.step.take() {
            let (Told { source, .. }, _) = self.link.told();
            self.link.transaction.took(step, error.is_none(), &source);
        }
        match std::mem::replace(&mut self.timed, Timed::Ended) {
            Timed::Call(timer) => {
                self.link.call_ends();
                error::end(timer, error);
            }
            Timed::Check(check) => {
                let Check(source, clock, since) = *check;
                source.connection_checked(clock.now().since(since), error.is_none());
            }
            Timed::Ended => {}
        }
    }

    /// Whether its reader has what was asked for, and may stop here of its own will.
    fn is_read(&self) -> bool {
        matches!(&self.timed, Timed::Call(timer) if !timer.is_waiting())
    }
}

impl<L: Deref<Target = Link>> Drop for Running<'_, L> {
    fn drop(&mut self) {
        if self.is_read() {
            return self.ends(None);
        }
        if let Timed::Call(timer) = std::mem::replace(&mut self.timed, Timed::Ended) {
            self.link.call_ends();
            // It records itself as cancelled.
            drop(timer);
        }
    }
}

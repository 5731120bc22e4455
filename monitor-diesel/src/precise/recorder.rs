//! The calls of one wrapped connection, from their queries to their ends.

use std::any::TypeId;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use diesel::backend::Backend;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::Error;
use monitor_core::capture::{Clock, Tick};
use monitor_core::{CallTimer, Source};
use rapidhash::RapidHashMap;

use super::query::{Known, More, Query, sql_of, type_of};
use super::values;
#[cfg(any(feature = "bb8", feature = "deadpool", feature = "mobc"))]
use crate::link::Checked;
use crate::link::{Link, Told};
use crate::transaction::Step;
use crate::{Watch, error};

/// Records the calls of one connection.
pub(super) struct Recorder {
    link: Arc<Link>,
    clock: Clock,
    told: Told,
    version: u32,
    /// Grows no further than there are types of queries in the program. Locked only by who shares
    /// the connection.
    known: RwLock<RapidHashMap<TypeId, Known>>,
}

/// A call that is running. Dropped, it has been cancelled.
pub(super) struct Running<'a, L: Deref<Target = Link>> {
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
pub(super) struct Prepared {
    query: Query,
    link: Arc<Link>,
    told: Told,
    clock: Clock,
}

/// A call that borrows nothing.
#[cfg(feature = "async")]
pub(super) type Detached = Running<'static, Arc<Link>>;

// === impl Recorder ===

impl Recorder {
    pub(super) fn beside(watch: &mut Watch) -> Self {
        let link = watch.link().clone();
        let (told, version) = link.told();
        Self { link, clock: watch.clock(), told, version, known: RwLock::default() }
    }

    /// Records nothing: nobody watches the connection.
    pub(super) fn off() -> Self {
        let link = Arc::new(Link::new());
        let (told, version) = link.told();
        Self { link, clock: Clock::real(), told, version, known: RwLock::default() }
    }

    #[inline(always)]
    fn listen(&mut self) {
        if self.version != self.link.version() {
            self.listen_again();
        }
    }

    #[cold]
    fn listen_again(&mut self) {
        (self.told, self.version) = self.link.told();
    }

    /// What a query runs. Builds its SQL, unless it was built before for the same type of query.
    #[inline]
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
        let all_known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
        let known = id.and_then(|id| all_known.get(&id)).copied();
        let run = match known.filter(|known| self.told.follows(*known, &self.link)) {
            Some(known) => Query::of(known),
            None => {
                let run = self.told.identify(sql_of(query).as_deref(), &self.link);
                if let (Some(id), Some(known)) = (id, run.known) {
                    all_known.insert(id, known);
                }
                run
            }
        };
        run.with(values::of(query))
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
    #[inline(always)]
    pub(super) fn start(&self, query: Query) -> Running<'_, &Link> {
        let Told { source, labels } = &self.told;
        let timed = match query.known {
            Some(Known { statement, .. }) => {
                self.link.call_begins(statement, || self.clock.now());
                let timer = source.start(statement).on_connection(Some(self.link.number));
                Timed::Call(More::tell(query.more, timer.labelled(labels.clone())))
            }
            None if source.is_off() => Timed::Ended,
            None => Timed::check(source.clone(), self.clock.clone()),
        };
        let tells_rows = query.known.is_some_and(|known| known.tells_rows);
        Running { timed, tells_rows, step: None, link: &self.link }
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
            self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
        });
        let run = match known.filter(|known| told.follows(*known, &self.link)) {
            Some(known) => Query::of(known),
            None => {
                let run = told.identify(sql_of(query).as_deref(), &self.link);
                if let (Some(id), Some(known)) = (id, run.known) {
                    self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, known);
                }
                run
            }
        };
        self.prepared(run.with(values::of(query)), told)
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
        let timed = match query.known {
            Some(Known { statement, .. }) => {
                link.call_begins(statement, || clock.now());
                let timer = source.start(statement).detach();
                let timer = timer.on_connection(Some(link.number)).labelled(labels);
                Timed::Call(More::tell(query.more, timer))
            }
            None if source.is_off() => Timed::Ended,
            None => Timed::check(source, clock),
        };
        let tells_rows = query.known.is_some_and(|known| known.tells_rows);
        Running { timed, tells_rows, step: None, link }
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

    #[inline]
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
            Timed::Check(check) => check.ends(error.is_none()),
            Timed::Ended => {}
        }
    }
}

impl<L: Deref<Target = Link>> Drop for Running<'_, L> {
    #[inline]
    fn drop(&mut self) {
        match std::mem::replace(&mut self.timed, Timed::Ended) {
            Timed::Call(timer) => {
                self.link.call_ends();
                match timer.is_waiting() {
                    // It records itself as cancelled.
                    true => drop(timer),
                    false => timer.let_go(),
                }
            }
            // Nobody knows how the check went.
            Timed::Check(_) | Timed::Ended => {}
        }
    }
}

// === impl Check ===

impl Check {
    #[cold]
    #[expect(clippy::boxed_local, reason = "as a box it is one word")]
    fn ends(self: Box<Self>, well: bool) {
        let Self(source, clock, since) = *self;
        source.connection_checked(clock.now().since(since), well);
    }
}

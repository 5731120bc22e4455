//! The pool: what a service uses in place of sqlx's.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::AbortHandle;
use monitor_core::capture::{CallSite, PoolLevels, ProbeEnd, ProbePace};
use monitor_core::{Monitor, Source};
use sqlx::pool::{CloseEvent, PoolOptions};
use sqlx::{Connection, Error, Pool, SqlSafeStr, SqlStr};

use crate::checkout::{take, try_take};
use crate::database::MonitoredDatabase;
use crate::growth::Growth;
use crate::options::PoolBuilder;
use crate::pool_connection::MonitoredPoolConnection;
use crate::probe;
use crate::transaction::MonitoredTransaction;
use crate::watch::{Watch, call_site};

/// A pool whose queries, checkouts and transactions the monitor sees.
///
/// Used like [`sqlx::Pool`]: `&pool` is an executor, [`acquire`](Self::acquire) and
/// [`begin`](Self::begin) give connections and transactions that are watched as well. Cheap to
/// clone; all clones are one pool.
///
/// A query straight on the pool counts as a checkout and a call: the wait for a connection is the
/// checkout's, what comes after is the call's.
///
/// A query straight on it costs what a call and a checkout cost to count, and one box for its future
/// in place of sqlx's own; there is no task or thread per pool, unless
/// [`PoolBuilder::probe`] asks for one.
pub struct MonitoredPool<DB: MonitoredDatabase> {
    shared: Arc<Shared<DB>>,
    pub(crate) watch: Arc<Watch>,
}

/// What all clones have in common. sqlx has no weak handle on a pool, so this stands in for one.
pub(crate) struct Shared<DB: MonitoredDatabase> {
    pool: Pool<DB>,
    growth: Growth,
    /// Connections that a probe holds are idle to everybody else.
    probing: probe::Held,
    /// Ends the task that probes, together with the last clone.
    prober: OnceLock<AbortHandle>,
}

type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

// === impl MonitoredPool ===

impl<DB: MonitoredDatabase> MonitoredPool<DB> {
    /// Wraps a pool. It is called after its database's address; see [`builder`](Self::builder) for
    /// a name of its own.
    ///
    /// The pool stays what it was: its limits, hooks and log settings are untouched, and queries
    /// on other handles of it run as before, unseen.
    #[must_use]
    pub fn new(pool: Pool<DB>, monitor: &Monitor) -> Self {
        Self::builder(pool).build(monitor)
    }

    /// Wraps a pool with a name, or with words that its calls carry.
    pub fn builder(pool: Pool<DB>) -> PoolBuilder<DB> {
        PoolBuilder::of(pool)
    }

    pub(crate) fn around(
        pool: Pool<DB>,
        source: Source,
        monitor: &Monitor,
        growth: Growth,
    ) -> Self {
        let growth = growth.watched_by(&source, &pool);
        // Wrapped twice, a pool is still one: its options lie in one place.
        let which = std::ptr::from_ref(pool.options()).addr();
        let (probing, prober) = (probe::Held::default(), OnceLock::new());
        let shared = Arc::new(Shared { pool, growth, probing, prober });
        let weak = Arc::downgrade(&shared);
        source.watch_levels_of(which, move || weak.upgrade().map(|shared| shared.levels()));
        Self { shared, watch: Arc::new(Watch::new(source, monitor)) }
    }

    pub(crate) fn growth(&self) -> &Growth {
        &self.shared.growth
    }

    pub(crate) fn start_probing(&self, every: Duration) {
        let source = self.watch.source.clone();
        self.shared.prober.get_or_init(|| {
            probe::start(Arc::downgrade(&self.shared), source, ProbePace::new(every))
        });
    }

    /// The same pool for one user (or tenant): calls through it carry the name.
    ///
    /// Users show in the histories of slow and recent calls, never in metrics.
    #[must_use]
    pub fn for_user(&self, user: impl AsRef<str>) -> Self {
        let mut pool = self.clone();
        Arc::make_mut(&mut pool.watch).set_user(user.as_ref());
        pool
    }

    /// The same pool for one purpose, such as `GET /orders` or a job's name: calls through it carry
    /// the word. The SQL is not touched, so prepared statements stay cached.
    #[must_use]
    pub fn tagged(&self, tag: impl AsRef<str>) -> Self {
        let mut pool = self.clone();
        Arc::make_mut(&mut pool.watch).set_tag(tag.as_ref());
        pool
    }

    /// The same pool for this line: calls through it name the line where this was called.
    ///
    /// `query.fetch_all(&pool)` reaches us from inside sqlx, so the line it stands on is not known;
    /// `query.fetch_all(&pool.here())` tells it. `acquire`, `begin` and calls such as
    /// `pool.fetch_all("...")` know their line without it.
    #[must_use]
    #[track_caller]
    pub fn here(&self) -> Self {
        let mut pool = self.clone();
        Arc::make_mut(&mut pool.watch).call_site = Some(Location::caller().into());
        pool
    }

    /// Takes a connection.
    ///
    /// The wait is counted from the first poll, and also when it ends without a connection: at the
    /// pool's time limit, with an error, or because the caller went away.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Pool::acquire`].
    #[track_caller]
    pub fn acquire(
        &self,
    ) -> impl Future<Output = Result<MonitoredPoolConnection<DB>, Error>> + Send + use<DB> {
        let site = call_site(Location::caller());
        let pool = self.clone();
        async move {
            let lent = take!(&pool, site)?;
            Ok(MonitoredPoolConnection::lent(lent, &pool))
        }
    }

    /// Takes a connection if one is idle, without waiting.
    #[must_use]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<MonitoredPoolConnection<DB>> {
        let lent = try_take(self, call_site(Location::caller()))?;
        Some(MonitoredPoolConnection::lent(lent, self))
    }

    /// Takes a connection and begins a transaction on it. The two are counted apart.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Pool::begin`].
    #[track_caller]
    pub fn begin(
        &self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'static, DB>, Error>> + Send + use<DB>
    {
        let (connection, site) = (self.acquire(), call_site(Location::caller()));
        async move { MonitoredTransaction::begin_on(connection.await?, None, site).await }
    }

    /// [`begin`](Self::begin) with a statement of its own, such as
    /// `BEGIN ISOLATION LEVEL SERIALIZABLE`.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Pool::begin_with`].
    #[track_caller]
    pub fn begin_with<S: SqlSafeStr>(
        &self,
        statement: S,
    ) -> impl Future<Output = Result<MonitoredTransaction<'static, DB>, Error>> + Send + use<DB, S>
    {
        let (connection, site) = (self.acquire(), call_site(Location::caller()));
        let statement = Some(statement.into_sql_str());
        async move { MonitoredTransaction::begin_on(connection.await?, statement, site).await }
    }

    /// Begins a transaction if a connection is idle, without waiting for one.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Pool::try_begin`].
    #[track_caller]
    pub fn try_begin(
        &self,
    ) -> impl Future<Output = Result<Option<MonitoredTransaction<'static, DB>>, Error>> + Send + use<DB>
    {
        self.try_begin_on(None, call_site(Location::caller()))
    }

    /// [`try_begin`](Self::try_begin) with a statement of its own.
    ///
    /// # Errors
    ///
    /// Those of [`sqlx::Pool::try_begin_with`].
    #[track_caller]
    pub fn try_begin_with<S: SqlSafeStr>(
        &self,
        statement: S,
    ) -> impl Future<Output = Result<Option<MonitoredTransaction<'static, DB>>, Error>> + Send + use<DB, S>
    {
        self.try_begin_on(Some(statement.into_sql_str()), call_site(Location::caller()))
    }

    fn try_begin_on(
        &self,
        statement: Option<SqlStr>,
        site: Option<CallSite>,
    ) -> impl Future<Output = Result<Option<MonitoredTransaction<'static, DB>>, Error>> + Send + use<DB>
    {
        let lent = try_take(self, site);
        let connection = lent.map(|lent| MonitoredPoolConnection::lent(lent, self));
        async move {
            match connection {
                Some(connection) => {
                    MonitoredTransaction::begin_on(connection, statement, site).await.map(Some)
                }
                None => Ok(None),
            }
        }
    }

    /// Asks the database whether it is there, and tells the monitor; nobody else's numbers move.
    ///
    /// Pings an idle connection. Where there is none, or that one is dead, it makes a connection of
    /// its own beside the pool and closes it again. Where all connections are out it asks
    /// nobody: it never waits for the pool, and [`Busy`](ProbeEnd::Busy) says nothing about the
    /// database. No answer within 3 s is a failure.
    ///
    /// A caller that needs the very connection meanwhile waits for the ping. The pool's
    /// `after_release` hook sees the connection come back.
    pub async fn probe(&self) -> ProbeEnd {
        probe::ask(self.inner(), &self.shared.probing, &self.watch.source).await
    }

    /// Closes the pool; see [`sqlx::Pool::close`].
    pub fn close(&self) -> impl Future<Output = ()> + Send + '_ {
        self.inner().close()
    }

    /// Whether the pool is closed, or closing.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner().is_closed()
    }

    /// A future that is ready once the pool is closed.
    #[must_use]
    pub fn close_event(&self) -> CloseEvent {
        self.inner().close_event()
    }

    /// Connections that exist.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.inner().size()
    }

    /// Connections that exist and are not lent out.
    #[must_use]
    pub fn num_idle(&self) -> usize {
        self.inner().num_idle()
    }

    /// The options the pool was made with.
    #[must_use]
    pub fn options(&self) -> &PoolOptions<DB> {
        self.inner().options()
    }

    /// The options new connections are made with. They hold the password.
    #[must_use]
    pub fn connect_options(&self) -> Arc<Options<DB>> {
        self.inner().connect_options()
    }

    /// Changes the options new connections are made with, a renewed password for instance.
    ///
    /// Calls go on being counted for the database the pool had when it was wrapped.
    pub fn set_connect_options(&self, options: Options<DB>) {
        self.inner().set_connect_options(options);
    }

    /// The name under which the monitor counts this pool; empty if the monitor is off.
    #[must_use]
    pub fn name(&self) -> &str {
        self.watch.source.name()
    }

    /// sqlx's own pool, for what needs one: `PgListener`, COPY, an ORM.
    ///
    /// Nothing that runs on it is seen, except by the [tracing layer](crate::layer), if that is
    /// installed.
    #[must_use]
    pub fn inner(&self) -> &Pool<DB> {
        &self.shared.pool
    }
}

impl<DB: MonitoredDatabase> Clone for MonitoredPool<DB> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), watch: self.watch.clone() }
    }
}

/// Shows name and levels. Connect options hold a password and stay out.
impl<DB: MonitoredDatabase> fmt::Debug for MonitoredPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredPool")
            .field("name", &self.name())
            .field("size", &self.size())
            .field("num_idle", &self.num_idle())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

// === impl Shared ===

impl<DB: MonitoredDatabase> Shared<DB> {
    /// What a probe needs; it must not keep the rest alive.
    pub(crate) fn to_probe(&self) -> (Pool<DB>, probe::Held) {
        (self.pool.clone(), self.probing.clone())
    }

    fn levels(&self) -> PoolLevels {
        let options = self.pool.options();
        let size = self.pool.size();
        self.growth.look(size);
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        PoolLevels {
            size,
            idle: idle.saturating_add(self.probing.count()).min(size),
            max: Some(options.get_max_connections()),
            min: Some(options.get_min_connections()),
            overflow: 0,
        }
    }
}

impl<DB: MonitoredDatabase> Drop for Shared<DB> {
    fn drop(&mut self) {
        if let Some(prober) = self.prober.get() {
            prober.abort();
        }
    }
}

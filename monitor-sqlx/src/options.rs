//! What a wrapped pool can be told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use log::LevelFilter;
use monitor_core::Monitor;
use monitor_core::capture::{Database, Labels};
use sqlx::pool::{PoolConnectionMetadata, PoolOptions};
use sqlx::{Connection, Error, Pool};

use crate::comment;
use crate::database::MonitoredDatabase;
use crate::growth::Growth;
use crate::mark::Marked;
use crate::pool::MonitoredPool;

/// Settings of a [`MonitoredPool`]; see [`MonitoredPool::builder`].
///
/// What it is made of decides how it ends: around a pool that exists by [`build`](Self::build), from
/// [options](MonitoredPoolOptions) of a pool to be by `connect` and its like.
#[must_use = "a builder does nothing until `build` or `connect` is called"]
pub struct PoolBuilder<DB: MonitoredDatabase, P = Pool<DB>> {
    pool: P,
    name: Option<String>,
    database: Option<Database>,
    labels: Labels,
    probe: Option<Duration>,
    comment: Vec<(String, String)>,
    cache_capacity: Option<usize>,
    _of: std::marker::PhantomData<fn() -> DB>,
}

/// Options of a pool that is watched from its first connection on; stands in for
/// [`sqlx::pool::PoolOptions`].
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use monitor_sqlx::MonitoredPoolOptions;
///
/// let monitor = monitor_core::Monitor::builder().build()?;
/// let pool = MonitoredPoolOptions::<sqlx::Sqlite>::new()
///     .max_connections(5)
///     .after_connect(|connection, _| {
///         Box::pin(async move {
///             sqlx::query("PRAGMA cache_size = 5000").execute(connection).await.map(drop)
///         })
///     })
///     .name("shop")
///     .connect(&monitor, "sqlite::memory:")
///     .await?;
///
/// assert_eq!(monitor.snapshot().sources[0].connections.created, 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
///
/// Around a pool that exists, only connections are counted that a caller of the wrapped pool waited
/// for. Here every one is, by a hook of ours that runs behind the application's. How long one took is
/// known where a caller of the wrapped pool waited for it.
pub type MonitoredPoolOptions<DB> = PoolBuilder<DB, NewPool<DB>>;

/// The pool that [`MonitoredPoolOptions`] are for.
pub struct NewPool<DB: MonitoredDatabase> {
    options: PoolOptions<DB>,
    after_connect: Hook<DB>,
    /// A hook of the options themselves is not ours to replace.
    keeps_hook: bool,
}

/// Statements that sqlx keeps prepared on a connection, unless it is told otherwise.
const SQLX_KEEPS: usize = 100;

type Hook<DB> = Option<
    Arc<
        dyn for<'c> Fn(
                &'c mut <DB as sqlx::Database>::Connection,
                PoolConnectionMetadata,
            ) -> BoxFuture<'c, Result<(), Error>>
            + Send
            + Sync,
    >,
>;

type ConnectOptions<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

// === impl PoolBuilder ===

impl<DB: MonitoredDatabase, P> PoolBuilder<DB, P> {
    pub(crate) fn of(pool: P) -> Self {
        Self {
            pool,
            name: None,
            database: None,
            labels: Labels::default(),
            probe: None,
            comment: Vec::new(),
            cache_capacity: None,
            _of: std::marker::PhantomData,
        }
    }

    /// The pool's name in pages, metrics and alerts. Default: the database's address.
    ///
    /// Pools of the same name and database are counted as one.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which database this is. Default: what the connect options say, without the password.
    ///
    /// For what they cannot know: MariaDB, a proxy in between, a customer's name in the file's.
    pub fn database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    /// The user that calls carry which are not [`for_user`](MonitoredPool::for_user) of another.
    pub fn user(mut self, user: impl AsRef<str>) -> Self {
        self.labels = self.labels.with_user(Some(user.as_ref()));
        self
    }

    /// The tag that calls carry which are not [`tagged`](MonitoredPool::tagged) otherwise.
    pub fn tag(mut self, tag: impl AsRef<str>) -> Self {
        self.labels = self.labels.with_tag(Some(tag.as_ref()));
        self
    }

    /// Asks the database every so often whether it is there, so that
    /// [`Monitor::health`](monitor_core::Monitor::health) knows also while nobody calls. Off by
    /// default.
    ///
    /// A task asks as [`MonitoredPool::probe`] does: at once, then at this interval, which is kept
    /// between 100 ms and a minute; 10 s is a good choice. After a failure it waits twice as long
    /// each time, up to a minute. It ends when the pool is closed, or when the last clone of the
    /// wrapped pool is dropped.
    pub fn probe(mut self, every: Duration) -> Self {
        self.probe = Some(every);
        self
    }

    /// Ends every text that is sent with a word of the application, as sqlcommenter writes it:
    /// `/*application='shop'*/`. The database's own logs and statistics then tell who asked. Off by
    /// default.
    ///
    /// What is told is the same for the whole life of the pool, so prepared statements stay cached:
    /// that is why there is no tag here that differs from call to call. The monitor counts statements
    /// without it. Costs a copy of the text for every call.
    pub fn comment(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.comment.push((key.into(), value.into()));
        self
    }

    /// How many statements a connection keeps prepared, where the monitor cannot know: on SQLite, whose
    /// options do not tell. Default there: 100, as is sqlx's; 0 says that nothing is kept.
    ///
    /// Changes nothing about the connections: say it if you told sqlx.
    pub fn statement_cache_capacity(mut self, capacity: usize) -> Self {
        self.cache_capacity = Some(capacity);
        self
    }

    fn around(self, monitor: &Monitor, pool: Pool<DB>, growth: Growth) -> MonitoredPool<DB> {
        let database = self.database.unwrap_or_else(|| DB::identify(&pool.connect_options()));
        let source = match &self.name {
            Some(name) => monitor.pool(name, database),
            None => monitor.unnamed_pool(database),
        };
        let capacity = self.cache_capacity.or_else(|| DB::cache_capacity(&pool.connect_options()));
        let mut pool = MonitoredPool::around(pool, source, monitor, growth);
        if let Some(every) = self.probe.filter(|_| !monitor.is_off()) {
            pool.start_probing(every);
        }
        let watch = Arc::make_mut(&mut pool.watch);
        watch.labels = self.labels.shared();
        watch.comment = comment::of(self.comment);
        watch.cache_capacity = capacity.unwrap_or(SQLX_KEEPS);
        pool
    }
}

impl<DB: MonitoredDatabase> PoolBuilder<DB> {
    /// Asks the server which it is, on a connection of the pool, and tells
    /// [`database`](Self::database): MariaDB speaks MySQL's protocol, and only its version tells.
    ///
    /// Changes nothing on other databases, and asks nothing where the database was told.
    ///
    /// # Errors
    ///
    /// When there is no connection, or it gives no answer.
    pub async fn detect(mut self) -> Result<Self, Error> {
        self.database = known::<DB>(self.database, &self.pool).await?;
        Ok(self)
    }

    /// Wraps the pool.
    ///
    /// # Panics
    ///
    /// With [`probe`](Self::probe), outside of an async runtime: as sqlx does when it makes a pool.
    pub fn build(mut self, monitor: &Monitor) -> MonitoredPool<DB> {
        let pool = self.pool.clone();
        self.probe = self.probe.filter(|_| !monitor.is_off());
        self.around(monitor, pool, Growth::default())
    }
}

impl<DB: MonitoredDatabase, P: Clone> Clone for PoolBuilder<DB, P> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            name: self.name.clone(),
            database: self.database.clone(),
            labels: self.labels.clone(),
            comment: self.comment.clone(),
            ..*self
        }
    }
}

/// Which database the pool leads to, where the options cannot tell and the server can.
async fn known<DB: MonitoredDatabase>(
    told: Option<Database>,
    pool: &Pool<DB>,
) -> Result<Option<Database>, Error> {
    if told.is_some() || !DB::ASKS_SYSTEM {
        return Ok(told);
    }
    let database = DB::identify(&pool.connect_options());
    let ask = async {
        let mut asked = pool.acquire().await?;
        let system = DB::system(&mut asked).await?;
        // Back before anybody wants it, or the pool makes another one.
        asked.return_to_pool().await;
        Ok(Some(Database { system, ..database }))
    };
    // The layer leaves it out.
    Marked::new(Box::pin(ask), DB::OWN_THREADS).await
}

impl<DB: MonitoredDatabase> MonitoredPoolOptions<DB> {
    /// sqlx's defaults.
    pub fn new() -> Self {
        let options = PoolOptions::new();
        Self::of(NewPool { options, after_connect: None, keeps_hook: false })
    }

    /// See [`PoolOptions::max_connections`].
    pub fn max_connections(self, max: u32) -> Self {
        self.map(|options| options.max_connections(max))
    }

    /// See [`PoolOptions::min_connections`].
    pub fn min_connections(self, min: u32) -> Self {
        self.map(|options| options.min_connections(min))
    }

    /// See [`PoolOptions::acquire_timeout`].
    pub fn acquire_timeout(self, timeout: Duration) -> Self {
        self.map(|options| options.acquire_timeout(timeout))
    }

    /// See [`PoolOptions::idle_timeout`].
    pub fn idle_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        self.map(|options| options.idle_timeout(timeout))
    }

    /// See [`PoolOptions::max_lifetime`].
    pub fn max_lifetime(self, lifetime: impl Into<Option<Duration>>) -> Self {
        self.map(|options| options.max_lifetime(lifetime))
    }

    /// See [`PoolOptions::test_before_acquire`].
    pub fn test_before_acquire(self, test: bool) -> Self {
        self.map(|options| options.test_before_acquire(test))
    }

    /// See [`PoolOptions::acquire_slow_threshold`].
    pub fn acquire_slow_threshold(self, threshold: Duration) -> Self {
        self.map(|options| options.acquire_slow_threshold(threshold))
    }

    /// See [`PoolOptions::acquire_time_level`].
    pub fn acquire_time_level(self, level: LevelFilter) -> Self {
        self.map(|options| options.acquire_time_level(level))
    }

    /// See [`PoolOptions::acquire_slow_level`].
    pub fn acquire_slow_level(self, level: LevelFilter) -> Self {
        self.map(|options| options.acquire_slow_level(level))
    }

    /// The pool that the new one shares its places with; sqlx keeps it for its own tests.
    #[doc(hidden)]
    pub fn parent(self, pool: Pool<DB>) -> Self {
        self.map(|options| options.parent(pool))
    }

    /// See [`PoolOptions::after_connect`]. Ours, which counts, runs behind it.
    pub fn after_connect<F>(mut self, hook: F) -> Self
    where
        for<'c> F: Fn(&'c mut DB::Connection, PoolConnectionMetadata) -> BoxFuture<'c, Result<(), Error>>
            + 'static
            + Send
            + Sync,
    {
        self.pool.after_connect = Some(Arc::new(hook));
        self.pool.keeps_hook = false;
        self
    }

    /// See [`PoolOptions::before_acquire`].
    pub fn before_acquire<F>(self, hook: F) -> Self
    where
        for<'c> F: Fn(&'c mut DB::Connection, PoolConnectionMetadata) -> BoxFuture<'c, Result<bool, Error>>
            + 'static
            + Send
            + Sync,
    {
        self.map(|options| options.before_acquire(hook))
    }

    /// See [`PoolOptions::after_release`].
    pub fn after_release<F>(self, hook: F) -> Self
    where
        for<'c> F: Fn(&'c mut DB::Connection, PoolConnectionMetadata) -> BoxFuture<'c, Result<bool, Error>>
            + 'static
            + Send
            + Sync,
    {
        self.map(|options| options.after_release(hook))
    }

    /// Says that options which were made for sqlx have no `after_connect` hook: ours may take its
    /// place, and every connection is counted. A hook among them would be lost.
    pub fn count_connections(mut self) -> Self {
        self.pool.keeps_hook = false;
        self
    }

    /// The options as they stand, to be read.
    pub fn options(&self) -> &PoolOptions<DB> {
        &self.pool.options
    }

    /// Makes the pool and a first connection; see [`PoolOptions::connect`]. On MySQL asks the server
    /// which it is, as [`detect`](PoolBuilder::detect) does.
    ///
    /// # Errors
    ///
    /// Those of [`PoolOptions::connect`].
    pub async fn connect(self, monitor: &Monitor, url: &str) -> Result<MonitoredPool<DB>, Error> {
        self.connect_with(monitor, url.parse()?).await
    }

    /// The same as [`connect`](Self::connect), with options in place of a URL.
    ///
    /// # Errors
    ///
    /// Those of [`PoolOptions::connect_with`].
    pub async fn connect_with(
        mut self,
        monitor: &Monitor,
        options: ConnectOptions<DB>,
    ) -> Result<MonitoredPool<DB>, Error> {
        let growth = self.pool.hook();
        let pool = self.pool.options.clone().connect_with(options).await?;
        self.database = known::<DB>(self.database, &pool).await?;
        Ok(self.around(monitor, pool, growth))
    }

    /// Makes the pool, and connections when they are needed; see [`PoolOptions::connect_lazy`].
    ///
    /// # Errors
    ///
    /// When the URL cannot be read.
    ///
    /// # Panics
    ///
    /// Outside of an async runtime, as sqlx does.
    pub fn connect_lazy(self, monitor: &Monitor, url: &str) -> Result<MonitoredPool<DB>, Error> {
        Ok(self.connect_lazy_with(monitor, url.parse()?))
    }

    /// The same as [`connect_lazy`](Self::connect_lazy), with options in place of a URL.
    ///
    /// # Panics
    ///
    /// Outside of an async runtime, as sqlx does.
    pub fn connect_lazy_with(
        mut self,
        monitor: &Monitor,
        options: ConnectOptions<DB>,
    ) -> MonitoredPool<DB> {
        let growth = self.pool.hook();
        let pool = self.pool.options.clone().connect_lazy_with(options);
        self.around(monitor, pool, growth)
    }

    fn map(mut self, change: impl FnOnce(PoolOptions<DB>) -> PoolOptions<DB>) -> Self {
        self.pool.options = change(self.pool.options);
        self
    }
}

impl<DB: MonitoredDatabase> Default for MonitoredPoolOptions<DB> {
    fn default() -> Self {
        Self::new()
    }
}

/// Options made for sqlx. An `after_connect` hook among them stays, so connections are counted as
/// around a pool that exists, unless a hook is given [here](MonitoredPoolOptions::after_connect).
impl<DB: MonitoredDatabase> From<PoolOptions<DB>> for MonitoredPoolOptions<DB> {
    fn from(options: PoolOptions<DB>) -> Self {
        Self::of(NewPool { options, after_connect: None, keeps_hook: true })
    }
}

// === impl NewPool ===

impl<DB: MonitoredDatabase> NewPool<DB> {
    /// Puts our hook behind the application's.
    fn hook(&mut self) -> Growth {
        if self.keeps_hook {
            return Growth::default();
        }
        let (growth, theirs) = (Growth::hooked(), self.after_connect.take());
        let ours = growth.clone();
        self.options = self.options.clone().after_connect(move |connection, about| {
            let (theirs, ours) = (theirs.clone(), ours.clone());
            Box::pin(async move {
                if let Some(theirs) = theirs
                    && let Err(error) = theirs(connection, about).await
                {
                    ours.refused();
                    return Err(error);
                }
                ours.connected();
                Ok(())
            })
        });
        growth
    }
}

impl<DB: MonitoredDatabase> Clone for NewPool<DB> {
    fn clone(&self) -> Self {
        let Self { options, after_connect, keeps_hook } = self;
        Self {
            options: options.clone(),
            after_connect: after_connect.clone(),
            keeps_hook: *keeps_hook,
        }
    }
}

impl<DB: MonitoredDatabase> fmt::Debug for NewPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPool").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Shows the settings; connect options hold a password and stay out.
impl<DB: MonitoredDatabase, P> fmt::Debug for PoolBuilder<DB, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("name", &self.name)
            .field("database", &self.database)
            .field("tag", &self.labels.tag)
            .field("probe", &self.probe)
            .finish_non_exhaustive()
    }
}

//! A database of the test's own, wrapped and watched.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Clock, Hands};
use monitor_core::snapshot::{
    Activity, CallRecord, CheckoutActivity, PoolActivity, SourceActivity, StatementActivity,
    TransactionActivity,
};
use monitor_sqlx::{MonitoredDatabase, MonitoredPool};
use sqlx::pool::PoolOptions;
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySql, MySqlConnection, PgConnection, Pool, Postgres,
    Sqlite,
};

/// Writes a test once and runs it on all three databases. Inside, `Db` is the database.
macro_rules! everywhere {
    ($(async fn $name:ident($world:ident) $body:block)*) => {
        mod postgres {
            #[allow(unused_imports)]
            use super::*;
            #[allow(dead_code)]
            type Db = sqlx::Postgres;
            $(#[test] fn $name() {
                crate::world::run(|$world: crate::world::World<sqlx::Postgres>| async move $body);
            })*
        }
        mod mysql {
            #[allow(unused_imports)]
            use super::*;
            #[allow(dead_code)]
            type Db = sqlx::MySql;
            $(#[test] fn $name() {
                crate::world::run(|$world: crate::world::World<sqlx::MySql>| async move $body);
            })*
        }
        mod sqlite {
            #[allow(unused_imports)]
            use super::*;
            #[allow(dead_code)]
            type Db = sqlx::Sqlite;
            $(#[test] fn $name() {
                crate::world::run(|$world: crate::world::World<sqlx::Sqlite>| async move $body);
            })*
        }
    };
}

/// One wrapped pool on a database of its own, and the monitor that watches it.
pub(crate) struct World<DB: MonitoredDatabase> {
    pub(crate) monitor: Monitor,
    /// The clock of `monitor`.
    pub(crate) hands: Hands,
    pub(crate) pool: MonitoredPool<DB>,
    /// Ten names, keys 1 to 10.
    pub(crate) people: &'static str,
}

/// What differs between the databases.
pub(crate) trait TestDb: MonitoredDatabase {
    /// The first placeholder.
    const P1: &'static str;

    /// A statement that outlives every test.
    const ENDLESS: &'static str;

    /// Options that lead to a new, empty database.
    fn fresh(home: &str) -> impl Future<Output = Options<Self>> + Send;

    /// The same options, to keep so many statements prepared.
    fn keeping(options: Options<Self>, statements: usize) -> Options<Self>;

    /// Takes it away again.
    fn remove(home: &str) -> impl Future<Output = ()> + Send;
}

pub(crate) type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

/// Runs a test in a world of its own and tidies up behind it, also when it fails.
pub(crate) fn run<DB: TestDb, F>(test: impl FnOnce(World<DB>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let started = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let home = format!("monitor_sqlx_{started}_{}_{number}", std::process::id());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::<DB>::new(DB::fresh(&home).await).await;
        let ended = tokio::spawn(test(world)).await;
        DB::remove(&home).await;
        if let Err(failed) = ended {
            resume_unwind(failed.into_panic());
        }
    });
    // What a test cancelled may still be running on the server's side.
    runtime.shutdown_background();
}

// === impl World ===

impl<DB: TestDb> World<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn new(options: Options<DB>) -> Self {
        let (clock, hands) = Clock::by_hand();
        let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
        let pool = PoolOptions::<DB>::new()
            .min_connections(1)
            .max_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .unwrap();
        let names =
            (1..=10).map(|id| format!("({id}, 'name {id}')")).collect::<Vec<_>>().join(", ");
        for sql in [
            "CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE)"
                .to_owned(),
            format!("INSERT INTO people (id, name) VALUES {names}"),
        ] {
            pool.acquire().await.unwrap().execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let pool = MonitoredPool::new(pool, &monitor);
        Self { monitor, hands, pool, people: "SELECT id, name FROM people ORDER BY id" }
    }
}

impl<DB: MonitoredDatabase> World<DB> {
    /// The same database through another pool, with settings of its own.
    pub(crate) async fn another(&self, options: PoolOptions<DB>) -> MonitoredPool<DB> {
        let pool: Pool<DB> =
            options.connect_with((*self.pool.connect_options()).clone()).await.unwrap();
        MonitoredPool::builder(pool).name("another").build(&self.monitor)
    }

    /// Every call so far, added up.
    pub(crate) fn total(&self) -> Activity {
        self.monitor.snapshot().lifetime.total
    }

    /// The one statement that contains these words; its texts are normalised.
    #[track_caller]
    pub(crate) fn statement(&self, words: &str) -> StatementActivity {
        let snapshot = self.monitor.snapshot();
        let mut found =
            snapshot.lifetime.statements.iter().filter(|statement| statement.text.contains(words));
        let Some(statement) = found.next() else {
            let texts: Vec<_> = snapshot.lifetime.statements.iter().map(|s| &s.text).collect();
            panic!("no statement with {words:?} in {texts:?}");
        };
        assert!(found.next().is_none(), "several statements with {words:?}");
        statement.clone()
    }

    /// Calls of the statements whose text begins like this.
    pub(crate) fn calls_of(&self, beginning: &str) -> u64 {
        let statements = self.monitor.snapshot().lifetime.statements;
        let begins = statements.iter().filter(|one| one.text.starts_with(beginning));
        begins.map(|one| one.activity.calls).sum()
    }

    /// What was recorded of the newest call: of those since the last [`tick`](Self::tick) or look
    /// at the newest, the only one.
    #[track_caller]
    pub(crate) fn newest(&self) -> CallRecord {
        let newest = self.monitor.recent_calls(1).pop().expect("a call");
        self.tick();
        newest
    }

    /// Lets the least time pass, so that what follows is newer than what was before.
    pub(crate) fn tick(&self) {
        self.hands.advance(Duration::from_nanos(1));
    }

    pub(crate) fn source(&self, pool: &MonitoredPool<DB>) -> SourceActivity {
        let snapshot = self.monitor.snapshot();
        snapshot.sources.iter().find(|source| *source.name == *pool.name()).unwrap().clone()
    }

    pub(crate) fn pool_of(&self, pool: &MonitoredPool<DB>) -> PoolActivity {
        self.source(pool).pool.unwrap()
    }

    pub(crate) fn checkouts(&self) -> CheckoutActivity {
        self.pool_of(&self.pool).checkouts
    }

    pub(crate) fn transactions(&self) -> TransactionActivity {
        self.source(&self.pool).transactions
    }
}

/// Polls a future once: what a caller does that goes away right after.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Waits until it holds. Gives up after a minute, which no working machine needs.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain until {what}");
}

pub(crate) fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set, so there is no server to test on; run `cargo xtask test`")
    })
}

// === impl TestDb ===

impl TestDb for Postgres {
    const P1: &'static str = "$1";
    const ENDLESS: &'static str = "SELECT pg_sleep(60)";

    async fn fresh(home: &str) -> Options<Self> {
        let url = server("MONITOR_TEST_POSTGRES_URL");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE SCHEMA {home}"))).await.unwrap();
        let options: Options<Self> = url.parse().unwrap();
        options.options([("search_path", home)])
    }

    fn keeping(options: Options<Self>, statements: usize) -> Options<Self> {
        options.statement_cache_capacity(statements)
    }

    async fn remove(home: &str) {
        let mut connection =
            PgConnection::connect(&server("MONITOR_TEST_POSTGRES_URL")).await.unwrap();
        // A transaction that a test left open must not keep the next test waiting.
        let drop = format!("SET lock_timeout = '2s'; DROP SCHEMA {home} CASCADE");
        let _ = connection.execute(AssertSqlSafe(drop)).await;
    }
}

impl TestDb for MySql {
    const P1: &'static str = "?";
    const ENDLESS: &'static str = "SELECT SLEEP(60)";

    async fn fresh(home: &str) -> Options<Self> {
        let url = server("MONITOR_TEST_MYSQL_URL");
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {home}"))).await.unwrap();
        let options: Options<Self> = url.parse().unwrap();
        options.database(home)
    }

    fn keeping(options: Options<Self>, statements: usize) -> Options<Self> {
        options.statement_cache_capacity(statements)
    }

    async fn remove(home: &str) {
        let mut connection =
            MySqlConnection::connect(&server("MONITOR_TEST_MYSQL_URL")).await.unwrap();
        let _ = connection.execute("SET SESSION lock_wait_timeout = 2").await;
        let _ = connection.execute(AssertSqlSafe(format!("DROP DATABASE {home}"))).await;
    }
}

impl TestDb for Sqlite {
    const P1: &'static str = "?";
    /// Nothing in SQLite sleeps; this counts for longer than a test runs.
    const ENDLESS: &'static str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 3000000) SELECT count(*) FROM n";

    async fn fresh(_: &str) -> Options<Self> {
        "sqlite::memory:".parse().unwrap()
    }

    fn keeping(options: Options<Self>, statements: usize) -> Options<Self> {
        options.statement_cache_capacity(statements)
    }

    async fn remove(_: &str) {}
}

//! Real calls on PostgreSQL, MariaDB and SQLite, attribute by attribute.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use monitor_core::capture::{Database, System};
use monitor_otel::opentelemetry::Context;
use monitor_otel::opentelemetry::trace::{
    FutureExt, SpanKind, Status, TraceContextExt, Tracer, TracerProvider,
};
use monitor_sqlx::MonitoredPool;
use opentelemetry_sdk::trace::SpanData;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor, MySql, Postgres, Sqlite};

use super::world::{Attributes, World, attributes, expected};

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set, so there is no server to test on; run `cargo xtask test`")
    })
}

/// What the tests ask of every database, written once: their executors have no common bound.
macro_rules! story {
    ($name:ident, $db:ty, $pool:expr, $known:expr, code: $code:literal, endless: $endless:literal) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let world = World::new();
            let pool: MonitoredPool<$db> = $pool(&world).await;
            let known: Attributes = $known;
            // On one connection, as the table lasts no longer than that.
            let mut connection = pool.acquire().await.unwrap();
            let create =
                "CREATE TEMPORARY TABLE songs (id INT PRIMARY KEY, title VARCHAR(50) UNIQUE)";
            connection.execute(create).await.unwrap();
            drop(world.spans());

            let request =
                Context::new().with_span(world.tracers.tracer("service").start("request"));
            let insert = "INSERT INTO songs (id, title) VALUES (1, 'a secret')";
            connection.execute(insert).with_context(request.clone()).await.unwrap();
            let span = world.span();
            has(&span, &known, "INSERT songs", "insert into songs (id, title) values (?, ?)", &[]);
            assert_eq!(span.status, Status::Unset);
            let parent = request.span().span_context().clone();
            assert_eq!(span.span_context.trace_id(), parent.trace_id());
            assert_eq!(span.parent_span_id, parent.span_id());

            let again = "INSERT INTO songs (id, title) VALUES (2, 'a secret')";
            connection.execute(again).await.unwrap_err();
            let span = world.span();
            let codes = [("db.response.status_code", $code), ("error.type", $code)];
            has(
                &span,
                &known,
                "INSERT songs",
                "insert into songs (id, title) values (?, ?)",
                &codes,
            );
            assert_eq!(span.status, Status::error(""));

            {
                let mut call = connection.execute($endless);
                let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut call).poll(cx))).await;
                assert!(polled.is_pending());
            }
            let span = world.span();
            let outcome = attributes(&span.attributes)["db_monitor.outcome"].clone();
            assert_eq!((outcome.as_str(), &span.status), ("cancelled", &Status::Unset));
            assert!(!attributes(&span.attributes).contains_key("error.type"));

            let (_, durations) = world.metric("db.client.operation.duration");
            let failed = durations.iter().filter(|(attributes, _)| {
                attributes.get("error.type").map(String::as_str) == Some($code)
                    && attributes["db.query.summary"] == "INSERT songs"
            });
            assert_eq!(failed.count(), 1);
            let (_, pools) = world.metric("db.client.connection.count");
            assert!(pools.iter().all(|(pool, _)| pool["db.client.connection.pool.name"] == "main"));
            assert_eq!(pools.len(), 2, "idle and used");
        }
    };
}

/// Compares all attributes but the line, which sqlx tells of some calls only.
#[track_caller]
fn has(span: &SpanData, known: &Attributes, summary: &str, text: &str, more: &[(&str, &str)]) {
    let mut told = attributes(&span.attributes);
    told.retain(|key, _| !key.starts_with("code."));
    let mut wanted = known.clone();
    wanted.extend(expected(&[("db.query.summary", summary), ("db.query.text", text)]));
    wanted.extend(expected(more));
    assert_eq!(told, wanted);
    assert_eq!((&*span.name, &span.span_kind), (summary, &SpanKind::Client));
    assert!(span.end_time >= span.start_time);
}

/// Where a server is, as the conventions want it told.
fn place(system: &str, name: &str, host: &str, port: u16, usual: u16) -> Attributes {
    let mut known =
        expected(&[("db.system.name", system), ("db.namespace", name), ("server.address", host)]);
    if port != usual {
        known.insert("server.port".to_owned(), port.to_string());
    }
    known
}

fn postgres_options() -> PgConnectOptions {
    server("MONITOR_TEST_POSTGRES_URL").parse().unwrap()
}

async fn postgres(world: &World) -> MonitoredPool<Postgres> {
    let pool =
        PoolOptions::new().max_connections(2).connect_with(postgres_options()).await.unwrap();
    MonitoredPool::builder(pool).name("main").build(&world.monitor)
}

fn postgres_place() -> Attributes {
    let options = postgres_options();
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    place("postgresql", name, options.get_host(), options.get_port(), 5432)
}

fn mysql_options() -> MySqlConnectOptions {
    server("MONITOR_TEST_MYSQL_URL").parse().unwrap()
}

/// sqlx does not know MariaDB from MySQL, so it is told.
async fn mariadb(world: &World) -> MonitoredPool<MySql> {
    let options = mysql_options();
    let database = Database {
        system: System::MariaDb,
        name: options.get_database().unwrap_or_default().to_owned(),
        host: options.get_host().to_owned(),
        port: Some(options.get_port()),
    };
    let pool = PoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    MonitoredPool::builder(pool).name("main").database(database).build(&world.monitor)
}

fn mariadb_place() -> Attributes {
    let options = mysql_options();
    let name = options.get_database().unwrap_or_default();
    place("mariadb", name, options.get_host(), options.get_port(), 3306)
}

async fn sqlite(world: &World) -> MonitoredPool<Sqlite> {
    let options: SqliteConnectOptions = "sqlite::memory:".parse().unwrap();
    let pool = PoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    MonitoredPool::builder(pool).name("main").build(&world.monitor)
}

fn sqlite_place() -> Attributes {
    expected(&[("db.system.name", "sqlite"), ("db.namespace", ":memory:")])
}

story!(on_postgresql, Postgres, postgres, postgres_place(), code: "23505",
    endless: "SELECT pg_sleep(60)");
story!(on_mariadb, MySql, mariadb, mariadb_place(), code: "1062", endless: "SELECT SLEEP(60)");
story!(on_sqlite, Sqlite, sqlite, sqlite_place(), code: "2067",
    endless: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) \
        SELECT count(*) FROM n");

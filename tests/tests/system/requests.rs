//! Hundreds of requests at once to a real axum application: each call is its own request's.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::Request;
use axum::routing::get;
use diesel::prelude::*;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{BoxFuture, join_all};
use monitor_core::snapshot::RepeatKind;
use monitor_core::{Monitor, Scope, ScopeRule};
use monitor_diesel::{CarriesScope, MonitoredConnection, instrumentation};
use monitor_sqlx::{MonitoredDatabase, MonitoredPool};
use monitor_tower::ScopeLayer;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor, IntoArguments, SqlitePool};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tower::ServiceExt;

use super::databases;

pub(super) const REQUESTS: u64 = 300;
pub(super) const ROUTES: u64 = 15;

pub(super) const CREATE: [&str; 2] = [
    "create table people (id bigint primary key, name varchar(40) not null)",
    "insert into people values (0, 'Ann'), (1, 'Bob'), (2, 'Cem'), (3, 'Dov'), (4, 'Eve')",
];

diesel::table! {
    people (id) {
        id -> BigInt,
        name -> Text,
    }
}

/// Looks one name up.
pub(super) type Ask = Arc<dyn Fn(i64) -> BoxFuture<'static, ()> + Send + Sync>;

/// A request for `/people/7` asks seven times: one after another, at once, and from a task of its own.
fn app(monitor: &Monitor, ask: Ask) -> Router {
    let look_up = move |Path(count): Path<i64>| {
        let ask = ask.clone();
        async move {
            let (loops, at_once) = (count / 3, count / 3);
            for id in 0..loops {
                ask(id % 5).await;
            }
            join_all((0..at_once).map(|id| ask(id % 5))).await;
            let rest = async move {
                for id in loops + at_once..count {
                    ask(id % 5).await;
                }
            };
            tokio::spawn(Scope::current().wrap(rest)).await.unwrap();
            "done"
        }
    };
    let layer = ScopeLayer::new(monitor).named(|parts| parts.uri.path().to_owned());
    Router::new().route("/people/{count}", get(look_up)).layer(layer)
}

/// Sends all requests at once and reads every answer.
pub(super) async fn send_all(app: &Router) {
    let send = |number: u64| {
        let request = Request::builder().uri(format!("/people/{}", number % ROUTES));
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap());
        tokio::spawn(async move {
            let body = answer.await.unwrap().into_body();
            assert_eq!(to_bytes(body, usize::MAX).await.unwrap(), "done");
        })
    };
    for request in (0..REQUESTS).map(send).collect::<Vec<_>>() {
        request.await.unwrap();
    }
}

async fn every_call_is_in_its_own_request(monitor: Monitor, ask: Ask) {
    let app = app(&monitor, ask);
    send_all(&app).await;
    let snapshot = monitor.snapshot();
    let statements = snapshot.lifetime.statements.iter();
    let look_ups = statements.filter(|statement| statement.text.contains("from people where"));
    let all: u64 = look_ups.map(|statement| statement.activity.calls).sum();
    let units = REQUESTS / ROUTES;
    assert_eq!(all, units * (0..ROUTES).sum::<u64>());
    assert_eq!(snapshot.scopes.len() as u64, ROUTES);
    for scope in &snapshot.scopes {
        let each: u64 = scope.name.trim_start_matches("/people/").parse().unwrap();
        let counted = (scope.units, scope.calls, scope.calls_max, scope.failed);
        assert_eq!(counted, (units, units * each, each, 0), "{}", scope.name);
    }
}

fn monitor() -> Monitor {
    let rule = ScopeRule::default().repeats_time_min(Duration::ZERO);
    Monitor::builder().scopes(rule).beat_by_hand().build().unwrap()
}

pub(super) fn through_sqlx<DB>(pool: MonitoredPool<DB>, placeholder: &str) -> Ask
where
    DB: MonitoredDatabase,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    i64: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let text = format!("select name from people where id = {placeholder}");
    Arc::new(move |id| {
        let (pool, text) = (pool.clone(), AssertSqlSafe(text.clone()));
        Box::pin(async move {
            sqlx::query::<DB>(text).bind(id).fetch_all(&pool).await.unwrap();
        })
    })
}

/// Connections that requests take turns on; a macro, as diesel-async's bounds fill pages.
macro_rules! through_diesel {
    ($connections:expr) => {{
        let connections = Arc::new($connections.into_iter().map(Mutex::new).collect::<Vec<_>>());
        let ask: Ask = Arc::new(move |id| {
            let connections = connections.clone();
            Box::pin(async move {
                let mut connection = connections[id as usize % connections.len()].lock().await;
                let name = people::table.find(id).select(people::name);
                let found = diesel_async::RunQueryDsl::load::<String>(name, &mut *connection).await;
                assert_eq!(found.unwrap().len(), 1);
            })
        });
        ask
    }};
}

/// Makes the table that is asked.
async fn fill<DB: MonitoredDatabase>(pool: &sqlx::Pool<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    for text in CREATE {
        pool.acquire().await.unwrap().execute(AssertSqlSafe(text)).await.unwrap();
    }
}

pub(super) async fn sqlx_postgres(monitor: &Monitor) -> MonitoredPool<sqlx::Postgres> {
    let url = databases::postgres().await;
    let pool = PgPoolOptions::new().max_connections(5).connect(&url).await.unwrap();
    fill(&pool).await;
    MonitoredPool::new(pool, monitor)
}

/// A plain pool of a new database, which lasts as long as its folder.
pub(super) async fn sqlite_pool() -> (TempDir, SqlitePool) {
    let (folder, path) = databases::sqlite();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(5).connect_with(options).await.unwrap();
    fill(&pool).await;
    (folder, pool)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_sqlx_on_postgres() {
    let monitor = monitor();
    let pool = sqlx_postgres(&monitor).await;
    every_call_is_in_its_own_request(monitor, through_sqlx(pool, "$1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_sqlx_on_sqlite() {
    let (_folder, pool) = sqlite_pool().await;
    let monitor = monitor();
    let pool = MonitoredPool::new(pool, &monitor);
    every_call_is_in_its_own_request(monitor, through_sqlx(pool, "?1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_diesel_async_on_postgres() {
    let url = databases::postgres().await;
    let monitor = monitor();
    let mut connections: Vec<MonitoredConnection<AsyncPgConnection>> = Vec::new();
    for number in 0..5 {
        let mut connection = AsyncPgConnection::establish(&url).await.unwrap();
        if number == 0 {
            connection.batch_execute(&CREATE.join(";")).await.unwrap();
        }
        connections.push(instrumentation(&monitor).url(&url).wrap_async(connection));
    }
    every_call_is_in_its_own_request(monitor, through_diesel!(connections)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_diesel_async_on_sqlite() {
    let (_folder, path) = databases::sqlite();
    let monitor = monitor();
    let mut connections = Vec::new();
    for number in 0..5 {
        let mut connection = <SqliteConnection as Connection>::establish(&path).unwrap();
        if number == 0 {
            let create = CREATE.join(";");
            diesel::connection::SimpleConnection::batch_execute(&mut connection, &create).unwrap();
        }
        let connection = instrumentation(&monitor).url(&path).wrap(connection);
        connections.push(SyncConnectionWrapper::with_runtime(connection, CarriesScope));
    }
    every_call_is_in_its_own_request(monitor, through_diesel!(connections)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_a_fan_out_and_a_batch_are_told_apart_on_postgres() {
    let monitor = monitor();
    let pool = sqlx_postgres(&monitor).await;
    let by_id = |id: i64| {
        let query = sqlx::query("select name, pg_sleep(0.05) from people where id = $1").bind(id);
        query.fetch_all(&pool)
    };
    let looped = monitor.scope("loop").wrap(async {
        for id in 0..5 {
            by_id(id).await.unwrap();
        }
    });
    looped.await;
    monitor.scope("fan-out").wrap(join_all((0..5).map(by_id))).await;
    let batch =
        sqlx::query("select name from people where id = any($1)").bind(vec![0_i64, 1, 2, 3, 4]);
    let batched = monitor.scope("batch").wrap(batch.fetch_all(&pool));
    assert_eq!(batched.await.unwrap().len(), 5);
    let snapshot = monitor.snapshot();
    let kinds = |name: &str| {
        let scope = snapshot.scopes.iter().find(|scope| &*scope.name == name).unwrap();
        scope.repeats.iter().map(|repeated| repeated.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("loop"), [RepeatKind::Loop]);
    assert_eq!(kinds("fan-out"), [RepeatKind::FanOut]);
    assert_eq!(kinds("batch"), []);
}

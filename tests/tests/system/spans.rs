//! Hundreds of requests at once in an application's own spans: each call is its own request's, nobody else's.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::Request;
use axum::routing::get;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use monitor_core::Monitor;
use monitor_core::snapshot::ScopeActivity;
use monitor_diesel::instrumentation;
use monitor_sqlx::MonitoredPool;
use monitor_tracing::SpanScopes;
use sqlx::AssertSqlSafe;
use tokio::sync::Mutex;
use tower_http::trace::TraceLayer;
use tracing::{Instrument, Span, info_span, instrument};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::databases;
use super::requests::{
    Ask, CREATE, REQUESTS, ROUTES, people, send_all, sqlite_pool, sqlx_postgres, through_sqlx,
};

/// The monitor behind the process's subscriber, which tells it of spans and of what sqlx reports.
fn monitor() -> &'static Monitor {
    static MONITOR: OnceLock<Monitor> = OnceLock::new();
    MONITOR.get_or_init(|| {
        let monitor = Monitor::builder().beat_by_hand().build().unwrap();
        tracing_subscriber::registry()
            .with(SpanScopes::new(&monitor).called("http_request").called("look_up").layer())
            .with(monitor_sqlx::layer(&monitor))
            .init();
        monitor
    })
}

/// A part of a request, in a span of its own.
#[instrument(skip_all)]
async fn look_up(ask: Ask, ids: std::ops::Range<i64>) {
    for id in ids {
        ask(id % 5).await;
    }
}

/// A request for `/people/7` asks seven times: one after another, at once, and from a task of its own.
fn app(name: &'static str, ask: Ask) -> Router {
    let answer = move |Path(count): Path<i64>| {
        let ask = ask.clone();
        async move {
            let (loops, at_once) = (count / 3, count / 3);
            for id in 0..loops {
                ask(id % 5).await;
            }
            join_all((0..at_once).map(|id| ask(id % 5))).await;
            let rest = look_up(ask.clone(), loops + at_once..count);
            tokio::spawn(rest.instrument(info_span!("task"))).await.unwrap();
            "done"
        }
    };
    // The path is the route here: there are few.
    let span = move |request: &Request<Body>| -> Span {
        let route = format!("{name}{}", request.uri().path());
        info_span!("http_request", method = %request.method(), http.route = route)
    };
    let trace = TraceLayer::new_for_http().make_span_with(span);
    Router::new().route("/people/{count}", get(answer)).layer(trace)
}

/// The units of a test's requests.
fn units(name: &str) -> Vec<ScopeActivity> {
    let prefix = format!("GET {name}/people/");
    let all = monitor().snapshot().scopes.into_iter();
    all.filter(|scope| scope.name.starts_with(&prefix)).collect()
}

async fn every_call_is_in_its_own_request(name: &'static str, ask: Ask) {
    let app = app(name, ask);
    send_all(&app).await;
    // A driver's worker may still hold a span of a request that has its answer.
    let ended = async {
        while units(name).iter().map(|scope| scope.units).sum::<u64>() < REQUESTS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ended).await.expect("every request ends");
    let scopes = units(name);
    assert_eq!(scopes.len() as u64, ROUTES);
    let each_of = REQUESTS / ROUTES;
    for scope in &scopes {
        let each: u64 = scope.name.rsplit('/').next().unwrap().parse().unwrap();
        let counted = (scope.units, scope.calls, scope.calls_max, scope.failed);
        assert_eq!(counted, (each_of, each_of * each, each, 0), "{}", scope.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_sqlx_on_postgres() {
    let pool = sqlx_postgres(monitor()).await;
    every_call_is_in_its_own_request("/sqlx-postgres", through_sqlx(pool, "$1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_sqlx_s_own_events_on_sqlite() {
    let monitor = monitor();
    let (_folder, pool) = sqlite_pool().await;
    // What sqlx asks of a connection that it opens is reported as well, and would be the request's.
    let opened = join_all((0..5).map(|_| pool.acquire())).await;
    assert!(opened.iter().all(Result::is_ok));
    drop(opened);
    let ask: Ask = Arc::new(move |id| {
        let pool = pool.clone();
        Box::pin(async move {
            let text = AssertSqlSafe("select name from people where id = ?1");
            sqlx::query::<sqlx::Sqlite>(text).bind(id).fetch_all(&pool).await.unwrap();
        })
    });
    every_call_is_in_its_own_request("/events-sqlite", ask).await;
    assert!(monitor.snapshot().scopes.iter().any(|scope| &*scope.name == "look_up"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_sqlx_on_sqlite() {
    let (_folder, pool) = sqlite_pool().await;
    let pool = MonitoredPool::new(pool, monitor());
    every_call_is_in_its_own_request("/sqlx-sqlite", through_sqlx(pool, "?1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_diesel_async_on_postgres() {
    let url = databases::postgres().await;
    let mut connections = Vec::new();
    for number in 0..5 {
        let mut connection = AsyncPgConnection::establish(&url).await.unwrap();
        if number == 0 {
            connection.batch_execute(&CREATE.join(";")).await.unwrap();
        }
        connections.push(Mutex::new(instrumentation(monitor()).url(&url).wrap_async(connection)));
    }
    let connections = Arc::new(connections);
    let ask: Ask = Arc::new(move |id| {
        let connections = connections.clone();
        Box::pin(async move {
            let mut connection = connections[id as usize % connections.len()].lock().await;
            let name = people::table.find(id).select(people::name);
            let found = diesel_async::RunQueryDsl::load::<String>(name, &mut *connection).await;
            assert_eq!(found.unwrap().len(), 1);
        })
    });
    every_call_is_in_its_own_request("/diesel-async-postgres", ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn through_diesel_on_threads_that_are_given_the_span() {
    let (_folder, path) = databases::sqlite();
    let mut connections = Vec::new();
    for number in 0..5 {
        let mut connection = <SqliteConnection as Connection>::establish(&path).unwrap();
        if number == 0 {
            let create = CREATE.join(";");
            diesel::connection::SimpleConnection::batch_execute(&mut connection, &create).unwrap();
        }
        let connection = instrumentation(monitor()).url(&path).wrap(connection);
        connections.push(std::sync::Mutex::new(connection));
    }
    let connections = Arc::new(connections);
    let ask: Ask = Arc::new(move |id| {
        let (connections, span) = (connections.clone(), Span::current());
        let work = move || {
            let _entered = span.enter();
            let mut connection = connections[id as usize % connections.len()].lock().unwrap();
            let name = people::table.find(id).select(people::name);
            assert_eq!(name.load::<String>(&mut *connection).unwrap().len(), 1);
        };
        Box::pin(async move { tokio::task::spawn_blocking(work).await.unwrap() })
    });
    every_call_is_in_its_own_request("/diesel-sqlite", ask).await;
}

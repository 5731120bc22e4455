//! Requests of a real axum application as units of work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Path;
use axum::routing::get;
use futures_util::{StreamExt, stream};
use http::Request;
use monitor_core::capture::{Call, Database, System};
use monitor_core::snapshot::ScopeActivity;
use monitor_core::{Monitor, Source};
use monitor_tower::ScopeLayer;
use tower::ServiceExt;

const ASK: &str = "SELECT total FROM orders WHERE id = 7";

struct World {
    monitor: Monitor,
    shop: Source,
}

impl World {
    fn new() -> Self {
        let monitor = Monitor::builder().beat_by_hand().build().unwrap();
        let shop = monitor.database(Database::of(System::Sqlite));
        Self { monitor, shop }
    }

    fn layer(&self) -> ScopeLayer {
        ScopeLayer::new(&self.monitor)
    }

    /// `GET /orders/3` asks three times, `GET /stream/3` while its body is sent.
    fn app(&self, layer: ScopeLayer) -> Router {
        let (asked, streamed) = (self.shop.clone(), self.shop.clone());
        let orders = move |Path(count): Path<usize>| {
            let shop = asked.clone();
            async move {
                for _ in 0..count {
                    ask(&shop);
                    tokio::task::yield_now().await;
                }
                "done"
            }
        };
        let rows = move |Path(count): Path<usize>| {
            let shop = streamed.clone();
            async move {
                Body::from_stream(stream::iter(0..count).map(move |_| {
                    ask(&shop);
                    Ok::<_, Infallible>(Bytes::from_static(b"row"))
                }))
            }
        };
        let routes =
            Router::new().route("/orders/{count}", get(orders)).route("/stream/{count}", get(rows));
        routes.fallback(|| async { "nothing here" }).layer(layer)
    }

    fn scopes(&self) -> Vec<ScopeActivity> {
        self.monitor.snapshot().scopes
    }

    fn names(&self) -> Vec<(String, u64, u64)> {
        let scopes = self.scopes();
        scopes.iter().map(|one| (one.name.to_string(), one.units, one.calls)).collect()
    }
}

fn ask(shop: &Source) {
    shop.record(Call::new(ASK, Duration::from_millis(2)));
}

/// The response's `Server-Timing`, and its body.
async fn send(app: &Router, path: &str) -> (Option<String>, Bytes) {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let timing = response.headers().get("server-timing");
    let timing = timing.map(|timing| timing.to_str().unwrap().to_owned());
    (timing, to_bytes(response.into_body(), usize::MAX).await.unwrap())
}

#[tokio::test]
async fn requests_are_called_after_their_routes_and_never_after_their_paths() {
    let world = World::new();
    let app = world.app(world.layer());
    send(&app, "/orders/3").await;
    send(&app, "/orders/1").await;
    send(&app, "/secret/token-123").await;
    assert_eq!(
        world.names(),
        [("GET (no route)".into(), 1, 0), ("GET /orders/{count}".into(), 2, 4),]
    );
}

#[tokio::test]
async fn methods_that_nobody_knows_are_one_name() {
    let world = World::new();
    let app = world.app(world.layer());
    for number in 0..50 {
        let request = Request::builder().method(&*format!("GIVE-{number}")).uri("/orders/1");
        let request = request.body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap();
    }
    assert_eq!(world.names(), [("(other) /orders/{count}".into(), 50, 0)]);
}

#[tokio::test]
async fn a_listener_that_panics_leaves_the_request_alone() {
    let world = World::new();
    let app = world.app(world.layer().on_end(|_, _| panic!("a listener's own fault")));
    assert_eq!(send(&app, "/orders/1").await.1, "done");
    assert_eq!(world.names(), [("GET /orders/{count}".into(), 1, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundreds_of_requests_at_once_keep_their_calls_apart() {
    let world = World::new();
    let app = world.app(world.layer().named(|parts| parts.uri.path().to_owned()));
    let send_one = |number: usize| {
        let app = app.clone();
        tokio::spawn(async move { send(&app, &format!("/orders/{}", number % 20)).await })
    };
    for request in (0..400).map(send_one).collect::<Vec<_>>() {
        request.await.unwrap();
    }
    let scopes = world.scopes();
    assert_eq!(scopes.len(), 20);
    for scope in &scopes {
        let each: u64 = scope.name.trim_start_matches("/orders/").parse().unwrap();
        assert_eq!(
            (scope.units, scope.calls, scope.calls_max),
            (20, 20 * each, each),
            "{}",
            scope.name
        );
    }
    let all: u64 = scopes.iter().map(|scope| scope.calls).sum();
    assert_eq!(all, world.monitor.snapshot().lifetime.total.calls);
}

#[tokio::test]
async fn what_a_body_asks_while_it_is_sent_is_the_requests() {
    let world = World::new();
    let app = world.app(world.layer());
    let (_, body) = send(&app, "/stream/5").await;
    assert_eq!(body.len(), 15);
    assert_eq!(world.names(), [("GET /stream/{count}".into(), 1, 5)]);
}

#[tokio::test]
async fn the_header_is_there_where_it_was_asked_for_and_holds_no_sql() {
    let world = World::new();
    assert_eq!(send(&world.app(world.layer()), "/orders/3").await.0, None);
    let app = world.app(world.layer().server_timing(true));
    let (timing, _) = send(&app, "/orders/3").await;
    assert_eq!(timing.unwrap(), "db;dur=6.000;desc=\"3 queries\", pool;dur=0.000");
}

#[tokio::test]
async fn who_asked_is_told_once_when_a_request_is_over() {
    let world = World::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let layer = world.layer().on_end(move |name, summary| {
        heard.lock().unwrap().push((name.to_owned(), summary.calls));
    });
    let app = world.app(layer);
    let request = Request::builder().uri("/stream/2").body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert!(told.lock().unwrap().is_empty());
    to_bytes(response.into_body(), usize::MAX).await.unwrap();
    // A client that goes away before the answer is told as well.
    let request = Request::builder().uri("/orders/9").body(Body::empty()).unwrap();
    let mut gone = Box::pin(app.oneshot(request));
    assert!(futures_util::poll!(&mut gone).is_pending());
    drop(gone);
    let told = told.lock().unwrap().clone();
    assert_eq!(told, [("GET /stream/{count}".into(), 2), ("GET /orders/{count}".into(), 1)]);
}

#[tokio::test]
async fn a_monitor_that_is_off_changes_nothing() {
    let world = World::new();
    let app = world.app(ScopeLayer::new(&Monitor::off()).on_end(|_, _| panic!("nobody asked")));
    assert_eq!(send(&app, "/orders/1").await.1, "done");
    assert!(world.scopes().is_empty());
}

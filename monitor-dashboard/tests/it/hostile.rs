//! Texts and requests that mean harm.

use std::convert::Infallible;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response, StatusCode};
use monitor_core::capture::{Call, Origin};
use monitor_dashboard::Limits;

use crate::world::{TOKEN, World, act, ask, json, request, send};

const SCRIPT: &str = "</script><img src=x onerror=alert(1)>";

#[tokio::test]
async fn a_megabyte_of_sql_is_cut_and_says_so() {
    let world = World::silent();
    let columns: Vec<String> = (0..100_000).map(|n| format!("column_{n}")).collect();
    let text = format!("SELECT {} FROM t", columns.join(", "));
    assert!(text.len() > 1_000_000);
    world.monitor.database(World::database()).record(Call::new(&text, Duration::from_secs(1)));
    world.second();
    let router = world.dashboard().router().expect("sound settings");
    for path in ["/api/v1/overview", "/api/v1/statements", "/api/v1/slow-log"] {
        let (_, answer) = ask(&router, path).await;
        assert!(answer.to_string().len() < 20_000, "{path}");
    }
    let (_, all) = ask(&router, "/api/v1/statements").await;
    assert_eq!(all["statements"][0]["is_cut"], true);
    let fingerprint = all["statements"][0]["fingerprint"].as_str().expect("a fingerprint");
    let (_, one) = ask(&router, &format!("/api/v1/statements/{fingerprint}")).await;
    assert!(one.to_string().len() < 50_000);
}

#[tokio::test]
async fn markup_and_emoji_come_as_json_and_control_characters_do_not() {
    let world = World::silent();
    let text = format!("SELECT \"{SCRIPT}\", \"\u{1f4a9}\", \"a\u{1b}[2J\u{0}\" FROM t");
    let origin = Origin { user: Some(SCRIPT), tag: Some(SCRIPT), ..Origin::default() };
    let call = Call::new(&text, Duration::from_secs(1)).origin(origin);
    world.monitor.pool(SCRIPT, World::database()).record(call);
    world.second();
    let router = world.dashboard().router().expect("sound settings");
    for path in crate::answers::EVERYTHING {
        let request = request(Method::GET, path).body(Body::empty()).unwrap();
        let response = send(&router, request).await;
        assert_eq!(response.headers()["content-type"], "application/json", "{path}");
    }
    let (_, all) = ask(&router, "/api/v1/statements").await;
    let text = all["statements"][0]["text"].as_str().expect("a text");
    assert!(text.contains(SCRIPT) && text.contains('\u{1f4a9}'), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{0}']), "{text}");
    let (_, log) = ask(&router, "/api/v1/slow-log").await;
    assert_eq!(log["calls"][0]["user"], SCRIPT);
}

#[tokio::test]
async fn garbage_is_refused_with_a_sentence() {
    let world = World::busy();
    let router = world.dashboard().actions().router().expect("sound settings");
    for path in [
        "/api/v1/overview?window=forever",
        "/api/v1/overview?unknown=1",
        "/api/v1/statements?sort=drop",
        "/api/v1/statements?page=0",
        "/api/v1/statements?page=-1",
        "/api/v1/statements?page_size=100000",
        "/api/v1/statements?page=99999999999999999999999",
        "/api/v1/statements/%00",
        "/api/v1/statements/%ff",
        "/api/v1/slow-log?duration_min_seconds=-1",
        "/api/v1/slow-log?duration_min_seconds=NaN",
        "/api/v1/slow-log?duration_min_seconds=1e300",
        "/api/v1/slow-log?kind=drop",
        "/api/v1/slow-log?outcome=maybe",
        "/api/v1/alerts?severity=dreadful",
        "/api/v1/comparison",
    ] {
        let (status, answer) = ask(&router, path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{path}");
    }
    let nested = "[".repeat(100_000);
    for body in ["", "{", "null", "[]", r#"{"key":1}"#, r#"{"key":""}"#, r#"{"key":"x","more":1}"#]
    {
        let (status, _) = act(&router, Method::POST, "/api/v1/alerts/mute", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let (status, _) = act(&router, Method::POST, "/api/v1/alerts/mute", &nested).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, _) = act(&router, Method::POST, "/api/v1/comparison", &nested).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_file_but_the_pages_own_is_served() {
    let router = World::busy().dashboard().router().expect("sound settings");
    for path in [
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/nothing.js",
    ] {
        let (status, _) = ask(&router, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_file_that_did_not_change_is_not_sent_again() {
    let router = World::busy().dashboard().router().expect("sound settings");
    let first = request(Method::GET, "/assets/login.css").body(Body::empty()).unwrap();
    let first = send(&router, first).await;
    let tag = first.headers()["etag"].clone();
    let again = request(Method::GET, "/assets/login.css").header("if-none-match", tag);
    let again = send(&router, again.body(Body::empty()).unwrap()).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_wrong_method_is_refused_and_a_question_may_be_asked_by_head() {
    let router = World::busy().dashboard().router().expect("sound settings");
    let (status, _) = act(&router, Method::DELETE, "/api/v1/overview", "").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let head = request(Method::HEAD, "/api/v1/overview").body(Body::empty()).unwrap();
    let response = send(&router, head).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(json(response).await, serde_json::Value::Null);
}

/// A request whose body never comes, as far as it gets: it hangs for as long as what is returned is kept.
async fn dawdling(
    router: &Router,
    request: axum::http::request::Builder,
) -> impl Future<Output = Response<Body>> {
    let never = futures_util::stream::pending::<Result<Bytes, Infallible>>();
    let request = request.body(Body::from_stream(never)).expect("a sound request");
    let router = router.clone();
    let mut answer = Box::pin(async move { send(&router, request).await });
    poll_fn(|context| {
        assert!(answer.as_mut().poll(context).is_pending(), "it was answered");
        Poll::Ready(())
    })
    .await;
    answer
}

#[tokio::test]
async fn strangers_that_dawdle_keep_nobody_out_who_may_look_and_no_process_from_living() {
    let mut limits = Limits::default();
    limits.requests_max = 1;
    let dashboard = World::busy().dashboard().token(TOKEN).limits(limits);
    let router = dashboard.router().expect("sound settings");
    let _hanging = dawdling(&router, Request::post("/login").header("host", "example.org")).await;
    let status = async |builder: axum::http::request::Builder| {
        send(&router, builder.body(Body::empty()).expect("a sound request")).await.status()
    };
    assert_eq!(status(Request::get("/login")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(Request::get("/livez")).await, StatusCode::OK);
    let known = Request::get("/api/v1/overview").header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(status(known).await, StatusCode::OK);
}

#[tokio::test]
async fn of_many_uploads_one_is_read_at_a_time() {
    let router = World::busy().dashboard().router().expect("sound settings");
    let path = "/api/v1/comparison";
    let upload = request(Method::POST, path).header("x-monitor-action", "1");
    let hanging = dawdling(&router, upload).await;
    let (status, _) = act(&router, Method::POST, path, "{").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    drop(hanging);
    let (status, _) = act(&router, Method::POST, path, "{").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

//! Who may look: tried from outside.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use monitor_dashboard::{Dashboard, DashboardError};

use crate::world::{TOKEN, World, json, request, send, text};

const OVERVIEW: &str = "/api/v1/overview";

fn guarded() -> Router {
    World::busy().dashboard().token(TOKEN).router().expect("sound settings")
}

fn local() -> Router {
    World::busy().dashboard().actions().router().expect("sound settings")
}

async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    send(router, request).await.status()
}

/// A question from another machine.
fn from_afar(path: &str) -> axum::http::request::Builder {
    let peer: SocketAddr = ([203, 0, 113, 9], 50_000).into();
    Request::get(path).header("host", "localhost:9300").extension(ConnectInfo(peer))
}

fn bare(builder: axum::http::request::Builder) -> Request<Body> {
    builder.body(Body::empty()).expect("a sound request")
}

#[tokio::test]
async fn without_a_token_only_this_machine_may_look() {
    let router = local();
    assert_eq!(status(&router, bare(request(Method::GET, OVERVIEW))).await, StatusCode::OK);
    assert_eq!(status(&router, bare(from_afar(OVERVIEW))).await, StatusCode::FORBIDDEN);
    let nobody_tells = Request::get(OVERVIEW).header("host", "localhost");
    let response = send(&router, bare(nobody_tells)).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let answer = json(response).await;
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|why| why.contains("into_make_service_with_connect_info"))
    );
}

#[tokio::test]
async fn a_forwarded_request_is_not_taken_for_this_machines() {
    let router = local();
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let request = request(Method::GET, OVERVIEW).header(name, "for=203.0.113.9");
        assert_eq!(status(&router, bare(request)).await, StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn a_name_pointed_at_loopback_is_refused() {
    let router = local();
    let peer: SocketAddr = ([127, 0, 0, 1], 50_000).into();
    for (host, expected) in [
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("localhost.evil.example:9300", StatusCode::MISDIRECTED_REQUEST),
        ("10.0.0.7", StatusCode::MISDIRECTED_REQUEST),
        ("", StatusCode::MISDIRECTED_REQUEST),
        ("LOCALHOST:9300", StatusCode::OK),
        ("127.0.0.1:9300", StatusCode::OK),
        ("[::1]:9300", StatusCode::OK),
    ] {
        let request = Request::get(OVERVIEW).header("host", host).extension(ConnectInfo(peer));
        assert_eq!(status(&router, bare(request)).await, expected, "{host}");
    }
    let nameless = Request::get(OVERVIEW).extension(ConnectInfo(peer));
    assert_eq!(status(&router, bare(nameless)).await, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn an_allowed_name_is_the_dashboards_own_and_no_other() {
    let world = World::busy();
    let router =
        world.dashboard().host("db.example.org").token(TOKEN).router().expect("sound settings");
    for (host, expected) in
        [("db.example.org", StatusCode::OK), ("db.example.net", StatusCode::MISDIRECTED_REQUEST)]
    {
        let request = Request::get(OVERVIEW).header("host", host);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        assert_eq!(status(&router, bare(request)).await, expected, "{host}");
    }
}

#[tokio::test]
async fn the_token_opens_and_nothing_like_it_does() {
    let router = guarded();
    for (sent, expected) in [
        (format!("Bearer {TOKEN}"), StatusCode::OK),
        (format!("bearer {TOKEN}"), StatusCode::OK),
        (format!("Bearer {TOKEN}0"), StatusCode::UNAUTHORIZED),
        (format!("Bearer {}", &TOKEN[..15]), StatusCode::UNAUTHORIZED),
        (format!("Bearer {}", TOKEN.to_uppercase()), StatusCode::UNAUTHORIZED),
        (format!("Basic {TOKEN}"), StatusCode::UNAUTHORIZED),
        ("Bearer".into(), StatusCode::UNAUTHORIZED),
        (String::new(), StatusCode::UNAUTHORIZED),
    ] {
        let request = from_afar(OVERVIEW).header(header::AUTHORIZATION, &sent);
        assert_eq!(status(&router, bare(request)).await, expected, "{sent}");
    }
    assert_eq!(status(&router, bare(from_afar(OVERVIEW))).await, StatusCode::UNAUTHORIZED);
    let in_query = from_afar("/api/v1/overview?token=0123456789abcdef");
    assert_eq!(status(&router, bare(in_query)).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_path_but_probes_the_form_and_files_wants_the_token() {
    let router = guarded();
    for path in crate::answers::EVERYTHING {
        assert_eq!(
            status(&router, bare(from_afar(path))).await,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
    for path in
        ["/metrics", "/api/v1/live", "/api/v1/comparison?before=now", "/nowhere", "//", "/%2e/api"]
    {
        assert_eq!(
            status(&router, bare(from_afar(path))).await,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
    for path in ["/livez", "/readyz", "/health", "/login", "/assets/index.html"] {
        assert_eq!(status(&router, bare(from_afar(path))).await, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn what_probes_are_told_names_no_pool_and_no_database() {
    let router = guarded();
    for path in ["/health", "/readyz", "/livez"] {
        for query in ["", "?verbose"] {
            let response = send(&router, bare(from_afar(&format!("{path}{query}")))).await;
            let text = text(response).await;
            assert!(!text.contains("shop") && !text.contains("web"), "{path}{query}: {text}");
        }
    }
}

#[tokio::test]
async fn a_person_logs_in_with_the_form_and_out_again() {
    let router = guarded();
    let response = send(&router, bare(from_afar("/"))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "login");

    let wrong = form("token=wrong");
    let response = send(&router, wrong).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.headers().get(header::SET_COOKIE).is_none());

    let response = send(&router, form(&format!("token={TOKEN}"))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    assert!(cookie.contains("Path=/;") && !cookie.contains(TOKEN), "{cookie}");
    let pair = cookie.split(';').next().unwrap();

    let with_cookie = || from_afar(OVERVIEW).header(header::COOKIE, format!("a=b; {pair}"));
    assert_eq!(status(&router, bare(with_cookie())).await, StatusCode::OK);
    let forged = from_afar(OVERVIEW).header(header::COOKIE, "monitor_session=00");
    assert_eq!(status(&router, bare(forged)).await, StatusCode::UNAUTHORIZED);

    let logout =
        Request::post("/logout").header("host", "localhost").header("x-monitor-action", "1");
    let response = send(&router, bare(logout.header(header::COOKIE, pair))).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(status(&router, bare(with_cookie())).await, StatusCode::UNAUTHORIZED);
}

fn form(body: &str) -> Request<Body> {
    let request = Request::post("/login").header("host", "localhost");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(body.to_owned())).expect("a sound request")
}

#[tokio::test]
async fn a_session_ends_after_half_a_day() {
    let world = World::busy();
    let router = world.dashboard().token(TOKEN).router().expect("sound settings");
    let response = send(&router, form(&format!("token={TOKEN}"))).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    let pair = cookie.split(';').next().unwrap();
    let ask = || bare(from_afar("/api/v1/session").header(header::COOKIE, pair));
    world.hands.advance(std::time::Duration::from_secs(12 * 3600 - 1));
    assert_eq!(status(&router, ask()).await, StatusCode::OK);
    world.hands.advance(std::time::Duration::from_secs(1));
    assert_eq!(status(&router, ask()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let router = local();
    let mute = || {
        let request = request(Method::POST, "/api/v1/alerts/mute");
        request.header("content-type", "application/json")
    };
    let body = || Body::from(r#"{"key":"x"}"#);
    let no_header = mute().body(body()).unwrap();
    assert_eq!(status(&router, no_header).await, StatusCode::FORBIDDEN);
    let marked = || mute().header("x-monitor-action", "1");
    let other_origin = marked().header("origin", "https://evil.example").body(body()).unwrap();
    assert_eq!(status(&router, other_origin).await, StatusCode::FORBIDDEN);
    let other_port = marked().header("origin", "http://localhost:3000").body(body()).unwrap();
    assert_eq!(status(&router, other_port).await, StatusCode::FORBIDDEN);
    let null = marked().header("origin", "null").body(body()).unwrap();
    assert_eq!(status(&router, null).await, StatusCode::FORBIDDEN);
    let other_site = marked().header("sec-fetch-site", "cross-site").body(body()).unwrap();
    assert_eq!(status(&router, other_site).await, StatusCode::FORBIDDEN);
    let plain = request(Method::POST, "/api/v1/alerts/mute").header("x-monitor-action", "1");
    let plain = plain.header("content-type", "text/plain").body(body()).unwrap();
    assert_eq!(status(&router, plain).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let own =
        marked().header("origin", "http://localhost:9300").header("sec-fetch-site", "same-origin");
    assert_eq!(status(&router, own.body(body()).unwrap()).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn no_answer_allows_another_site_to_read_it() {
    let router = local();
    let preflight = request(Method::OPTIONS, OVERVIEW).header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "GET");
    let response = send(&router, bare(preflight)).await;
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
    let get = request(Method::GET, OVERVIEW).header("origin", "https://evil.example");
    let response = send(&router, bare(get)).await;
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
}

#[tokio::test]
async fn a_dashboard_only_reads_unless_actions_are_enabled() {
    let router = World::busy().dashboard().router().expect("sound settings");
    for (method, path, body) in [
        (Method::POST, "/api/v1/alerts/mute", r#"{"key":"x"}"#),
        (Method::POST, "/api/v1/alerts/unmute", r#"{"key":"x"}"#),
        (Method::POST, "/api/v1/recommendations/mute", r#"{"key":"x"}"#),
        (Method::POST, "/api/v1/recommendations/unmute", r#"{"key":"x"}"#),
        (Method::PUT, "/api/v1/moments/before", ""),
        (Method::DELETE, "/api/v1/moments/before", ""),
    ] {
        let (status, _) = crate::world::act(&router, method, path, body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn every_answer_says_how_it_is_to_be_handled() {
    let router = guarded();
    for path in ["/", "/login", "/assets/index.html", "/livez", OVERVIEW, "/nowhere"] {
        let response = send(&router, bare(from_afar(path))).await;
        let headers = response.headers();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
        assert!(headers.contains_key(header::CACHE_CONTROL), "{path}");
    }
}

#[test]
fn settings_that_make_no_sense_name_the_remedy() {
    let monitor = monitor_core::Monitor::off();
    let weak = Dashboard::new(&monitor).token("secret").router();
    assert!(matches!(weak, Err(DashboardError::WeakToken { bytes: 6 })));
    let twice = Dashboard::new(&monitor).token(TOKEN).guarded_elsewhere().router();
    assert!(matches!(twice, Err(DashboardError::TwoGuards)));
    let unsendable = Dashboard::new(&monitor).token("pässword pässword").router();
    assert!(matches!(unsendable, Err(DashboardError::UnsendableToken)));
    let shown = format!("{:?}", Dashboard::new(&monitor).token(TOKEN));
    assert!(!shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
async fn an_address_others_reach_is_refused_without_a_guard() {
    let monitor = monitor_core::Monitor::off();
    let everywhere: SocketAddr = ([0, 0, 0, 0], 0).into();
    let error = Dashboard::new(&monitor).bind(everywhere).await.expect_err("no guard");
    assert!(error.to_string().contains("set a token"), "{error}");
    assert!(Dashboard::new(&monitor).token(TOKEN).bind(everywhere).await.is_ok());
    assert!(Dashboard::new(&monitor).guarded_elsewhere().bind(everywhere).await.is_ok());
}

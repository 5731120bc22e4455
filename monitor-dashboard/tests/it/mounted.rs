//! Mounted in an application, under any path.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::routing::get;

use crate::world::{TOKEN, World, ask, request, send, text};

fn app() -> Router {
    let dashboard = World::busy().dashboard().router().expect("sound settings");
    Router::new().route("/", get(async || "the application")).nest_service("/ops/db", dashboard)
}

#[tokio::test]
async fn everything_is_found_under_the_prefix() {
    let app = app();
    let (status, overview) = ask(&app, "/ops/db/api/v1/overview").await;
    assert_eq!((status, overview["totals"]["calls"].as_u64()), (StatusCode::OK, Some(360)));
    for path in ["/ops/db/", "/ops/db/assets/index.html", "/ops/db/livez"] {
        let page = request(Method::GET, path).body(Body::empty()).unwrap();
        assert_eq!(send(&app, page).await.status(), StatusCode::OK, "{path}");
    }
    let own = request(Method::GET, "/").body(Body::empty()).unwrap();
    assert_eq!(text(send(&app, own).await).await, "the application");
}

#[tokio::test]
async fn the_mounting_point_leads_to_the_page_where_its_links_hold() {
    let page = request(Method::GET, "/ops/db").body(Body::empty()).unwrap();
    let response = send(&app(), page).await;
    assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(response.headers()[header::LOCATION], "./db/index.html");
}

#[tokio::test]
async fn a_nested_router_does_the_same() {
    let dashboard = World::busy().dashboard().router().expect("sound settings");
    let app = Router::new().nest("/db", dashboard);
    let (status, _) = ask(&app, "/db/api/v1/overview").await;
    assert_eq!(status, StatusCode::OK);
    let bare = request(Method::GET, "/db").body(Body::empty()).unwrap();
    assert_eq!(send(&app, bare).await.headers()[header::LOCATION], "./db/index.html");
    let page = request(Method::GET, "/db/index.html").body(Body::empty()).unwrap();
    assert_eq!(send(&app, page).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_belongs_to_the_mounting_point() {
    let dashboard = World::busy().dashboard().token(TOKEN).router().expect("sound settings");
    let app = Router::new().nest("/ops/db", dashboard);
    let form = Request::post("/ops/db/login").header("host", "example.org");
    let form = form.body(Body::from(format!("token={TOKEN}"))).unwrap();
    let response = send(&app, form).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("Path=/ops/db/;"), "{cookie}");
    assert_eq!(response.headers()[header::LOCATION], "index.html");
}

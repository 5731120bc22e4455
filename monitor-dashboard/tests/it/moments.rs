//! Moments: kept, downloaded and held against each other.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use monitor_dashboard::Limits;

use crate::world::{World, act, ask, request, send, text};

#[tokio::test]
async fn a_kept_moment_is_compared_with_the_present() {
    let world = World::busy();
    let router = world.dashboard().actions().router().expect("sound settings");
    let (status, kept) = act(&router, Method::PUT, "/api/v1/moments/before%20deploy", "").await;
    assert_eq!((status, kept["name"].as_str()), (StatusCode::OK, Some("before deploy")));
    world.minutes(2);
    let path = "/api/v1/comparison?before=before%20deploy";
    let (status, comparison) = ask(&router, path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(comparison["is_continuation"], true);
    assert_eq!(comparison["total"]["after"]["calls"], 240, "what happened since");
    let (status, _) = act(&router, Method::DELETE, "/api/v1/moments/before%20deploy", "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(ask(&router, path).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_downloaded_snapshot_is_read_back_and_compared() {
    let world = World::busy();
    let router = world.dashboard().router().expect("sound settings");
    let download = request(Method::GET, "/api/v1/snapshot").body(Body::empty()).unwrap();
    let response = send(&router, download).await;
    let named = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(named.starts_with("attachment; filename=\"databases-"), "{named}");
    let saved = text(response).await;
    world.minutes(1);
    let (status, comparison) = act(&router, Method::POST, "/api/v1/comparison", &saved).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(comparison["total"]["before"]["calls"], 360);
    assert_eq!(comparison["total"]["after"]["calls"], 120);
}

#[tokio::test]
async fn only_so_many_moments_are_kept_and_a_name_may_be_used_again() {
    let world = World::busy();
    let router = world.dashboard().actions().router().expect("sound settings");
    for n in 0..Limits::MOMENTS_MAX {
        let (status, _) = act(&router, Method::PUT, &format!("/api/v1/moments/{n}"), "").await;
        assert_eq!(status, StatusCode::OK);
    }
    let (status, _) = act(&router, Method::PUT, "/api/v1/moments/more", "").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = act(&router, Method::PUT, "/api/v1/moments/0", "").await;
    assert_eq!(status, StatusCode::OK);
    let long = "x".repeat(65);
    for name in ["now", "%00", &long] {
        let (status, _) = act(&router, Method::PUT, &format!("/api/v1/moments/{name}"), "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
    }
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_refused() {
    let world = World::busy();
    let mut limits = Limits::default();
    limits.upload_bytes_max = 1_000;
    let router = world.dashboard().limits(limits).router().expect("sound settings");
    let (status, _) = act(&router, Method::POST, "/api/v1/comparison", &" ".repeat(1_001)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

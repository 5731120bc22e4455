//! Each question has its answer, with the numbers the monitor has.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, act, ask};

#[tokio::test]
async fn the_overview_tells_throughput_latency_errors_and_pools() {
    let (status, overview) = World::busy().get("/api/v1/overview?window=5m").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(overview["totals"]["calls"], 360);
    assert_eq!(overview["totals"]["failed"], 18);
    assert_eq!(overview["errors"][0]["code"], "23505");
    assert_eq!(overview["minutes"].as_array().map(Vec::len), Some(3));
    assert_eq!(overview["pools"][0]["levels"]["in_use"], 4);
    assert_eq!(overview["top_statements"][0]["summary"], "SELECT orders");
}

#[tokio::test]
async fn a_heat_map_counts_every_call_of_a_minute_once() {
    let (_, overview) = World::busy().get("/api/v1/overview").await;
    let map = &overview["heatmap"];
    let bounds = map["bounds_seconds"].as_array().expect("bounds");
    for (heat, minute) in
        map["minutes"].as_array().unwrap().iter().zip(overview["minutes"].as_array().unwrap())
    {
        let counts = heat["counts"].as_array().expect("counts");
        assert_eq!(counts.len(), bounds.len());
        let calls: u64 = counts.iter().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(Some(calls), minute["calls"].as_u64());
    }
}

#[tokio::test]
async fn statements_are_sorted_searched_and_paged() {
    let world = World::busy();
    let (_, all) = world.get("/api/v1/statements").await;
    assert_eq!(all["total"], 2);
    assert_eq!(all["statements"][0]["summary"], "SELECT orders");
    let (_, by_failed) = world.get("/api/v1/statements?sort=failed").await;
    assert_eq!(by_failed["statements"][0]["summary"], "UPDATE users");
    let (_, ascending) = world.get("/api/v1/statements?sort=time&order=asc").await;
    assert_eq!(ascending["statements"][0]["summary"], "UPDATE users");
    let (_, found) = world.get("/api/v1/statements?search=OrDeRs").await;
    assert_eq!(found["total"], 1);
    let (_, second) = world.get("/api/v1/statements?page_size=1&page=2").await;
    assert_eq!(second["statements"][0]["summary"], "UPDATE users");
    assert_eq!(second["total"], 2);
    let (_, beyond) = world.get("/api/v1/statements?page=9").await;
    assert_eq!(beyond["statements"], json!([]));
    let (_, slow) = world.get("/api/v1/statements?having=slow&kind=select&table=orders").await;
    assert_eq!(slow["total"], 1);
}

#[tokio::test]
async fn a_statements_share_and_spark_line_are_its_own() {
    let (_, all) = World::busy().get("/api/v1/statements").await;
    let shares = all["statements"].as_array().unwrap().iter();
    let sum: f64 = shares.filter_map(|one| one["time_share"].as_f64()).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    let minutes = all["minutes_ended_at"].as_array().map(Vec::len);
    assert_eq!(all["statements"][0]["spark"]["calls"].as_array().map(Vec::len), minutes);
    assert_eq!(all["statements"][0]["spark"]["calls"][0], 60);
}

#[tokio::test]
async fn one_statement_has_its_histogram_minutes_callers_and_slow_calls() {
    let world = World::busy();
    let (_, all) = world.get("/api/v1/statements").await;
    let fingerprint = all["statements"][0]["fingerprint"].as_str().expect("a fingerprint");
    let (status, one) = world.get(&format!("/api/v1/statements/{fingerprint}")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(one["text"], "select * from orders where customer_id = ?");
    let counted: u64 = one["histogram"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|bucket| bucket["count"].as_u64())
        .sum();
    assert_eq!(Some(counted), one["numbers"]["calls"].as_u64());
    assert_eq!(one["minutes"][0]["calls"], 60);
    assert_eq!(one["callers"][0]["pool"], "web");
    assert_eq!(one["slow_calls"][0]["duration_seconds"], 0.156);
    assert_eq!(one["other_databases"], json!([]));
}

#[tokio::test]
async fn a_statement_that_was_silent_lately_is_still_known() {
    let world = World::busy();
    for _ in 0..120 {
        world.second();
    }
    let (_, all) = world.get("/api/v1/statements?window=start").await;
    let fingerprint = all["statements"][0]["fingerprint"].as_str().expect("a fingerprint");
    let (status, one) = world.get(&format!("/api/v1/statements/{fingerprint}?window=1m")).await;
    assert_eq!((status, &one["numbers"]["calls"]), (StatusCode::OK, &json!(0)));
    assert_eq!(one["minutes"][0]["calls"], 60, "its minutes are not forgotten");
}

#[tokio::test]
async fn a_statement_nobody_knows_is_not_found_and_a_wrong_name_is_refused() {
    let world = World::busy();
    let (status, answer) = world.get("/api/v1/statements/00000000000000aa").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(answer["error"].as_str().is_some_and(|error| error.contains("no statement")));
    let (status, _) = world.get("/api/v1/statements/drop-table").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_monitor_that_is_off_or_has_seen_nothing_answers_everything() {
    let off = monitor_core::Monitor::off();
    let router = monitor_dashboard::router(&off).expect("sound settings");
    for path in EVERYTHING {
        let (status, _) = ask(&router, path).await;
        assert_eq!(status, StatusCode::OK, "{path} of a monitor that is off");
        let (status, _) = World::silent().get(path).await;
        assert_eq!(status, StatusCode::OK, "{path} of a silent monitor");
    }
}

/// Every question without a name in it.
pub(crate) const EVERYTHING: [&str; 14] = [
    "/api/v1/overview",
    "/api/v1/statements",
    "/api/v1/kinds",
    "/api/v1/tables",
    "/api/v1/pools",
    "/api/v1/scopes",
    "/api/v1/transactions",
    "/api/v1/slow-log",
    "/api/v1/alerts",
    "/api/v1/recommendations",
    "/api/v1/health",
    "/api/v1/session",
    "/api/v1/moments",
    "/api/v1/snapshot",
];

#[tokio::test]
async fn many_questions_within_a_second_share_one_reading() {
    let world = World::busy();
    let router = world.dashboard().router().expect("sound settings");
    let (_, first) = ask(&router, "/api/v1/overview").await;
    world
        .monitor
        .database(World::database())
        .record(monitor_core::capture::Call::new("SELECT 1", std::time::Duration::from_millis(1)));
    let (_, same) = ask(&router, "/api/v1/overview").await;
    assert_eq!(first["totals"]["calls"], same["totals"]["calls"]);
    world.second();
    let (_, later) = ask(&router, "/api/v1/overview").await;
    assert_ne!(first["totals"]["calls"], later["totals"]["calls"]);
}

#[tokio::test]
async fn an_alert_is_muted_and_unmuted_by_its_key() {
    let world = World::busy();
    let router = world.dashboard().actions().router().expect("sound settings");
    let (_, alerts) = ask(&router, "/api/v1/alerts").await;
    let key = alerts["firing"][0]["key"].as_str().expect("slow calls fire").to_owned();
    // To JSON, 3600 and 3600.0 are one number.
    for seconds in [json!(3600), json!(3600.0)] {
        let body = json!({ "key": key, "for_seconds": seconds }).to_string();
        let (status, _) = act(&router, Method::POST, "/api/v1/alerts/mute", &body).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{body}");
    }
    for seconds in [json!(0), json!(-1.0), json!(1e300)] {
        let body = json!({ "key": key, "for_seconds": seconds }).to_string();
        let (status, _) = act(&router, Method::POST, "/api/v1/alerts/mute", &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    world.minutes(1);
    let (_, muted) = ask(&router, "/api/v1/alerts?muted=true").await;
    assert_eq!(muted["firing"][0]["key"], key.as_str());
    let body = json!({ "key": key }).to_string();
    let (status, _) = act(&router, Method::POST, "/api/v1/alerts/unmute", &body).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(world.monitor.mutes().is_empty());
    let (status, _) = act(&router, Method::POST, "/api/v1/alerts/unmute", &body).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "there is no such mute any more");
}

#[tokio::test]
async fn a_recommendation_is_set_aside_and_given_again() {
    let world = World::busy();
    world.careless();
    world.monitor.look_for_advice();
    let router = world.dashboard().actions().router().expect("sound settings");
    let (_, advice) = ask(&router, "/api/v1/recommendations").await;
    let key = advice["recommendations"][0]["key"].as_str().expect("there is advice").to_owned();
    let body = json!({ "key": key }).to_string();
    act(&router, Method::POST, "/api/v1/recommendations/mute", &body).await;
    world.second();
    let (_, without) = ask(&router, "/api/v1/recommendations").await;
    assert_eq!(without["set_aside"][0]["key"], key.as_str());
    assert!(
        without["recommendations"].as_array().unwrap().iter().all(|one| one["key"] != key.as_str())
    );
    act(&router, Method::POST, "/api/v1/recommendations/unmute", &body).await;
    world.second();
    let (_, again) = ask(&router, "/api/v1/recommendations").await;
    assert_eq!(again["recommendations"], advice["recommendations"]);
}

//! The report and the JSON.

use monitor_core::capture::{
    Call, ErrorClass, Failure, Origin, Outcome, PoolLevels, Rows, TraceContext,
};
use monitor_core::show;

use super::{World, ms, shop, world};

fn story() -> World {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(PoolLevels { size: 4, idle: 3, max: Some(10), ..PoolLevels::default() });
    let held = pool.checkout().taken();
    for _ in 0..3 {
        let call = Call::new("select name from users where id = 7", ms(2));
        pool.record(call.rows(Rows::returned(1)));
    }
    let origin = Origin { user: Some("42"), ..Origin::default() };
    pool.record(Call::new("insert into users values ('secret')", ms(1_500)).origin(origin));
    let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    pool.record(
        Call::new("insert into users values ('secret')", ms(1)).outcome(Outcome::Failed(failure)),
    );
    drop(held);
    world.hands.advance(ms(2_000));
    world
}

#[test]
fn the_report_says_what_happened_in_words() {
    let report = story().monitor.report();
    for words in [
        "database: healthy",
        "5 calls (2.50/s), 1 failed (20 %)",
        "! warning: INSERT users",
        "select name from users where id = ?",
        "insert into users values (?)",
        "1.50 s",
        "user 42",
        "1 × unique_violation (code 23505)",
        "main",
    ] {
        assert!(report.contains(words), "`{words}` is missing:\n{report}");
    }
    assert!(!report.contains("secret"));
    assert!(!report.contains("let go"), "nothing was let go:\n{report}");
}

/// A failed slow call with all that can be known of it, and one that runs.
fn slow_story(world: &World) -> monitor_core::CallTimer<'_> {
    let mut timer = world
        .shop
        .call("select * from orders where id = 7 /* monitor:mute */")
        .waited_for_pool(Some(ms(12)))
        .traced(TraceContext::new(0xfeed, 1, true));
    world.hands.advance(ms(1_100));
    timer.wait_ends();
    world.hands.advance(ms(300));
    timer.fail(Failure::new(ErrorClass::Conflict).with_code("40P01"));
    let running = world.shop.call("delete from orders").on_connection(Some(5));
    world.hands.advance(ms(2_500));
    running
}

#[test]
fn the_report_says_why_a_call_is_slow_where_its_time_went_and_what_still_runs() {
    let world = world();
    let _running = slow_story(&world);
    let report = world.monitor.report();
    for words in [
        "≥ 1.00 s",
        "failed: conflict (40P01)",
        "trace 0000000000000000000000000000feed",
        "first row 1.10 s, reader 300 ms, pool wait 12.0 ms",
        "running past their slow threshold",
        "delete from orders",
        "2.50 s",
    ] {
        assert!(report.contains(words), "`{words}` is missing:\n{report}");
    }
}

#[test]
fn json_tells_all_of_slow_and_running_calls() {
    let world = world();
    let _running = slow_story(&world);
    let json = show::json(&world.monitor.snapshot(), &world.monitor.health()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let slow = &value["slow"][0];
    assert_eq!(slow["slow"]["reason"], "absolute");
    assert_eq!(slow["slow"]["threshold_seconds"], 1.0);
    assert_eq!((&slow["error"], &slow["error_code"]), (&"conflict".into(), &"40P01".into()));
    assert_eq!(slow["first_row_seconds"], 1.1);
    assert_eq!(slow["reader_seconds"], 0.3);
    assert_eq!(slow["fetch_seconds"], 0.0);
    assert_eq!(slow["pool_wait_seconds"], 0.012);
    assert_eq!(slow["trace_id"], "0000000000000000000000000000feed");
    assert_eq!(slow["tables_read"][0], "orders");
    let statement = &value["lifetime"]["statements"][0];
    assert_eq!(statement["muted"], true);
    assert_eq!(statement["slow_after_seconds"], 1.0);
    for list in ["running", "running_told"] {
        let running = &value[list][0];
        assert_eq!(running["running_seconds"], 2.5, "{list}");
        assert_eq!((&running["number"], &running["connection"]), (&1.into(), &5.into()));
        assert_eq!(running["statement"], "delete from orders");
    }
    assert_eq!(value["losses"]["calls_unfollowed"], 0);
}

#[test]
fn a_report_of_nothing_is_short_and_calm() {
    let report = world().monitor.report();
    assert!(report.starts_with("database: unknown"), "{report}");
    assert!(report.contains("0 calls"));
}

#[test]
fn json_names_its_units_and_reads_back() {
    let world = story();
    let json = show::json(&world.monitor.snapshot(), &world.monitor.health()).unwrap();
    assert!(!json.contains("secret"));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["health"]["status"], "healthy");
    let checks = value["health"]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["check"] == "pool" && check["status"] == "healthy"));
    assert_eq!(value["lifetime"]["total"]["calls"], 5);
    let statement = &value["lifetime"]["statements"][0];
    assert_eq!(statement["text"], "insert into users values (?)");
    assert_eq!(statement["tables_written"][0], "users");
    assert_eq!(statement["max_seconds"], 1.5);
    assert_eq!(statement["errors"][0]["code"], "23505");
    assert_eq!(value["slow"][0]["user"], "42");
    let pool = value["sources"].as_array().unwrap().iter().find(|s| s["name"] == "main").unwrap();
    assert_eq!(pool["pool"]["in_use"], 1);
    assert_eq!(pool["contact"]["answered_seconds_ago"], 2.0);
    assert_eq!(pool["pool"]["usage"], 0.1);
    assert_eq!(value["losses"]["statements_evicted"], 0);
    assert_eq!(value["windows"].as_array().unwrap().len(), 4);
}

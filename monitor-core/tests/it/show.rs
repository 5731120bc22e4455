//! The report and the JSON.

use monitor_core::capture::{Call, ErrorClass, Failure, Origin, Outcome, PoolLevels, Rows};
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

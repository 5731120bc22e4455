//! Health as probes, balancers and people read it.

use monitor_core::Source;
use monitor_core::capture::{Call, ErrorClass, ProbeEnd};
use monitor_core::judge::Status;
use monitor_core::show::{self, Details, HealthAnswer, HealthFormat};
use serde_json::{Value, json};

use super::{World, ms, shop, ten, world};

const FORMATS: [HealthFormat; 6] = [
    HealthFormat::Text,
    HealthFormat::Json,
    HealthFormat::HealthJson,
    HealthFormat::Actuator,
    HealthFormat::Livez,
    HealthFormat::Readyz,
];

/// A pool that was reached, with a slow call of a secret.
fn well() -> (World, Source) {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(ten(10));
    pool.record(Call::new("select * from secrets where name = 'hunter2'", ms(1)));
    (world, pool)
}

fn dead() -> World {
    let (world, pool) = well();
    for _ in 0..2 {
        world.pass(10);
        pool.probe().end(ProbeEnd::Failed(ErrorClass::Connection));
    }
    world.pass(5);
    assert_eq!(world.monitor.health().status, Status::Unhealthy);
    world
}

fn answer(world: &World, format: HealthFormat, details: Details) -> HealthAnswer {
    show::health(&world.monitor.health(), format, details)
}

fn value(world: &World, format: HealthFormat, details: Details) -> Value {
    serde_json::from_str(&answer(world, format, details).body).unwrap()
}

#[test]
fn only_what_users_feel_answers_503_and_the_living_never_do() {
    let (world, pool) = well();
    for format in FORMATS {
        assert_eq!(answer(&world, format, Details::Word).status, 200, "{format:?}");
    }
    pool.set_levels(ten(0));
    assert_eq!(world.monitor.health().status, Status::Degraded);
    for format in FORMATS {
        assert_eq!(answer(&world, format, Details::Full).status, 200, "{format:?}");
    }
    let world = dead();
    for format in FORMATS {
        let expected = if format == HealthFormat::Livez { 200 } else { 503 };
        assert_eq!(answer(&world, format, Details::Word).status, expected, "{format:?}");
    }
    assert_eq!(answer(&world, HealthFormat::Livez, Details::Word).body, "ok");
}

#[test]
fn what_is_open_to_everybody_names_no_host_and_nothing_quotes_a_statement() {
    let world = dead();
    world.shop.record(Call::new("delete from secrets", ms(9_000)));
    world.pass(5);
    for format in FORMATS {
        for details in [Details::Word, Details::Checks, Details::Full] {
            let body = answer(&world, format, details).body;
            for word in ["secrets", "hunter2"] {
                assert!(!body.contains(word), "{format:?} {details:?}: {body}");
            }
            if details < Details::Full {
                assert!(!body.contains("5432") && !body.contains("main"), "{format:?}: {body}");
            }
        }
    }
}

#[test]
fn media_types_are_those_the_readers_expect() {
    let world = dead();
    let media = |format| answer(&world, format, Details::Word).content_type;
    assert_eq!(media(HealthFormat::HealthJson), "application/health+json");
    assert_eq!(media(HealthFormat::Json), "application/json");
    assert!(media(HealthFormat::Readyz).starts_with("text/plain"));
    let draft = answer(&world, HealthFormat::HealthJson, Details::Word);
    assert_eq!(draft.cache_control, "max-age=5");
}

#[test]
fn the_draft_passes_warns_and_fails() {
    let (world, pool) = well();
    let draft = value(&world, HealthFormat::HealthJson, Details::Full);
    assert_eq!(draft["status"], "pass");
    let notes = draft["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().starts_with("latency: 1 calls")));
    pool.set_levels(ten(0));
    let draft = value(&world, HealthFormat::HealthJson, Details::Full);
    assert_eq!(draft["status"], "warn");
    let pool = &draft["checks"]["main on db:5432/shop:utilization"][0];
    assert_eq!(pool["observedValue"], 1.0);
    assert_eq!((&pool["threshold"], &pool["observedUnit"]), (&json!(0.8), &json!("share")));
    assert_eq!(
        pool["output"],
        "10 of 10 connections in use, 0 wait, 0 got none in the last minute"
    );
    assert_eq!(pool["time"], "1970-01-01T00:00:00Z");
    let dead = value(&dead(), HealthFormat::HealthJson, Details::Checks);
    assert_eq!(dead["status"], "fail");
    assert_eq!(dead["checks"]["database:connectivity"], json!([{ "status": "fail" }]));
}

#[test]
fn kubernetes_reads_lines_and_reasons_are_withheld_from_strangers() {
    let (world, _pool) = well();
    assert_eq!(answer(&world, HealthFormat::Readyz, Details::Word).body, "ok");
    let all_well = "[+]connectivity ok\n[+]error_rate ok\n[+]latency ok\n[+]pool ok\n[+]alerts ok\n\
                    [+]monitor ok\nreadyz check passed\n";
    assert_eq!(answer(&world, HealthFormat::Readyz, Details::Checks).body, all_well);
    let full = answer(&world, HealthFormat::Readyz, Details::Full).body;
    let few =
        "[+]latency ok, unknown: 1 calls in the last minute, 20 are needed: too soon to tell\n";
    assert!(full.contains("[+]monitor ok\n") && full.contains(few), "{full}");
    let dead = dead();
    for details in [Details::Word, Details::Checks] {
        let body = answer(&dead, HealthFormat::Readyz, details).body;
        assert!(body.starts_with("[-]connectivity failed: reason withheld\n"), "{body}");
        assert!(body.ends_with("readyz check failed\n"), "{body}");
    }
    let body = answer(&dead, HealthFormat::Readyz, Details::Full).body;
    let line =
        "[-]connectivity: main on db:5432/shop failed: not reached 2 times in a row (connection)";
    assert!(body.starts_with(line), "{body}");
}

#[test]
fn the_actuator_is_up_down_or_unknown() {
    let status = |world: &World| value(world, HealthFormat::Actuator, Details::Word);
    assert_eq!(status(&world()), json!({ "status": "UNKNOWN" }));
    let (well, pool) = well();
    assert_eq!(status(&well), json!({ "status": "UP" }));
    pool.set_levels(ten(0));
    let full = value(&well, HealthFormat::Actuator, Details::Full);
    let pool = &full["components"]["pool: main on db:5432/shop"];
    assert_eq!((&full["status"], &pool["status"]), (&json!("UP"), &json!("UP")));
    assert_eq!(pool["details"]["health"], "degraded");
    let dead = value(&dead(), HealthFormat::Actuator, Details::Checks);
    assert_eq!(dead["status"], "DOWN");
    assert_eq!(dead["components"]["connectivity"], json!({ "status": "DOWN" }));
}

#[test]
fn our_own_shapes_give_numbers_with_their_lines() {
    let (world, pool) = well();
    pool.set_levels(ten(0));
    let full = value(&world, HealthFormat::Json, Details::Full);
    assert_eq!((&full["version"], &full["status"]), (&json!(1), &json!("degraded")));
    let pool = &full["checks"][0];
    assert_eq!((&pool["check"], &pool["value"]), (&json!("pool"), &json!(1.0)));
    assert_eq!((&pool["unit"], &pool["since"]), (&json!("share"), &json!("1970-01-01T00:00:00Z")));
    assert_eq!(value(&world, HealthFormat::Json, Details::Word)["checks"], Value::Null);
    let text = answer(&world, HealthFormat::Text, Details::Full).body;
    let line = "degraded: pool: main on db:5432/shop — 10 of 10 connections in use, 0 wait, 0 got \
                none in the last minute [100 %, threshold 80 %], since 1970-01-01T00:00:00Z";
    assert_eq!(text.lines().nth(1), Some(line));
    let words = answer(&world, HealthFormat::Text, Details::Checks).body;
    assert!(words.contains("degraded: pool\n"), "{words}");
}

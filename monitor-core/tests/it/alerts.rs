//! From numbers to attention: findings, health, alerts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_core::capture::{Call, Database, ErrorClass, Failure, Outcome, PoolLevels};
use monitor_core::judge::{AlertState, FindingKind, Severity, Status};

use super::{World, ms, shop, ten, world, world_with};

fn kinds(world: &World) -> Vec<FindingKind> {
    world.monitor.health().findings.iter().map(|finding| finding.kind).collect()
}

fn fail(world: &World, failed: u64, of: u64) {
    for number in 0..of {
        let call = Call::new("select 1", ms(1));
        let failure = Outcome::Failed(Failure::new(ErrorClass::Other));
        world.shop.record(if number < failed { call.outcome(failure) } else { call });
    }
}

#[test]
fn nothing_seen_is_not_the_same_as_healthy() {
    let world = world();
    assert_eq!(world.monitor.health().status, Status::Unknown);
    fail(&world, 0, 1);
    assert_eq!(world.monitor.health().status, Status::Healthy);
}

#[test]
fn an_error_rate_speaks_above_its_threshold_and_only_with_enough_calls() {
    let world = world();
    fail(&world, 10, 19);
    assert_eq!(kinds(&world), []);
    fail(&world, 0, 1);
    let health = world.monitor.health();
    assert_eq!(health.status, Status::Unhealthy);
    assert_eq!(health.findings[0].kind, FindingKind::ErrorRate);
    assert_eq!(health.findings[0].severity, Severity::Critical);
    assert_eq!(health.findings[0].message, "50.0 % of calls failed (10 of 20), threshold 5.0 %");
    fail(&world, 0, 179);
    assert_eq!(kinds(&world), [FindingKind::ErrorRate]);
    fail(&world, 0, 2);
    assert_eq!(kinds(&world), [], "10 of 201 is less than 5 %");
}

#[test]
fn every_threshold_of_the_builder_has_a_story_in_which_it_speaks() {
    let world = world_with(|b| b.leak_after(ms(10)).leaked_connections(2).failed_connections(3));
    for _ in 0..30 {
        world.shop.record(Call::new("select 1", ms(700)));
    }
    for _ in 0..800 {
        world.shop.record(Call::new("select 2 from t", ms(1_200)));
    }
    world.shop.record(Call::new("select 3 from u", ms(6_000)));
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(PoolLevels { size: 9, idle: 0, max: Some(10), ..PoolLevels::default() });
    let _held = (pool.checkout().taken(), pool.checkout().taken());
    for _ in 0..5 {
        pool.connection_failed();
        pool.checkout().timed_out();
    }
    world.hands.advance(ms(4_000));
    assert!(!kinds(&world).contains(&FindingKind::CallsPerSecond), "too soon for a rate");
    world.hands.advance(ms(2_000));
    let mut found = kinds(&world);
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        [
            FindingKind::AverageTime,
            FindingKind::CallsPerSecond,
            FindingKind::ConnectionFailures,
            FindingKind::ConnectionLeak,
            FindingKind::FailedCheckouts,
            FindingKind::PoolUsage,
            FindingKind::SlowQuery,
            FindingKind::VerySlowQuery,
        ]
    );
    assert_eq!(world.monitor.health().status, Status::Unhealthy);
}

#[test]
fn just_below_every_threshold_all_is_quiet() {
    let world = world();
    for _ in 0..30 {
        world.shop.record(Call::new("select 1", ms(499)));
    }
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(PoolLevels { size: 79, idle: 0, max: Some(100), ..PoolLevels::default() });
    (0..4).for_each(|_| pool.checkout().timed_out());
    let _held: Vec<_> = (0..4).map(|_| pool.checkout().taken()).collect();
    (0..9).for_each(|_| pool.connection_failed());
    world.hands.advance(Duration::from_secs(59));
    assert_eq!(kinds(&world), []);
}

#[test]
fn trouble_that_lasts_fires_once_and_says_when_it_is_over() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let world = world_with(move |b| {
        b.on_alert(move |alert| tell.lock().unwrap().push((alert.state, alert.times_seen)))
    });
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(ten(0));
    world.pass(10);
    assert!(world.monitor.alerts().is_empty(), "not held for 10 s yet");
    world.pass(50);
    let alerts = world.monitor.alerts();
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].state, AlertState::Firing);
    assert_eq!(alerts[0].finding.subject.to_string(), "main on db:5432/shop");
    assert_eq!(alerts[0].times_seen, 12);

    pool.set_levels(ten(10));
    world.pass(55);
    assert_eq!(world.monitor.alerts()[0].state, AlertState::Firing, "may come back");
    world.pass(5);
    let alerts = world.monitor.alerts();
    assert_eq!((alerts.len(), alerts[0].state), (1, AlertState::Resolved));
    let lasted = alerts[0].resolved_at.unwrap().duration_since(alerts[0].since).unwrap();
    assert_eq!(lasted, Duration::from_secs(115));
    assert_eq!(*told.lock().unwrap(), [(AlertState::Firing, 3), (AlertState::Resolved, 12)]);
}

#[test]
fn trouble_that_passes_quickly_is_no_alert() {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(ten(0));
    world.pass(5);
    pool.set_levels(ten(10));
    world.pass(300);
    assert!(world.monitor.alerts().is_empty());
}

#[test]
fn trouble_that_comes_and_goes_is_no_alert_of_trouble_that_lasts() {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    for _ in 0..3 {
        pool.set_levels(ten(0));
        world.pass(5);
        pool.set_levels(ten(10));
        world.pass(45);
    }
    assert!(world.monitor.alerts().is_empty());
}

#[test]
fn a_pool_that_gives_nothing_is_an_outage_though_no_call_fails() {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    (0..4).for_each(|_| pool.checkout().timed_out());
    assert_eq!(world.monitor.health().findings, []);
    pool.checkout().failed();
    let health = world.monitor.health();
    assert_eq!(health.status, Status::Unhealthy);
    assert_eq!(health.findings[0].kind, FindingKind::FailedCheckouts);
    assert_eq!(health.findings[0].severity, Severity::Critical);
    let message = &health.findings[0].message;
    assert!(message.contains("(4 timed out, 1 failed) and 0 got one, threshold 5; the newest: no"));
    assert!(message.contains("tests/it/alerts.rs") && message.contains("; try: "), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

#[test]
fn one_very_slow_call_among_many_is_worth_a_look_and_no_outage() {
    let world = world();
    fail(&world, 0, 1_000);
    world.shop.record(Call::new("create index i on t (a)", Duration::from_secs(6)));
    world.pass(5);
    assert_eq!(world.monitor.health().status, Status::Degraded);
    for _ in 0..60 {
        world.shop.record(Call::new("select * from t", Duration::from_secs(6)));
    }
    assert_eq!(world.monitor.health().status, Status::Unhealthy);
}

#[test]
fn a_slow_alert_goes_on_while_its_statement_is_very_slow_as_well() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let world = world_with(move |b| {
        b.on_alert(move |alert| tell.lock().unwrap().push((alert.finding.kind, alert.state)))
    });
    for round in 0..60 {
        let took = if round % 20 == 0 { 6 } else { 2 };
        world.shop.record(Call::new("select * from t", Duration::from_secs(took)));
        world.pass(5);
    }
    let slow: Vec<_> = told
        .lock()
        .unwrap()
        .iter()
        .filter(|(kind, _)| *kind == FindingKind::SlowQuery)
        .copied()
        .collect();
    assert_eq!(slow, [(FindingKind::SlowQuery, AlertState::Firing)]);
}

#[test]
fn pools_of_one_name_on_two_databases_have_alerts_of_their_own() {
    let world = world();
    let other = Database { name: "billing".into(), ..shop() };
    for database in [shop(), other] {
        world.monitor.pool("main", database).set_levels(ten(0));
    }
    world.pass(15);
    let alerts = world.monitor.alerts();
    assert_eq!(alerts.len(), 2);
    assert!(alerts.iter().all(|alert| alert.times_seen == 3), "{alerts:?}");
}

#[test]
fn thresholds_of_all_can_be_reached() {
    let world = world_with(|b| b.error_rate(1.0).pool_usage(1.0));
    fail(&world, 20, 20);
    world.monitor.pool("main", shop()).set_levels(ten(0));
    assert_eq!(kinds(&world), [FindingKind::ErrorRate, FindingKind::PoolUsage]);
}

#[test]
fn a_slow_statement_is_one_alert_however_often_it_is_slow() {
    let world = world();
    for _ in 0..12 {
        for id in 0..50 {
            let text = format!("select * from orders where id = {id}");
            world.shop.record(Call::new(&text, Duration::from_secs(2)));
        }
        world.pass(5);
    }
    let alerts = world.monitor.alerts();
    let slow: Vec<_> =
        alerts.iter().filter(|alert| alert.finding.kind == FindingKind::SlowQuery).collect();
    assert_eq!(slow.len(), 1);
    assert!(slow[0].finding.message.contains("`select * from orders where id = ?`"));
}

#[test]
fn a_callback_that_panics_is_counted_and_stops_nothing() {
    let world = world_with(|b| b.on_alert(|_| panic!("a bug in the callback")));
    world.shop.record(Call::new("select 1", Duration::from_secs(2)));
    world.pass(5);
    assert_eq!(world.monitor.snapshot().losses.panics_caught, 1);
    assert_eq!(world.monitor.alerts().len(), 1);
    world.pass(300);
    assert_eq!(world.monitor.alerts()[0].state, AlertState::Resolved);
}

#[test]
fn the_history_of_alerts_is_bounded_and_says_what_it_forgot() {
    let world = world_with(|b| b.alerts_max(3));
    for table in ["a", "b", "c", "d", "e"] {
        world.shop.record(Call::new(&format!("select 1 from {table}"), Duration::from_secs(2)));
    }
    world.pass(5);
    assert_eq!(world.monitor.alerts().len(), 3);
    assert_eq!(world.monitor.snapshot().losses.alerts_forgotten, 2);
}

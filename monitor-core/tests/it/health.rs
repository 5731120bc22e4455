//! Health: each check speaks, stays quiet just before, says when it is too soon, and recovers.

use std::time::{Duration, SystemTime};

use monitor_core::capture::{
    Call, Database, ErrorClass, Failure, Outcome, PoolLevels, ProbeEnd, System,
};
use monitor_core::judge::{Check, CheckKind, FindingKind, Mute, Status, Unit};
use monitor_core::{Monitor, Source, judge};

use super::{World, ms, shop, ten, world, world_with};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The only check of a kind.
#[track_caller]
fn check(world: &World, kind: CheckKind) -> Check {
    let checks = world.monitor.health().checks;
    let mut found = checks.iter().filter(|check| check.kind == kind);
    let check = found.next().unwrap().clone();
    assert_eq!(found.next(), None, "several checks of {kind}");
    check
}

#[track_caller]
fn status(world: &World, kind: CheckKind) -> Status {
    check(world, kind).status
}

fn calls(source: &Source, count: u64, took: Duration) {
    (0..count).for_each(|_| source.record(Call::new("select 1", took)));
}

fn failures(source: &Source, count: u64, class: ErrorClass) {
    let outcome = Outcome::Failed(Failure::new(class));
    (0..count).for_each(|_| source.record(Call::new("select 1", ms(1)).outcome(outcome)));
}

/// A monitor with one pool and nothing else.
fn pool_world() -> (World, Source) {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    (world, pool)
}

fn probe(world: &World, pool: &Source, end: ProbeEnd) {
    let timer = pool.probe();
    world.hands.advance(ms(2));
    timer.end(end);
}

const REFUSED: ProbeEnd = ProbeEnd::Failed(ErrorClass::Connection);

#[test]
fn the_whole_is_the_worst_check_and_knows_nothing_as_long_as_nothing_was_seen() {
    let (world, pool) = pool_world();
    let health = world.monitor.health();
    assert_eq!(health.status, Status::Unknown);
    assert!(health.checks.iter().any(|check| check.status == Status::Healthy), "the monitor is");
    probe(&world, &pool, ProbeEnd::Answered);
    assert_eq!(world.monitor.health().status, Status::Healthy);
    pool.set_levels(ten(2));
    assert_eq!(world.monitor.health().status, Status::Degraded);
    (0..5).for_each(|_| pool.checkout().timed_out());
    let health = world.monitor.health();
    assert_eq!(health.status, Status::Unhealthy);
    assert_eq!(health.checks[0].kind, CheckKind::Pool, "worst first");
    assert_eq!(health.without(CheckKind::Pool).status, Status::Healthy);
}

#[test]
fn a_monitor_that_is_off_knows_nothing() {
    let health = Monitor::off().health();
    assert_eq!(health.status, Status::Unknown);
    assert!(health.checks.iter().any(|check| check.message == "the monitor is off"));
}

#[test]
fn a_call_that_completes_is_an_answer_that_holds_for_two_minutes() {
    let world = world();
    let shop = &world.shop;
    calls(shop, 1, ms(1));
    world.hands.advance(secs(119));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
    world.hands.advance(secs(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unknown);
    calls(shop, 1, ms(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
}

#[test]
fn a_database_that_nobody_used_has_no_check_and_a_pool_has_one() {
    let (world, _pool) = pool_world();
    let _database = world.monitor.database(Database::of(System::Sqlite));
    let check = check(&world, CheckKind::Connectivity);
    assert_eq!(
        (check.status, &*check.subject.to_string()),
        (Status::Unknown, "main on db:5432/shop")
    );
}

#[test]
fn one_lost_call_is_no_outage_and_losses_that_last_are() {
    let world = world();
    let shop = &world.shop;
    calls(shop, 1, ms(1));
    world.hands.advance(secs(1));
    // A server that restarts drops all its calls at once.
    failures(shop, 10, ErrorClass::Connection);
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded);
    world.hands.advance(ms(4_999));
    failures(shop, 1, ErrorClass::Connection);
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded);
    world.hands.advance(ms(1));
    let check = check(&world, CheckKind::Connectivity);
    assert_eq!(check.status, Status::Unhealthy);
    assert_eq!(check.message, "not reached 11 times in a row; the last answer is 6.0s old");
    assert_eq!(check.observed.unwrap().value, 11.0);
    world.hands.advance(secs(1));
    calls(shop, 1, ms(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
    world.hands.advance(secs(1));
    failures(shop, 1, ErrorClass::Connection);
    world.hands.advance(secs(6));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded, "counted anew");
}

#[test]
fn a_call_that_fails_for_its_own_reasons_says_nothing_of_the_connection() {
    let (world, pool) = pool_world();
    failures(&pool, 50, ErrorClass::Statement);
    world.hands.advance(secs(10));
    failures(&pool, 50, ErrorClass::UniqueViolation);
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unknown);
}

#[test]
fn connects_that_fail_up_to_their_threshold_are_an_outage_at_once() {
    let (world, pool) = pool_world();
    (0..9).for_each(|_| pool.connection_failed());
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded);
    pool.connection_failed();
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unhealthy);
    world.hands.advance(ms(1));
    pool.connection_created(Some(ms(3)));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
}

#[test]
fn probes_tell_of_a_database_that_nobody_calls() {
    let (world, pool) = pool_world();
    probe(&world, &pool, ProbeEnd::Answered);
    let check_now = check(&world, CheckKind::Connectivity);
    assert_eq!(check_now.message, "answered 0.0ns ago; a probe took 2.0ms");
    world.hands.advance(secs(10));
    probe(&world, &pool, REFUSED);
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded, "one says little");
    world.hands.advance(secs(10));
    probe(&world, &pool, REFUSED);
    let check_now = check(&world, CheckKind::Connectivity);
    assert_eq!(check_now.status, Status::Unhealthy);
    assert!(check_now.message.contains("2 times in a row (connection)"), "{}", check_now.message);
    // It waits longer and longer between two questions, and its word holds meanwhile.
    world.hands.advance(secs(60));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unhealthy);
    probe(&world, &pool, ProbeEnd::Answered);
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
}

#[test]
fn a_call_that_completes_outdoes_the_probe_that_failed_before() {
    let (world, pool) = pool_world();
    probe(&world, &pool, REFUSED);
    world.hands.advance(secs(10));
    probe(&world, &pool, REFUSED);
    world.hands.advance(ms(1));
    calls(&pool, 1, ms(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
}

#[test]
fn a_probe_without_an_answer_speaks_before_it_ends() {
    let (world, pool) = pool_world();
    let waiting = pool.probe();
    world.hands.advance(ms(4_999));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unknown);
    world.hands.advance(ms(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded);
    world.hands.advance(secs(5));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unhealthy);
    calls(&pool, 1, ms(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy, "calls get through");
    drop(waiting);
    let probe = pool_probe(&world);
    assert_eq!(probe, None, "a probe given up has found nothing");
}

fn pool_probe(world: &World) -> Option<(u64, u64, u64)> {
    let snapshot = world.monitor.snapshot();
    let source = snapshot.sources.iter().find(|source| source.pool.is_some()).unwrap();
    let probe = source.contact.probe.as_ref()?;
    Some((probe.answered, probe.failed, probe.busy))
}

#[test]
fn a_busy_pool_says_nothing_against_its_database_as_long_as_calls_complete() {
    let (world, pool) = pool_world();
    probe(&world, &pool, ProbeEnd::Busy);
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Unknown);
    for _ in 0..12 {
        calls(&pool, 1, ms(1));
        world.hands.advance(secs(10));
        probe(&world, &pool, ProbeEnd::Busy);
    }
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
    world.hands.advance(secs(49));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
    world.hands.advance(secs(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Degraded, "busy and silent");
    calls(&pool, 1, ms(1));
    assert_eq!(status(&world, CheckKind::Connectivity), Status::Healthy);
}

#[test]
fn probes_are_no_calls_and_no_checkouts() {
    let (world, pool) = pool_world();
    pool.set_levels(ten(10));
    for end in [ProbeEnd::Answered, REFUSED, ProbeEnd::Busy, ProbeEnd::Answered] {
        probe(&world, &pool, end);
    }
    let snapshot = world.monitor.snapshot();
    let (source, activity) = snapshot.pools().next().unwrap();
    assert_eq!((snapshot.lifetime.total.calls, source.connections.failed), (0, 0));
    assert_eq!((activity.checkouts.taken, activity.checkouts.wait.count()), (0, 0));
    assert_eq!(pool_probe(&world), Some((2, 1, 1)));
}

#[test]
fn faults_above_the_threshold_are_an_outage_and_refused_rows_are_not() {
    let world = world();
    failures(&world.shop, 10, ErrorClass::UniqueViolation);
    calls(&world.shop, 9, ms(1));
    assert_eq!(status(&world, CheckKind::ErrorRate), Status::Unknown, "19 calls are too few");
    calls(&world.shop, 1, ms(1));
    let check_now = check(&world, CheckKind::ErrorRate);
    assert_eq!(check_now.status, Status::Degraded);
    assert_eq!(check_now.message, "10 of 20 calls failed (50.0 %), 10 of them by a constraint");
    let observed = check_now.observed.unwrap();
    assert_eq!((observed.value, observed.threshold, observed.unit), (0.5, 0.05, Unit::Share));
    calls(&world.shop, 79, ms(1));
    failures(&world.shop, 4, ErrorClass::Other);
    assert_eq!(status(&world, CheckKind::ErrorRate), Status::Degraded, "4 of 103");
    failures(&world.shop, 2, ErrorClass::Other);
    assert_eq!(status(&world, CheckKind::ErrorRate), Status::Unhealthy, "6 of 105");
    world.pass(65);
    assert_eq!(status(&world, CheckKind::ErrorRate), Status::Unknown);
    calls(&world.shop, 20, ms(1));
    assert_eq!(status(&world, CheckKind::ErrorRate), Status::Healthy);
}

#[test]
fn a_mean_beyond_its_threshold_can_be_borne_and_twice_that_cannot() {
    let world = world();
    calls(&world.shop, 19, ms(900));
    assert_eq!(status(&world, CheckKind::Latency), Status::Unknown);
    world.pass(65);
    calls(&world.shop, 20, ms(499));
    assert_eq!(status(&world, CheckKind::Latency), Status::Healthy);
    calls(&world.shop, 20, ms(501));
    assert_eq!(status(&world, CheckKind::Latency), Status::Degraded);
    calls(&world.shop, 40, ms(1_499));
    assert_eq!(status(&world, CheckKind::Latency), Status::Degraded, "999.5 ms");
    calls(&world.shop, 40, ms(1_501));
    assert_eq!(status(&world, CheckKind::Latency), Status::Unhealthy);
    world.pass(65);
    calls(&world.shop, 20, ms(1));
    assert_eq!(status(&world, CheckKind::Latency), Status::Healthy);
}

#[test]
fn very_slow_calls_are_felt_once_they_are_a_share_of_all() {
    let world = world();
    calls(&world.shop, 1, secs(5));
    assert_eq!(status(&world, CheckKind::Latency), Status::Unknown, "one call is no rate");
    calls(&world.shop, 38, ms(1));
    assert_eq!(status(&world, CheckKind::Latency), Status::Healthy, "1 of 39");
    calls(&world.shop, 1, secs(5));
    assert_eq!(status(&world, CheckKind::Latency), Status::Unhealthy, "2 of 40");
}

#[test]
fn a_full_pool_is_borne_and_a_pool_that_gives_nothing_is_not() {
    let (world, pool) = pool_world();
    assert_eq!(status(&world, CheckKind::Pool), Status::Unknown);
    pool.set_levels(ten(3));
    assert_eq!(status(&world, CheckKind::Pool), Status::Healthy);
    pool.set_levels(ten(2));
    let _waiting = pool.checkout();
    let check_now = check(&world, CheckKind::Pool);
    assert_eq!(check_now.status, Status::Degraded);
    assert_eq!(
        check_now.message,
        "8 of 10 connections in use, 1 wait, 0 got none in the last minute"
    );
    (0..4).for_each(|_| pool.checkout().timed_out());
    assert_eq!(status(&world, CheckKind::Pool), Status::Degraded);
    pool.checkout().failed();
    assert_eq!(status(&world, CheckKind::Pool), Status::Unhealthy);
    pool.set_levels(ten(10));
    world.pass(65);
    assert_eq!(status(&world, CheckKind::Pool), Status::Healthy);
}

#[test]
fn a_few_time_outs_among_many_checkouts_can_be_borne() {
    let (world, pool) = pool_world();
    (0..96).for_each(|_| drop(pool.checkout().taken()));
    (0..5).for_each(|_| pool.checkout().timed_out());
    assert_eq!(status(&world, CheckKind::Pool), Status::Degraded, "5 of 101");
    (0..1).for_each(|_| pool.checkout().timed_out());
    assert_eq!(status(&world, CheckKind::Pool), Status::Unhealthy, "6 of 102");
}

#[test]
fn long_waits_for_a_connection_degrade_a_pool_once_enough_callers_waited() {
    let (world, pool) = pool_world();
    pool.set_levels(ten(10));
    (0..19).for_each(|_| drop(pool.checkout_taken(ms(900))));
    assert_eq!(status(&world, CheckKind::Pool), Status::Healthy, "19 are too few");
    drop(pool.checkout_taken(ms(900)));
    assert_eq!(status(&world, CheckKind::Pool), Status::Degraded);
    (0..400).for_each(|_| drop(pool.checkout_taken(ms(400))));
    assert_eq!(status(&world, CheckKind::Pool), Status::Healthy);
}

#[test]
fn connections_that_stay_out_degrade_a_pool_that_has_others() {
    let world = world_with(|builder| builder.leaked_connections(2));
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(PoolLevels { size: 3, idle: 1, max: Some(10), ..PoolLevels::default() });
    let held = [pool.checkout().taken(), pool.checkout().taken()];
    world.hands.advance(secs(59));
    assert_eq!(status(&world, CheckKind::Pool), Status::Healthy);
    world.hands.advance(secs(1));
    let check_now = check(&world, CheckKind::Pool);
    assert_eq!((check_now.status, check_now.observed.unwrap().value), (Status::Degraded, 2.0));
    drop(held);
    assert_eq!(status(&world, CheckKind::Pool), Status::Healthy);
}

#[test]
fn a_pool_smaller_than_the_threshold_can_leak_and_one_connection_may_be_kept() {
    let world = world();
    let levels = |max| PoolLevels { size: 3, idle: 1, max: Some(max), ..PoolLevels::default() };
    let pool = world.monitor.pool("main", shop());
    let _held: Vec<_> = (0..2).map(|_| pool.checkout().taken()).collect();
    world.hands.advance(secs(60));
    let leaks = |max| {
        pool.set_levels(levels(max));
        let findings = world.monitor.health().findings;
        findings.iter().any(|finding| finding.kind == FindingKind::ConnectionLeak)
    };
    assert!(leaks(2), "all there are");
    assert!(!leaks(3));
    assert!(!leaks(1), "in a pool of one nothing is too many");
}

#[test]
fn an_alert_degrades_while_it_fires_and_quotes_no_statement() {
    let world = world();
    world.shop.record(Call::new("select * from customers", secs(2)));
    assert_eq!(status(&world, CheckKind::Alerts), Status::Healthy, "no beat has told it yet");
    world.pass(5);
    let check_now = check(&world, CheckKind::Alerts);
    assert_eq!(
        (check_now.status, check_now.message.as_str()),
        (Status::Degraded, "1 firing: slow_query")
    );
    world.pass(300);
    assert_eq!(status(&world, CheckKind::Alerts), Status::Healthy);
}

#[test]
fn an_alert_that_somebody_muted_degrades_nothing() {
    let world = world();
    world.monitor.mute(Mute::kind(FindingKind::SlowQuery));
    world.shop.record(Call::new("select * from customers", secs(2)));
    world.pass(5);
    assert_eq!(world.monitor.alerts().len(), 1);
    assert_eq!(status(&world, CheckKind::Alerts), Status::Healthy);
}

#[test]
fn an_alert_that_only_informs_degrades_nothing() {
    let world = world_with(|builder| builder.calls_per_second(1.0));
    for _ in 0..6 {
        calls(&world.shop, 100, ms(1));
        world.pass(5);
    }
    assert_eq!(world.monitor.alerts().len(), 1);
    assert_eq!(status(&world, CheckKind::Alerts), Status::Healthy);
}

#[test]
fn a_beat_that_stays_away_degrades_the_monitor() {
    let world = world();
    world.pass(60);
    world.hands.advance(ms(14_999));
    assert_eq!(status(&world, CheckKind::Monitor), Status::Healthy);
    world.hands.advance(ms(1));
    assert_eq!(status(&world, CheckKind::Monitor), Status::Degraded);
    world.monitor.beat();
    assert_eq!(status(&world, CheckKind::Monitor), Status::Healthy);
}

#[test]
fn a_panic_degrades_the_monitor_for_five_minutes() {
    let world = world_with(|builder| builder.on_alert(|_| panic!("a bug in the callback")));
    world.shop.record(Call::new("select 1", secs(2)));
    world.pass(10);
    let check_now = check(&world, CheckKind::Monitor);
    assert_eq!(check_now.status, Status::Degraded);
    assert!(check_now.message.contains("1 panics caught"), "{}", check_now.message);
    // The end of the alert panics as well, two minutes later.
    world.pass(600);
    assert_eq!(status(&world, CheckKind::Monitor), Status::Healthy);
}

#[test]
fn what_the_limits_let_go_is_told_and_is_no_trouble() {
    let world = world_with(|builder| builder.statements_max(1));
    calls(&world.shop, 1, ms(1));
    world.shop.record(Call::new("select 2 from t", ms(1)));
    world.pass(5);
    let check_now = check(&world, CheckKind::Monitor);
    assert_eq!(check_now.status, Status::Healthy);
    assert!(check_now.message.contains("statements_evicted 1"), "{}", check_now.message);
}

#[test]
fn a_check_says_since_when_it_has_its_status() {
    let (world, pool) = pool_world();
    pool.set_levels(ten(10));
    world.pass(10);
    pool.set_levels(ten(0));
    world.hands.advance(secs(1));
    let at = |seconds| SystemTime::UNIX_EPOCH + secs(seconds);
    assert_eq!(check(&world, CheckKind::Pool).since, at(11), "seen now");
    world.pass(30);
    assert_eq!(check(&world, CheckKind::Pool).since, at(16), "seen by the beat");
    pool.set_levels(ten(10));
    world.pass(60);
    assert_eq!(check(&world, CheckKind::Pool).since, at(46));
}

#[test]
fn health_of_a_snapshot_is_the_same_again() {
    let (world, pool) = pool_world();
    pool.set_levels(ten(0));
    world.pass(30);
    let (snapshot, alerts) = (world.monitor.snapshot(), world.monitor.alerts());
    let health = judge::health(&snapshot, &world.monitor.thresholds(), &alerts);
    assert_eq!(health, judge::health(&snapshot, &world.monitor.thresholds(), &alerts));
    assert_eq!(health.status, world.monitor.health().status);
}

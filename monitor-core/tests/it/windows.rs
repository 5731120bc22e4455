//! The last minutes beside the whole life.

use std::time::Duration;

use monitor_core::capture::Call;

use super::{World, ms, world};

const MINUTE: Duration = Duration::from_secs(60);

fn calls(world: &World, span: Duration) -> u64 {
    world.monitor.snapshot().window(span).unwrap().rollup.total.calls
}

#[test]
fn a_window_forgets_calls_older_than_its_span() {
    let world = world();
    for _ in 0..10 {
        world.shop.record(Call::new("select 1", ms(1)));
    }
    assert_eq!(calls(&world, MINUTE), 10);
    world.pass(30);
    world.shop.record(Call::new("select 1", ms(1)));
    assert_eq!(calls(&world, MINUTE), 11);
    world.pass(40);
    assert_eq!(calls(&world, MINUTE), 1);
    world.pass(60);
    assert_eq!(calls(&world, MINUTE), 0);
    assert_eq!(calls(&world, 5 * MINUTE), 11);
    world.pass(600);
    assert_eq!(calls(&world, 5 * MINUTE), 0);
    assert_eq!(calls(&world, 15 * MINUTE), 11);
    world.pass(3600);
    assert_eq!(calls(&world, 60 * MINUTE), 0);
    assert_eq!(world.monitor.snapshot().lifetime.total.calls, 11);
}

#[test]
fn a_rate_is_taken_over_the_time_really_covered() {
    let world = world();
    for _ in 0..20 {
        world.shop.record(Call::new("select 1", ms(1)));
    }
    world.pass(10);
    let snapshot = world.monitor.snapshot();
    let window = snapshot.window(MINUTE).unwrap();
    assert_eq!(window.covered, Duration::from_secs(10));
    assert!((window.calls_per_second() - 2.0).abs() < 1e-9);
    world.pass(590);
    for window in world.monitor.snapshot().windows {
        let most = window.span + MINUTE;
        assert!(window.covered <= most, "{:?} covers {:?}", window.span, window.covered);
    }
}

#[test]
fn a_window_has_percentiles_of_its_own() {
    let world = world();
    for _ in 0..100 {
        world.shop.record(Call::new("select 1", ms(1)));
    }
    world.pass(120);
    for _ in 0..10 {
        world.shop.record(Call::new("select 1", ms(400)));
    }
    let snapshot = world.monitor.snapshot();
    let window = &snapshot.window(MINUTE).unwrap().rollup.statements[0].activity;
    assert!(window.p50() > ms(360) && window.time_min > ms(360), "{window:?}");
    assert!(snapshot.lifetime.total.p50() < ms(2));
}

#[test]
fn pools_have_windows_too() {
    let world = world();
    let pool = world.monitor.pool("main", super::shop());
    for _ in 0..3 {
        pool.connection_failed();
        pool.checkout().timed_out();
        pool.record(Call::new("select 1", ms(1)));
    }
    world.pass(70);
    pool.connection_failed();
    let snapshot = world.monitor.snapshot();
    let window = snapshot.window(MINUTE).unwrap();
    let source = window.sources.iter().find(|source| &*source.name == "main").unwrap();
    assert_eq!(source.activity.calls, 0, "calls by source are not kept apart in windows");
    assert_eq!(source.connections.failed, 1);
    assert_eq!(source.pool.as_ref().unwrap().checkouts.timed_out, 0);
    assert_eq!(snapshot.pools().next().unwrap().0.connections.failed, 4);
}

#[test]
fn statements_beyond_a_windows_bound_are_counted_as_other() {
    let world = world();
    for number in 0..400u64 {
        world.shop.record(Call::new(&format!("select 1 from t{number}"), ms(number)));
    }
    world.pass(5);
    let snapshot = world.monitor.snapshot();
    let window = snapshot.window(MINUTE).unwrap();
    assert_eq!(window.rollup.total.calls, 400);
    assert_eq!(window.rollup.statements.len(), 257);
    assert!(snapshot.losses.window_statements_folded >= 144);
    assert_eq!(snapshot.lifetime.statements.len(), 400);
}

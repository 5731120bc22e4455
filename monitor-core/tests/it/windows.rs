//! The last minutes beside the whole life.

use std::time::Duration;

use monitor_core::capture::Call;
use monitor_core::identify::Kind;
use monitor_core::snapshot::SampledLevels;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

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
    assert_eq!(source.activity.calls, 0);
    assert_eq!(source.connections.failed, 1);
    assert_eq!(source.pool.as_ref().unwrap().checkouts.timed_out, 0);
    let longer = snapshot.window(5 * MINUTE).unwrap();
    let source = longer.sources.iter().find(|source| &*source.name == "main").unwrap();
    assert_eq!(source.activity.calls, 3);
    assert_eq!(source.pool.as_ref().unwrap().checkouts.timed_out, 3);
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

#[test]
fn a_pools_usage_is_kept_minute_by_minute() {
    let world = world();
    let pool = world.monitor.pool("main", super::shop());
    pool.set_levels(super::ten(8));
    world.pass(60);
    pool.set_levels(super::ten(2));
    pool.checkout().timed_out();
    world.pass(60);
    let snapshot = world.monitor.snapshot();
    let usage = |sampled: SampledLevels| sampled.usage().unwrap();
    let minutes: Vec<_> = snapshot.minutes.iter().map(|minute| &minute.pools[0]).collect();
    assert_eq!(minutes.len(), 2);
    assert!((usage(minutes[0].sampled) - 0.2).abs() < 1e-9);
    assert!((usage(minutes[1].sampled) - 0.8).abs() < 1e-9);
    assert_eq!((minutes[0].checkouts, minutes[1].checkouts), (0, 1));
    let window = snapshot.window(5 * MINUTE).unwrap();
    assert!((usage(window.sources[1].pool.as_ref().unwrap().sampled) - 0.5).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// Calls carry the second they were made in as their time, so a window tells which it holds.
    #[test]
    fn a_window_holds_what_happened_since_it_began_and_nothing_else(
        steps in vec((0..24u64, 0..3usize, any::<bool>()), 1..120),
        look in 0..200u64,
    ) {
        let world = world();
        let pool = world.monitor.pool("main", super::shop());
        let texts = ["delete from t", "update t set a = 1", "select 1 from t where id in (1, 2)"];
        let mut made = Vec::new();
        let mut now = 0;
        for (fives, text, through_pool) in steps {
            world.pass(fives * 5);
            now += fives * 5;
            let source = if through_pool { &pool } else { &world.shop };
            source.record(Call::new(texts[text], ms(now + 1)));
            made.push((now, text, through_pool));
        }
        world.hands.advance(Duration::from_secs(look % 5));
        now += look % 5;
        let snapshot = world.monitor.snapshot();
        for window in &snapshot.windows {
            let span = window.span.as_secs();
            let covered = window.covered.as_secs();
            prop_assert!(covered >= span.min(now), "{span} covers {covered} of {now}");
            prop_assert!(covered <= span + 65, "{span} covers {covered}");
            let held: Vec<_> = made.iter().filter(|(at, ..)| *at >= now - covered).collect();
            let rollup = &window.rollup;
            prop_assert_eq!(rollup.total.calls, held.len() as u64);
            let time: u64 = held.iter().map(|(at, ..)| at + 1).sum();
            prop_assert_eq!(rollup.total.time, ms(time));
            let table = rollup.table("t").map_or(0, |table| table.activity.calls);
            prop_assert_eq!(table, held.len() as u64);
            for (number, kind) in [Kind::Delete, Kind::Update, Kind::Select].into_iter().enumerate() {
                let calls = held.iter().filter(|(_, text, _)| *text == number).count() as u64;
                let kept = rollup.statements.iter().find(|statement| statement.kind == kind);
                prop_assert_eq!(kept.map_or(0, |kept| kept.activity.calls), calls);
                prop_assert_eq!(rollup.kind(kind).calls, calls);
            }
            let through_pool = held.iter().filter(|(.., through_pool)| *through_pool).count() as u64;
            prop_assert_eq!(window.sources[1].activity.calls, through_pool);
            prop_assert_eq!(window.sources[0].activity.calls, held.len() as u64 - through_pool);
        }
        let minutes: u64 = snapshot.minutes.iter().map(|minute| minute.total.calls).sum();
        let times: u64 = snapshot.minutes.iter().map(|minute| minute.covered.as_secs()).sum();
        let last = snapshot.minutes.last().map_or(0, |minute| minute.ended.as_secs());
        let first = last - times;
        let inside = made.iter().filter(|(at, ..)| (first..last).contains(at)).count() as u64;
        prop_assert_eq!(minutes, inside);
    }
}

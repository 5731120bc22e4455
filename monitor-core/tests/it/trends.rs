//! What rises, what falls, and what only looks like it.

use monitor_core::capture::{Call, ErrorClass, Failure, Outcome};
use monitor_core::judge::{Direction, Measure, Subject, Trends, trends};
use monitor_core::show;

use super::random::Random;
use super::{World, ms, shop, ten, world};

fn look(world: &World) -> Trends {
    trends(&world.monitor.snapshot())
}

fn of_total(world: &World, measure: Measure) -> Direction {
    look(world).of(&Subject::AllCalls, measure).unwrap().direction
}

/// Minutes with so many calls of about so many milliseconds.
fn minutes(world: &World, minutes: u64, calls: u64, millis: u64, random: &mut Random) {
    for _ in 0..minutes * 12 {
        for _ in 0..calls / 12 {
            let took = random.lognormal(millis as f64 / 1_000.0, 0.5);
            world.shop.record(Call::new("select a from t where id = 1", took));
        }
        world.pass(5);
    }
}

#[test]
fn calls_that_take_twice_as_long_are_rising_and_then_falling() {
    let (world, mut random) = (world(), Random::new(1));
    minutes(&world, 20, 60, 10, &mut random);
    assert_eq!(of_total(&world, Measure::MeanTime), Direction::Steady);
    minutes(&world, 5, 60, 20, &mut random);
    let found = look(&world);
    let mean = found.of(&Subject::AllCalls, Measure::MeanTime).unwrap();
    assert_eq!(mean.direction, Direction::Rising, "{mean:?}");
    assert!(mean.now > 1.7 * mean.before && mean.evidence.p.unwrap() <= mean.evidence.level);
    assert_eq!((mean.evidence.minutes_before, mean.evidence.minutes_now), (20, 5));
    for measure in [Measure::P95, Measure::MeanTime] {
        let rising = found.moving().filter(|trend| trend.measure == measure).count();
        assert_eq!(rising, 3, "the total, the statement and the table: {found:?}");
    }
    assert_eq!(of_total(&world, Measure::CallsPerSecond), Direction::Steady);
    minutes(&world, 15, 60, 20, &mut random);
    minutes(&world, 5, 60, 5, &mut random);
    assert_eq!(of_total(&world, Measure::MeanTime), Direction::Falling);
}

#[test]
fn a_difference_too_small_to_matter_is_steady_however_sure_it_is() {
    let (world, mut random) = (world(), Random::new(2));
    minutes(&world, 20, 240, 100, &mut random);
    minutes(&world, 5, 240, 112, &mut random);
    let found = look(&world);
    let mean = found.of(&Subject::AllCalls, Measure::MeanTime).unwrap();
    assert_eq!(mean.direction, Direction::Steady, "{mean:?}");
    assert_eq!(mean.evidence.p, None, "nobody asked");
}

#[test]
fn a_quarter_of_an_hour_is_too_soon_for_many_and_not_for_the_total() {
    let (world, mut random) = (world(), Random::new(3));
    minutes(&world, 4, 60, 10, &mut random);
    let all = look(&world).all;
    assert!(!all.is_empty() && all.iter().all(|trend| trend.direction == Direction::TooSoon));
    minutes(&world, 5, 60, 10, &mut random);
    minutes(&world, 5, 60, 30, &mut random);
    assert_eq!(of_total(&world, Measure::MeanTime), Direction::Rising);
}

#[test]
fn a_job_that_runs_every_ten_minutes_is_no_trend_at_any_minute() {
    let world = world();
    for minute in 0..90 {
        for _ in 0..if minute % 10 == 0 { 5_000 } else { 0 } {
            world.shop.record(Call::new("insert into log values (1)", ms(3)));
        }
        world.pass(60);
        let found = look(&world);
        let moving: Vec<_> = found.moving().collect();
        assert!(moving.is_empty(), "in minute {minute}: {moving:?}");
    }
}

#[test]
fn one_bad_minute_is_no_trend_and_five_are() {
    let world = world();
    let minute = |failed: u64| {
        for number in 0..60 {
            let call = Call::new("select 1 from t", ms(2));
            let failure = Outcome::Failed(Failure::new(ErrorClass::Timeout));
            let outcome = if number < failed { failure } else { Outcome::Completed };
            world.shop.record(call.outcome(outcome));
        }
        world.pass(60);
    };
    (0..30).for_each(|_| minute(0));
    minute(60);
    assert_eq!(of_total(&world, Measure::ErrorRate), Direction::Steady);
    (0..4).for_each(|_| minute(6));
    assert_eq!(of_total(&world, Measure::ErrorRate), Direction::Rising);
}

#[test]
fn a_pool_that_fills_up_is_rising_in_usage_and_wait() {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    let minutes = |minutes: u64, idle: u32, wait: u64| {
        pool.set_levels(ten(idle));
        for _ in 0..minutes * 12 {
            let waiting = pool.checkout();
            world.hands.advance(ms(wait));
            drop(waiting.taken());
            world.hands.advance(ms(5_000 - wait));
            world.monitor.beat();
        }
    };
    minutes(20, 8, 0);
    minutes(5, 5, 40);
    let found = look(&world);
    let pools: Vec<_> = found.moving().map(|t| (t.subject.to_string(), t.measure)).collect();
    let main = || "main on db:5432/shop".to_string();
    assert_eq!(pools, [(main(), Measure::PoolWait), (main(), Measure::PoolUsage)]);
    let usage = found.moving().nth(1).unwrap();
    assert!((usage.before - 0.2).abs() < 0.01 && (usage.now - 0.5).abs() < 0.01, "{usage:?}");
}

/// Twenty statements that hold still, with times that scatter over two orders of magnitude and few calls a
/// minute, so that their minutes differ by far more than the least that matters.
#[test]
fn noise_is_called_a_trend_less_often_than_the_level_says() {
    let (world, mut random) = (world(), Random::new(4));
    let texts: Vec<_> = (0..20).map(|n| format!("select a from t{n} where id = 1")).collect();
    let (mut looks, mut wrong, mut notable) = (0, 0, 0);
    for minute in 0..240 {
        for text in &texts {
            for _ in 0..random.below(12) {
                world.shop.record(Call::new(text, random.lognormal(0.01, 1.5)));
            }
        }
        world.pass(60);
        if minute >= 60 && minute % 6 == 0 {
            let found = look(&world);
            looks += 1;
            wrong += usize::from(found.moving().next().is_some());
            notable += found.all.iter().filter(|trend| trend.evidence.p.is_some()).count();
        }
    }
    assert!(notable > 20 * looks, "the noise must be loud enough to be asked about: {notable}");
    // Two families at 1 % each: 0.6 of 30 looks may be wrong on average.
    assert!(wrong <= 1, "{wrong} of {looks} looks");
}

#[test]
fn trends_read_in_ten_seconds() {
    let (world, mut random) = (world(), Random::new(5));
    minutes(&world, 20, 60, 10, &mut random);
    minutes(&world, 5, 60, 30, &mut random);
    let found = look(&world);
    let report = show::trends(&found);
    for words in [
        "trends of the last 5 minutes: 6 rising, 0 falling, 9 steady, 0 too soon to tell",
        "all calls",
        "SELECT t (",
        "table t on db:5432/shop",
        "mean time",
        "rising",
        "20 → 5",
    ] {
        assert!(report.contains(words), "`{words}` is missing:\n{report}");
    }
    assert!(!report.contains("calls per second"), "what is steady is only counted:\n{report}");

    let json: serde_json::Value =
        serde_json::from_str(&show::trends_json(&found).unwrap()).unwrap();
    let trends = json["trends"].as_array().unwrap();
    assert_eq!((trends.len(), json["recent_minutes"].as_u64()), (15, Some(5)));
    let statement = trends.iter().find(|one| one["fingerprint"].is_string()).unwrap();
    assert_eq!(statement["database"], "db:5432/shop");
    let mean = trends.iter().find(|one| one["measure"] == "mean_time").unwrap();
    assert_eq!(
        (mean["subject"].as_str(), mean["direction"].as_str()),
        (Some("all calls"), Some("rising"))
    );
}

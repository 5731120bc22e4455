//! Before and after, statement by statement.

use std::time::Duration;

use monitor_core::capture::{Call, Clock, Database, ErrorClass, Failure, Outcome, Rows};
use monitor_core::judge::{Answer, ChangeKind, Comparison, StatementComparison, Test, compare};
use monitor_core::snapshot::Snapshot;
use monitor_core::{Monitor, show};

use super::random::Random;
use super::{World, ms, shop};

/// A process that was started so many seconds after the clock.
fn process(started: u64, build: &'static str) -> World {
    let (clock, hands) = Clock::by_hand();
    hands.advance(Duration::from_secs(started));
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build_id(build).build().unwrap();
    let shop = monitor.database(shop());
    World { monitor, hands, shop }
}

/// Calls of about so many milliseconds within five minutes.
fn calls(world: &World, text: &str, number: u64, millis: f64, random: &mut Random) {
    for _ in 0..number {
        world.shop.record(Call::new(text, random.lognormal(millis / 1_000.0, 0.8)));
    }
}

fn after_five_minutes(world: &World) -> Snapshot {
    world.hands.advance(Duration::from_secs(300));
    world.monitor.beat();
    world.monitor.snapshot()
}

fn of<'a>(comparison: &'a Comparison, table: &str) -> &'a StatementComparison {
    let is_it = |one: &&StatementComparison| one.summary.ends_with(&format!(" {table}"));
    comparison.statements.iter().find(is_it).unwrap()
}

fn kinds(comparison: &Comparison, table: &str) -> Vec<ChangeKind> {
    of(comparison, table).difference.changes.iter().map(|change| change.kind).collect()
}

/// A deploy that made one statement slow, another fast, and left the others alone.
fn deploy() -> (Snapshot, Snapshot) {
    let (old, new, mut random) = (process(0, "41"), process(1_000, "42"), Random::new(7));
    for (world, slow, fast) in [(&old, 10.0, 30.0), (&new, 25.0, 10.0)] {
        calls(world, "select a from slower where id = 1", 600, slow, &mut random);
        calls(world, "select a from faster where id = 1", 300, fast, &mut random);
        calls(world, "select a from same where id = 1", 900, 5.0, &mut random);
        calls(world, "select a from rare where id = 1", 3, 5.0, &mut random);
    }
    calls(&new, "select a from fresh where id = 1", 40, 5.0, &mut random);
    calls(&old, "select a from bygone where id = 1", 40, 5.0, &mut random);
    (after_five_minutes(&old), after_five_minutes(&new))
}

#[test]
fn a_deploy_is_told_by_what_it_made_slower_faster_new_and_gone() {
    let (before, after) = deploy();
    let found = compare(&before, &after);
    assert!(!found.is_continuation);
    assert_eq!(
        (found.before.to_string(), found.after.to_string()),
        ("build 41".into(), "build 42".into())
    );
    assert_eq!(kinds(&found, "slower"), [ChangeKind::Slower]);
    assert_eq!(kinds(&found, "faster"), [ChangeKind::Faster]);
    assert_eq!(kinds(&found, "fresh"), [ChangeKind::New]);
    assert_eq!(kinds(&found, "bygone"), [ChangeKind::Gone]);
    assert_eq!(of(&found, "same").difference.answer, Answer::Unchanged);
    assert_eq!(of(&found, "rare").difference.answer, Answer::TooSoon);
    assert_eq!(found.changed().next().unwrap().summary, of(&found, "slower").summary);

    let slower = &of(&found, "slower").difference;
    let change = slower.changes[0];
    assert_eq!(change.test, Test::Times);
    assert!(change.p.unwrap() <= change.level && change.level < 0.01);
    assert!(change.after / change.before > 2.0 && slower.longer.unwrap() > 0.6, "{change:?}");
    assert!(
        slower.seconds_per_hour > 0.0 && of(&found, "faster").difference.seconds_per_hour < 0.0
    );
}

#[test]
fn what_few_calls_feel_is_told_by_the_tail() {
    let (old, new) = (process(0, "41"), process(1_000, "42"));
    for number in 0..1_000 {
        old.shop.record(Call::new("select a from t", ms(10)));
        new.shop.record(Call::new("select a from t", ms(if number % 12 == 0 { 40 } else { 10 })));
    }
    let found = compare(&after_five_minutes(&old), &after_five_minutes(&new));
    let change = of(&found, "t").change(ChangeKind::Slower).unwrap();
    assert!(change.p.unwrap() < 1e-6, "{change:?}");
    let moment = old.monitor.snapshot();
    assert!(compare(&moment, &moment).changed().next().is_none(), "no time has passed");
}

#[test]
fn failures_calls_and_rows_are_compared_too_and_a_little_more_is_nothing() {
    let (old, new) = (process(0, "41"), process(1_000, "42"));
    let failure = || Outcome::Failed(Failure::new(ErrorClass::Timeout));
    for (world, fails, more, rows) in [(&old, 100, 100, 1), (&new, 10, 300, 40)] {
        for number in 0..300 {
            let outcome = if number % fails == 0 { failure() } else { Outcome::Completed };
            let call = Call::new("insert into failing values (1)", ms(2)).rows(Rows::affected(1));
            world.shop.record(call.outcome(outcome));
            let call = Call::new("select a from wide", ms(2));
            world.shop.record(call.rows(Rows::returned(rows)));
            let call = Call::new("select a from little", ms(100 + rows / 4));
            world.shop.record(call.rows(Rows::returned(10 + rows / 20)));
        }
        for _ in 0..more {
            world.shop.record(Call::new("select a from often", ms(2)));
        }
    }
    let found = compare(&after_five_minutes(&old), &after_five_minutes(&new));
    assert_eq!(kinds(&found, "failing"), [ChangeKind::MoreFailures]);
    assert_eq!(kinds(&found, "often"), [ChangeKind::MoreCalls]);
    assert_eq!(kinds(&found, "wide"), [ChangeKind::MoreRows]);
    assert_eq!(of(&found, "little").difference.answer, Answer::Unchanged);
    let back = compare(&after_five_minutes(&new), &after_five_minutes(&old));
    assert_eq!(kinds(&back, "failing"), [ChangeKind::FewerFailures]);
    assert_eq!(kinds(&back, "wide"), [ChangeKind::FewerRows]);
}

#[test]
fn of_one_process_only_what_happened_since_is_compared() {
    let (world, mut random) = (process(0, "42"), Random::new(8));
    let text = "select a from t where id = 1";
    calls(&world, text, 600, 10.0, &mut random);
    let before = after_five_minutes(&world);
    calls(&world, text, 100, 40.0, &mut random);
    let after = after_five_minutes(&world);
    let found = compare(&before, &after);
    assert!(found.is_continuation);
    assert_eq!(found.after.covered, Duration::from_secs(300));
    let one = &of(&found, "t").difference;
    assert_eq!((one.before.calls, one.after.calls), (600, 100));
    assert_eq!(kinds(&found, "t"), [ChangeKind::FewerCalls, ChangeKind::Slower]);
}

#[test]
fn two_hosts_may_call_their_database_differently() {
    let (one, other) = (process(0, "42"), process(1_000, "42"));
    let elsewhere = Database { host: "db-2".into(), ..shop() };
    let elsewhere = other.monitor.database(elsewhere);
    for _ in 0..100 {
        one.shop.record(Call::new("select a from t", ms(10)));
        elsewhere.record(Call::new("select a from t", ms(10)));
    }
    let found = compare(&after_five_minutes(&one), &after_five_minutes(&other));
    assert_eq!(found.statements.len(), 1);
    assert_eq!(found.statements[0].difference.answer, Answer::Unchanged);
}

/// A hundred times thirty statements that are the same on both sides, scattering widely.
#[test]
fn noise_is_called_a_change_less_often_than_the_level_says() {
    let mut random = Random::new(9);
    let (mut wrong, mut apart) = (0, 0);
    for _ in 0..100 {
        let (old, new) = (process(0, "41"), process(1_000, "41"));
        for world in [&old, &new] {
            for number in 0..30 {
                let calls_made = 20 + random.below(40);
                let text = format!("select a from t{number} where id = 1");
                calls(world, &text, calls_made, 10.0, &mut random);
            }
        }
        let found = compare(&after_five_minutes(&old), &after_five_minutes(&new));
        let slower = |of: &StatementComparison| {
            let (before, after) = (&of.difference.before, &of.difference.after);
            after.mean() > before.mean().mul_f64(1.25)
        };
        apart += found.statements.iter().filter(|of| slower(of)).count();
        wrong += usize::from(found.changed().any(|of| {
            of.change(ChangeKind::Slower).is_some() || of.change(ChangeKind::Faster).is_some()
        }));
    }
    assert!(apart > 100, "the noise must be loud enough: {apart}");
    assert!(wrong <= 2, "{wrong} of 100 comparisons, where one is expected at most");
}

#[test]
fn a_comparison_reads_in_ten_seconds() {
    let (before, after) = deploy();
    let found = compare(&before, &after);
    let report = show::comparison(&found);
    for words in [
        "before: build 41, 5.0 min up to 1970-01-01T00:05:00Z",
        "after:  build 42",
        "4 statements changed, 1 unchanged, 1 too soon to tell",
        "select a from slower where id = ?",
        "slower",
        " ms → ",
        "2.00/s",
    ] {
        assert!(report.contains(words), "`{words}` is missing:\n{report}");
    }
    assert!(!report.contains("from same"), "{report}");
    assert!(report.lines().all(|line| line.chars().count() <= 180), "{report}");

    let json: serde_json::Value =
        serde_json::from_str(&show::comparison_json(&found).unwrap()).unwrap();
    assert_eq!(json["before"]["build"], "41");
    assert_eq!(json["statements"][0]["answer"], "changed");
    assert_eq!(json["statements"][0]["changes"][0]["kind"], "slower");
    assert_eq!(json["statements"][0]["before"]["calls"], 600);
}

#[test]
fn what_was_saved_is_compared_as_what_was_not() {
    let (before, after) = deploy();
    let health = Monitor::off().health();
    let saved = |snapshot: &Snapshot| show::load(&show::json(snapshot, &health).unwrap()).unwrap();
    let report = show::comparison(&compare(&before, &after));
    assert_eq!(show::comparison(&compare(&saved(&before), &saved(&after))), report);
    assert!(compare(&saved(&before), &before).is_continuation);
}

//! Every bound holds, and what it lets go is counted.

use monitor_core::capture::{Call, Database, ErrorClass, Failure, Outcome, System};

use super::{World, ms, world_with};

#[test]
fn a_flood_of_one_off_statements_loses_no_call_and_spares_the_busy_ones() {
    let World { monitor, shop, .. } = world_with(|b| b.statements_max(20).texts_max(1000));
    for number in 0..500 {
        for busy in 0..5 {
            shop.record(Call::new(&format!("select busy from b{busy}"), ms(1)));
        }
        shop.record(Call::new(&format!("select once from t{number}"), ms(1)));
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 3_000);
    for busy in 0..5 {
        let text = format!("select busy from b{busy}");
        let found = snapshot.lifetime.statements.iter().find(|s| *s.text == *text);
        assert_eq!(found.map(|s| s.activity.calls), Some(500), "{text}");
    }
    let other = snapshot.lifetime.statements.iter().find(|s| s.fingerprint.is_none()).unwrap();
    assert_eq!(&*other.text, "(other select statements)");
    assert_eq!(other.activity.calls, 485);
    assert_eq!(snapshot.losses.statements_evicted, 485);
    // The window, fed by differences, agrees with the lifetime numbers.
    assert_eq!(snapshot.windows[0].rollup.total.calls, 3_000);
    assert_eq!(snapshot.sources[0].activity.calls, 3_000);
}

#[test]
fn a_call_that_was_running_while_its_statement_lost_its_place_still_counts() {
    let World { monitor, shop, hands } = world_with(|b| b.statements_max(1));
    let timer = shop.call("select slow from a");
    for number in 0..100 {
        shop.record(Call::new(&format!("select once from t{number}"), ms(1)));
    }
    hands.advance(ms(5));
    assert_eq!(monitor.snapshot().lifetime.total.calls, 100);
    timer.complete();
    let snapshot = monitor.snapshot();
    let total = snapshot.lifetime.total;
    assert_eq!((total.calls, total.time), (101, ms(105)));
    assert_eq!(snapshot.losses.history_calls_dropped, 1, "whose call it was is not known any more");
    // And the statement can come back.
    shop.record(Call::new("select slow from a", ms(1)));
    assert_eq!(monitor.snapshot().lifetime.total.calls, 102);
}

#[test]
fn more_texts_than_are_remembered_still_are_the_same_statement() {
    let World { monitor, shop, .. } = world_with(|b| b.texts_max(8));
    for number in 0..1_000 {
        shop.record(Call::new(&format!("select * from t where id = {number}"), ms(1)));
    }
    let statements = monitor.snapshot().lifetime.statements;
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0].activity.calls, 1_000);
}

#[test]
fn a_thread_that_fills_its_desk_loses_nothing() {
    let World { monitor, shop, hands } = world_with(|b| b.slow(ms(10)));
    for took in 0..20_000 {
        hands.advance(ms(1));
        shop.record(Call::new("select pg_sleep(1)", ms(took)));
    }
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.lifetime.total.calls, snapshot.lifetime.total.slow), (20_000, 19_990));
    assert_eq!(snapshot.slow[0].duration, ms(19_999));
    assert_eq!(snapshot.slow_newest.len(), 100);
    assert_eq!(snapshot.slow_newest[99].duration, ms(19_900));
}

#[test]
fn a_full_slow_log_lets_the_fastest_go() {
    let World { monitor, shop, .. } = world_with(|b| b.slow_statements_max(2).slow(ms(10)));
    for (table, took) in [("a", 20), ("b", 40), ("c", 30), ("d", 15)] {
        shop.record(Call::new(&format!("select 1 from {table}"), ms(took)));
    }
    let kept: Vec<_> = monitor.slow_queries(9).iter().map(|call| call.duration).collect();
    assert_eq!(kept, [ms(40), ms(30)]);
}

#[test]
fn databases_beyond_the_limit_are_counted_together() {
    let World { monitor, .. } = world_with(|b| b.sources_max(3));
    for number in 0..6 {
        let database = Database { name: format!("tenant{number}"), ..Database::of(System::MySql) };
        monitor.database(database).record(Call::new("select 1", ms(1)));
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.sources.len(), 3);
    assert_eq!(snapshot.lifetime.total.calls, 6);
    assert_eq!(snapshot.losses.sources_folded, 5);
}

#[test]
fn error_codes_beyond_the_limit_are_counted_by_class() {
    let World { monitor, shop, .. } = world_with(|b| b);
    for number in 0..30 {
        let code = format!("E{number}");
        let failure = Failure::new(ErrorClass::Other).with_code(&code);
        shop.record(Call::new("select 1", ms(1)).outcome(Outcome::Failed(failure)));
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.errors.iter().map(|e| e.count).sum::<u64>(), 30);
    assert_eq!(snapshot.lifetime.total.errors[0].count, 14);
    assert_eq!(snapshot.losses.error_codes_folded, 14);
}

#[test]
fn error_codes_of_evicted_statements_are_bounded_too() {
    let World { monitor, shop, .. } = world_with(|b| b.statements_max(1));
    for number in 0..200 {
        let code = format!("E{number}{}", "x".repeat(100));
        let failure = Failure::new(ErrorClass::Other).with_code(&code);
        let text = format!("select 1 from t{number}");
        shop.record(Call::new(&text, ms(1)).outcome(Outcome::Failed(failure)));
    }
    let errors = monitor.snapshot().lifetime.total.errors;
    assert!(errors.len() <= 17, "{} codes kept", errors.len());
    assert_eq!(errors.iter().map(|error| error.count).sum::<u64>(), 200);
    assert!(errors.iter().all(|error| error.code.as_ref().is_none_or(|code| code.len() <= 32)));
}

#[test]
fn checkouts_beyond_the_limit_are_counted_but_not_followed() {
    let World { monitor, .. } = world_with(|b| b.checkouts_tracked_max(2));
    let pool = monitor.pool("main", super::shop());
    let out: Vec<_> = (0..5).map(|_| pool.checkout().taken()).collect();
    let snapshot = monitor.snapshot();
    let numbers = snapshot.pools().next().unwrap().1;
    assert_eq!((numbers.checkouts.out, numbers.held.len()), (5, 2));
    assert_eq!(snapshot.losses.checkouts_untracked, 3);
    drop(out);
    assert_eq!(monitor.snapshot().pools().next().unwrap().1.checkouts.out, 0);
}

#[test]
fn no_history_of_recent_calls_is_kept_where_none_is_wanted() {
    let World { monitor, shop, .. } = world_with(|b| b.recent_calls_max(0));
    shop.record(Call::new("select 1", ms(1)));
    assert!(monitor.recent_calls(10).is_empty());
    assert_eq!(monitor.snapshot().lifetime.total.calls, 1);
}

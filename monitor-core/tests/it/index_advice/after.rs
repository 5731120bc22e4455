//! Whether an index that was created has helped.

use monitor_core::judge::advice::index::{Outcome, compare};
use monitor_core::snapshot::Activity;

use crate::{ms, world};

/// So many calls of so many milliseconds, each with so many rows.
fn calls(count: u64, millis: u64, rows: u64) -> Activity {
    use monitor_core::capture::{Call, Rows};
    let world = world();
    for _ in 0..count {
        let call = Call::new("select id from orders where customer_id = 1", ms(millis));
        world.shop.record(call.rows(Rows::returned(rows)));
    }
    world.monitor.snapshot().lifetime.total
}

#[test]
fn shorter_calls_mean_that_it_helped() {
    let outcome = compare(&calls(50, 20, 5), &calls(50, 1, 5));
    assert!(matches!(outcome, Outcome::Helped(saved) if saved > 0.9), "{outcome:?}");
}

#[test]
fn calls_a_little_shorter_may_be_chance() {
    let outcome = compare(&calls(50, 20, 5), &calls(50, 17, 5));
    assert!(matches!(outcome, Outcome::DidNotHelp(saved) if saved < 0.3), "{outcome:?}");
}

#[test]
fn more_rows_take_longer_with_any_index() {
    let outcome = compare(&calls(50, 20, 5), &calls(50, 20, 50));
    assert!(matches!(outcome, Outcome::Helped(_)), "{outcome:?}");
}

#[test]
fn a_few_calls_are_too_soon_to_tell() {
    assert_eq!(compare(&calls(50, 20, 5), &calls(5, 1, 5)), Outcome::TooSoon);
    assert_eq!(compare(&calls(5, 20, 5), &calls(50, 1, 5)), Outcome::TooSoon);
}

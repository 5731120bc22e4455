//! What units of work of a name come to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use monitor_core::capture::{Call, CallSite, ErrorClass, Failure, Outcome, Rows};
use monitor_core::{Scope, ScopeRule, show};

use monitor_core::snapshot::RepeatKind;

use super::super::{World, ms, world, world_with};
use super::{LIST, ONE, all_of, block_on, of, turn};

#[test]
fn a_unit_counts_its_calls_and_its_time() {
    let world = world();
    for unit in 0..3 {
        world.monitor.scope("GET /books").run(|| {
            world.ask(LIST, 0, 10);
            for n in 0..unit {
                world.ask(ONE, n, 5);
            }
            world.hands.advance(ms(30));
        });
    }
    let scope = world.scope("GET /books");
    assert_eq!((scope.units, scope.calls, scope.failed, scope.calls_max), (3, 6, 0, 3));
    assert_eq!(scope.time, ms(3 * 40 + 3 * 5));
    assert_eq!(scope.database_time, ms(3 * 10 + 3 * 5));
    assert_eq!(scope.busy_time, scope.database_time);
    // One statement, then two, and two again, of which one ran twice.
    assert_eq!((scope.distinct, scope.repeated), (5, 1));
    assert_eq!(
        scope.calls_each.buckets().collect::<Vec<_>>(),
        [(Some(1), 1), (Some(2), 1), (Some(5), 1)]
    );
    let worst = scope.worst.unwrap();
    assert_eq!((worst.calls, worst.database_time, worst.took), (3, ms(20), ms(50)));
    assert_eq!(worst.statements.len(), 2);
    assert_eq!((worst.statements[1].calls, worst.statements[1].time), (2, ms(10)));
}

#[test]
fn calls_outside_of_any_unit_and_of_another_monitor_are_not_counted() {
    let (world, other) = (world(), world());
    world.ask(LIST, 0, 10);
    world.monitor.scope("job").run(|| other.ask(LIST, 0, 10));
    world.ask(LIST, 0, 10);
    assert_eq!(world.scope("job").calls, 0);
    assert!(other.monitor.snapshot().scopes.is_empty());
    assert_eq!(other.monitor.snapshot().lifetime.total.calls, 1);
}

#[test]
fn units_that_take_turns_on_one_thread_keep_their_calls_apart() {
    let world = world();
    let request = |number: u64| {
        let name = format!("GET /{}", number % 10);
        let scope = world.monitor.scope(name);
        let world = &world;
        scope.wrap(async move {
            for value in 0..=number % 10 {
                world.ask(ONE, value, 1);
                turn().await;
            }
        })
    };
    block_on(all_of((0..500).map(request).collect()));
    let snapshot = world.monitor.snapshot();
    assert_eq!(snapshot.scopes.len(), 10);
    for number in 0..10 {
        let scope = of(&snapshot, &format!("GET /{number}"));
        assert_eq!(
            (scope.units, scope.calls, scope.calls_max),
            (50, 50 * (number + 1), number + 1)
        );
    }
    let all: u64 = snapshot.scopes.iter().map(|scope| scope.calls).sum();
    assert_eq!(all, snapshot.lifetime.total.calls);
}

#[test]
fn a_call_counts_for_its_unit_and_for_those_around_it() {
    let world = world();
    world.monitor.scope("request").run(|| {
        world.ask(LIST, 0, 10);
        world.monitor.scope("cart").run(|| world.ask(ONE, 1, 10));
        world.ask(LIST, 0, 10);
    });
    assert_eq!(world.scope("cart").calls, 1);
    assert_eq!(world.scope("request").calls, 3);
}

#[test]
fn a_unit_that_is_carried_to_a_thread_ends_with_the_last_who_holds_it() {
    let world = world();
    let scope = world.monitor.scope("request");
    let carried = scope.run(|| {
        world.ask(LIST, 0, 10);
        Scope::current()
    });
    drop(scope);
    assert!(world.monitor.snapshot().scopes.is_empty());
    std::thread::scope(|threads| {
        let world = &world;
        threads.spawn(move || carried.run(|| world.ask(ONE, 1, 10)));
    });
    assert_eq!((world.scope("request").units, world.scope("request").calls), (1, 2));
}

#[test]
fn a_call_that_outlives_its_future_is_still_its_units() {
    let world = world();
    let timer = world.monitor.scope("request").run(|| world.shop.call(ONE));
    assert!(world.monitor.snapshot().scopes.is_empty());
    timer.complete();
    assert_eq!(world.scope("request").calls, 1);
}

#[test]
fn guards_dropped_in_the_wrong_order_leave_nothing_entered() {
    let world = world();
    let (outer, inner) = (world.monitor.scope("outer"), world.monitor.scope("inner"));
    let (first, second) = (outer.enter(), inner.enter());
    drop(first);
    world.ask(ONE, 1, 1);
    drop(second);
    world.ask(ONE, 1, 1);
    drop((outer, inner));
    assert_eq!((world.scope("outer").calls, world.scope("inner").calls), (0, 1));
    assert_eq!(&*Scope::current().name(), "");
}

#[test]
fn time_at_once_is_waited_for_once() {
    let world = world();
    world.monitor.scope("fan").run(|| {
        let calls: Vec<_> = (0..4).map(|_| world.shop.call(ONE)).collect();
        world.hands.advance(ms(20));
        calls.into_iter().for_each(monitor_core::CallTimer::complete);
        world.hands.advance(ms(20));
    });
    let scope = world.scope("fan");
    assert_eq!((scope.database_time, scope.busy_time, scope.time), (ms(80), ms(20), ms(40)));
    assert!((scope.database_share() - 0.5).abs() < 1e-9);
}

#[test]
fn waits_for_connections_and_transactions_are_the_units() {
    let world = world();
    let pool = world.monitor.pool("main", super::super::shop());
    let held = world.monitor.scope("request").run(|| {
        let wait = pool.checkout();
        world.hands.advance(ms(7));
        let held = wait.taken();
        let transaction = pool.transaction();
        world.hands.advance(ms(11));
        transaction.committed();
        held
    });
    let scope = world.scope("request");
    assert_eq!((scope.pool_wait, scope.transaction_time), (ms(7), ms(11)));
    drop(held);
}

#[test]
fn a_wait_that_is_told_when_it_timed_out_is_the_units() {
    let world = world();
    let pool = world.monitor.pool("main", super::super::shop());
    pool.checkout_timed_out(ms(50));
    world.monitor.scope("request").run(|| {
        world.hands.advance(ms(30));
        pool.checkout_timed_out(ms(30));
    });
    assert_eq!(world.scope("request").pool_wait, ms(30));
}

#[test]
fn a_unit_that_learns_its_name_late_counts_under_it_and_keeps_to_its_rule() {
    let budget = ScopeRule::default().calls_max(1);
    let world = world_with(|builder| builder.scope_rule("GET /books", budget));
    let scope = world.monitor.scope("(no route)");
    scope.run(|| {
        world.ask(ONE, 1, 1);
        Scope::current().rename("GET /books");
        world.ask(ONE, 2, 1);
    });
    assert_eq!(&*scope.name(), "GET /books");
    drop(scope);
    let snapshot = world.monitor.snapshot();
    assert_eq!(snapshot.scopes.len(), 1);
    assert_eq!(
        (of(&snapshot, "GET /books").calls, of(&snapshot, "GET /books").over_budget),
        (2, 1)
    );
}

#[test]
fn a_job_that_begins_the_next_one_as_its_own_part_does_not_go_on_for_ever() {
    let world = world();
    let root = world.monitor.scope("root");
    let mut job = root.clone();
    for _ in 0..100 {
        job = job.run(|| world.monitor.scope("job"));
        job.run(|| world.ask(ONE, 1, 1));
        assert!(job.is_in(&root) && !root.is_in(&job));
    }
    drop(job);
    let ended = world.scope("job");
    assert!(ended.units >= 100, "{}", ended.units);
    assert_eq!(world.monitor.snapshot().losses.scopes_flattened, 6);
    drop(root);
    assert_eq!(world.scope("root").calls, 100);
}

#[test]
fn reads_that_need_not_wait_for_each_other_are_counted() {
    let world = world();
    let by_user =
        ["SELECT * FROM users WHERE id = $1", "SELECT * FROM carts WHERE user_id = $1", ONE];
    world.monitor.scope("independent").run(|| {
        by_user.iter().for_each(|text| world.ask(text, 7, 10));
    });
    world.monitor.scope("dependent").run(|| {
        by_user.iter().zip(0..).for_each(|(text, value)| world.ask(text, value, 10));
    });
    world.monitor.scope("in a transaction").run(|| {
        let transaction = world.shop.transaction();
        by_user.iter().for_each(|text| world.ask(text, 7, 10));
        transaction.committed();
    });
    let independent = world.scope("independent");
    assert_eq!((independent.waited_needlessly, independent.needless_wait), (2, ms(20)));
    assert_eq!(world.scope("dependent").waited_needlessly, 0);
    assert_eq!(world.scope("in a transaction").waited_needlessly, 0);
}

#[test]
fn the_same_question_counts_as_duplicate_until_something_is_written() {
    let world = world();
    world.monitor.scope("request").run(|| {
        world.ask(ONE, 1, 3);
        world.ask(ONE, 1, 3);
        world.ask(ONE, 2, 3);
        world.ask_at("UPDATE authors SET name = $1", 1, 3, CallSite::here(), Rows::affected(1));
        world.ask(ONE, 1, 3);
    });
    let scope = world.scope("request");
    assert_eq!((scope.duplicates, scope.duplicate_time), (1, ms(3)));
}

/// Requests of so many milliseconds each, which all begin before one of them ends.
fn stampede(world: &World, text: &str, values: &[u64], millis: u64) {
    let scopes: Vec<_> = values.iter().map(|_| world.monitor.scope("GET /front")).collect();
    let at = CallSite::here();
    let begin = |(scope, value): (&Scope, &u64)| {
        let call = || world.shop.call(text).called_at(Some(at));
        scope.run(call).with_parameters(|hasher| {
            hasher.values(&value.to_le_bytes());
            true
        })
    };
    let calls: Vec<_> = scopes.iter().zip(values).map(begin).collect();
    world.hands.advance(ms(millis));
    calls.into_iter().for_each(monitor_core::CallTimer::complete);
}

#[test]
fn the_same_read_sent_while_it_runs_elsewhere_is_counted_and_shown_and_is_no_alert() {
    let world = world();
    stampede(&world, LIST, &[7; 10], 40);
    let scope = world.scope("GET /front");
    assert_eq!((scope.units, scope.at_once, scope.at_once_time), (10, 9, ms(9 * 40)));
    // It is in no unit twice.
    assert_eq!((scope.duplicates, scope.repeated), (0, 0));
    let [repeated] = &scope.repeats[..] else { panic!("{:#?}", scope.repeats) };
    assert_eq!((repeated.kind, repeated.units), (RepeatKind::AtOnce, 8));
    assert_eq!((repeated.calls_max, repeated.calls, repeated.saved), (9, 8, ms(8 * 40)));
    assert!(repeated.call_site.as_ref().unwrap().contains("counting.rs"));
    let snapshot = world.monitor.snapshot();
    assert!(world.monitor.report().contains("at_once"));
    assert_eq!(monitor_core::judge::findings(&snapshot, &world.monitor.thresholds()), []);
    let saved = show::json(&snapshot, &world.monitor.health()).unwrap();
    assert_eq!(show::load(&saved).unwrap().scopes, snapshot.scopes);
}

#[test]
fn reads_at_once_that_are_not_the_same_or_could_not_share_an_answer_are_none() {
    let quiet = |text: &str, values: &[u64], millis| {
        let world = world();
        stampede(&world, text, values, millis);
        world.scope("GET /front")
    };
    assert_eq!(quiet(ONE, &[1, 2, 3, 4], 40).at_once, 0);
    assert_eq!(quiet("UPDATE books SET seen = 1 WHERE id = $1", &[1; 4], 40).at_once, 0);
    assert_eq!(quiet("SELECT nextval('seats') FROM halls WHERE id = $1", &[1; 4], 40).repeats, []);
    assert_eq!(quiet("SELECT id FROM jobs WHERE id = $1 FOR UPDATE", &[1; 4], 40).repeats, []);
    assert_eq!(quiet(ONE, &[1; 4], 0).repeats, []);
    // One after another.
    let world = world();
    (0..4).for_each(|_| world.monitor.scope("GET /front").run(|| world.ask(ONE, 1, 40)));
    assert_eq!(world.scope("GET /front").at_once, 0);
}

#[test]
fn a_read_that_was_given_up_runs_no_more() {
    let world = world();
    let ask = || {
        world.shop.call(ONE).with_parameters(|hasher| {
            hasher.values(b"7");
            true
        })
    };
    let scope = world.monitor.scope("GET /front");
    let given_up = scope.run(ask);
    let beside = scope.run(ask);
    world.hands.advance(ms(40));
    drop(given_up);
    beside.complete();
    scope.run(ask).complete();
    drop(scope);
    assert_eq!(world.scope("GET /front").at_once, 1);
}

#[test]
fn a_call_whose_values_panic_when_they_are_hashed_has_ended_and_counts_once() {
    let world = world();
    let panics = catch_unwind(AssertUnwindSafe(|| {
        world.monitor.scope("GET /front").run(|| {
            world.shop.call(ONE).with_parameters(|_| panic!("no value")).complete();
        });
    }));
    assert!(panics.is_err());
    let snapshot = world.monitor.snapshot();
    let total = &snapshot.lifetime.total;
    assert_eq!((total.calls, total.cancelled, world.scope("GET /front").calls), (1, 1, 1));
    // The thread is in no unit any more.
    world.shop.call(ONE).complete();
    assert_eq!(world.scope("GET /front").calls, 1);
}

#[test]
fn reads_at_once_in_a_transaction_or_outside_of_any_unit_are_not_compared() {
    let world = world();
    let ask = || {
        world.shop.call(ONE).with_parameters(|hasher| {
            hasher.values(b"7");
            true
        })
    };
    let (first, second) = (ask(), ask());
    drop((first, second));
    world.monitor.scope("GET /front").run(|| {
        let transaction = world.shop.transaction();
        let calls = [ask(), ask()];
        world.hands.advance(ms(40));
        calls.into_iter().for_each(monitor_core::CallTimer::complete);
        transaction.committed();
    });
    assert_eq!(world.scope("GET /front").at_once, 0);
}

#[test]
fn different_reads_that_run_at_once_are_followed_up_to_a_limit() {
    let world = world();
    let values: Vec<u64> = (0..6_000).collect();
    stampede(&world, ONE, &values, 1);
    let followed = 6_000 - world.monitor.snapshot().losses.reads_unfollowed;
    assert!((3_000..=4_096).contains(&followed), "{followed}");
    // Room again.
    stampede(&world, ONE, &[1, 1], 1);
    assert_eq!(world.scope("GET /front").at_once, 1);
}

#[test]
fn a_call_that_is_told_when_it_is_over_counts_as_well() {
    let world = world();
    world.monitor.scope("job").run(|| {
        let failure = Failure { class: ErrorClass::Timeout, code: None };
        world.hands.advance(ms(9));
        world.shop.record(Call::new(ONE, ms(9)).outcome(Outcome::Failed(failure)));
        world.told(ONE, 1, 2);
    });
    let scope = world.scope("job");
    assert_eq!((scope.calls, scope.failed, scope.database_time), (2, 1, ms(11)));
}

#[test]
fn names_beyond_the_limit_count_together_and_the_loss_is_told() {
    let world = world_with(|builder| builder.scope_names_max(3));
    for user in 0..5 {
        world.monitor.scope(format!("GET /users/{user}")).run(|| world.ask(ONE, user, 1));
    }
    let snapshot = world.monitor.snapshot();
    let names: Vec<_> = snapshot.scopes.iter().map(|scope| (&*scope.name, scope.units)).collect();
    assert_eq!(names, [("(other)", 3), ("GET /users/0", 1), ("GET /users/1", 1)]);
    assert_eq!(snapshot.losses.scope_names_folded, 3);
}

#[test]
fn a_unit_with_too_many_calls_counts_all_of_them_and_keeps_some() {
    let world = world_with(|builder| builder.scope_calls_max(10));
    world.monitor.scope("job").run(|| (0..25).for_each(|n| world.ask(ONE, n, 2)));
    let snapshot = world.monitor.snapshot();
    let scope = of(&snapshot, "job");
    assert_eq!((scope.calls, scope.database_time), (25, ms(50)));
    assert_eq!(snapshot.losses.scope_calls_unkept, 15);
    // What was kept is enough to see what goes on.
    assert_eq!(scope.repeats[0].calls, 10);
}

#[test]
fn a_unit_with_just_as_many_calls_as_are_kept_is_looked_at_once() {
    for calls in [9, 10, 11] {
        let world = world_with(|builder| builder.scope_calls_max(10));
        world.monitor.scope("job").run(|| (0..calls).for_each(|n| world.ask(ONE, n, 2)));
        let scope = world.scope("job");
        assert_eq!((scope.repeats[0].units, scope.repeats[0].calls), (1, calls.min(10)));
    }
}

#[test]
fn calls_that_are_said_to_last_for_ever_can_be_added_up() {
    let world = world();
    world.monitor.scope("job").run(|| {
        for _ in 0..3 {
            let mut hasher = monitor_core::capture::ParameterHasher::new();
            hasher.values(b"same");
            let call = Call::new(LIST, std::time::Duration::MAX).parameters(Some(hasher.finish()));
            world.shop.record(call);
        }
    });
    assert_eq!(world.scope("job").calls, 3);
}

#[test]
fn a_summary_tells_of_a_unit_that_goes_on() {
    let world = world();
    let scope = world.monitor.scope("request");
    scope.run(|| world.ask(LIST, 0, 10));
    world.hands.advance(ms(5));
    let summary = scope.summary();
    assert_eq!((summary.calls, summary.database_time, summary.elapsed), (1, ms(10), ms(15)));
    let off = monitor_core::Monitor::off().scope("request");
    assert_eq!(off.run(|| off.summary()), monitor_core::ScopeSummary::default());
}

#[test]
fn what_units_came_to_is_saved_and_read_back_and_stands_in_the_report() {
    let world = world_with(|builder| builder.scopes(ScopeRule::default().calls_max(4)));
    world.monitor.scope("GET /books").run(|| {
        world.ask(LIST, 0, 10);
        (0..8).for_each(|n| world.ask(ONE, n, 5));
    });
    let snapshot = world.monitor.snapshot();
    let saved = show::json(&snapshot, &world.monitor.health()).unwrap();
    assert_eq!(show::load(&saved).unwrap().scopes, snapshot.scopes);
    let report = world.monitor.report();
    for words in ["units of work, most database time first", "called again and again", "GET /books"]
    {
        assert!(report.contains(words), "{words} is missing in\n{report}");
    }
}

//! Calls that run too long are found before they end.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

use monitor_core::capture::{Call, OutcomeKind};
use monitor_core::identify::Kind;
use monitor_core::snapshot::{RunningCall, SlowReason};
use monitor_core::{CallTimer, Monitor, SlowAfter, SlowRelative};

use super::{World, ms, shop, world, world_with};

const SLOW: &str = "select pg_sleep(1)";

fn running(monitor: &Monitor) -> Vec<RunningCall> {
    monitor.snapshot().running
}

/// Numbers of the calls that were told of, newest first.
fn told(monitor: &Monitor) -> Vec<u64> {
    monitor.snapshot().running_told.iter().map(|call| call.number).collect()
}

#[test]
fn a_call_past_its_threshold_is_there_while_it_runs_and_told_once() {
    let World { monitor, hands, .. } = world();
    let pool = monitor.pool("main", shop());
    hands.advance(ms(500));
    let timer = pool.call(SLOW).on_connection(Some(7));
    hands.advance(ms(999));
    monitor.beat();
    assert_eq!(running(&monitor), [], "close, and still in time");
    hands.advance(ms(1));
    monitor.beat();
    monitor.beat();

    hands.advance(ms(500));
    let calls = running(&monitor);
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!(&*call.statement, "select pg_sleep(?)");
    assert_eq!(call.running, ms(1_500));
    assert_eq!(call.since, SystemTime::UNIX_EPOCH + ms(500));
    assert_eq!((call.connection, call.pool.as_deref()), (Some(7), Some("main")));
    assert_eq!((call.slow.reason, call.slow.very_slow), (SlowReason::Absolute, false));
    assert_eq!(*call.database, shop());
    assert_eq!(told(&monitor), [1]);
    assert_eq!(monitor.snapshot().running_told[0].running, ms(1_000), "as it was found");
    assert_eq!(monitor.snapshot().lifetime.total.calls, 0, "it has not ended");

    timer.complete();
    assert_eq!(running(&monitor), []);
    assert_eq!(monitor.slow_queries(1)[0].duration, ms(1_500));
    assert_eq!(told(&monitor), [1], "what was told stays told");
}

#[test]
fn a_call_that_is_over_before_anybody_looks_is_not_told() {
    let World { monitor, shop, hands } = world();
    let timer = shop.call(SLOW);
    hands.advance(ms(5_000));
    timer.complete();
    monitor.beat();
    assert_eq!(told(&monitor), [0_u64; 0]);
    assert_eq!(monitor.slow_queries(1).len(), 1);
}

#[test]
fn the_next_call_in_the_same_slot_is_another_one() {
    let World { monitor, shop, hands } = world();
    for number in 1..=3 {
        let timer = shop.call(SLOW);
        hands.advance(ms(2_000));
        monitor.beat();
        assert_eq!(running(&monitor)[0].number, number);
        timer.complete();
    }
    assert_eq!(told(&monitor), [3, 2, 1]);
}

#[test]
fn its_own_threshold_decides_for_a_running_call_too() {
    let World { monitor, shop, hands } = world_with(|b| {
        b.slow_statement(SLOW, SlowAfter::NEVER)
            .slow_table("orders", ms(50))
            .slow_relative(SlowRelative { duration_min: ms(1), ..SlowRelative::times(3.0) })
    });
    for _ in 0..100 {
        shop.record(Call::new("select * from usual", ms(2)));
    }
    monitor.beat();
    let _never = shop.call(SLOW);
    let _strict = shop.call("update orders set total = 1");
    let _unusual = shop.call("select * from usual /* monitor:mute */");
    hands.advance(ms(49));
    let calls = running(&monitor);
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].slow.reason, calls[0].muted), (SlowReason::Relative, true));
    hands.advance(ms(1));
    assert_eq!(running(&monitor).len(), 2);
    hands.advance(Duration::from_secs(3_600));
    assert_eq!(running(&monitor).len(), 2);
}

#[test]
fn the_time_a_reader_takes_is_not_running_time() {
    let World { monitor, shop, hands } = world();
    let mut timer = shop.call(SLOW);
    hands.advance(ms(600));
    timer.wait_ends();
    hands.advance(Duration::from_secs(3_600));
    monitor.beat();
    assert_eq!(running(&monitor), [], "the reader is busy, not the database");
    timer.wait_begins();
    hands.advance(ms(399));
    assert_eq!(running(&monitor), []);
    hands.advance(ms(1));
    let call = running(&monitor).remove(0);
    assert_eq!(call.running, ms(1_000));
    assert_eq!(call.since, SystemTime::UNIX_EPOCH);
}

#[test]
fn a_call_ends_wherever_its_timer_is_dropped() {
    let World { monitor, shop, hands } = world();
    let detached: CallTimer<'static> = shop.call(SLOW).detach();
    hands.advance(ms(1_000));
    assert_eq!(running(&monitor).len(), 1);
    std::thread::spawn(move || drop(detached)).join().unwrap();
    assert_eq!(running(&monitor), []);
    assert_eq!(monitor.slow_queries(1)[0].outcome, OutcomeKind::Cancelled);
}

#[test]
fn a_call_outlives_the_thread_that_started_it_and_the_next_thread_takes_its_place() {
    let World { monitor, shop, hands } = world_with(|b| b.running_per_thread_max(2));
    let begin = |shop: monitor_core::Source| {
        std::thread::spawn(move || shop.call(SLOW).detach()).join().unwrap()
    };
    let first = begin(shop.clone());
    monitor.beat();
    // The slab of the thread that ended is not free: its call is not over.
    let second = begin(shop.clone());
    hands.advance(ms(1_000));
    assert_eq!(running(&monitor).len(), 2);
    first.complete();
    assert_eq!(running(&monitor).len(), 1);
    monitor.beat();
    let third = begin(shop);
    hands.advance(ms(1_000));
    assert_eq!(running(&monitor).len(), 2);
    drop((second, third));
    assert_eq!(running(&monitor), []);
    assert_eq!(told(&monitor), [3, 2, 1]);
    assert_eq!(monitor.snapshot().losses.calls_unfollowed, 0);
}

#[test]
fn a_full_slab_is_counted_and_costs_no_call() {
    let World { monitor, shop, hands } = world_with(|b| b.running_per_thread_max(3));
    let timers: Vec<_> = (0..5).map(|_| shop.call(SLOW)).collect();
    hands.advance(ms(1_000));
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.running.len(), snapshot.losses.calls_unfollowed), (3, 2));
    timers.into_iter().for_each(CallTimer::complete);
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.running.len(), snapshot.lifetime.total.calls), (0, 5));
    drop(shop.call(SLOW));
    assert_eq!(monitor.snapshot().losses.calls_unfollowed, 2, "there is room again");
}

#[test]
fn the_list_of_what_was_told_is_bounded() {
    let World { monitor, shop, hands } = world_with(|b| b.running_told_max(2));
    let timers: Vec<_> = (0..5).map(|_| shop.call(SLOW)).collect();
    hands.advance(ms(1_000));
    monitor.beat();
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.running.len(), snapshot.running_told.len()), (5, 2));
    assert_eq!(snapshot.losses.running_forgotten, 3);
    drop(timers);
}

#[test]
fn nothing_is_followed_where_that_was_switched_off() {
    let World { monitor, shop, hands } = world_with(|b| b.running_per_thread_max(0));
    let timer = shop.call(SLOW);
    hands.advance(ms(9_000));
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.running.len(), snapshot.losses.calls_unfollowed), (0, 0));
    timer.complete();
    assert_eq!(monitor.slow_queries(1).len(), 1);
}

#[test]
fn a_running_call_whose_statement_lost_its_place_is_still_found() {
    let World { monitor, shop, hands } = world_with(|b| b.statements_max(1));
    let _timer = shop.call(SLOW);
    shop.record(Call::new("update t set a = 1", ms(1)));
    hands.advance(ms(1_000));
    let call = running(&monitor).remove(0);
    assert_eq!((call.fingerprint, call.kind), (None, Kind::Select));
    assert_eq!(&*call.statement, "(other select statements)");
}

#[test]
fn each_monitor_follows_its_own_calls() {
    let (one, other) = (world(), world());
    let _timer = one.shop.call(SLOW);
    one.hands.advance(ms(1_000));
    other.hands.advance(ms(1_000));
    assert_eq!((running(&one.monitor).len(), running(&other.monitor).len()), (1, 0));
}

#[test]
fn what_ends_while_the_beat_looks_is_seen_whole_or_not_at_all() {
    // Slots change hands all the time; a call that never runs long must never be told, and one that
    // does must be there on every look.
    let World { monitor, shop, hands } = world_with(|b| b.running_per_thread_max(4));
    let stuck = shop.call("select stuck from a");
    hands.advance(ms(1_000));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (send, receive) = channel::<CallTimer<'static>>();
                let ender = scope.spawn(move || receive.into_iter().for_each(CallTimer::complete));
                for _ in 0..20_000 {
                    drop(shop.call("select quick from b"));
                    send.send(shop.call("select handed from c").detach()).unwrap();
                }
                drop(send);
                ender.join().unwrap();
                done.store(true, Relaxed);
            });
        }
        while !done.load(Relaxed) {
            let calls = running(&monitor);
            assert_eq!(calls.len(), 1, "{calls:?}");
            assert_eq!((&*calls[0].statement, calls[0].number), ("select stuck from a", 1));
        }
    });
    stuck.complete();
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.running, []);
    assert_eq!(snapshot.lifetime.total.calls, 120_001);
    assert_eq!(told(&monitor), [1]);
}

//! Many threads at once: nothing is lost.

use std::cell::RefCell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use monitor_core::capture::{Call, Clock, ErrorClass, Failure, Origin, Outcome, Rows};
use monitor_core::{CallTimer, Monitor, Source};

use super::shop;

const THREADS: u64 = 8;
const CALLS: u64 = 50_000;

#[test]
fn nothing_is_lost_while_many_record_and_others_look() {
    let monitor = Monitor::builder().beat_by_hand().statements_max(8).build().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looker = scope.spawn(|| {
            let mut last = 0;
            let mut looks = 0u64;
            while !done.load(Relaxed) {
                monitor.beat();
                let calls = monitor.snapshot().lifetime.total.calls;
                assert!(calls >= last, "went back from {last} to {calls}");
                last = calls;
                looks += 1;
            }
            looks
        });
        let recorders: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn({
                    let pool = monitor.pool("main", shop());
                    move || record(&pool, thread)
                })
            })
            .collect();
        recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
        done.store(true, Relaxed);
        assert!(looker.join().unwrap() > 0);
    });

    let snapshot = monitor.snapshot();
    let total = &snapshot.lifetime.total;
    assert_eq!(total.calls, THREADS * CALLS);
    assert_eq!(total.failed, THREADS * CALLS / 10);
    assert_eq!(total.cancelled, THREADS * CALLS / 10);
    assert_eq!(total.rows_returned, THREADS * CALLS * 3);
    assert_eq!(total.histogram.count(), THREADS * CALLS);
    assert_eq!(total.time, Duration::from_micros(THREADS * CALLS));
    assert_eq!(total.errors.iter().map(|error| error.count).sum::<u64>(), THREADS * CALLS / 10);
    // Every side of the sum agrees, evictions included: 16 statements went through 8 places.
    let sum = |calls: Vec<u64>| calls.iter().sum::<u64>();
    assert_eq!(
        sum(snapshot.lifetime.kinds.iter().map(|k| k.activity.calls).collect()),
        total.calls
    );
    assert_eq!(
        sum(snapshot.lifetime.statements.iter().map(|s| s.activity.calls).collect()),
        total.calls
    );
    assert_eq!(snapshot.sources[0].activity.calls, total.calls);
    assert!(snapshot.losses.statements_evicted > 0);
    let checkouts = &snapshot.pools().next().unwrap().1.checkouts;
    assert_eq!((checkouts.waiting, checkouts.out, checkouts.taken), (0, 0, THREADS * CALLS / 10));
}

fn record(pool: &monitor_core::Source, thread: u64) {
    let failure = Outcome::Failed(Failure::new(ErrorClass::Conflict).with_code("40P01"));
    for number in 0..CALLS {
        let text = format!("select * from t{} where id = {number}", (number + thread) % 16);
        let outcome = match number % 10 {
            0 => failure,
            1 => Outcome::Cancelled,
            _ => Outcome::Completed,
        };
        let call = Call::new(&text, Duration::from_micros(1)).rows(Rows::returned(3));
        pool.record(call.outcome(outcome));
        if number % 10 == 0 {
            drop(pool.checkout().taken());
        }
    }
}

#[test]
fn a_thread_that_ends_leaves_its_numbers_behind() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    for _ in 0..50 {
        let source = monitor.database(shop());
        std::thread::spawn(move || source.record(Call::new("select 1", Duration::ZERO)))
            .join()
            .unwrap();
    }
    assert_eq!(monitor.snapshot().lifetime.total.calls, 50);
}

#[test]
fn what_few_calls_have_stays_with_them_while_desks_fill_and_are_emptied() {
    let monitor = Monitor::builder().beat_by_hand().recent_calls_max(500).build().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                for call in monitor.recent_calls(500) {
                    let code = call.error_code.as_deref().map(str::to_owned);
                    let wanted = call.user.as_deref().map(|user| format!("code {user}"));
                    assert_eq!(code, wanted, "a call with another one's code");
                }
            }
        });
        let recorders: Vec<_> = (1..=2u64)
            .map(|thread| {
                let source = monitor.database(shop());
                scope.spawn(move || record_failures(&source, thread))
            })
            .collect();
        recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
        done.store(true, Relaxed);
    });
    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.calls, total.failed), (2 * CALLS, 2 * CALLS.div_ceil(3)));
    for thread in 1..=2 {
        let code = format!("code {thread}");
        let error = total.errors.iter().find(|error| error.code.as_deref() == Some(&code)).unwrap();
        assert_eq!(error.count, CALLS.div_ceil(3));
        assert_eq!(error.time, Duration::from_micros(error.count * thread));
    }
}

/// Every third call fails, with a code, a user and a time that are this thread's.
fn record_failures(source: &monitor_core::Source, thread: u64) {
    let (code, user) = (format!("code {thread}"), thread.to_string());
    for number in 0..CALLS {
        let call = Call::new("select * from t where id = $1", Duration::from_micros(thread));
        source.record(match number % 3 {
            0 => call
                .outcome(Outcome::Failed(Failure::new(ErrorClass::Conflict).with_code(&code)))
                .origin(Origin { user: Some(&user), ..Origin::default() }),
            _ => call,
        });
    }
}

#[test]
fn threads_beyond_those_that_get_a_desk_lose_nothing() {
    const ALIVE: usize = 1_100;
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let all_are_there = Barrier::new(ALIVE);
    std::thread::scope(|scope| {
        for _ in 0..ALIVE {
            let (source, all_are_there) = (monitor.database(shop()), &all_are_there);
            let work = move || {
                source.call("select 1").complete();
                all_are_there.wait();
                source.call("select 1").complete();
            };
            std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, work).unwrap();
        }
    });
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 2 * ALIVE as u64);
    assert_eq!(snapshot.losses.calls_unfollowed, 2 * (ALIVE as u64 - 1_024));
}

#[test]
fn a_call_that_ends_on_another_thread_after_its_own_has_ended_is_followed_to_the_end() {
    let (clock, hands) = Clock::by_hand();
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
    let source = monitor.database(shop());
    let timer = std::thread::spawn({
        let source = source.clone();
        move || source.call("select 1").detach()
    })
    .join()
    .unwrap();
    // Another thread starts calls meanwhile; the desk that was left is not free yet.
    std::thread::spawn(move || source.call("select 2").complete()).join().unwrap();
    hands.advance(Duration::from_secs(2));
    assert_eq!(monitor.snapshot().running.len(), 1);
    timer.complete();
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.running.len(), snapshot.lifetime.total.calls), (0, 2));
}

#[test]
fn a_call_that_borrows_its_source_may_end_on_another_thread_that_makes_calls_too() {
    let (clock, hands) = Clock::by_hand();
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
    let source = monitor.database(shop());
    let timers = [source.call("select 1"), source.call("select 2")];
    hands.advance(Duration::from_secs(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            source.call("select 3").complete();
            assert_eq!(monitor.snapshot().running.len(), 2);
            timers.into_iter().for_each(CallTimer::complete);
        });
    });
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.running.len(), snapshot.lifetime.total.calls), (0, 3));
    // Their slots are free again: as many calls are followed as if they had never been.
    let all: Vec<_> = (0..64).map(|_| source.call("select 1")).collect();
    hands.advance(Duration::from_secs(2));
    assert_eq!(monitor.snapshot().running.len(), 64);
    drop(all);
    assert_eq!(monitor.snapshot().losses.calls_unfollowed, 0);
}

/// Calls once more when its thread ends, and ends a call that began before.
struct Last(Source, Option<CallTimer<'static>>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.call("select name from customers where id = $1").complete();
        self.1.take().unwrap().complete();
    }
}

#[test]
fn calls_made_and_ended_while_a_thread_ends_are_counted() {
    thread_local! {
        static EARLY: RefCell<Option<Last>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    const THREADS: u64 = 20;
    let (clock, hands) = Clock::by_hand();
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
    let source = monitor.database(shop());
    for _ in 0..THREADS {
        let source = source.clone();
        let work = move || {
            // Whichever of what a thread keeps goes first: one of these goes before the monitor's, the other after it.
            EARLY.with_borrow_mut(|early| *early = None);
            let timer = || source.call("select 1").detach();
            let last = || Some(Last(source.clone(), Some(timer())));
            let late = last();
            LATE.with_borrow_mut(|place| *place = late);
            EARLY.with_borrow_mut(|place| *place = last());
        };
        std::thread::spawn(work).join().unwrap();
    }
    hands.advance(Duration::from_secs(3_600));
    let snapshot = monitor.snapshot();
    let total = &snapshot.lifetime.total;
    assert_eq!((total.calls, total.cancelled, snapshot.running.len()), (4 * THREADS, 0, 0));
}

/// Calls of each thread that records for long; `MONITOR_STRESS_CALLS=10000000` in a release build makes it a trial.
fn calls_of_a_long_run() -> u64 {
    std::env::var("MONITOR_STRESS_CALLS").map_or(CALLS, |calls| calls.parse().unwrap())
}

#[test]
fn a_long_run_of_two_threads_adds_up_while_statements_come_and_go() {
    let calls = calls_of_a_long_run();
    let monitor = Monitor::builder().beat_by_hand().statements_max(8).build().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looker = scope.spawn(|| {
            let mut last = 0;
            while !done.load(Relaxed) {
                monitor.beat();
                let calls = monitor.snapshot().lifetime.total.calls;
                assert!(calls >= last, "went back from {last} to {calls}");
                last = calls;
            }
        });
        let recorders: Vec<_> = (0..2)
            .map(|thread| {
                let source = monitor.database(shop());
                scope.spawn(move || record_mostly_one(&source, thread, calls))
            })
            .collect();
        recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
        done.store(true, Relaxed);
        looker.join().unwrap();
    });
    let snapshot = monitor.snapshot();
    let total = &snapshot.lifetime.total;
    assert_eq!((total.calls, total.cancelled), (2 * calls, 2 * calls.div_ceil(1_000)));
    assert_eq!(total.histogram.count(), 2 * calls);
    let statements: u64 = snapshot.lifetime.statements.iter().map(|one| one.activity.calls).sum();
    assert_eq!(statements, total.calls);
    assert!(snapshot.losses.statements_evicted > 0 && snapshot.running.is_empty());
    // Every call of a statement is its own or one of "other", never another's.
    for statement in &snapshot.lifetime.statements {
        let own = statement.text.strip_prefix("select a from hot_").map(|_| calls - calls / 10);
        assert!(own.is_none_or(|own| statement.activity.calls <= own), "{}", statement.text);
    }
}

/// Nine calls of one statement, then one of sixteen others; one of a thousand calls is given up.
fn record_mostly_one(source: &monitor_core::Source, thread: u64, calls: u64) {
    let mostly = format!("select a from hot_{thread} where id = $1");
    let others: Vec<_> = (0..16).map(|number| format!("select b from cold_{number}")).collect();
    for number in 0..calls {
        let text = if number % 10 == 9 { &others[number as usize / 10 % 16] } else { &mostly };
        let timer = source.call(text);
        if number % 1_000 == 0 { drop(timer) } else { timer.complete() }
    }
}

/// Makes a call when it is dropped: by a thread-local, when the thread is ending.
struct Farewell(monitor_core::Source);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.call("select bye from t").complete();
    }
}

thread_local! {
    /// One of these goes before what the monitor keeps for a thread, the other after.
    static BEFORE: RefCell<Option<Farewell>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<Farewell>> = const { RefCell::new(None) };
}

#[test]
fn threads_that_come_and_go_and_call_while_they_end_lose_nothing() {
    let rounds = calls_of_a_long_run() / 500;
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                monitor.beat();
            }
        });
        for _ in 0..rounds {
            let some = [(); 4].map(|()| {
                let source = monitor.database(shop());
                std::thread::spawn(move || {
                    BEFORE.set(Some(Farewell(source.clone())));
                    (0..10).for_each(|_| source.call("select hello from t").complete());
                    AFTER.set(Some(Farewell(source)));
                })
            });
            some.into_iter().for_each(|one| one.join().unwrap());
        }
        done.store(true, Relaxed);
    });
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, rounds * 4 * 12);
    assert_eq!((snapshot.running.len(), snapshot.lifetime.total.cancelled), (0, 0));
}

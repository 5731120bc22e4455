//! Many threads at once: nothing is lost.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, Rows};

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

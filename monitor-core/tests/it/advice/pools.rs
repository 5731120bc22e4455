//! Rules on pools and on who holds their connections.

use std::time::Duration;

use monitor_core::capture::PoolLevels;
use monitor_core::judge::advice::{LevelSample, PoolPeak, Verdict, Wait};

use super::{Library, check, ms, said};

const QUICK: &str = "select id from readers where card = $1";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A pool of ten that is full, with callers waiting, for so long; the waits took a while.
fn full_for(library: &mut Library, seconds: u64) {
    library.story.levels = (0..120)
        .map(|at| {
            let is_full = at < seconds;
            LevelSample {
                at: secs(at),
                pool: "library".into(),
                in_use: if is_full { 10 } else { 3 },
                max: Some(10),
                waiting: if is_full { 7 } else { 0 },
                wait_p95: Some(if is_full { ms(400) } else { ms(0) }),
            }
        })
        .collect();
}

fn full_with(took: Duration, seconds: u64) -> Library {
    let mut library = Library::open();
    library.calls(QUICK, 70, took, 1);
    full_for(&mut library, seconds);
    library
}

#[test]
fn a_queue_that_stands_before_quick_statements_means_a_small_pool() {
    let advice = full_with(ms(4), 100).advice();
    assert_eq!(said(&advice), ["pool-too-small"]);
    check(&full_with(ms(4), 20).advice(), "pool-too-small", Verdict::Quiet);
    let mut library = Library::open();
    library.calls(QUICK, 20, ms(4), 1);
    full_for(&mut library, 100);
    check(&library.advice_now(), "pool-too-small", Verdict::TooSoon);
    check(
        &Library::open().calls(QUICK, 70, ms(4), 1).advice(),
        "pool-too-small",
        Verdict::CannotTell,
    );
}

#[test]
fn a_larger_pool_stays_within_what_the_server_has_for_each_instance() {
    let mut library = full_with(ms(4), 100);
    library.story.surroundings.server_connections_max = Some(100);
    library.story.surroundings.instances = Some(7);
    let advice = library.advice();
    assert!(
        advice.recommendations[0].remedy[0].contains("max_connections(13)"),
        "{:?}",
        advice.recommendations[0].remedy
    );
}

#[test]
fn a_larger_pool_is_not_advised_to_a_busy_database() {
    let mut library = full_with(ms(4), 100);
    library.story.surroundings.database_cpu = Some(0.95);
    check(&library.advice(), "pool-too-small", Verdict::Quiet);
}

#[test]
fn a_slow_statement_that_fills_the_pool_is_told_and_the_pool_is_not() {
    let advice = full_with(ms(900), 100).advice();
    assert_eq!(said(&advice), ["slow-query"]);
    check(&advice, "pool-too-small", Verdict::Quiet);
    check(&full_with(ms(900), 20).advice(), "slow-query", Verdict::Quiet);
    let mut library = Library::open();
    library.calls(QUICK, 20, ms(900), 1);
    full_for(&mut library, 100);
    check(&library.advice_now(), "slow-query", Verdict::TooSoon);
}

/// Units of work that wait for a connection while they hold so many.
fn waits(count: u64, holds: Option<u32>) -> Library {
    let mut library = full_with(ms(4), 100);
    library.story.waits =
        (0..count).map(|unit| Wait { waited: secs(30), holds, scope: Some(unit) }).collect();
    library
}

#[test]
fn waiting_for_a_second_connection_is_told_instead_of_the_pool() {
    assert_eq!(said(&waits(6, Some(1)).advice()), ["nested-acquire"]);
    check(&waits(6, Some(0)).advice(), "nested-acquire", Verdict::Quiet);
    check(&waits(6, None).advice(), "nested-acquire", Verdict::CannotTell);
    let mut early = waits(6, Some(1));
    early.settings.observe_for = secs(3_600);
    check(&early.advice_now(), "nested-acquire", Verdict::TooSoon);
}

/// Connections held for so long each, and calls on them meanwhile.
fn held(count: u64, held: Duration, busy: Duration) -> Library {
    let mut library = Library::open();
    for _ in 0..count {
        library.source.checkout_taken(Duration::ZERO).returned_after(held);
        library.calls(QUICK, 1, busy, 1);
    }
    library
}

#[test]
fn connections_held_for_nothing_are_told_and_busy_ones_are_not() {
    assert_eq!(said(&held(5, secs(30), ms(2)).advice()), ["connection-held-idle"]);
    check(&held(5, secs(30), secs(20)).advice(), "connection-held-idle", Verdict::Quiet);
    check(&held(1, secs(30), ms(2)).advice(), "connection-held-idle", Verdict::Quiet);
    check(&held(90, ms(300), ms(2)).advice(), "connection-held-idle", Verdict::Quiet);
    check(&held(5, secs(30), ms(2)).advice_now(), "connection-held-idle", Verdict::TooSoon);
}

#[test]
fn connections_that_never_come_back_are_told_with_their_line() {
    let mut library = Library::open();
    library.calls(QUICK, 5, ms(2), 1);
    let kept: Vec<_> = (0..4).map(|_| library.source.checkout().taken()).collect();
    library.wait(secs(70));
    let advice = library.advice();
    assert_eq!(said(&advice), ["connection-held-idle"]);
    let facts = &advice.recommendations[0].evidence.facts;
    assert!(
        facts.iter().any(|fact| fact.name == "taken at" && fact.value.contains("pools.rs")),
        "{facts:?}"
    );
    drop(kept);
}

#[test]
fn connections_whose_calls_still_run_are_not_idle() {
    let mut library = Library::open();
    let kept: Vec<_> = (0..4).map(|_| library.source.checkout().taken()).collect();
    let source = library.source.clone();
    let running: Vec<_> = (0..4).map(|_| source.call("select pg_sleep($1)")).collect();
    library.wait(secs(70));
    check(&library.advice(), "connection-held-idle", Verdict::Quiet);
    drop((kept, running));
}

#[test]
fn open_transactions_that_do_nothing_are_told_instead_of_the_connection() {
    let library = |lasted: u64| {
        let mut library = Library::open();
        for _ in 0..3 {
            let transaction = library.source.transaction();
            library.calls(QUICK, 1, ms(2), 1).wait(secs(lasted));
            transaction.committed();
            library.source.checkout_taken(Duration::ZERO).returned_after(secs(30));
        }
        library
    };
    let advice = library(30).advice();
    assert_eq!(said(&advice), ["idle-in-transaction"]);
    check(&library(1).advice(), "idle-in-transaction", Verdict::Quiet);
    let mut early = library(30);
    early.settings.observe_for = secs(3_600);
    check(&early.advice_now(), "idle-in-transaction", Verdict::TooSoon);
}

/// So many new connections a second, for so long, and then none.
fn connects(rate: u64, seconds: u64) -> Library {
    let mut library = Library::open();
    let levels = PoolLevels { size: 4, idle: 2, max: Some(10), ..PoolLevels::default() };
    library.source.set_levels(levels);
    for second in 0..130 {
        (0..rate)
            .filter(|_| second < seconds)
            .for_each(|_| library.source.connection_created(Some(ms(9))));
        library.wait(secs(1));
    }
    library
}

#[test]
fn connections_opened_all_the_time_are_told_and_a_start_is_not() {
    assert_eq!(said(&connects(5, 130).advice()), ["connection-churn"]);
    check(&connects(1, 60).advice(), "connection-churn", Verdict::Quiet);
    let mut start = Library::open();
    start.wait(secs(30));
    (0..200).for_each(|_| start.source.connection_created(None));
    check(&start.advice(), "connection-churn", Verdict::TooSoon);
}

/// A pool of sixty of which so many were in use, watched for so long.
fn peak(in_use: u32, watched: Duration) -> Library {
    let mut library = Library::open();
    library.story.peaks = vec![PoolPeak { pool: "library".into(), in_use, max: Some(60), watched }];
    library
}

#[test]
fn a_pool_nobody_uses_up_is_told_after_a_day() {
    let day = secs(24 * 3_600);
    assert_eq!(said(&peak(6, day).advice()), ["pool-too-large"]);
    check(&peak(30, day).advice(), "pool-too-large", Verdict::Quiet);
    check(&peak(6, day / 2).advice(), "pool-too-large", Verdict::TooSoon);
}

#[test]
fn pools_that_are_more_than_the_server_has_are_told_at_once() {
    let mut library = peak(30, secs(60));
    library.story.surroundings.server_connections_max = Some(100);
    library.story.surroundings.instances = Some(2);
    let advice = library.advice();
    assert_eq!(said(&advice), ["pool-too-large"]);
    assert!(
        advice.recommendations[0].remedy[0].contains("max_connections(45)"),
        "{:?}",
        advice.recommendations[0].remedy
    );
}

#[test]
fn a_queue_that_is_empty_for_a_moment_still_stands_and_bursts_do_not_add_up() {
    let every = |full: fn(u64) -> bool| {
        let mut library = full_with(ms(4), 120);
        for (at, sample) in library.story.levels.iter_mut().enumerate() {
            if !full(at as u64) {
                sample.waiting = 0;
            }
        }
        library.advice()
    };
    assert_eq!(said(&every(|at| at % 10 != 0)), ["pool-too-small"]);
    check(&every(|at| at % 4 == 0), "pool-too-small", Verdict::Quiet);
}

/// A connection with a full cache of ten texts that runs so many different ones, in turn.
fn cached(texts: u64, turns: u64) -> Library {
    let mut library = Library::open();
    for turn in 0..turns {
        for text in 0..texts {
            let sql =
                format!("select * from t where a in ({})", vec!["?"; text as usize + 1].join(", "));
            library.source.found_cache_full(library.source.statement(&sql), &sql, 10);
        }
        library.wait(secs(u64::from(turn % 2 == 0)));
    }
    library.wait(secs(120));
    library
}

#[test]
fn texts_that_push_each_other_out_of_the_cache_are_told_with_whose_they_are() {
    let advice = cached(20, 20).advice();
    assert_eq!(said(&advice), ["statement-cache-thrash"]);
    let told = format!("{:?}", advice.recommendations[0].evidence);
    assert!(told.contains("select * from t where a in (...)"), "{told}");
    check(&cached(10, 40).advice(), "statement-cache-thrash", Verdict::Quiet);
    check(&cached(20, 3).advice(), "statement-cache-thrash", Verdict::TooSoon);
}

#[test]
fn a_pool_that_grows_does_not_churn() {
    let mut library = Library::open();
    for second in 0..130 {
        library.source.connection_created(None);
        let levels =
            PoolLevels { size: second + 1, idle: 0, max: Some(200), ..PoolLevels::default() };
        library.source.set_levels(levels);
        library.wait(secs(1));
    }
    check(&library.advice(), "connection-churn", Verdict::Quiet);
}

#[test]
fn connections_that_live_for_seconds_churn_however_few_they_are() {
    let mut library = Library::open();
    library.source.set_levels(PoolLevels {
        size: 4,
        idle: 2,
        max: Some(4),
        ..PoolLevels::default()
    });
    for _ in 0..130 / 2 {
        library.source.connection_created(None);
        library.wait(secs(2));
    }
    assert_eq!(said(&library.advice()), ["connection-churn"]);
}

#[test]
fn idle_transactions_are_told_without_a_pool_as_well() {
    let mut library = Library::open();
    let bare = library.monitor().database(library.source.database().unwrap().clone());
    for _ in 0..3 {
        let transaction = bare.transaction();
        library.wait(secs(20));
        transaction.rolled_back();
    }
    assert_eq!(said(&library.advice()), ["idle-in-transaction"]);
}

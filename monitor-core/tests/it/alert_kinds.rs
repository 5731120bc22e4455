//! Each kind of alert in a story in which it fires, one that comes close, and its end.

use monitor_core::capture::{Call, Rows};
use monitor_core::judge::{Alert, AlertFilter, Finding, FindingKind, Severity, Subject};

use super::told::{FIRED, OVER, Told, alerts, calls};
use super::{ms, shop};

#[test]
fn a_percentile_speaks_only_of_a_hundred_calls_and_more() {
    let story = Told::with(|b| b);
    let slow_ones = |fast: u64| {
        calls(&story.world, fast, 0, ms(1));
        calls(&story.world, 2, 0, ms(4_000));
        story.world.pass(15);
    };
    slow_ones(97);
    assert_eq!(story.of(FindingKind::P99), [], "99 calls are too few to tell");
    slow_ones(97);
    assert_eq!(story.of(FindingKind::P99), [FIRED]);
    story.world.pass(60);
    calls(&story.world, 5_000, 0, ms(1));
    story.world.pass(60);
    calls(&story.world, 5_000, 0, ms(1));
    story.world.pass(60);
    assert_eq!(story.of(FindingKind::P99), [FIRED, OVER]);
}

#[test]
fn a_percentile_just_below_its_threshold_is_quiet() {
    let story = Told::with(|b| b);
    calls(&story.world, 200, 0, ms(1_800));
    story.world.pass(30);
    assert_eq!(story.of(FindingKind::P99), []);
}

#[test]
fn long_waits_for_a_connection_are_an_alert_once_there_are_enough_of_them() {
    let story = Told::with(|b| b);
    let pool = story.world.monitor.pool("main", shop());
    let wait = |count, took| {
        let timers: Vec<_> = (0..count).map(|_| pool.checkout()).collect();
        story.world.hands.advance(took);
        timers.into_iter().for_each(|timer| drop(timer.taken()));
    };
    wait(19, ms(900));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::PoolWait), [], "19 waits are too few to tell");
    wait(1, ms(900));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::PoolWait), [FIRED]);
    let alert = &alerts(&story.world.monitor, FindingKind::PoolWait)[0];
    assert_eq!(alert.finding.subject.pool(), Some("main"));
    story.world.pass(180);
    assert_eq!(story.of(FindingKind::PoolWait), [FIRED, OVER]);

    let near = Told::with(|b| b);
    let pool = near.world.monitor.pool("main", shop());
    let timers: Vec<_> = (0..50).map(|_| pool.checkout()).collect();
    near.world.hands.advance(ms(450));
    timers.into_iter().for_each(|timer| drop(timer.taken()));
    near.world.pass(30);
    assert_eq!(near.of(FindingKind::PoolWait), []);
}

#[test]
fn a_transaction_that_stays_open_is_an_alert_until_it_ends() {
    let story = Told::with(|b| b);
    let short = story.world.shop.transaction();
    story.world.pass(55);
    short.committed();
    let long = story.world.shop.transaction();
    story.world.pass(55);
    assert_eq!(story.of(FindingKind::LongTransaction), []);
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::LongTransaction), [FIRED]);
    let message = &alerts(&story.world.monitor, FindingKind::LongTransaction)[0].finding.message;
    assert_eq!(message, "a transaction has been open for 70.0s (1 are open), threshold 60.0s");
    long.committed();
    story.world.pass(60);
    assert_eq!(story.of(FindingKind::LongTransaction), [FIRED, OVER]);
    assert_eq!(story.world.monitor.snapshot().sources[0].transactions.open_longest, None);
}

#[test]
fn a_monitor_whose_limits_are_far_too_small_says_so() {
    let story = Told::with(|b| b.statements_max(2));
    let flood = |statements: u32| {
        for number in 0..statements {
            story.world.shop.record(Call::new(&format!("select 1 from t{number}"), ms(1)));
        }
        story.world.pass(5);
    };
    flood(900);
    story.world.pass(60);
    assert_eq!(story.of(FindingKind::MonitorOverload), [], "a burst at start-up is none");
    for _ in 0..6 {
        flood(900);
    }
    assert_eq!(story.of(FindingKind::MonitorOverload), [FIRED]);
    let alert = &alerts(&story.world.monitor, FindingKind::MonitorOverload)[0];
    assert!(alert.finding.message.contains("statements_evicted"), "{}", alert.finding.message);
    assert_eq!(alert.finding.subject, Subject::Monitor);
    story.world.pass(180);
    assert_eq!(story.of(FindingKind::MonitorOverload), [FIRED, OVER]);
}

/// So many minutes of calls that take this long, give or take some noise, and return these rows.
fn minutes(story: &Told, count: u64, took: u64, rows: u64) {
    for minute in 0..count {
        for call in 0..40 {
            let took = ms(took + (minute * 7 + call * 3) % 5);
            let call = Call::new("select * from orders where a = 1", took);
            story.world.shop.record(call.rows(Rows::returned(rows)));
        }
        story.world.pass(60);
    }
}

#[test]
fn calls_that_take_several_times_as_long_as_before_are_a_regression_while_they_are() {
    const KIND: FindingKind = FindingKind::LatencyRegression;
    let story = Told::with(|b| b);
    minutes(&story, 40, 10, 5);
    minutes(&story, 6, 60, 5);
    let known = alerts(&story.world.monitor, KIND);
    assert_eq!(known.len(), 2, "the statement and, being the only one, all calls: {known:?}");
    assert!(
        known[0]
            .finding
            .message
            .contains("62.0ms on average over the last 5 minutes, 4.7 times the"),
        "{known:?}"
    );
    minutes(&story, 60, 60, 5);
    assert_eq!(story.of(KIND), [FIRED, FIRED, OVER, OVER], "after an hour that is how it is");

    let too_soon = Told::with(|b| b);
    minutes(&too_soon, 8, 10, 5);
    minutes(&too_soon, 5, 60, 5);
    assert_eq!(too_soon.of(KIND), []);

    let near = Told::with(|b| b);
    minutes(&near, 40, 10, 5);
    minutes(&near, 6, 28, 5);
    assert_eq!(near.of(KIND), [], "two and a half times");

    let growth = Told::with(|b| b);
    minutes(&growth, 40, 10, 5);
    minutes(&growth, 6, 60, 30);
    let by_statement = |alert: &Alert| alert.finding.subject.fingerprint().is_some();
    assert!(!alerts(&growth.world.monitor, KIND).iter().any(by_statement), "six times the rows");
}

#[test]
fn a_rule_of_the_applications_own_fires_and_resolves_like_the_others() {
    let story = Told::with(|b| {
        b.rule("too-chatty", |snapshot| {
            let calls = snapshot.windows[0].rollup.total.calls;
            let found = Finding::new(Severity::Error, "chat", format!("{calls} calls"));
            (calls > 5).then(|| found.measured(calls as f64, 5.0)).into_iter().collect()
        })
        .rule("broken", |_| panic!("a bug in the rule"))
    });
    let kind = FindingKind::Custom("too-chatty");
    calls(&story.world, 5, 0, ms(1));
    story.world.pass(20);
    assert_eq!(story.of(kind), []);
    calls(&story.world, 3, 0, ms(1));
    story.world.pass(20);
    assert_eq!(story.of(kind), [FIRED]);
    assert_eq!(alerts(&story.world.monitor, kind)[0].key(), "too-chatty: chat");
    assert_eq!(alerts(&story.world.monitor, kind)[0].finding.threshold, 5.0);
    story.world.pass(180);
    assert_eq!(story.of(kind), [FIRED, OVER]);
    assert!(story.world.monitor.snapshot().losses.panics_caught > 10);
}

#[test]
fn a_call_that_still_runs_is_told_once_and_its_end_is_no_second_alert() {
    let story = Told::with(|b| b);
    let call = story.world.shop.call("select * from orders where id = 7");
    story.world.hands.advance(ms(900));
    story.world.monitor.review_alerts();
    assert_eq!(story.of(FindingKind::SlowQuery), [], "not slow yet");
    story.world.pass(5);
    let message = &alerts(&story.world.monitor, FindingKind::SlowQuery)[0].finding.message;
    assert_eq!(
        message,
        "a call of `select * from orders where id = ?` has been running for 5.90s and has not ended, \
         threshold 1s"
    );
    assert_eq!(story.of(FindingKind::VerySlowQuery), [FIRED]);
    story.world.pass(20);
    call.complete();
    story.world.pass(5);
    let message = &alerts(&story.world.monitor, FindingKind::SlowQuery)[0].finding.message;
    assert!(message.starts_with("1 of 1 calls of"), "{message}");
    assert_eq!(story.of(FindingKind::SlowQuery), [FIRED]);
    story.world.pass(180);
    assert_eq!(story.of(FindingKind::SlowQuery), [FIRED, OVER]);
}

#[test]
fn a_statement_muted_by_a_comment_has_an_alert_that_nobody_is_told_of() {
    let story = Told::with(|b| b);
    let muted = "select * /* monitor:mute */ from report";
    story.world.shop.record(Call::new(muted, ms(9_000)));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::SlowQuery), []);
    assert_eq!(story.world.monitor.health().findings, []);
    let kept = story.world.monitor.alerts_matching(&AlertFilter::default().muted(true));
    assert_eq!(kept.len(), 2, "slow and very slow");
    story.world.shop.record(Call::new("select * from other", ms(2_000)));
    story.world.pass(5);
    assert_eq!(story.of(FindingKind::SlowQuery), [FIRED]);
}

#[test]
fn an_alert_names_the_threshold_of_its_statement() {
    let story = Told::with(|b| b.slow_statement("select * from orders", ms(50)));
    story.world.shop.record(Call::new("select * from orders", ms(60)));
    story.world.pass(5);
    let alert = &alerts(&story.world.monitor, FindingKind::SlowQuery)[0];
    assert!(alert.finding.message.contains("took 50ms or longer"), "{}", alert.finding.message);
    assert_eq!(alert.finding.threshold, 0.05);
}

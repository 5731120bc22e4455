//! How trouble becomes an alert: held, cleared, cooled down, folded, muted.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Call, ErrorClass, Failure, Outcome};
use monitor_core::judge::{
    AlertFilter, AlertRule, AlertState, FindingKind, Group, Mute, Severity, Subject,
};

use super::told::{FIRED, OVER, Told, alerts, calls, usage};
use super::{ms, shop, ten};

#[test]
fn a_value_that_hovers_at_its_threshold_is_one_alert() {
    let story = Told::with(|b| b);
    for _ in 0..100 {
        usage(&story.world, 82);
        story.world.pass(10);
        usage(&story.world, 70);
        story.world.pass(90);
    }
    assert_eq!(story.of(FindingKind::PoolUsage), [], "never held for 10 s");
    usage(&story.world, 82);
    story.world.pass(15);
    usage(&story.world, 70);
    story.world.pass(600);
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED], "70 % is above the clear threshold");
    usage(&story.world, 60);
    story.world.pass(60);
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED, OVER]);
}

#[test]
fn a_signal_that_flaps_is_one_alert_told_at_most_twice() {
    let story = Told::with(|b| b);
    for _ in 0..50 {
        usage(&story.world, 95);
        story.world.pass(30);
        usage(&story.world, 10);
        story.world.pass(120);
    }
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED, OVER, FIRED]);
    let known = alerts(&story.world.monitor, FindingKind::PoolUsage);
    assert_eq!(known.len(), 1, "one alert: {known:?}");
    assert_eq!((known[0].times_fired, known[0].state), (2, FIRED));
    story.world.pass(600);
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED, OVER, FIRED, OVER]);
    // Long after, the same trouble is news again.
    story.world.pass(700);
    usage(&story.world, 95);
    story.world.pass(15);
    assert_eq!(alerts(&story.world.monitor, FindingKind::PoolUsage).len(), 2);
}

#[test]
fn trouble_that_comes_back_for_a_moment_stays_over() {
    let story = Told::with(|b| b);
    usage(&story.world, 95);
    story.world.pass(15);
    usage(&story.world, 10);
    story.world.pass(60);
    usage(&story.world, 95);
    story.world.pass(5);
    usage(&story.world, 10);
    story.world.pass(5);
    let known = alerts(&story.world.monitor, FindingKind::PoolUsage);
    assert_eq!((known.len(), known[0].state), (1, OVER));
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED, OVER]);
}

#[test]
fn silence_is_no_evidence_that_errors_are_over() {
    let story = Told::with(|b| b);
    calls(&story.world, 100, 100, ms(1));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::ErrorRate), [FIRED]);
    story.world.pass(600);
    assert_eq!(story.of(FindingKind::ErrorRate), [FIRED], "nobody calls, so nobody knows");
    story.world.pass(600);
    assert_eq!(story.of(FindingKind::ErrorRate), [FIRED, OVER], "after a quarter of an hour");

    let recovers = Told::with(|b| b);
    calls(&recovers.world, 100, 100, ms(1));
    recovers.world.pass(70);
    for _ in 0..30 {
        calls(&recovers.world, 100, 0, ms(1));
        recovers.world.pass(5);
    }
    assert_eq!(recovers.of(FindingKind::ErrorRate), [FIRED, OVER]);
}

#[test]
fn many_slow_statements_are_one_alert() {
    let story = Told::with(|b| b);
    for round in 0..20 {
        for table in 0..40 {
            let text = format!("select * from t{table}");
            story.world.shop.record(Call::new(&text, ms(1_100 + table)));
        }
        story.world.pass(5);
        let known = alerts(&story.world.monitor, FindingKind::SlowQuery);
        assert_eq!(known.len(), 1, "round {round}");
        assert_eq!(known[0].finding.subject, Subject::Statements);
        assert!(known[0].finding.message.starts_with("40 further statements, the worst:"));
        assert!(known[0].finding.message.contains("`select * from t39`"));
    }
    story.world.pass(180);
    assert_eq!(story.of(FindingKind::SlowQuery), [FIRED, OVER]);
}

#[test]
fn a_few_slow_statements_have_alerts_of_their_own_and_later_ones_join_in_one() {
    let story = Told::with(|b| b.alert_fold_after(3));
    let slow = |tables: std::ops::Range<u32>| {
        for table in tables {
            story.world.shop.record(Call::new(&format!("select * from t{table}"), ms(1_500)));
        }
        story.world.pass(5);
    };
    slow(0..3);
    assert_eq!(alerts(&story.world.monitor, FindingKind::SlowQuery).len(), 3);
    slow(0..9);
    let known = alerts(&story.world.monitor, FindingKind::SlowQuery);
    assert_eq!(known.len(), 4);
    let folded = known.iter().find(|a| a.finding.subject == Subject::Statements).unwrap();
    assert!(folded.finding.message.starts_with("6 further statements"), "{folded:?}");
}

#[test]
fn one_statement_that_always_fails_is_found_where_errors_are_judged_by_statement() {
    let rule = AlertRule::default().group(Group::ByStatement);
    let story = Told::with(|b| b.alert(FindingKind::ErrorRate, rule));
    let failure = Outcome::Failed(Failure::new(ErrorClass::Other));
    for round in 0..1_000 {
        story.world.shop.record(Call::new("select 1", ms(1)));
        if round < 20 {
            story.world.shop.record(Call::new("update t set a = 1", ms(1)).outcome(failure));
        }
        if round < 19 {
            story.world.shop.record(Call::new("update u set a = 1", ms(1)).outcome(failure));
        }
    }
    story.world.pass(15);
    let known = alerts(&story.world.monitor, FindingKind::ErrorRate);
    assert_eq!(known.len(), 1, "2 % of all fail, one statement always, another too rarely to tell");
    assert!(known[0].finding.subject.to_string().starts_with("UPDATE t ("), "{known:?}");
}

#[test]
fn a_database_can_be_judged_apart_from_the_others() {
    let rule = AlertRule::default().group(Group::ByDatabase);
    let story = Told::with(|b| b.alert(FindingKind::ErrorRate, rule));
    let billing = monitor_core::capture::Database { name: "billing".into(), ..shop() };
    let billing = story.world.monitor.database(billing);
    let failure = Outcome::Failed(Failure::new(ErrorClass::Other));
    calls(&story.world, 2_000, 0, ms(1));
    (0..40).for_each(|_| billing.record(Call::new("select 1", ms(1)).outcome(failure)));
    story.world.pass(15);
    let known = alerts(&story.world.monitor, FindingKind::ErrorRate);
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].finding.subject.to_string(), "db:5432/billing");
}

#[test]
fn what_is_muted_is_kept_and_told_to_nobody_until_it_is_unmuted() {
    let mute = Mute::kind(FindingKind::PoolUsage).of_pool("main");
    let story = Told::with(|b| b.mute(mute.clone()));
    usage(&story.world, 95);
    story.world.pass(60);
    assert_eq!(story.of(FindingKind::PoolUsage), []);
    let muted = AlertFilter::default().muted(true);
    assert_eq!(story.world.monitor.alerts_matching(&muted).len(), 1);
    story.world.monitor.pool("other", shop()).set_levels(ten(0));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED], "the other pool is not muted");
    story.world.monitor.unmute(&mute);
    story.world.monitor.review_alerts();
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED, FIRED]);
    assert!(story.world.monitor.mutes().is_empty());
}

#[test]
fn a_mute_ends_at_its_time_and_one_by_key_covers_one_alert() {
    let story = Told::with(|b| b);
    usage(&story.world, 95);
    let soon = story.world.monitor.clock().wall(story.world.monitor.clock().now());
    let key = "pool_usage: main on db:5432/shop";
    story.world.monitor.mute(Mute::key(key).until(soon + Duration::from_secs(300)));
    story.world.pass(295);
    assert_eq!(story.of(FindingKind::PoolUsage), []);
    story.world.pass(10);
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED]);
    assert_eq!(story.world.monitor.alerts()[0].key(), key);
}

#[test]
fn mutes_are_bounded_and_say_what_they_forgot() {
    let story = Told::with(|b| b);
    for number in 0..1_003 {
        story.world.monitor.mute(Mute::key(number.to_string()));
    }
    assert_eq!(story.world.monitor.mutes().len(), 1_000);
    assert_eq!(story.world.monitor.snapshot().losses.mutes_forgotten, 3);
}

#[test]
fn an_alert_that_gets_worse_is_told_again_and_one_that_gets_better_is_not() {
    let story = Told::with(|b| b);
    usage(&story.world, 95);
    story.world.pass(15);
    let pool = story.world.monitor.pool("main", shop());
    let waiting = pool.checkout();
    story.world.pass(5);
    assert_eq!(story.of(FindingKind::PoolUsage), [FIRED, FIRED], "now callers wait");
    drop(waiting);
    story.world.pass(5);
    let waiting = pool.checkout();
    story.world.pass(5);
    assert_eq!(story.of(FindingKind::PoolUsage).len(), 2, "up and down between is no news");
    drop(waiting);
}

#[test]
fn an_alert_that_fires_for_hours_is_told_again() {
    let rule = AlertRule::default().remind_after(Some(Duration::from_secs(3_600)));
    let story = Told::with(|b| b.alert(FindingKind::PoolUsage, rule));
    usage(&story.world, 95);
    story.world.pass(3_600 + 30);
    assert_eq!(story.of(FindingKind::PoolUsage).len(), 2);

    let once = AlertRule::default().remind_after(None);
    let story = Told::with(|b| b.alert(FindingKind::PoolUsage, once));
    usage(&story.world, 95);
    story.world.pass(3_600 * 5);
    assert_eq!(story.of(FindingKind::PoolUsage).len(), 1);
}

#[test]
fn a_kind_can_be_switched_off_or_given_another_severity() {
    let story = Told::with(|b| {
        b.alert(FindingKind::PoolUsage, AlertRule::off())
            .alert(FindingKind::ErrorRate, AlertRule::default().severity(Severity::Info))
    });
    usage(&story.world, 95);
    calls(&story.world, 100, 100, ms(1));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::PoolUsage), []);
    assert_eq!(
        alerts(&story.world.monitor, FindingKind::ErrorRate)[0].finding.severity,
        Severity::Info
    );
    let health = story.world.monitor.health();
    assert!(health.findings.iter().any(|finding| finding.kind == FindingKind::PoolUsage));
}

#[test]
fn alerts_are_listed_by_severity_kind_state_and_time() {
    let story = Told::with(|b| b);
    let start = story.world.monitor.snapshot().at;
    usage(&story.world, 95);
    story.world.pass(15);
    usage(&story.world, 1);
    story.world.pass(60);
    calls(&story.world, 100, 100, ms(1));
    story.world.pass(5);
    let list = |filter: AlertFilter| story.world.monitor.alerts_matching(&filter).len();
    let all = AlertFilter::default;
    assert_eq!(list(all().state(AlertState::Pending)), 1, "the error rate is not held yet");
    assert_eq!(list(all()), 1);
    story.world.pass(10);
    assert_eq!(list(all()), 2);
    assert_eq!(list(all().at_least(Severity::Critical)), 1);
    assert_eq!(list(all().at_least(Severity::Info)), 2);
    assert_eq!(list(all().state(OVER)), 1);
    assert_eq!(list(all().state(FIRED).kind(FindingKind::PoolUsage)), 0);
    assert_eq!(list(all().since(start + Duration::from_secs(60))), 1);
    assert_eq!(list(all().until(start + Duration::from_secs(60))), 1);
}

#[test]
fn alerts_that_are_long_over_are_forgotten() {
    let story = Told::with(|b| b.alert_retention(Duration::from_secs(3_600)));
    usage(&story.world, 95);
    story.world.pass(15);
    usage(&story.world, 1);
    story.world.pass(60 + 3_595);
    assert_eq!(story.world.monitor.alerts().len(), 1);
    story.world.pass(5);
    assert_eq!(story.world.monitor.alerts().len(), 0);
}

#[test]
fn a_rule_that_could_never_clear_is_refused() {
    let build = |rule| Monitor::builder().alert(FindingKind::P99, rule).build();
    let refused = build(AlertRule::default().clear_at(1.5)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "clear threshold of p99 is 1.5 of its threshold; choose a share above 0 and up to 1"
    );
    assert!(build(AlertRule::default().clear_at(f64::NAN)).is_err());
    assert!(build(AlertRule::default().clear_for(Duration::ZERO)).is_err());
    assert!(build(AlertRule::default().clear_at(1.0)).is_ok());
}

#[test]
fn many_muted_statements_are_not_told_under_another_name() {
    let story = Told::with(|b| b);
    for _ in 0..3 {
        for table in 0..7 {
            let text = format!("select * /* monitor:mute */ from report{table}");
            story.world.shop.record(Call::new(&text, ms(2_000)));
        }
        story.world.pass(5);
    }
    assert_eq!(story.of(FindingKind::SlowQuery), []);
    let muted = AlertFilter::default().kind(FindingKind::SlowQuery).muted(true);
    assert_eq!(story.world.monitor.alerts_matching(&muted).len(), 7);
    // Nor do they count against those that are told one by one.
    story.world.shop.record(Call::new("select * from orders", ms(2_000)));
    story.world.pass(5);
    let loud = AlertFilter::default().kind(FindingKind::SlowQuery).muted(false);
    let loud = story.world.monitor.alerts_matching(&loud);
    assert!(matches!(loud[0].finding.subject, Subject::Statement { .. }), "{loud:?}");
}

#[test]
fn an_outage_finds_room_among_alerts_that_matter_less() {
    let story = Told::with(|b| b.alerts_max(5).alert_fold_after(100));
    for table in 0..5 {
        let text = format!("select * from t{table}");
        story.world.shop.record(Call::new(&text, ms(2_000)));
    }
    story.world.pass(5);
    assert_eq!(alerts(&story.world.monitor, FindingKind::SlowQuery).len(), 5);
    (0..10).for_each(|_| story.world.shop.connection_failed());
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::ConnectionFailures), [FIRED]);
    assert_eq!(alerts(&story.world.monitor, FindingKind::SlowQuery).len(), 4);
}

#[test]
fn a_database_that_nobody_calls_any_more_has_not_recovered() {
    let rule = AlertRule::default().group(Group::ByDatabase);
    let story = Told::with(|b| b.alert(FindingKind::ErrorRate, rule));
    let billing = monitor_core::capture::Database { name: "billing".into(), ..shop() };
    let billing = story.world.monitor.database(billing);
    let failure = Outcome::Failed(Failure::new(ErrorClass::Connection));
    (0..40).for_each(|_| billing.record(Call::new("select 1", ms(1)).outcome(failure)));
    story.world.pass(15);
    assert_eq!(story.of(FindingKind::ErrorRate), [FIRED]);
    // A circuit breaker opens; the other database stays busy.
    for _ in 0..60 {
        calls(&story.world, 100, 0, ms(1));
        story.world.pass(5);
    }
    assert_eq!(story.of(FindingKind::ErrorRate), [FIRED]);
}

#[test]
fn a_mute_of_one_alert_says_so_unless_it_is_narrower_than_that() {
    assert_eq!(Mute::key("one").only_key(), Some("one"));
    for narrower in [Mute::key("one").of_pool("main"), Mute::key("one").of_scope("GET /books")] {
        assert_eq!(narrower.only_key(), None);
    }
}

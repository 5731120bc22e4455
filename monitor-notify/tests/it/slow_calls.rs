//! What a log gets of slow calls.

use monitor_core::capture::{Call, Database, ErrorClass, Failure, Outcome, System};
use monitor_core::{Builder, Source};
use monitor_notify::SlowCalls;
use tracing_subscriber::layer::SubscriberExt;

use super::log::Lines;
use super::{World, secs};

/// A monitor whose slow calls are written down, and whose clock stands until it is told otherwise.
struct Logged {
    world: World,
    shop: Source,
    lines: Lines,
}

impl Logged {
    fn with(slow_calls: &SlowCalls, change: impl FnOnce(Builder) -> Builder) -> Self {
        let world = World::of(change(slow_calls.join(Builder::default())).beat_by_hand());
        let shop = Database { name: "shop".into(), ..Database::of(System::PostgreSql) };
        let shop = world.monitor.database(shop);
        Self { world, shop, lines: Lines::default() }
    }

    /// The lines of one review.
    fn review(&self) -> Vec<String> {
        let subscriber = tracing_subscriber::registry().with(self.lines.clone());
        tracing::subscriber::with_default(subscriber, || self.world.pass(5));
        self.lines.take()
    }
}

#[test]
fn a_slow_call_is_written_once_with_what_is_known_of_it() {
    let log = Logged::with(&SlowCalls::new(), |builder| builder);
    log.shop.record(Call::new("select 1", secs(0)));
    let failure = Failure::new(ErrorClass::Timeout).with_code("57014");
    let text = "select * from orders where mail = 'eve@example.org'";
    log.shop.record(Call::new(text, secs(7)).outcome(Outcome::Failed(failure)));
    let lines = log.review();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in [
        "WARN db_monitor::slow_call",
        "event=\"ended\"",
        "statement=\"select * from orders where mail = ?\"",
        "kind=\"select\"",
        "duration_seconds=7.0",
        "very_slow=true",
        "reason=\"absolute\"",
        "outcome=\"failed\"",
        "error=\"timeout\"",
        "error_code=\"57014\"",
        "fingerprint=",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(!lines[0].contains("eve@"), "{}", lines[0]);
    assert_eq!(log.review(), [""; 0], "once");
}

#[test]
fn a_call_that_hangs_is_written_while_it_runs_and_again_when_it_has_ended() {
    let log = Logged::with(&SlowCalls::new(), |builder| builder);
    let call = log.shop.call("select pg_sleep(60)");
    let lines = log.review();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("event=\"running\""), "{}", lines[0]);
    assert_eq!(log.review(), [""; 0], "it still runs, which is no news");
    call.complete();
    let lines = log.review();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("event=\"ended\""), "{}", lines[0]);
}

#[test]
fn of_too_many_the_newest_are_written_and_the_others_counted() {
    let slow_calls = SlowCalls::new().events_max(3);
    let log = Logged::with(&slow_calls, |builder| builder);
    for number in 0..10 {
        log.shop.record(Call::new("select * from orders", secs(5 + number)));
    }
    let lines = log.review();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines[2].contains("duration_seconds=14.0"), "{}", lines[2]);
    assert!(lines[3].contains("missed=7"), "{}", lines[3]);
    assert_eq!(slow_calls.missed(), 7);
}

#[test]
fn what_has_left_the_slow_log_is_counted_too() {
    let slow_calls = SlowCalls::new();
    let log = Logged::with(&slow_calls, |builder| builder.slow_statements_max(2));
    (0..10).for_each(|_| log.shop.record(Call::new("select * from orders", secs(5))));
    assert_eq!(log.review().len(), 3);
    assert_eq!(slow_calls.missed(), 8);
}

#[test]
fn a_statement_that_a_comment_mutes_is_not_written() {
    let log = Logged::with(&SlowCalls::new(), |builder| builder);
    log.shop.record(Call::new("select * from reports /* monitor:mute */", secs(60)));
    assert_eq!(log.review(), [""; 0]);
}

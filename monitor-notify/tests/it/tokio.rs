//! Alerts in asynchronous code.

use std::sync::mpsc::channel;
use std::time::Duration;

use monitor_core::Builder;
use monitor_core::judge::AlertEvent;
use monitor_notify::on_alert_async;
use tokio::runtime::{Handle, Runtime};

use super::{World, disk};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_hears_notices_in_order_and_ends_with_the_monitor() {
    let (sink, mut notices) = monitor_notify::channel(10);
    let world = World::with(sink);
    world.one();
    world.trouble([]);
    world.pass(5);
    assert_eq!(notices.recv().await.unwrap().event, AlertEvent::Fired);
    let over = notices.recv().await.unwrap();
    assert_eq!((over.event, over.alert.key().as_str()), (AlertEvent::Resolved, "full-disk: a"));
    drop(world);
    assert_eq!(notices.recv().await, None);
    assert_eq!(notices.missed(), 0);
}

#[tokio::test]
async fn a_receiver_that_is_too_slow_misses_the_oldest_and_knows_how_many() {
    let (sink, mut notices) = monitor_notify::channel(4);
    let world = World::with(sink);
    world.trouble((0..10).map(|n| disk(&n.to_string())));
    assert_eq!(notices.recv().await.unwrap().alert.key(), "full-disk: 6");
    assert_eq!(notices.missed(), 6);
    assert_eq!(world.sink().delivered, 10);
}

#[tokio::test]
async fn nobody_has_to_listen() {
    let (sink, notices) = monitor_notify::channel(4);
    drop(notices);
    let world = World::with(sink);
    world.one();
    assert_eq!((world.sink().delivered, world.sink().last_failure), (1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_callback_is_awaited_one_notice_at_a_time() {
    let (tell, told) = channel();
    let sink = on_alert_async(Handle::current(), move |notice| {
        let tell = tell.clone();
        async move {
            tokio::task::yield_now().await;
            tell.send(notice.alert.key()).unwrap();
        }
    });
    let world = World::with(sink);
    world.trouble([disk("a"), disk("b"), disk("c")]);
    let keys: Vec<_> = told.try_iter().collect();
    assert_eq!(keys, ["full-disk: a", "full-disk: b", "full-disk: c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_callback_that_never_ends_is_aborted() {
    let sink = on_alert_async(Handle::current(), |_| std::future::pending());
    let world = World::with(sink.timeout(Duration::from_millis(20)));
    world.one();
    let sink = world.sink();
    assert_eq!((sink.given_up, sink.last_failure.unwrap().class.as_str()), (1, "timed out"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_callback_that_panics_is_called_for_the_next_alert() {
    let (tell, told) = channel();
    let sink = on_alert_async(Handle::current(), move |notice| {
        let tell = tell.clone();
        async move {
            assert_ne!(notice.alert.key(), "full-disk: a", "a bug in the callback");
            tell.send(notice.alert.key()).unwrap();
        }
    });
    let world = World::with(sink);
    world.trouble([disk("a"), disk("b")]);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["full-disk: b"]);
    assert_eq!(world.sink().given_up, 1);
}

#[test]
fn a_runtime_that_is_gone_is_a_failure_and_no_panic() {
    let runtime = Runtime::new().unwrap();
    let sink = on_alert_async(runtime.handle().clone(), |_| async {});
    runtime.shutdown_background();
    let world = World::of(Builder::default().sink(sink).beat_by_hand());
    world.one();
    assert_eq!((world.sink().given_up, world.sink().panicked), (1, 0));
}

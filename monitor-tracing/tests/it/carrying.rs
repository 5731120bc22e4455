//! A call belongs to the unit whose span is entered where it is made.

use monitor_core::{Monitor, Scope};
use monitor_tracing::SpanScopes;
use tracing::{Instrument, debug_span, info_span, instrument};
use tracing_subscriber::layer::SubscriberExt;

use super::{World, unit};

#[instrument(skip_all)]
async fn request(world: &World, calls: usize) {
    for _ in 0..calls {
        world.ask();
        tokio::task::yield_now().await;
    }
    details(world).await;
}

#[instrument(skip_all)]
async fn details(world: &World) {
    world.ask();
    tokio::task::yield_now().await;
    world.ask();
}

#[tokio::test]
async fn requests_that_take_turns_keep_their_calls_apart() {
    let world = World::new(|spans| spans.called("request"));
    futures_util::future::join_all((0..300).map(|number| request(&world, number % 10))).await;
    let [scope] = &world.scopes()[..] else { panic!("one name") };
    let expected: usize = (0..300).map(|number| number % 10 + 2).sum();
    assert_eq!((scope.units, scope.calls, scope.calls_max), (300, expected as u64, 11));
    assert_eq!(Scope::current().name().len(), 0);
}

#[test]
fn a_span_of_the_unit_carries_it_to_threads() {
    let world = World::new(|spans| spans.called("request"));
    let span = info_span!("request");
    let part = span.in_scope(|| info_span!("part"));
    drop(span);
    let (dispatch, shop) = (world.dispatch.clone(), world.shop.clone());
    let thread = std::thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || {
            part.in_scope(|| super::ask(&shop));
            super::ask(&shop);
            // The registry closes what is around a span through the subscriber of the thread.
            drop(part);
        });
        assert!(Scope::current().is_off());
    });
    thread.join().unwrap();
    assert_eq!(world.units(), [unit("request", 1, 1)]);
}

#[tokio::test]
async fn a_task_that_is_given_no_span_is_in_no_unit() {
    let world = World::new(|spans| spans.called("request"));
    let request = async {
        let shop = world.shop.clone();
        let carried = async move { super::ask(&shop) }.in_current_span();
        let shop = world.shop.clone();
        let alone = async move { super::ask(&shop) };
        tokio::spawn(carried).await.unwrap();
        tokio::spawn(alone).await.unwrap();
    };
    request.instrument(info_span!("request")).await;
    assert_eq!(world.units(), [unit("request", 1, 1)]);
}

#[tokio::test]
async fn a_request_that_is_dropped_half_way_counts_what_it_did() {
    let world = World::new(|spans| spans.called("request"));
    let mut request = Box::pin(request(&world, 5));
    assert!(futures_util::poll!(&mut request).is_pending());
    assert!(world.units().is_empty());
    drop(request);
    assert_eq!(world.units(), [unit("request", 1, 1)]);
}

#[test]
fn nested_units_count_for_those_around_them() {
    let world = World::new(|spans| spans.called("request").called("cart"));
    info_span!("request").in_scope(|| {
        world.ask();
        info_span!("helper").in_scope(|| info_span!("cart").in_scope(|| world.ask()));
        world.monitor.scope("by hand").run(|| info_span!("cart").in_scope(|| world.ask()));
        info_span!(parent: None, "cart").in_scope(|| world.ask());
        world.ask();
    });
    let units = [unit("by hand", 1, 1), unit("cart", 3, 3), unit("request", 1, 4)];
    assert_eq!(world.units(), units);
}

#[test]
fn a_part_begun_by_hand_stays_the_innermost_behind_a_span_of_its_unit() {
    let world = World::new(|spans| spans.called("request"));
    let request = info_span!("request");
    let helper = request.in_scope(|| info_span!("helper"));
    request.in_scope(|| {
        world.monitor.scope("part").run(|| {
            helper.in_scope(|| world.ask());
            request.in_scope(|| request.in_scope(|| world.ask()));
            world.ask();
        });
        world.ask();
    });
    drop((request, helper));
    assert_eq!(world.units(), [unit("part", 1, 3), unit("request", 1, 4)]);
}

#[test]
fn a_span_entered_in_another_unit_brings_its_own() {
    let world = World::new(|spans| spans.called("one").called("two"));
    let (one, two) = (info_span!("one"), info_span!("two"));
    one.in_scope(|| two.in_scope(|| world.ask()));
    let part = info_span!(parent: &two, "part");
    one.in_scope(|| part.in_scope(|| world.ask()));
    drop((one, two, part));
    assert_eq!(world.units(), [unit("one", 1, 0), unit("two", 1, 2)]);
}

#[test]
fn a_unit_begun_by_hand_is_carried_as_long_as_it_lasts() {
    let world = World::new(|spans| spans);
    let (span, scope) = {
        let scope = world.monitor.scope("by hand");
        (scope.run(|| info_span!("for ever")), scope)
    };
    span.in_scope(|| world.ask());
    drop(scope);
    span.in_scope(|| world.ask());
    assert_eq!(world.units(), [unit("by hand", 1, 1)]);
}

#[test]
fn spans_of_less_weight_carry_where_that_is_asked_for() {
    for (level, calls) in [(tracing::Level::INFO, 0), (tracing::Level::DEBUG, 1)] {
        let world = World::new(|spans| spans.called("request").follow(level));
        let request = info_span!("request");
        let detail = request.in_scope(|| debug_span!("detail"));
        detail.in_scope(|| world.ask());
        drop((request, detail));
        assert_eq!(world.units(), [unit("request", 1, calls)]);
    }
}

#[test]
fn two_monitors_have_their_own_units() {
    let (one, two) = (World::new(|spans| spans), World::new(|spans| spans));
    let both = tracing_subscriber::registry()
        .with(SpanScopes::new(&one.monitor).called("request").layer())
        .with(SpanScopes::new(&two.monitor).called("request").layer());
    tracing::subscriber::with_default(both, || {
        info_span!("request").in_scope(|| {
            one.ask();
            info_span!("part").in_scope(|| two.ask());
            one.ask();
        });
    });
    assert_eq!(one.units(), [unit("request", 1, 2)]);
    assert_eq!(two.units(), [unit("request", 1, 1)]);
}

#[test]
fn a_monitor_that_is_off_asks_for_no_span() {
    let layer = SpanScopes::new(&Monitor::off()).called("request").layer();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        assert!(info_span!("request").is_disabled());
    });
}

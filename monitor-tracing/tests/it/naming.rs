//! Which spans are units, and what those are called.

use tracing::field::Empty;
use tracing::{Level, debug_span, info_span, trace_span};

use super::{World, unit};

#[test]
fn a_unit_is_called_after_its_span() {
    let world = World::new(|spans| spans.called("job"));
    info_span!("job", id = 17).in_scope(|| world.ask());
    assert_eq!(world.units(), [unit("job", 1, 1)]);
}

#[test]
fn otel_s_name_or_a_route_behind_its_method_is_the_better_name() {
    let world = World::new(|spans| spans.called("request"));
    let route = "/orders/{id}";
    info_span!("request", otel.name = "GET /carts").in_scope(|| world.ask());
    info_span!("request", http.request.method = "GET", http.route = route, otel.kind = "server")
        .in_scope(|| world.ask());
    info_span!("request", method = ?format_args!("POST"), matched_path = route, uri = "/orders/3")
        .in_scope(|| world.ask());
    info_span!("request", http.route = route).in_scope(|| world.ask());
    info_span!("request", method = "GET").in_scope(|| world.ask());
    let names = [
        unit("/orders/{id}", 1, 1),
        unit("GET /carts", 1, 1),
        unit("GET /orders/{id}", 1, 1),
        unit("POST /orders/{id}", 1, 1),
        unit("request", 1, 1),
    ];
    assert_eq!(world.units(), names);
}

#[test]
fn the_user_s_own_field_comes_first() {
    let world = World::new(|spans| spans.called("job").named_by("queue"));
    info_span!("job", queue = "invoices", otel.name = "job").in_scope(|| world.ask());
    info_span!("job", otel.name = "other", queue = Empty).in_scope(|| world.ask());
    assert_eq!(world.units(), [unit("invoices", 1, 1), unit("other", 1, 1)]);
}

#[test]
fn a_route_that_is_recorded_late_is_the_name() {
    let world = World::new(|spans| spans.called("request"));
    let span = info_span!("request", method = "GET", http.route = Empty);
    span.in_scope(|| world.ask());
    span.record("http.route", "/orders");
    span.in_scope(|| world.ask());
    drop(span);
    assert_eq!(world.units(), [unit("GET /orders", 1, 2)]);
}

#[test]
fn a_value_that_panics_harms_nothing_but_its_own_record() {
    struct Panics;
    impl std::fmt::Debug for Panics {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("cannot be shown")
        }
    }

    let world = World::new(|spans| spans.called("request"));
    let span = info_span!("request", method = "GET", http.route = Empty);
    let record = || span.record("http.route", tracing::field::debug(Panics)).is_none();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(record)).is_err());
    // It used to leave the span poisoned, for every layer.
    span.record("http.route", "/orders");
    span.in_scope(|| world.ask());
    drop(span);
    assert_eq!(world.units(), [unit("GET /orders", 1, 1)]);
}

#[test]
fn what_anybody_can_send_makes_no_names() {
    let world = World::new(|spans| spans.called("request"));
    for number in 0..3 {
        let method = format!("M{number}");
        info_span!("request", method, http.route = "/orders").in_scope(|| world.ask());
    }
    info_span!("request", http.route = "é".repeat(1_000)).in_scope(|| world.ask());
    let [other, long] = &world.units()[..] else { panic!("{:?}", world.units()) };
    assert_eq!(*other, unit("(other) /orders", 3, 3));
    assert_eq!(long.0, "é".repeat(100));
}

#[test]
fn a_target_s_spans_are_units_and_those_of_its_namesakes_are_not() {
    let world = World::new(|spans| spans.of_target("shop::http"));
    debug_span!(target: "shop::http", "list").in_scope(|| world.ask());
    debug_span!(target: "shop::http::orders", "one").in_scope(|| world.ask());
    info_span!(target: "shop::https", "other").in_scope(|| world.ask());
    info_span!(target: "shop", "above").in_scope(|| world.ask());
    trace_span!(target: "shop::http", "detail").in_scope(|| world.ask());
    assert_eq!(world.units(), [unit("list", 1, 1), unit("one", 1, 1)]);
}

#[test]
fn spans_that_nobody_asked_for_are_not_made() {
    let world = World::new(|spans| spans.called("job"));
    assert!(!info_span!("part").is_disabled());
    assert!(debug_span!("detail").is_disabled());
    assert!(!debug_span!("job").is_disabled());
    assert!(!tracing::event_enabled!(Level::ERROR));
    drop(world);
}

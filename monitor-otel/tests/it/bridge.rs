//! Spans through `tracing`, as `tracing-opentelemetry` makes them.

use monitor_core::capture::{Clock, ErrorClass, Failure};
use monitor_core::{Monitor, Source};
use monitor_otel::TracingSpans;
use monitor_otel::opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_subscriber::layer::SubscriberExt;

use super::world::{World, attributes, expected, shop};

const BY_ID: &str = "SELECT * FROM orders WHERE id = 7";

/// What `tracing` made of some calls.
fn spans_of(calls: impl FnOnce(&Source)) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracers.tracer("bridge"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false);
    let (clock, _) = Clock::by_hand();
    let monitor =
        Monitor::builder().clock(clock).beat_by_hand().observer(TracingSpans).build().unwrap();
    let shop = monitor.database(shop());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || calls(&shop));
    exporter.get_finished_spans().unwrap()
}

#[test]
fn a_call_is_a_client_span_under_the_span_it_was_made_in() {
    let spans = spans_of(|shop| {
        let _request = tracing::info_span!("request").entered();
        shop.call(BY_ID).complete();
    });
    assert_eq!(spans.len(), 2);
    let (call, request) = (&spans[0], &spans[1]);
    assert_eq!((&*call.name, &call.span_kind), ("SELECT orders", &SpanKind::Client));
    assert_eq!(call.parent_span_id, request.span_context.span_id());
    assert_eq!(call.status, Status::Unset);
    let known = [
        ("db.system.name", "postgresql"),
        ("db.namespace", "shop"),
        ("server.address", "db"),
        ("db.query.summary", "SELECT orders"),
        ("db.query.text", "select * from orders where id = ?"),
    ];
    assert_eq!(attributes(&call.attributes), expected(&known));
}

#[test]
fn failed_and_cancelled_calls_say_so() {
    let spans = spans_of(|shop| {
        shop.call(BY_ID).fail(Failure::new(ErrorClass::UniqueViolation).with_code("23505"));
        drop(shop.call(BY_ID));
    });
    let failed = attributes(&spans[0].attributes);
    assert_eq!(failed["error.type"], "23505");
    assert_eq!(failed["db.response.status_code"], "23505");
    assert_eq!(spans[0].status, Status::error(""));
    let cancelled = attributes(&spans[1].attributes);
    assert_eq!(cancelled["db_monitor.outcome"], "cancelled");
    assert!(!cancelled.contains_key("error.type"));
    assert_eq!(spans[1].status, Status::Unset);
}

#[test]
fn a_span_of_tracing_is_the_parent_of_spans_made_without_it() {
    let world = World::new();
    let layer = tracing_opentelemetry::layer().with_tracer(world.tracers.tracer("bridge"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let _request = tracing::info_span!("request").entered();
        world.shop.call(BY_ID).complete();
    });
    let spans = world.spans();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (call, request) = (named("SELECT orders"), named("request"));
    assert_eq!(call.parent_span_id, request.span_context.span_id());
    assert_eq!(call.span_context.trace_id(), request.span_context.trace_id());
}

//! A span for every call.

use std::time::SystemTime;

use monitor_core::capture::{
    Call, CallSite, Database, ErrorClass, Failure, Origin, Outcome, System,
};
use monitor_core::identify::Kind;
use monitor_otel::opentelemetry::Context;
use monitor_otel::opentelemetry::trace::{
    Span, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer, TracerProvider,
};
use opentelemetry_sdk::trace::Sampler;

use super::world::{World, attributes, expected, ms, shop};

const BY_ID: &str = "SELECT * FROM orders WHERE id = 7";

/// A context whose span is another process's.
fn remote(trace: u128, span: u64, sampled: bool, state: &str) -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(trace),
        SpanId::from(span),
        TraceFlags::default().with_sampled(sampled),
        true,
        state.parse::<TraceState>().unwrap(),
    ))
}

#[test]
fn a_call_is_a_client_span_with_its_times_and_the_attributes_of_the_conventions() {
    let world = World::new();
    world.hands.advance(ms(40));
    let timer = world.shop.call(BY_ID);
    world.hands.advance(ms(5));
    timer.complete();
    let span = world.span();
    assert_eq!(span.name, "SELECT orders");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.start_time, SystemTime::UNIX_EPOCH + ms(40));
    assert_eq!(span.end_time, SystemTime::UNIX_EPOCH + ms(45));
    assert!(span.events.is_empty() && span.links.is_empty());
    let known = [
        ("db.system.name", "postgresql"),
        ("db.namespace", "shop"),
        ("server.address", "db"),
        ("db.query.summary", "SELECT orders"),
        ("db.query.text", "select * from orders where id = ?"),
    ];
    assert_eq!(attributes(&span.attributes), expected(&known));
}

#[test]
fn a_span_says_where_it_goes_as_far_as_that_is_known() {
    let world = World::new();
    let check = |database: Database, text: &str, name: &str, known: &[(&str, &str)]| {
        world.monitor.database(database).record(Call::new(text, ms(1)));
        let span = world.span();
        assert_eq!(span.name, name);
        let mut attributes = attributes(&span.attributes);
        attributes.retain(|key, _| !key.starts_with("db.query."));
        assert_eq!(attributes, expected(known));
    };
    let maria = Database { system: System::MariaDb, port: Some(3307), ..shop() };
    let places = [
        ("db.system.name", "mariadb"),
        ("db.namespace", "shop"),
        ("server.address", "db"),
        ("server.port", "3307"),
    ];
    check(maria, "select 1", "SELECT", &places);
    let lite = Database { name: "shop.db".into(), ..Database::of(System::Sqlite) };
    let places = [("db.system.name", "sqlite"), ("db.namespace", "shop.db")];
    check(lite.clone(), "select 1", "SELECT", &places);
    check(lite, "-- only a comment", "shop.db", &places);
    let nameless = Database { name: String::new(), ..shop() };
    let places = [("db.system.name", "postgresql"), ("server.address", "db")];
    check(nameless, "", "db:5432", &places);
    check(Database::default(), "", "other_sql", &[("db.system.name", "other_sql")]);
}

#[test]
fn a_failed_call_has_the_databases_code_and_no_message() {
    let world = World::new();
    let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    world.shop.call("INSERT INTO orders VALUES (1)").fail(failure);
    let span = world.span();
    assert_eq!(span.status, Status::error(""));
    assert!(span.events.is_empty(), "the exception event is deprecated");
    let attributes = attributes(&span.attributes);
    assert_eq!(attributes["db.response.status_code"], "23505");
    assert_eq!(attributes["error.type"], "23505");
}

#[test]
fn a_failure_without_a_code_has_the_class_of_the_error() {
    let world = World::new();
    world.shop.call(BY_ID).fail(Failure::new(ErrorClass::Connection));
    let attributes = attributes(&world.span().attributes);
    assert_eq!(attributes["error.type"], "connection");
    assert!(!attributes.contains_key("db.response.status_code"));
}

#[test]
fn a_cancelled_call_is_no_failure_and_says_what_it_is() {
    let world = World::new();
    drop(world.shop.call(BY_ID));
    let span = world.span();
    assert_eq!(span.status, Status::Unset);
    let attributes = attributes(&span.attributes);
    assert_eq!(attributes["db_monitor.outcome"], "cancelled");
    assert!(!attributes.contains_key("error.type"));
}

#[test]
fn a_known_line_is_told_and_user_and_tag_are_not() {
    let world = World::new();
    let origin = Origin {
        user: Some("alice"),
        tag: Some("GET /orders"),
        call_site: Some(CallSite::here()),
        ..Origin::default()
    };
    world.shop.record(Call::new(BY_ID, ms(1)).origin(origin));
    let attributes = attributes(&world.span().attributes);
    assert!(attributes["code.file.path"].ends_with("spans.rs"));
    assert!(attributes["code.line.number"].parse::<u32>().unwrap() > 100);
    assert!(!attributes.values().any(|value| value.contains("alice") || value.contains("GET")));
}

#[test]
fn the_parent_is_the_span_under_which_the_call_started() {
    let world = World::new();
    let tracer = world.tracers.tracer("service");
    let context = Context::new().with_span(tracer.start("request"));
    let request = context.span().span_context().clone();
    let timer = {
        let _here = context.attach();
        world.shop.call(BY_ID)
    };
    // Ended elsewhere, as by another thread, and told later.
    timer.complete();
    let spans = world.spans();
    let span = spans.iter().find(|span| span.name == "SELECT orders").unwrap();
    assert_eq!(span.span_context.trace_id(), request.trace_id());
    assert_eq!(span.parent_span_id, request.span_id());
    assert!(!span.parent_span_is_remote);
}

#[test]
fn a_span_is_not_kept_open_by_the_calls_under_it() {
    let world = World::new();
    let context = Context::new().with_span(world.tracers.tracer("service").start("request"));
    let timer = {
        let _here = context.clone().attach();
        world.shop.call(BY_ID)
    };
    timer.complete();
    // The last handle: it ends here, though the call under it was not told of yet.
    drop(context);
    assert_eq!(world.spans().len(), 2);
}

#[test]
fn under_a_span_of_another_process_its_state_goes_on() {
    let world = World::new();
    let context = remote(0xabc, 0x12, true, "vendor=some,other=more");
    let _here = context.attach();
    world.shop.call(BY_ID).complete();
    let span = world.span();
    assert_eq!(span.span_context.trace_id(), TraceId::from(0xabc));
    assert_eq!(span.parent_span_id, SpanId::from(0x12));
    assert!(span.parent_span_is_remote);
    assert_eq!(span.span_context.trace_state().header(), "vendor=some,other=more");
}

#[test]
fn under_a_span_that_is_not_sampled_there_is_none_and_the_slow_log_knows_the_trace() {
    let world = World::sampled(Sampler::AlwaysOn, |_| None, |t| t, |b| b.slow(ms(100)));
    let context = remote(0xfeed, 0x12, false, "");
    let _here = context.attach();
    let timer = world.shop.call(BY_ID);
    world.hands.advance(ms(200));
    timer.complete();
    assert!(world.spans().is_empty());
    assert_eq!(world.monitor.slow_queries(1)[0].trace_id, Some(0xfeed));
}

#[test]
fn under_no_span_the_sampler_decides_or_there_is_none() {
    let world = World::new();
    world.shop.call(BY_ID).complete();
    assert_eq!(world.span().parent_span_id, SpanId::INVALID);
    let never = World::sampled(Sampler::AlwaysOff, |_| None, |t| t, |b| b);
    never.shop.call(BY_ID).complete();
    assert!(never.spans().is_empty());
    let within = World::with(|telemetry| telemetry.only_in_traces(), |b| b);
    within.shop.call(BY_ID).complete();
    assert!(within.spans().is_empty());
    let _here = remote(1, 2, true, "").attach();
    within.shop.call(BY_ID).complete();
    assert_eq!(within.spans().len(), 1);
}

#[test]
fn spans_nobody_wants_are_not_made_and_their_calls_count_all_the_same() {
    let world = World::with(
        |telemetry| {
            telemetry
                .spans_where(|call| call.record.kind != Kind::Transaction)
                .spans_where(|call| call.record.pool.as_deref() != Some("reports"))
        },
        |b| b,
    );
    world.shop.call("BEGIN").complete();
    world.monitor.pool("reports", shop()).call(BY_ID).complete();
    assert!(world.spans().is_empty());
    world.shop.call(BY_ID).complete();
    assert_eq!(world.spans().len(), 1);
    assert_eq!(world.monitor.snapshot().lifetime.total.calls, 3);
}

#[test]
fn a_call_whose_rows_are_read_one_by_one_ends_with_its_reader() {
    let world = World::new();
    let mut timer = world.shop.call(BY_ID);
    world.hands.advance(ms(2));
    timer.wait_ends();
    world.hands.advance(ms(50));
    timer.complete();
    let span = world.span();
    assert_eq!(span.end_time.duration_since(span.start_time).unwrap(), ms(52));
}

#[test]
fn a_call_that_is_told_when_it_is_over_began_before() {
    let world = World::new();
    world.hands.advance(ms(100));
    let failed = Outcome::Failed(Failure::new(ErrorClass::Timeout));
    world.shop.record(Call::new(BY_ID, ms(30)).outcome(failed));
    let span = world.span();
    assert_eq!(span.start_time, SystemTime::UNIX_EPOCH + ms(70));
    assert_eq!(span.end_time, SystemTime::UNIX_EPOCH + ms(100));
}

#[test]
fn the_services_own_spans_end_when_they_end() {
    let world = World::new();
    let mut request = world.tracers.tracer("service").start("request");
    request.end();
    assert_eq!(world.span().name, "request");
}

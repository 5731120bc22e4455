//! Histograms of calls, and how pools are.

use std::time::Duration;

use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, PoolLevels, Rows};
use opentelemetry_sdk::metrics::{Aggregation, Stream};
use opentelemetry_sdk::trace::Sampler;

use super::world::{Kind, Value, World, expected, ms, shop};

const BY_ID: &str = "SELECT * FROM orders WHERE id = 7";

const DATABASE: [(&str, &str); 3] =
    [("db.system.name", "postgresql"), ("db.namespace", "shop"), ("server.address", "db")];

fn of(summary: &str, more: &[(&str, &str)]) -> super::world::Attributes {
    expected(&[&DATABASE[..], &[("db.query.summary", summary)], more].concat())
}

fn times(value: &Value) -> (u64, f64) {
    match value {
        Value::Histogram { count, sum, .. } => (*count, *sum),
        other => panic!("no histogram: {other:?}"),
    }
}

#[test]
fn the_time_of_calls_is_a_histogram_by_summary_and_error_in_the_advised_buckets() {
    let world = World::new();
    world.shop.record(Call::new(BY_ID, ms(3)));
    world.shop.record(Call::new(BY_ID, ms(700)));
    let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    let insert = Call::new("INSERT INTO orders VALUES (1)", ms(40));
    world.shop.record(insert.outcome(Outcome::Failed(failure)));
    let lost = Outcome::Failed(Failure::new(ErrorClass::Connection));
    world.shop.record(Call::new(BY_ID, ms(2)).outcome(lost));
    let (unit, values) = world.metric("db.client.operation.duration");
    assert_eq!(unit, "s");
    let codes = [("db.response.status_code", "23505"), ("error.type", "23505")];
    let keys: Vec<_> = values.iter().map(|(attributes, _)| attributes.clone()).collect();
    assert_eq!(
        keys,
        [
            of("INSERT orders", &codes),
            of("SELECT orders", &[("error.type", "connection")]),
            of("SELECT orders", &[]),
        ]
    );
    let Value::Histogram { sum, count, bounds, counts } = &values[2].1 else { panic!("histogram") };
    assert_eq!((*count, (sum * 1e6).round()), (2, 703_000.0));
    assert_eq!(bounds, &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]);
    assert_eq!(counts, &[0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
}

#[test]
fn rows_are_counted_where_the_driver_tells() {
    let world = World::new();
    world.shop.record(Call::new(BY_ID, ms(1)));
    world.shop.record(Call::new(BY_ID, ms(1)).rows(Rows::returned(150)));
    assert_eq!(world.metric("db.client.response.returned_rows").0, "{row}");
    let (attributes, value) = world.value("db.client.response.returned_rows");
    assert_eq!(attributes, of("SELECT orders", &[]));
    let Value::Histogram { sum, count, bounds, counts } = value else { panic!("histogram") };
    assert_eq!((sum, count), (150.0, 1));
    assert_eq!(bounds[..4], [1.0, 2.0, 5.0, 10.0]);
    assert_eq!(bounds.len(), 13);
    assert_eq!(counts[7], 1, "between 100 and 200: {counts:?}");
}

#[test]
fn a_cancelled_call_counts_its_time_and_is_counted_as_cancelled() {
    let world = World::new();
    world.shop.call(BY_ID).complete();
    assert!(world.metric("db_monitor.cancelled_calls").1.is_empty());
    drop(world.shop.call(BY_ID));
    let (attributes, value) = world.value("db.client.operation.duration");
    assert_eq!((attributes, times(&value).0), (of("SELECT orders", &[]), 2));
    let (attributes, value) = world.value("db_monitor.cancelled_calls");
    assert_eq!((attributes, value), (expected(&DATABASE), Value::Sum(1.0, Kind::Counter)));
}

#[test]
fn summaries_beyond_the_limit_are_told_together_and_counted() {
    let world = World::with(|telemetry| telemetry.summaries_max(2), |b| b);
    for table in ["a", "b", "c", "d", "a"] {
        world.shop.record(Call::new(&format!("select * from {table}"), ms(1)));
    }
    let (_, values) = world.metric("db.client.operation.duration");
    let counts: Vec<_> = values
        .iter()
        .map(|(attributes, value)| (attributes["db.query.summary"].as_str(), times(value).0))
        .collect();
    assert_eq!(counts, [("SELECT a", 2), ("SELECT b", 1), ("_other", 2)]);
    let (attributes, value) = world.value("db_monitor.dropped");
    assert_eq!(attributes, expected(&[("reason", "summaries_folded")]));
    assert_eq!(value, Value::Sum(2.0, Kind::Counter));
}

#[test]
fn a_statement_that_loses_its_place_takes_nothing_back() {
    let world = World::with(|t| t, |b| b.statements_max(1));
    for table in ["a", "b", "a", "b"] {
        world.shop.record(Call::new(&format!("select * from {table}"), ms(1)));
    }
    let (_, values) = world.metric("db.client.operation.duration");
    assert_eq!(values.iter().map(|(_, value)| times(value).0).collect::<Vec<_>>(), [2, 2]);
    let (_, dropped) = world.metric("db_monitor.dropped");
    assert_eq!(dropped[0].0, expected(&[("reason", "statements_evicted")]));
}

#[test]
fn a_pool_is_shown_by_its_name_as_the_conventions_say() {
    let world = World::new();
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(PoolLevels { size: 8, idle: 5, max: Some(10), min: Some(2), overflow: 0 });
    let _waiting = pool.checkout();
    pool.checkout().timed_out();
    let name = [("db.client.connection.pool.name", "main")];
    let (unit, values) = world.metric("db.client.connection.count");
    assert_eq!(unit, "{connection}");
    let state = |state| expected(&[&name[..], &[("db.client.connection.state", state)]].concat());
    let up_down = |count| Value::Sum(count, Kind::UpDown);
    assert_eq!(values, [(state("idle"), up_down(5.0)), (state("used"), up_down(3.0))]);
    for (metric, unit, value) in [
        ("db.client.connection.max", "{connection}", up_down(10.0)),
        ("db.client.connection.idle.min", "{connection}", up_down(2.0)),
        ("db.client.connection.pending_requests", "{request}", up_down(1.0)),
        ("db.client.connection.timeouts", "{timeout}", Value::Sum(1.0, Kind::Counter)),
    ] {
        assert_eq!(world.metric(metric), (unit.to_owned(), vec![(expected(&name), value)]));
    }
}

#[test]
fn the_times_of_a_pool_have_their_number_and_their_sum_each_time_they_are_told() {
    let world = World::new();
    let pool = world.monitor.pool("main", shop());
    let turn = |wait, hold| {
        let checkout = pool.checkout();
        world.hands.advance(ms(wait));
        let held = checkout.taken();
        world.hands.advance(ms(hold));
        drop(held);
    };
    let check = |metric: &str, count, seconds: f64| {
        let (unit, values) = world.metric(metric);
        assert_eq!((unit.as_str(), values.len()), ("s", 1), "{metric}");
        let (attributes, value) = &values[0];
        assert_eq!(*attributes, expected(&[("db.client.connection.pool.name", "main")]));
        let (counted, sum) = times(value);
        assert_eq!(counted, count, "{metric}");
        assert!((sum - seconds).abs() < 1e-9, "{metric}: {sum} for {seconds}");
    };
    turn(2, 30);
    turn(700, 20);
    pool.connection_created(Some(ms(12)));
    check("db.client.connection.wait_time", 2, 0.702);
    check("db.client.connection.use_time", 2, 0.050);
    check("db.client.connection.create_time", 1, 0.012);
    check("db.client.connection.wait_time", 2, 0.702);
    turn(1, 1);
    check("db.client.connection.wait_time", 3, 0.703);
    check("db.client.connection.use_time", 3, 0.051);
}

#[test]
fn pools_of_a_monitor_that_is_gone_are_not_shown() {
    let mut world = World::new();
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(PoolLevels { size: 1, ..PoolLevels::default() });
    assert!(!world.metric("db.client.connection.count").1.is_empty());
    drop(pool);
    let gone = std::mem::take(&mut world.monitor);
    world.shop = monitor_core::Source::off();
    drop(gone);
    assert!(world.metric("db.client.connection.count").1.is_empty());
}

#[test]
fn a_view_makes_histograms_exponential() {
    let view = |instrument: &opentelemetry_sdk::metrics::Instrument| {
        let aggregation = Aggregation::Base2ExponentialHistogram {
            max_size: 160,
            max_scale: 20,
            record_min_max: true,
        };
        (instrument.name() == "db.client.operation.duration")
            .then(|| Stream::builder().with_aggregation(aggregation).build().unwrap())
    };
    let world = World::sampled(Sampler::AlwaysOn, view, |t| t, |b| b);
    world.shop.record(Call::new(BY_ID, ms(3)));
    let (_, value) = world.value("db.client.operation.duration");
    assert_eq!(value, Value::Exponential { sum: 0.003, count: 1 });
}

#[test]
fn without_a_meter_there_are_only_spans_and_without_a_tracer_only_metrics() {
    use monitor_core::Monitor;
    use monitor_otel::Telemetry;
    use monitor_otel::opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

    let spans = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    let only_spans = Telemetry::new().spans(tracers.tracer("t"));
    let monitor = Monitor::builder().beat_by_hand().observer(only_spans).build().unwrap();
    let source = monitor.database(shop());
    source.record(Call::new(BY_ID, Duration::ZERO));
    monitor.tell_observers();
    assert_eq!(spans.get_finished_spans().unwrap().len(), 1);

    let nothing = Telemetry::new();
    let monitor = Monitor::builder().beat_by_hand().observer(nothing).build().unwrap();
    monitor.database(shop()).record(Call::new(BY_ID, Duration::ZERO));
    monitor.tell_observers();
    assert_eq!(spans.get_finished_spans().unwrap().len(), 1);
    assert_eq!(monitor.snapshot().losses.panics_caught, 0);
}

#[test]
fn the_names_are_those_of_the_conventions() {
    use monitor_otel::names;
    use opentelemetry_semantic_conventions::metric;
    for (ours, theirs) in [
        (names::OPERATION_DURATION, metric::DB_CLIENT_OPERATION_DURATION),
        (names::RETURNED_ROWS, metric::DB_CLIENT_RESPONSE_RETURNED_ROWS),
        (names::CONNECTION_COUNT, metric::DB_CLIENT_CONNECTION_COUNT),
        (names::CONNECTION_MAX, metric::DB_CLIENT_CONNECTION_MAX),
        (names::CONNECTION_IDLE_MIN, metric::DB_CLIENT_CONNECTION_IDLE_MIN),
        (names::PENDING_REQUESTS, metric::DB_CLIENT_CONNECTION_PENDING_REQUESTS),
        (names::CONNECTION_TIMEOUTS, metric::DB_CLIENT_CONNECTION_TIMEOUTS),
        (names::CREATE_TIME, metric::DB_CLIENT_CONNECTION_CREATE_TIME),
        (names::WAIT_TIME, metric::DB_CLIENT_CONNECTION_WAIT_TIME),
        (names::USE_TIME, metric::DB_CLIENT_CONNECTION_USE_TIME),
    ] {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn the_attributes_are_those_of_the_conventions() {
    use opentelemetry_semantic_conventions::attribute as theirs;
    let known = [
        theirs::DB_SYSTEM_NAME,
        theirs::DB_NAMESPACE,
        theirs::DB_QUERY_SUMMARY,
        theirs::DB_QUERY_TEXT,
        theirs::DB_RESPONSE_STATUS_CODE,
        theirs::ERROR_TYPE,
        theirs::SERVER_ADDRESS,
        theirs::SERVER_PORT,
        theirs::CODE_FILE_PATH,
        theirs::CODE_LINE_NUMBER,
    ];
    let world = World::new();
    let port = monitor_core::capture::Database { port: Some(6432), ..shop() };
    let source = world.monitor.database(port);
    let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    let site = Some(monitor_core::capture::CallSite::here());
    source.call("insert into t values (1)").called_at(site).fail(failure);
    let mut told: Vec<_> = world.span().attributes.iter().map(|kv| kv.key.to_string()).collect();
    told.sort();
    let mut known = known.map(str::to_owned);
    known.sort();
    assert_eq!(told, known);
}

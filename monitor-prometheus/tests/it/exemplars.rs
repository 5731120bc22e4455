//! Calls that were part of a trace, shown beside the buckets they are counted in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use monitor_core::capture::{ErrorClass, Failure, TraceContext};
use monitor_core::{Monitor, Observer};
use monitor_prometheus::{Exporter, Format, Listener};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::MetricFamily;
use prost::Message;

use super::prometheus::Prometheus;
use super::{World, ms, shop};

const BY_ID: &str = "select * from orders where id = 1";

/// Says which trace calls are part of: its number, none for 0; a trace is sampled if it is odd.
#[derive(Clone, Default)]
struct Traces(Arc<AtomicU64>);

impl Observer for Traces {
    fn trace(&self) -> Option<TraceContext> {
        let number = self.0.load(Ordering::Relaxed);
        TraceContext::new(number.into(), 7, number % 2 == 1)
    }
}

fn world() -> (World, Traces) {
    let traces = Traces::default();
    let world = World::with(|builder| builder.observer(traces.clone()), Exporter::SUMMARIES_MAX);
    (world, traces)
}

/// One call in a trace.
fn call((world, traces): &(World, Traces), trace: u64, millis: u64) {
    traces.0.store(trace, Ordering::Relaxed);
    let timer = world.shop.call(BY_ID);
    world.hands.advance(ms(millis));
    timer.complete();
}

/// The bounds of the buckets with an exemplar, and what stands there.
fn shown(text: &str) -> Vec<(String, String)> {
    let traced = text.lines().filter_map(|line| line.split_once(" # "));
    traced
        .map(|(series, exemplar)| {
            let bound = series.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
            (bound.unwrap_or("no bucket").to_owned(), exemplar.to_owned())
        })
        .collect()
}

#[test]
fn a_bucket_shows_the_newest_call_of_a_trace_that_is_kept() {
    let all = world();
    call(&all, 0x0b, 3);
    call(&all, 0xff, 3);
    call(&all, 0xaa, 3);
    call(&all, 0x0d, 700);
    call(&all, 0, 40);
    let (world, _) = &all;
    let at = |millis: f64| millis / 1_000.0;
    assert_eq!(
        shown(&world.text(Format::OpenMetrics)),
        [
            (
                "0.00390625".to_owned(),
                format!("{{trace_id=\"{:032x}\"}} 0.003 {:.3}", 0xff, at(6.0))
            ),
            ("1.0".to_owned(), format!("{{trace_id=\"{:032x}\"}} 0.7 {:.3}", 0x0d, at(709.0))),
        ]
    );
    assert_eq!(shown(&world.text(Format::Text)), [], "the format has none");
}

#[test]
fn what_is_older_than_five_minutes_is_no_example_any_more() {
    let all = world();
    call(&all, 1, 3);
    all.0.hands.advance(ms(5 * 60_000));
    assert_eq!(shown(&all.0.text(Format::OpenMetrics)).len(), 1);
    all.0.hands.advance(ms(1));
    assert_eq!(shown(&all.0.text(Format::OpenMetrics)), []);
}

#[test]
fn a_failed_call_is_an_example_of_its_error() {
    let (world, traces) = world();
    traces.0.store(9, Ordering::Relaxed);
    for failure in [
        Failure::new(ErrorClass::UniqueViolation).with_code("23505"),
        Failure::new(ErrorClass::Connection),
    ] {
        world.shop.call(BY_ID).fail(failure);
    }
    let text = world.text(Format::OpenMetrics);
    let lines: Vec<_> = text.lines().filter(|line| line.contains(" # ")).collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines[0].contains(r#"error_type="23505""#) || lines[1].contains(r#"error_type="23505""#)
    );
    assert!(
        lines.iter().any(|line| line.contains(r#"error_type="connection"} 1 #"#)),
        "{lines:#?}"
    );
}

#[test]
fn an_example_follows_its_summary_beyond_the_limit() {
    let traces = Traces::default();
    traces.0.store(5, Ordering::Relaxed);
    let world = World::with(|builder| builder.observer(traces), 1);
    world.shop.call(BY_ID).complete();
    drop(world.text(Format::Text));
    world.shop.call("select * from customers").complete();
    let text = world.text(Format::OpenMetrics);
    let other = text.lines().find(|line| line.contains("_other") && line.contains(" # "));
    assert!(other.is_some(), "{text}");
}

#[test]
fn protobuf_has_them_in_the_buckets_and_beside_the_native_histogram_by_their_time() {
    let all = world();
    call(&all, 0x0d, 700);
    call(&all, 0x0b, 3);
    let body = all.0.exporter.scrape(Format::Protobuf).body;
    let mut rest = &body[..];
    let mut families = Vec::new();
    while !rest.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut rest).unwrap());
    }
    let calls = families.iter().find(|f| f.name == "db_client_operation_duration_seconds").unwrap();
    let histogram = calls.metric[0].histogram.as_ref().unwrap();
    let traced = histogram.bucket.iter().filter_map(|bucket| bucket.exemplar.as_ref());
    assert_eq!(traced.map(|exemplar| exemplar.value).collect::<Vec<_>>(), [0.003, 0.7]);
    let (values, times): (Vec<_>, Vec<_>) = histogram
        .exemplars
        .iter()
        .map(|exemplar| {
            (exemplar.value, SystemTime::try_from(exemplar.timestamp.unwrap()).unwrap())
        })
        .unzip();
    assert_eq!(values, [0.7, 0.003], "oldest first");
    assert_eq!(times, [UNIX_EPOCH + ms(700), UNIX_EPOCH + ms(703)]);
    assert_eq!(histogram.exemplars[0].label[0].value, format!("{:032x}", 0x0d));
}

/// What a real Prometheus stores of two calls in traces, scraped with these features on.
fn stored(name: &str, features: &str, series: &str) -> Vec<(String, String)> {
    let traces = Traces::default();
    let monitor = Monitor::builder().observer(traces.clone()).build().unwrap();
    let source = monitor.database(shop());
    for trace in [0xbeef, 0xcafe, 0xfeed] {
        traces.0.store(trace, Ordering::Relaxed);
        source.call(BY_ID).complete();
    }
    let listener = Listener::start(Exporter::new(&monitor), "127.0.0.1:0").unwrap();
    let flag = format!("--enable-feature={features}");
    let prometheus = Prometheus::scraping(name, &[listener.address()], &[&flag]);
    let mut found = Vec::new();
    for series in prometheus.exemplars(series) {
        let label = &series["seriesLabels"]["db_query_summary"];
        for exemplar in series["exemplars"].as_array().unwrap() {
            let trace = &exemplar["labels"]["trace_id"];
            found.push((label.as_str().unwrap().into(), trace.as_str().unwrap().into()));
        }
    }
    found
}

#[test]
fn a_real_prometheus_stores_them_from_open_metrics() {
    let found = stored(
        "exemplars-classic",
        "exemplar-storage",
        "db_client_operation_duration_seconds_bucket",
    );
    let newest = ("SELECT orders".to_owned(), format!("{:032x}", 0xfeed));
    assert!(found.contains(&newest), "{found:?}");
    assert!(!found.iter().any(|(_, trace)| *trace == format!("{:032x}", 0xcafe)), "not sampled");
}

#[test]
fn a_real_prometheus_stores_them_beside_native_histograms() {
    let found = stored(
        "exemplars-native",
        "exemplar-storage,native-histograms",
        "db_client_operation_duration_seconds",
    );
    assert!(found.contains(&("SELECT orders".to_owned(), format!("{:032x}", 0xfeed))), "{found:?}");
}

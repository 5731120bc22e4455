//! The formats, and who gets which.

use std::collections::BTreeSet;

use monitor_core::capture::{Call, Database};
use monitor_prometheus::{Exporter, Format};
use prometheus_client::registry::Registry;

use super::{Samples, World, ms, samples, shop};

#[test]
fn a_scraper_gets_the_format_it_weighs_highest() {
    for (header, format) in [
        (None, Format::Text),
        (Some(""), Format::Text),
        (Some("*/*"), Format::Text),
        (Some("text/html"), Format::Text),
        (Some("application/openmetrics-text;version=1.0.0"), Format::OpenMetrics),
        // What Prometheus 2.42 sends.
        (
            Some(
                "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.25,*/*;q=0.1",
            ),
            Format::OpenMetrics,
        ),
        // And with native histograms.
        (
            Some(
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.3",
            ),
            Format::Protobuf,
        ),
        (Some("application/vnd.google.protobuf;encoding=text,text/plain;q=0.3"), Format::Text),
        (Some("application/openmetrics-text;q=0, text/plain;q=0.1"), Format::Text),
        (Some("application/openmetrics-text;version=2.0.0, text/plain;q=0.1"), Format::Text),
        (Some("application/openmetrics-text;q=nonsense;;=,,;"), Format::Text),
        (Some("TEXT/PLAIN;Q=0.4, Application/OpenMetrics-Text; Q=0.9"), Format::OpenMetrics),
    ] {
        assert_eq!(Format::accepted(header), format, "{header:?}");
    }
}

#[test]
fn text_and_open_metrics_say_the_same() {
    let world = World::new();
    world.shop.record(Call::new("select * from orders", ms(3)));
    let text = world.samples();
    let open = world.text(Format::OpenMetrics);
    assert!(open.ends_with("# EOF\n"));
    assert!(open.contains("# UNIT db_client_operation_duration_seconds seconds\n"));
    assert!(open.contains("# TYPE db_monitor_dropped counter\n"));
    let open = samples(&open);
    // OpenMetrics writes a bound as `1.0` where text has `1`, and no label as `{}`.
    let names = |samples: &Samples| -> BTreeSet<String> {
        samples.keys().map(|name| name.replace(".0\"", "\"").replace("{}", "")).collect()
    };
    assert_eq!(names(&text).difference(&names(&open)).next(), None);
    assert_eq!(names(&open).difference(&names(&text)).next(), None);
    let count = text.iter().find(|(name, _)| name.contains("duration_seconds_count")).unwrap();
    assert_eq!(open[count.0], *count.1);
}

#[test]
fn families_stand_together_with_their_help_and_type_once() {
    let world = World::new();
    world.shop.record(Call::new("select * from orders", ms(3)));
    world.shop.record(Call::new("select * from customers", ms(3)));
    let text = world.text(Format::Text);
    let mut types: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    let helps = text.lines().filter(|line| line.starts_with("# HELP")).count();
    assert_eq!(helps, types.len());
    let before = types.len();
    types.sort();
    types.dedup();
    assert_eq!(types.len(), before);
}

#[test]
fn hostile_names_stay_inside_their_quotes() {
    let world = World::new();
    let evil = "sh\"op\\\n} evil 1";
    let database = Database { name: evil.into(), ..shop() };
    world.monitor.database(database).record(Call::new("select 1", ms(1)));
    for format in [Format::Text, Format::OpenMetrics] {
        let text = world.text(format);
        assert!(text.contains(r#"db_namespace="sh\"op\\\n} evil 1""#), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("} evil")));
    }
}

#[test]
fn no_literal_is_in_any_format() {
    let world = World::new();
    world.shop.record(Call::new("select * from users where mail = 'eve@example.org'", ms(1)));
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let body = world.exporter.scrape(format).body;
        assert!(!String::from_utf8_lossy(&body).contains("eve@"), "{format:?}");
    }
}

#[test]
fn an_exporter_joins_a_registry_that_is_there_already() {
    let world = World::new();
    world.shop.record(Call::new("select 1", ms(1)));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exporter::new(&world.monitor)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("db_client_operation_duration_seconds_count{"), "{text}");
}

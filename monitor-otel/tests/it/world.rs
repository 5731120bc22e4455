//! A monitor, time in the test's hands, and what the SDK got.

use std::collections::BTreeMap;
use std::time::Duration;

use monitor_core::capture::{Clock, Database, Hands, System};
use monitor_core::{Builder, Monitor, Source};
use monitor_otel::Telemetry;
use monitor_otel::opentelemetry::KeyValue;
use monitor_otel::opentelemetry::metrics::MeterProvider;
use monitor_otel::opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, Instrument, PeriodicReader, SdkMeterProvider, Stream,
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, SpanData};

pub(crate) struct World {
    pub(crate) monitor: Monitor,
    pub(crate) hands: Hands,
    pub(crate) shop: Source,
    pub(crate) tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
}

/// What one set of attributes of one metric says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Sum(f64, Kind),
    Histogram { sum: f64, count: u64, bounds: Vec<f64>, counts: Vec<u64> },
    Exponential { sum: f64, count: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    UpDown,
}

pub(crate) type Attributes = BTreeMap<String, String>;

type View = fn(&Instrument) -> Option<Stream>;

// === impl World ===

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|telemetry| telemetry, |builder| builder)
    }

    pub(crate) fn with(
        telemetry: impl FnOnce(Telemetry) -> Telemetry,
        builder: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        Self::sampled(
            Sampler::ParentBased(Box::new(Sampler::AlwaysOn)),
            |_| None,
            telemetry,
            builder,
        )
    }

    pub(crate) fn sampled(
        sampler: Sampler,
        view: View,
        telemetry: impl FnOnce(Telemetry) -> Telemetry,
        builder: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
        let tracers = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_simple_exporter(spans.clone())
            .build();
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let meters = SdkMeterProvider::builder().with_reader(reader).with_view(view).build();
        let told =
            Telemetry::new().metrics(meters.meter("monitor")).spans(tracers.tracer("monitor"));
        let (clock, hands) = Clock::by_hand();
        let monitor = Monitor::builder().clock(clock).beat_by_hand().observer(telemetry(told));
        let monitor = builder(monitor).build().unwrap();
        let shop = monitor.database(shop());
        Self { monitor, hands, shop, tracers, meters, spans, metrics }
    }

    /// The spans made since the last look, in the order in which they began.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.monitor.tell_observers();
        let mut spans = self.spans.get_finished_spans().unwrap();
        self.spans.reset();
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    /// The one span made since the last look.
    #[track_caller]
    pub(crate) fn span(&self) -> SpanData {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }

    /// Everything one metric says: its unit, and its values by their attributes.
    pub(crate) fn metric(&self, name: &str) -> (String, Vec<(Attributes, Value)>) {
        self.monitor.tell_observers();
        self.metrics.reset();
        self.meters.force_flush().unwrap();
        let exported = self.metrics.get_finished_metrics().unwrap();
        let all = exported.iter().flat_map(|exported| exported.scope_metrics());
        let metric = all.flat_map(|scope| scope.metrics()).find(|metric| metric.name() == name);
        let Some(metric) = metric else { return (String::new(), Vec::new()) };
        let mut values = values(metric);
        values.sort_by(|(a, _), (b, _)| a.cmp(b));
        (metric.unit().to_owned(), values)
    }

    /// The one value of a metric.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> (Attributes, Value) {
        let (_, mut values) = self.metric(name);
        assert_eq!(values.len(), 1, "{name}: {values:#?}");
        values.remove(0)
    }
}

pub(crate) fn shop() -> Database {
    Database {
        system: System::PostgreSql,
        name: "shop".into(),
        host: "db".into(),
        port: Some(5432),
    }
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Attributes as text, for comparing.
pub(crate) fn attributes<'a>(all: impl IntoIterator<Item = &'a KeyValue>) -> Attributes {
    all.into_iter().map(|kv| (kv.key.to_string(), kv.value.to_string())).collect()
}

/// Attributes as a test writes them.
pub(crate) fn expected(all: &[(&str, &str)]) -> Attributes {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn values(metric: &Metric) -> Vec<(Attributes, Value)> {
    match metric.data() {
        AggregatedMetrics::F64(data) => points(data, |value| value),
        AggregatedMetrics::U64(data) => points(data, |value| value as f64),
        AggregatedMetrics::I64(data) => points(data, |value| value as f64),
    }
}

fn points<T: Copy>(data: &MetricData<T>, number: fn(T) -> f64) -> Vec<(Attributes, Value)> {
    match data {
        MetricData::Sum(sum) => sum
            .data_points()
            .map(|point| {
                let kind = if sum.is_monotonic() { Kind::Counter } else { Kind::UpDown };
                (attributes(point.attributes()), Value::Sum(number(point.value()), kind))
            })
            .collect(),
        MetricData::Histogram(histogram) => histogram
            .data_points()
            .map(|point| {
                let value = Value::Histogram {
                    sum: number(point.sum()),
                    count: point.count(),
                    bounds: point.bounds().collect(),
                    counts: point.bucket_counts().collect(),
                };
                (attributes(point.attributes()), value)
            })
            .collect(),
        MetricData::ExponentialHistogram(histogram) => histogram
            .data_points()
            .map(|point| {
                let (sum, count) = (number(point.sum()), point.count());
                (attributes(point.attributes()), Value::Exponential { sum, count })
            })
            .collect(),
        MetricData::Gauge(_) => panic!("the conventions know no gauge"),
    }
}

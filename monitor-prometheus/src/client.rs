//! The formats that prometheus-client writes, and a place in a registry that is there already.

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, MetricEncoder,
    NativeHistogram, NativeHistogramBuckets, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::Exporter;
use crate::buckets::{self, SCHEMA};
use crate::families::{Family, Labels, Sample, Value};
use crate::names::{Metric, MetricKind};

/// What client_golang takes for zero: 2^-128 s.
const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// Writes the families it was given.
#[derive(Debug)]
struct Given(Vec<Family>);

struct LabelSet<'a>(&'a Labels);

/// All families in OpenMetrics' text format.
pub(crate) fn open_metrics(families: Vec<Family>) -> Result<String, Error> {
    let mut out = String::new();
    prometheus_client::encoding::text::encode(&mut out, &registry(families))?;
    Ok(out)
}

/// All families as delimited protobuf messages, with native histograms.
#[cfg(feature = "protobuf")]
pub(crate) fn protobuf(families: Vec<Family>) -> Option<Vec<u8>> {
    prometheus_client::encoding::prometheus_protobuf::encode_to_vec(&registry(families)).ok()
}

fn registry(families: Vec<Family>) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Given(families)));
    registry
}

// === impl Collector ===

impl Collector for Given {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        encode(&self.0, encoder)
    }
}

/// Joins a registry that is there already: `registry.register_collector(Box::new(exporter))`.
impl Collector for Exporter {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        encode(&self.families(), encoder)
    }
}

fn encode(families: &[Family], mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
    for Family { metric, samples } in families {
        let (name, unit) = name_and_unit(metric);
        let kind = match metric.kind {
            MetricKind::Counter => MetricType::Counter,
            MetricKind::Gauge => MetricType::Gauge,
            MetricKind::Durations | MetricKind::Rows => MetricType::Histogram,
        };
        // The full stop is what the library's own metrics end with.
        let help = format!("{}.", metric.help);
        let mut family = encoder.encode_descriptor(name, &help, unit.as_ref(), kind)?;
        for Sample { labels, value } in samples {
            let labels = LabelSet(labels);
            encode_value(value, family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

/// The library puts the unit behind the name itself, and a `# UNIT` line before it.
fn name_and_unit(metric: &Metric) -> (&'static str, Option<Unit>) {
    match metric.name.strip_suffix("_seconds") {
        Some(name) => (name, Some(Unit::Seconds)),
        None => (metric.name, None),
    }
}

fn encode_value(value: &Value, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
    match value {
        Value::Counter(count) => encoder.encode_counter::<NoLabelSet, _, f64>(count, None),
        Value::Gauge(value) => encoder.encode_gauge(value),
        Value::Rows { sum, histogram } => {
            let (sum, counts) = (*sum as f64, buckets::rows(histogram));
            encoder.encode_histogram::<NoLabelSet>(sum, histogram.count(), &counts, None)
        }
        Value::Durations { sum, histogram } => {
            let (spans, deltas) = buckets::native(histogram);
            let native = NativeHistogram {
                schema: SCHEMA,
                zero_threshold: ZERO_THRESHOLD,
                zero_count: 0,
                negative: NativeHistogramBuckets { spans: &[], deltas: &[] },
                positive: NativeHistogramBuckets { spans: &spans, deltas: &deltas },
                created: None,
            };
            encoder.encode_histogram_with_native::<NoLabelSet>(
                sum.as_secs_f64(),
                histogram.count(),
                &buckets::classic(histogram),
                None,
                native,
            )
        }
    }
}

impl EncodeLabelSet for LabelSet<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), Error> {
        for (name, value) in self.0 {
            (*name, &**value).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

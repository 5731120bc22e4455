//! What prometheus-client writes: protobuf, and a part of a registry that is there already.

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, MetricEncoder,
    NativeHistogram, NativeHistogramBuckets, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
#[cfg(feature = "protobuf")]
use prometheus_client::{
    encoding::prometheus_protobuf::{self, prometheus_data_model as message},
    registry::Registry,
};

use crate::Exporter;
use crate::buckets::{self, SCHEMA};
use crate::families::{Family, Labels, Sample, Value};
use crate::names::{Metric, MetricKind};

/// What client_golang takes for zero: 2^-128 s.
const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// Writes the families it was given.
#[cfg(feature = "protobuf")]
#[derive(Debug)]
struct Given(std::sync::Arc<[Family]>);

struct LabelSet<'a>(&'a Labels);

/// All families as delimited protobuf messages, with native histograms.
#[cfg(feature = "protobuf")]
pub(crate) fn protobuf(families: Vec<Family>) -> Option<Vec<u8>> {
    use prost::Message;

    let families: std::sync::Arc<[Family]> = families.into();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Given(families.clone())));
    let mut messages = prometheus_protobuf::encode(&registry).ok()?;
    let mut out = Vec::new();
    for (message, family) in messages.iter_mut().zip(&*families) {
        for (metric, sample) in message.metric.iter_mut().zip(&family.samples) {
            add_exemplars(metric, sample);
        }
        message.encode_length_delimited(&mut out).ok()?;
    }
    Some(out)
}

/// A collector cannot hand exemplars over, so they are put into what it made.
#[cfg(feature = "protobuf")]
fn add_exemplars(metric: &mut message::Metric, sample: &Sample) {
    let (Some(histogram), Value::Durations { exemplars, .. }) =
        (&mut metric.histogram, &sample.value)
    else {
        return;
    };
    // Oldest first, as Prometheus wants those of a native histogram. One that reads them from the
    // classic buckets only (2.x) finds them there.
    for (place, exemplar) in exemplars.iter().rev() {
        let label = message::LabelPair { name: "trace_id".into(), value: exemplar.trace() };
        let exemplar = message::Exemplar {
            label: vec![label],
            value: exemplar.duration.as_secs_f64(),
            timestamp: Some(exemplar.at.into()),
        };
        if let Some(bucket) = histogram.bucket.get_mut(*place) {
            bucket.exemplar = Some(exemplar.clone());
        }
        histogram.exemplars.push(exemplar);
    }
}

// === impl Collector ===

#[cfg(feature = "protobuf")]
impl Collector for Given {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        encode(&self.0, encoder)
    }
}

/// Joins a registry that is there already: `registry.register_collector(Box::new(exporter))`.
///
/// Without exemplars, which prometheus-client takes from its own metrics only.
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
        Value::Seconds(time) => {
            encoder.encode_counter::<NoLabelSet, _, f64>(&time.as_secs_f64(), None)
        }
        Value::Gauge(value) => encoder.encode_gauge(value),
        Value::Rows { sum, histogram } => {
            let (sum, counts) = (*sum as f64, buckets::rows(histogram));
            encoder.encode_histogram::<NoLabelSet>(sum, histogram.count(), &counts, None)
        }
        Value::Durations { sum, histogram, .. } => {
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

//! The two text formats: 0.0.4, which every Prometheus reads, and OpenMetrics 1.0.0.
//!
//! prometheus-client does not write the first, and into the second a collector cannot put an exemplar, which is what
//! the format is asked for.

use std::fmt::{self, Write};
use std::time::UNIX_EPOCH;

use crate::buckets;
use crate::exemplars::{Exemplar, Exemplars};
use crate::families::{Family, Labels, Sample, Value};
use crate::names::{Metric, MetricKind};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Text,
    OpenMetrics,
}

/// Writes one family: what all its lines begin with is made once.
struct Lines<'a> {
    out: &'a mut String,
    dialect: Dialect,
    metric: &'static Metric,
    /// Beginnings of a histogram's bucket lines, up to the label of the bound, lowest bound first.
    buckets: Vec<String>,
    /// The labels of the sample at hand, without their braces.
    labels: String,
}

/// Bytes a line takes, more or less.
const LINE_BYTES: usize = 192;

/// All families in a text format.
pub(crate) fn write(families: &[Family], dialect: Dialect) -> String {
    let lines: usize = families.iter().map(|family| family.samples.len() * lines_of(family)).sum();
    let mut out = String::with_capacity(lines * LINE_BYTES);
    for family in families {
        let mut lines = Lines::new(&mut out, dialect, family.metric);
        // Writing to a string cannot fail.
        let _ = lines.head();
        for sample in &family.samples {
            let _ = lines.sample(sample);
        }
    }
    if dialect == Dialect::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

/// Lines of each sample.
fn lines_of(family: &Family) -> usize {
    bounds(family.metric.kind).len() + 2
}

fn bounds(kind: MetricKind) -> Vec<f64> {
    match kind {
        MetricKind::Counter | MetricKind::Gauge => Vec::new(),
        MetricKind::Durations => buckets::classic_bounds().collect(),
        MetricKind::Rows => buckets::row_bounds().collect(),
    }
}

// === impl Lines ===

impl<'a> Lines<'a> {
    fn new(out: &'a mut String, dialect: Dialect, metric: &'static Metric) -> Self {
        let bucket = |bound: f64| {
            let bound = match (bound, dialect) {
                (f64::INFINITY, _) => "+Inf".to_owned(),
                (bound, Dialect::Text) => bound.to_string(),
                // The canonical form of OpenMetrics: `1.0`.
                (bound, Dialect::OpenMetrics) => format!("{bound:?}"),
            };
            format!("{}_bucket{{le=\"{bound}\"", metric.name)
        };
        let buckets = bounds(metric.kind).into_iter().map(bucket).collect();
        Self { out, dialect, metric, buckets, labels: String::new() }
    }

    fn head(&mut self) -> fmt::Result {
        let Metric { name, help, kind, .. } = self.metric;
        let word = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Durations | MetricKind::Rows => "histogram",
        };
        // OpenMetrics names a counter without its `_total`.
        let total = match (kind, self.dialect) {
            (MetricKind::Counter, Dialect::Text) => "_total",
            _ => "",
        };
        writeln!(self.out, "# HELP {name}{total} {help}\n# TYPE {name}{total} {word}")?;
        match self.dialect {
            Dialect::OpenMetrics if name.ends_with("_seconds") => {
                writeln!(self.out, "# UNIT {name} seconds")
            }
            _ => Ok(()),
        }
    }

    fn sample(&mut self, Sample { labels, value }: &Sample) -> fmt::Result {
        self.labels.clear();
        join(&mut self.labels, labels);
        match value {
            Value::Counter(count) => self.line("_total", *count),
            Value::Seconds(time) => self.line("_total", time.as_secs_f64()),
            Value::Gauge(value) => self.line("", *value),
            Value::Durations { sum, histogram, exemplars } => {
                self.histogram(&buckets::classic(histogram), sum.as_secs_f64(), exemplars)
            }
            Value::Rows { sum, histogram } => {
                self.histogram(&buckets::rows(histogram), *sum as f64, &Exemplars::default())
            }
        }
    }

    fn histogram(&mut self, counts: &[(f64, u64)], sum: f64, traced: &Exemplars) -> fmt::Result {
        let mut below = 0;
        for (place, ((_, count), start)) in counts.iter().zip(&self.buckets).enumerate() {
            below += count;
            self.out.push_str(start);
            if !self.labels.is_empty() {
                self.out.push(',');
                self.out.push_str(&self.labels);
            }
            write!(self.out, "}} {below}")?;
            if let Some(exemplar) =
                traced.of(place).filter(|_| self.dialect == Dialect::OpenMetrics)
            {
                write_exemplar(self.out, exemplar)?;
            }
            self.out.push('\n');
        }
        self.line("_sum", sum)?;
        self.line("_count", below)
    }

    fn line(&mut self, suffix: &str, value: impl fmt::Display) -> fmt::Result {
        self.out.push_str(self.metric.name);
        self.out.push_str(suffix);
        if !self.labels.is_empty() {
            self.out.push('{');
            self.out.push_str(&self.labels);
            self.out.push('}');
        }
        writeln!(self.out, " {value}")
    }
}

/// Behind the value of a bucket: the trace, the time of the call in it, and when it ended.
fn write_exemplar(out: &mut String, exemplar: &Exemplar) -> fmt::Result {
    let at = exemplar.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let seconds = exemplar.duration.as_secs_f64();
    write!(out, " # {{trace_id=\"{}\"}} {seconds} {at:.3}", exemplar.trace())
}

fn join(out: &mut String, labels: &Labels) {
    for (label, word) in labels {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(label);
        out.push_str("=\"");
        escape(out, word);
        out.push('"');
    }
}

fn escape(out: &mut String, word: &str) {
    let mut rest = word;
    while let Some(place) = rest.find(['\\', '"', '\n']) {
        let (before, from) = rest.split_at(place);
        out.push_str(before);
        out.push('\\');
        out.push(match from.as_bytes()[0] {
            b'\n' => 'n',
            other => char::from(other),
        });
        rest = &from[1..];
    }
    out.push_str(rest);
}

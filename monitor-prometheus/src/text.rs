//! The text format 0.0.4, which every Prometheus reads and prometheus-client does not write.

use std::fmt::Write;

use crate::buckets;
use crate::families::{Family, Labels, Sample, Value};
use crate::names::MetricKind;

/// All families in the text format.
pub(crate) fn write(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families {
        // Writing to a string cannot fail.
        let _ = write_family(&mut out, family);
    }
    out
}

fn write_family(out: &mut String, family: &Family) -> std::fmt::Result {
    let name = family.metric.sample_name();
    let kind = match family.metric.kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Durations | MetricKind::Rows => "histogram",
    };
    writeln!(out, "# HELP {name} {}", family.metric.help)?;
    writeln!(out, "# TYPE {name} {kind}")?;
    for sample in &family.samples {
        write_sample(out, &name, sample)?;
    }
    Ok(())
}

fn write_sample(
    out: &mut String,
    name: &str,
    Sample { labels, value }: &Sample,
) -> std::fmt::Result {
    match value {
        Value::Counter(count) => line(out, name, "", labels, None, *count),
        Value::Gauge(value) => line(out, name, "", labels, None, *value),
        Value::Durations { sum, histogram } => {
            let counts = buckets::classic(histogram);
            write_histogram(out, name, labels, &counts, sum.as_secs_f64())
        }
        Value::Rows { sum, histogram } => {
            write_histogram(out, name, labels, &buckets::rows(histogram), *sum as f64)
        }
    }
}

fn write_histogram(
    out: &mut String,
    name: &str,
    labels: &Labels,
    counts: &[(f64, u64)],
    sum: f64,
) -> std::fmt::Result {
    let mut below = 0;
    for (bound, count) in counts {
        below += count;
        line(out, name, "_bucket", labels, Some(*bound), below)?;
    }
    line(out, name, "_sum", labels, None, sum)?;
    line(out, name, "_count", labels, None, below)
}

fn line(
    out: &mut String,
    name: &str,
    suffix: &str,
    labels: &Labels,
    bound: Option<f64>,
    value: impl std::fmt::Display,
) -> std::fmt::Result {
    write!(out, "{name}{suffix}")?;
    let mut open = '{';
    match bound {
        Some(f64::INFINITY) => write!(out, "{open}le=\"+Inf\"")?,
        Some(bound) => write!(out, "{open}le=\"{bound}\"")?,
        None => {}
    }
    if bound.is_some() {
        open = ',';
    }
    for (label, word) in labels {
        write!(out, "{open}{label}=\"")?;
        escape(out, word);
        out.push('"');
        open = ',';
    }
    if open == ',' {
        out.push('}');
    }
    writeln!(out, " {value}")
}

fn escape(out: &mut String, word: &str) {
    for character in word.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

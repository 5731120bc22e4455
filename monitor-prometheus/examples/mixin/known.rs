//! No expression may use a metric or a label that the exporter does not write.

use std::collections::BTreeSet;

use monitor_prometheus::names::{METRICS, MetricKind};

/// Labels that are not the exporter's: Prometheus' own and the alert rules'.
const FOREIGN: &[&str] = &["job", "instance", "le", "severity"];

/// Names in the text that look like ours and are not.
pub(crate) fn strangers(file: &str, text: &str) -> Vec<String> {
    let known = known();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let ours = |word: &&str| {
        (word.starts_with("db_") || word.starts_with("job:") || word.ends_with("_type"))
            && word.contains('_')
    };
    let strangers = words.filter(ours).filter(|word| !known.contains(*word));
    strangers.map(|word| format!("  {word} in {file}")).collect()
}

fn known() -> BTreeSet<String> {
    let mut known: BTreeSet<String> = FOREIGN.iter().map(|label| (*label).to_owned()).collect();
    for metric in METRICS {
        let name = metric.sample_name();
        if matches!(metric.kind, MetricKind::Durations | MetricKind::Rows) {
            known.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
        known.insert(name);
        known.extend(metric.all_labels().map(str::to_owned));
    }
    known.extend(super::rules::RECORDED.iter().map(|(name, _)| (*name).to_owned()));
    known
}

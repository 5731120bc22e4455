//! Health as lines for a person.

use super::{Details, kinds, name};
use crate::judge::{Check, Health, Observed, Unit};
use crate::show::words::{count, duration, moment, percent};

pub(super) fn text(health: &Health, details: Details) -> String {
    let mut lines = vec![format!("{}   {}", health.status, moment(health.at))];
    match details {
        Details::Word => {}
        Details::Checks => {
            lines.extend(kinds(health).map(|(kind, status)| format!("{status}: {kind}")));
        }
        Details::Full => lines.extend(health.checks.iter().map(line)),
    }
    lines.join("\n") + "\n"
}

/// One check: its status, whose it is, what was observed, since when.
pub(in crate::show) fn line(check: &Check) -> String {
    let observed = check.observed.map(|observed| format!(" [{}]", words(observed)));
    format!(
        "{}: {} — {}{}, since {}",
        check.status,
        name(check),
        check.message,
        observed.unwrap_or_default(),
        moment(check.since)
    )
}

fn words(Observed { value, threshold, unit }: Observed) -> String {
    let word = |value: f64| match unit {
        Unit::Seconds => {
            duration(std::time::Duration::try_from_secs_f64(value).unwrap_or_default())
        }
        Unit::Share => percent(value),
        Unit::Count => count(value.round() as u64),
    };
    format!("{}, threshold {}", word(value), word(threshold))
}

//! Whether alerts reach those who asked for them, as JSON and in words.

use std::fmt::Write;

use serde::Serialize;

use super::words::{count, instant, moment};
use crate::snapshot::SinkActivity;

#[derive(Serialize)]
pub(super) struct SinkView<'a> {
    name: &'a str,
    delivered: u64,
    retried: u64,
    folded: u64,
    dropped: u64,
    given_up: u64,
    panicked: u64,
    waiting: &'a [String],
    untold: &'a [String],
    failures_in_a_row: u32,
    busy_since: Option<String>,
    last_success: Option<String>,
    last_failure: Option<FailureView<'a>>,
}

#[derive(Serialize)]
struct FailureView<'a> {
    at: String,
    class: &'a str,
}

// === impl SinkView ===

impl<'a> SinkView<'a> {
    pub(super) fn new(sink: &'a SinkActivity) -> Self {
        Self {
            name: &sink.name,
            delivered: sink.delivered,
            retried: sink.retried,
            folded: sink.folded,
            dropped: sink.dropped,
            given_up: sink.given_up,
            panicked: sink.panicked,
            waiting: &sink.waiting,
            untold: &sink.untold,
            failures_in_a_row: sink.failures_in_a_row,
            busy_since: sink.busy_since.map(instant),
            last_success: sink.last_success.map(instant),
            last_failure: sink
                .last_failure
                .as_ref()
                .map(|failure| FailureView { at: instant(failure.at), class: &failure.class }),
        }
    }
}

/// A line for each sink that does not hear everything; nothing where all do.
pub(super) fn text(report: &mut String, sinks: &[SinkActivity]) -> std::fmt::Result {
    for sink in sinks {
        let (waiting, untold) = (sink.waiting.len() as u64, sink.untold.len() as u64);
        if sink.failures_in_a_row == 0 && waiting + untold == 0 {
            continue;
        }
        write!(report, "! alerts to {}: ", sink.name)?;
        if let Some(failure) = sink.last_failure.as_ref().filter(|_| sink.failures_in_a_row > 0) {
            let (at, times) = (moment(failure.at), count(sink.failures_in_a_row.into()));
            write!(report, "failed {times} times, last at {at}: {}; ", failure.class)?;
        }
        writeln!(report, "{} waiting, {} never told", count(waiting), count(untold))?;
    }
    Ok(())
}

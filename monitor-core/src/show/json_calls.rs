//! Single calls as JSON: those that were slow, and those that run.

use serde::Serialize;

use super::json::DatabaseView;
use super::words::{instant, trace};
use crate::snapshot::{CallParts, CallRecord, RunningCall, SlowVerdict};

#[derive(Serialize)]
pub(super) struct CallView<'a> {
    statement: &'a str,
    fingerprint: String,
    kind: &'static str,
    tables_read: &'a [String],
    tables_written: &'a [String],
    list_size: &'static str,
    at: String,
    duration_seconds: f64,
    #[serde(flatten)]
    parts: PartsView,
    slow: Option<VerdictView>,
    slow_number: Option<u64>,
    rows_returned: Option<u64>,
    rows_affected: Option<u64>,
    outcome: &'static str,
    error: Option<&'static str>,
    error_code: Option<&'a str>,
    #[serde(flatten)]
    database: DatabaseView<'a>,
    pool: Option<&'a str>,
    connection: Option<u64>,
    user: Option<&'a str>,
    tag: Option<&'a str>,
    call_site: Option<String>,
    trace_id: Option<String>,
    trace_sampled: bool,
}

#[derive(Serialize)]
struct PartsView {
    pool_wait_seconds: Option<f64>,
    first_row_seconds: Option<f64>,
    fetch_seconds: Option<f64>,
    reader_seconds: Option<f64>,
}

#[derive(Serialize)]
struct VerdictView {
    reason: &'static str,
    threshold_seconds: f64,
    very_slow: bool,
}

#[derive(Serialize)]
pub(super) struct RunningView<'a> {
    number: u64,
    statement: &'a str,
    fingerprint: Option<String>,
    kind: &'static str,
    tables_read: &'a [String],
    tables_written: &'a [String],
    muted: bool,
    since: String,
    running_seconds: f64,
    slow: VerdictView,
    #[serde(flatten)]
    database: DatabaseView<'a>,
    pool: Option<&'a str>,
    connection: Option<u64>,
}

// === impl CallView ===

impl<'a> CallView<'a> {
    /// Everything but its text with literals, which goes nowhere unless somebody takes it there.
    pub(super) fn new(call: &'a CallRecord) -> Self {
        Self {
            statement: &call.statement,
            fingerprint: call.fingerprint.to_string(),
            kind: call.kind.as_str(),
            tables_read: &call.tables.read,
            tables_written: &call.tables.written,
            list_size: call.list_size.as_str(),
            at: instant(call.at),
            duration_seconds: call.duration.as_secs_f64(),
            parts: PartsView::new(call.parts),
            slow: call.slow.map(VerdictView::new),
            slow_number: call.slow_number,
            rows_returned: call.rows.returned,
            rows_affected: call.rows.affected,
            outcome: call.outcome.as_str(),
            error: call.error.map(|class| class.as_str()),
            error_code: call.error_code.as_deref(),
            database: DatabaseView::new(&call.database),
            pool: call.pool.as_deref(),
            connection: call.connection,
            user: call.user.as_deref(),
            tag: call.tag.as_deref(),
            call_site: call.call_site.map(|site| site.to_string()),
            trace_id: call.trace_id.map(trace),
            trace_sampled: call.trace_sampled,
        }
    }
}

// === impl PartsView ===

impl PartsView {
    fn new(parts: CallParts) -> Self {
        let seconds = |part: Option<std::time::Duration>| part.map(|part| part.as_secs_f64());
        Self {
            pool_wait_seconds: seconds(parts.pool_wait),
            first_row_seconds: seconds(parts.first_row),
            fetch_seconds: seconds(parts.fetch),
            reader_seconds: seconds(parts.reader),
        }
    }
}

// === impl VerdictView ===

impl VerdictView {
    fn new(verdict: SlowVerdict) -> Self {
        Self {
            reason: verdict.reason.as_str(),
            threshold_seconds: verdict.threshold.as_secs_f64(),
            very_slow: verdict.very_slow,
        }
    }
}

// === impl RunningView ===

impl<'a> RunningView<'a> {
    pub(super) fn new(call: &'a RunningCall) -> Self {
        Self {
            number: call.number,
            statement: &call.statement,
            fingerprint: call.fingerprint.map(|fingerprint| fingerprint.to_string()),
            kind: call.kind.as_str(),
            tables_read: &call.tables.read,
            tables_written: &call.tables.written,
            muted: call.muted,
            since: instant(call.since),
            running_seconds: call.running.as_secs_f64(),
            slow: VerdictView::new(call.slow),
            database: DatabaseView::new(&call.database),
            pool: call.pool.as_deref(),
            connection: call.connection,
        }
    }
}

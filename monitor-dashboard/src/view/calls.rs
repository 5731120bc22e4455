//! Single calls: those that were slow, and those that run.

use monitor_core::{show, snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{cut, seconds};
use super::statements::NAME_CHARS_MAX;

/// One page of the slow log, and what is slow at this moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SlowLog {
    /// When the log was read.
    pub at: String,
    /// Calls that match, on all pages.
    pub total: usize,
    /// This page, from 1.
    pub page: usize,
    /// Calls on a full page.
    pub page_size: usize,
    /// The calls of this page.
    pub calls: Vec<Call>,
    /// Calls that run now, for longer than is good; longest first, at most 100. No filter applies.
    pub running: Vec<RunningCall>,
}

/// One call that has ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Call {
    /// The statement's identity.
    pub fingerprint: String,
    /// The beginning of the statement's normalised text, at most 300 characters.
    pub text: String,
    /// Whether that is not all of it.
    pub is_cut: bool,
    /// The statement's kind.
    pub kind: &'static str,
    /// When it ended.
    pub at: String,
    /// How long it took.
    pub duration_seconds: f64,
    /// The wait for the pool's connection that was taken for it alone; no part of its duration.
    pub pool_wait_seconds: Option<f64>,
    /// Until the first row, or the first answer, was there.
    pub first_row_seconds: Option<f64>,
    /// The database's time for all that came after.
    pub fetch_seconds: Option<f64>,
    /// What the reader took between rows for itself; no part of its duration.
    pub reader_seconds: Option<f64>,
    /// Why it is slow; `null` for a call that is not.
    pub slow: Option<SlowVerdict>,
    /// Rows handed to the caller, where known.
    pub rows_returned: Option<u64>,
    /// Rows inserted, updated or deleted, where known.
    pub rows_affected: Option<u64>,
    /// How it ended: `completed`, `failed`, `cancelled`.
    pub outcome: &'static str,
    /// What went wrong.
    pub error: Option<&'static str>,
    /// The database's own code for that.
    pub error_code: Option<String>,
    /// The database it ran on.
    pub database: String,
    /// The pool it came through.
    pub pool: Option<String>,
    /// The connection it ran on.
    pub connection: Option<u64>,
    /// The user it ran for.
    pub user: Option<String>,
    /// The tag it carried.
    pub tag: Option<String>,
    /// The line that made it.
    pub call_site: Option<String>,
    /// The trace it was part of.
    pub trace_id: Option<String>,
    /// The size class of its longest list.
    pub list_size: &'static str,
}

/// Why a call is slow.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SlowVerdict {
    /// `absolute`: it reached a threshold; `relative`: only a multiple of what its statement usually takes.
    pub reason: &'static str,
    /// That threshold.
    pub threshold_seconds: f64,
    /// Whether it reached the very slow threshold as well.
    pub very_slow: bool,
}

/// One call that runs, for longer than is good.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunningCall {
    /// Tells running calls apart.
    pub number: u64,
    /// The statement's identity; `null` where it lost its place.
    pub fingerprint: Option<String>,
    /// The beginning of the statement's normalised text, at most 300 characters.
    pub text: String,
    /// Whether that is not all of it.
    pub is_cut: bool,
    /// The statement's kind.
    pub kind: &'static str,
    /// When it started.
    pub since: String,
    /// How long it has been running.
    pub running_seconds: f64,
    /// Which threshold it is beyond.
    pub slow: SlowVerdict,
    /// The database it runs on.
    pub database: String,
    /// The pool it came through.
    pub pool: Option<String>,
    /// The connection it runs on.
    pub connection: Option<u64>,
}

/// Characters of a text in a list.
const TEXT_CHARS_MAX: usize = 300;

// === impl Call ===

impl Call {
    /// All but its text with literals, which goes nowhere.
    pub(crate) fn new(call: &snapshot::CallRecord) -> Self {
        let (text, is_cut) = cut(&call.statement, TEXT_CHARS_MAX);
        let name = |name: &Option<std::sync::Arc<str>>| {
            name.as_deref().map(|name| cut(name, NAME_CHARS_MAX).0)
        };
        Self {
            fingerprint: call.fingerprint.to_string(),
            text,
            is_cut,
            kind: call.kind.as_str(),
            at: show::moment(call.at),
            duration_seconds: call.duration.as_secs_f64(),
            pool_wait_seconds: seconds(call.parts.pool_wait),
            first_row_seconds: seconds(call.parts.first_row),
            fetch_seconds: seconds(call.parts.fetch),
            reader_seconds: seconds(call.parts.reader),
            slow: call.slow.map(SlowVerdict::new),
            rows_returned: call.rows.returned,
            rows_affected: call.rows.affected,
            outcome: call.outcome.as_str(),
            error: call.error.map(|class| class.as_str()),
            error_code: name(&call.error_code),
            database: call.database.to_string(),
            pool: name(&call.pool),
            connection: call.connection,
            user: name(&call.user),
            tag: name(&call.tag),
            call_site: call.call_site.map(|site| site.to_string()),
            trace_id: call.trace_id.map(|id| format!("{id:032x}")),
            list_size: call.list_size.as_str(),
        }
    }
}

// === impl SlowVerdict ===

impl SlowVerdict {
    fn new(verdict: snapshot::SlowVerdict) -> Self {
        Self {
            reason: verdict.reason.as_str(),
            threshold_seconds: verdict.threshold.as_secs_f64(),
            very_slow: verdict.very_slow,
        }
    }
}

// === impl RunningCall ===

impl RunningCall {
    pub(crate) fn new(call: &snapshot::RunningCall) -> Self {
        let (text, is_cut) = cut(&call.statement, TEXT_CHARS_MAX);
        Self {
            number: call.number,
            fingerprint: call.fingerprint.map(|fingerprint| fingerprint.to_string()),
            text,
            is_cut,
            kind: call.kind.as_str(),
            since: show::moment(call.since),
            running_seconds: call.running.as_secs_f64(),
            slow: SlowVerdict::new(call.slow),
            database: call.database.to_string(),
            pool: call.pool.as_deref().map(str::to_owned),
            connection: call.connection,
        }
    }
}

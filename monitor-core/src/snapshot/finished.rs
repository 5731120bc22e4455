//! One call that has just ended, for whoever watches calls one by one.

use std::sync::Arc;
use std::time::SystemTime;

use super::CallRecord;
use crate::capture::TraceContext;

/// A call that has ended, as an [observer](crate::Observer) is told of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FinishedCall {
    /// What the histories tell of it. Its end is given by a clock that was set anew, so that it fits
    /// the times of other spans.
    pub record: CallRecord,
    /// The statement's summary, such as `SELECT orders`; empty where it has none.
    pub summary: Arc<str>,
    /// When the call started. From here to its end it lasted what the database took and what its
    /// reader took between rows.
    pub started: SystemTime,
    /// The span it was made under.
    pub trace: Option<TraceContext>,
}

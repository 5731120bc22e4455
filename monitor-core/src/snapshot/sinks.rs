//! Whether those who asked to hear of alerts did hear of them.

use std::sync::Arc;
use std::time::SystemTime;

/// What one sink was told, and what it could not be told.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SinkActivity {
    /// The sink's name.
    pub name: Arc<str>,
    /// Notices it took.
    pub delivered: u64,
    /// Attempts that failed and were, or will be, made again.
    pub retried: u64,
    /// Notices replaced by a newer one of the same alert before they could be told.
    pub folded: u64,
    /// Notices let go because the queue was full.
    pub dropped: u64,
    /// Notices let go because the sink refused them, or failed for too long.
    pub given_up: u64,
    /// Panics of the sink, caught.
    pub panicked: u64,
    /// Alerts whose newest notice waits, the one next in turn first: those queued, and those being
    /// told at this moment. By [`Alert::key`](crate::judge::Alert::key).
    pub waiting: Vec<String>,
    /// Alerts whose newest notice was dropped or given up, newest last: the sink knows them otherwise
    /// than they are. As many as the queue may hold.
    pub untold: Vec<String>,
    /// Since when the sink is being told something, if it is; long ago for one that hangs.
    pub busy_since: Option<SystemTime>,
    /// Attempts that failed since one last succeeded; zero for a sink that works.
    pub failures_in_a_row: u32,
    /// When it last took something.
    pub last_success: Option<SystemTime>,
    /// Why it last did not.
    pub last_failure: Option<SinkFailure>,
}

/// Why a sink was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkFailure {
    /// When.
    pub at: SystemTime,
    /// The class of the failure, such as `timed out` or `server error (503)`. Never an address, a key
    /// or anything that was sent.
    pub class: String,
}

// === impl SinkFailure ===

impl SinkFailure {
    pub(crate) fn new(at: SystemTime, class: String) -> Self {
        Self { at, class }
    }
}

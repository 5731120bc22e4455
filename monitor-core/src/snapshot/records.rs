//! Single calls that were worth keeping.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::capture::{CallSite, Database, ErrorClass, OutcomeKind, Rows};
use crate::identify::{Fingerprint, Kind};

/// One call, as the slow log and the history of recent calls keep it. Literals are gone.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CallRecord {
    /// The statement's normalised text.
    pub statement: Arc<str>,
    /// The statement's fingerprint.
    pub fingerprint: Fingerprint,
    /// The statement's kind.
    pub kind: Kind,
    /// When the call ended.
    pub at: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Rows, where known.
    pub rows: Rows,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// What went wrong, if it failed.
    pub error: Option<ErrorClass>,
    /// The database it ran on.
    pub database: Arc<Database>,
    /// The pool it came through.
    pub pool: Option<Arc<str>>,
    /// The connection it ran on.
    pub connection: Option<u64>,
    /// The user it ran for.
    pub user: Option<Arc<str>>,
    /// The tag it carried.
    pub tag: Option<Arc<str>>,
    /// The line that made it.
    pub call_site: Option<CallSite>,
}

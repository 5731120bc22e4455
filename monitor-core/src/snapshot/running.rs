//! Calls that take too long, and have not ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::SlowVerdict;
use crate::capture::Database;
use crate::identify::{Fingerprint, Kind, Tables};

/// A call that was running when it was looked at, longer than the slow threshold of its statement.
///
/// Its end is not known, so neither are its rows, its outcome and what its adapter tells at the end:
/// all that is in the slow log once it has ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunningCall {
    /// Counts the calls that were found running too long, from 1: the same call has the same number
    /// whenever it is looked at.
    pub number: u64,
    /// The statement's normalised text; a description where the statement lost its place.
    pub statement: Arc<str>,
    /// The statement's fingerprint; `None` where the statement lost its place.
    pub fingerprint: Option<Fingerprint>,
    /// The statement's kind.
    pub kind: Kind,
    /// The tables the statement reads and writes.
    pub tables: Arc<Tables>,
    /// A comment in one of the statement's texts says `monitor:mute`.
    pub muted: bool,
    /// When it started.
    pub since: SystemTime,
    /// The database's time so far; without the time its reader took between rows.
    pub running: Duration,
    /// Which threshold it is beyond.
    pub slow: SlowVerdict,
    /// The database it runs on.
    pub database: Arc<Database>,
    /// The pool it came through.
    pub pool: Option<Arc<str>>,
    /// The connection it runs on.
    pub connection: Option<u64>,
}

//! Single calls that were worth keeping.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::capture::{CallSite, Database, ErrorClass, OutcomeKind, Rows};
use crate::identify::{Fingerprint, Kind, ListSize, Tables};

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
    /// The tables the statement reads and writes.
    pub tables: Arc<Tables>,
    /// The size class of the call's longest list.
    pub list_size: ListSize,
    /// When the call ended.
    pub at: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Where the time went. Known of calls that took as long as the lowest slow threshold, and of all
    /// where there is an [observer](crate::Observer); as far as the adapter sees it.
    pub parts: CallParts,
    /// Why it is slow; `None` for a call that is not.
    pub slow: Option<SlowVerdict>,
    /// Counts the slow calls that were noted, from 1: one whose number is above those seen before is
    /// news, and a number nobody saw is a call that has left the log. `None` for a call that is not slow.
    pub slow_number: Option<u64>,
    /// Rows, where known.
    pub rows: Rows,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// What went wrong, if it failed.
    pub error: Option<ErrorClass>,
    /// The database's own code for that, where the driver gives it.
    pub error_code: Option<Arc<str>>,
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
    /// The trace it was part of. Known of the same calls as [`parts`](Self::parts).
    pub trace_id: Option<u128>,
    /// Whether spans of that trace are kept, as far as it was decided when the call started.
    pub trace_sampled: bool,
    /// Its text as it was sent, of the slowest call of each statement, where the builder was told to
    /// [keep literals](crate::Builder::keep_literals_of_slow_calls).
    pub original: Option<OriginalText>,
}

/// Where the time of one call went. `None` is what nobody saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallParts {
    /// The wait for the pool's connection that was taken for this call alone, from a millisecond on.
    /// Not part of the call's duration.
    pub pool_wait: Option<Duration>,
    /// Until the first row, or the first answer, was there. Part of the duration.
    pub first_row: Option<Duration>,
    /// The database's time for all that came after. Part of the duration.
    pub fetch: Option<Duration>,
    /// What the reader took between rows for itself. Not part of the duration.
    pub reader: Option<Duration>,
}

/// Why a call counts as slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowVerdict {
    /// Which threshold it reached.
    pub reason: SlowReason,
    /// That threshold.
    pub threshold: Duration,
    /// Whether it reached the very slow threshold as well.
    pub very_slow: bool,
}

/// Which threshold a slow call reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlowReason {
    /// The slow threshold: everybody's, its table's or its statement's.
    Absolute,
    /// Only a multiple of what its statement's calls usually take.
    Relative,
}

/// A text with its literals: names, tokens, whatever the application wrote into it.
///
/// Shows its length where it is debugged, so that it gets into no log by accident; whoever wants the
/// text asks for it with [`reveal`](Self::reveal).
#[derive(Clone, PartialEq, Eq)]
pub struct OriginalText(Arc<str>);

// === impl CallRecord ===

impl CallRecord {
    /// Whether it took the very slow threshold of its statement or longer.
    #[must_use]
    pub fn is_very_slow(&self) -> bool {
        self.slow.is_some_and(|slow| slow.very_slow)
    }
}

// === impl SlowReason ===

impl SlowReason {
    /// The reason as a word: `absolute`, `relative`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absolute => "absolute",
            Self::Relative => "relative",
        }
    }
}

impl fmt::Display for SlowReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl OriginalText ===

impl OriginalText {
    pub(crate) fn new(text: Arc<str>) -> Self {
        Self(text)
    }

    /// The text, literals and all. Handle it as the data it may hold.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OriginalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OriginalText({} bytes)", self.0.len())
    }
}

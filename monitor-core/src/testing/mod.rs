//! For tests of applications: the calls of a piece of work, and assertions about them.
//!
//! Everything here that is called `assert_..` panics where it does not hold, as `assert!` does, with the statements it
//! is about. It is meant for tests and for nothing else.

mod queries;
mod scans;

use std::fmt::Write;

use crate::identify::Kind;
use crate::snapshot::{RepeatKind, RepeatedCalls, ScopedCall};

pub use queries::UPDATE_VARIABLE;
pub use scans::{FullScan, FullScans};

/// Exactly the calls made in a piece of work, from [`Monitor::capture`](crate::Monitor::capture).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Captured {
    /// The calls, in the order in which they started. Literals are gone.
    pub calls: Vec<ScopedCall>,
    /// Calls that are not among them: beyond [`CALLS_MAX`](Self::CALLS_MAX), or of statements that have lost their place.
    pub missing: u64,
    /// Statements that were called again and again though one call would do, however little time it took.
    pub repeats: Vec<RepeatedCalls>,
    /// Transactions that were begun and had not ended when the work was done.
    pub open_transactions: u32,
    /// Connections of pools that were taken and had not come back when the work was done.
    pub connections_out: u32,
}

/// Calls shown in a message; there may be thousands.
const SHOWN_MAX: usize = 50;

// === impl Captured ===

impl Captured {
    /// Calls that are captured at most.
    pub const CALLS_MAX: usize = 100_000;
    /// Calls of one statement from one line from which on [`assert_no_n_plus_one`](Self::assert_no_n_plus_one) fails.
    pub const REPEATS_MIN: usize = 5;

    pub(crate) fn nothing() -> Self {
        let (calls, repeats) = (Vec::new(), Vec::new());
        Self { calls, missing: 0, repeats, open_transactions: 0, connections_out: 0 }
    }

    /// At most so many calls were made.
    #[track_caller]
    pub fn assert_max_queries(&self, most: usize) {
        let calls = self.calls.len() as u64 + self.missing;
        assert!(
            calls <= most as u64,
            "{calls} queries, where at most {most} were expected:\n{self}"
        );
    }

    /// No line reads or writes row by row what one statement could do: [`REPEATS_MIN`](Self::REPEATS_MIN) reads, or
    /// four times as many writes. Tests with fewer rows than that do not find any.
    #[track_caller]
    pub fn assert_no_n_plus_one(&self) {
        self.assert_no_repeats("N+1", |kind| {
            matches!(kind, RepeatKind::Loop | RepeatKind::FanOut | RepeatKind::Writes)
        });
    }

    /// No statement was called three times or more with the same values, unless what it reads was written in between.
    #[track_caller]
    pub fn assert_no_duplicates(&self) {
        self.assert_no_repeats("duplicate", |kind| kind == RepeatKind::Duplicate);
    }

    /// Nothing was written, neither rows nor schema.
    #[track_caller]
    pub fn assert_no_write(&self) {
        let writes = |kind: Kind| kind.is_write() || kind == Kind::Ddl;
        let written: Vec<_> =
            self.calls.iter().filter(|call| writes(call.record.kind)).cloned().collect();
        assert!(
            written.is_empty(),
            "{} writes, where none was expected:\n{}",
            written.len(),
            list(&written)
        );
    }

    /// Every transaction that was begun has ended.
    #[track_caller]
    pub fn assert_no_open_transaction(&self) {
        let open = self.open_transactions;
        assert!(open == 0, "{open} transactions are still open behind these queries:\n{self}");
    }

    /// Every connection that was taken from a pool has come back.
    #[track_caller]
    pub fn assert_no_leaked_connection(&self) {
        let out = self.connections_out;
        assert!(out == 0, "{out} connections have not come back behind these queries:\n{self}");
    }

    #[track_caller]
    fn assert_no_repeats(&self, what: &str, wanted: impl Fn(RepeatKind) -> bool) {
        let found: Vec<_> =
            self.repeats.iter().filter(|one| !one.muted && wanted(one.kind)).collect();
        let mut said = String::new();
        for repeated in &found {
            let at =
                repeated.call_site.as_ref().map(|line| format!(" at {line}")).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(said, "  {} × {}{at}", repeated.calls_max, repeated.text);
            if let Some(behind) = &repeated.behind {
                let line = repeated.behind_call_site.as_deref().unwrap_or("an unknown line");
                let _ = writeln!(said, "      behind {behind} at {line}");
            }
        }
        assert!(found.is_empty(), "{what} queries:\n{said}all queries:\n{self}");
    }
}

/// The calls, a line each.
impl std::fmt::Display for Captured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&list(&self.calls))?;
        match self.missing {
            0 => Ok(()),
            missing => writeln!(f, "  and {missing} that were not captured"),
        }
    }
}

fn list(calls: &[ScopedCall]) -> String {
    let mut said = String::new();
    for call in calls.iter().take(SHOWN_MAX) {
        let record = &call.record;
        let at = record.call_site.map(|line| format!(" at {line}")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(said, "  {}{at}", record.statement);
    }
    if calls.len() > SHOWN_MAX {
        let _ = writeln!(said, "  and {} more", calls.len() - SHOWN_MAX);
    }
    said
}

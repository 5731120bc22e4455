//! Where the time of calls went: as part of the JSON and read back from it, and as a table of the report.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::saved::seconds;
use super::table::{Listing, STATEMENT_CHARS_MAX, listing};
use super::words::{count, cut, duration};
use crate::snapshot::{PartSums, Rollup, StatementActivity};

/// The parts of calls' time, with units in the names of fields.
#[derive(Serialize, Deserialize)]
pub(super) struct PartsDocument {
    on_pool_calls: u64,
    #[serde(serialize_with = "write", deserialize_with = "seconds")]
    pool_wait_seconds: Duration,
    streamed_calls: u64,
    #[serde(serialize_with = "write", deserialize_with = "seconds")]
    first_row_seconds: Duration,
    #[serde(serialize_with = "write", deserialize_with = "seconds")]
    fetch_seconds: Duration,
    #[serde(serialize_with = "write", deserialize_with = "seconds")]
    reader_seconds: Duration,
}

// === impl PartsDocument ===

impl PartsDocument {
    /// Nothing where nobody saw any part.
    pub(super) fn new(parts: &PartSums) -> Option<Self> {
        (parts != &PartSums::default()).then_some(Self {
            on_pool_calls: parts.on_pool,
            pool_wait_seconds: parts.pool_wait,
            streamed_calls: parts.streamed,
            first_row_seconds: parts.first_row,
            fetch_seconds: parts.fetch,
            reader_seconds: parts.reader,
        })
    }
}

impl From<PartsDocument> for PartSums {
    fn from(read: PartsDocument) -> Self {
        Self {
            on_pool: read.on_pool_calls,
            pool_wait: read.pool_wait_seconds,
            streamed: read.streamed_calls,
            first_row: read.first_row_seconds,
            fetch: read.fetch_seconds,
            reader: read.reader_seconds,
        }
    }
}

fn write<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(duration.as_secs_f64())
}

/// The statements of which parts were seen, most time beside the database's own first.
pub(super) fn table(rollup: &Rollup) -> Option<Listing> {
    let head = [
        "statement",
        "calls",
        "on the pool",
        "wait",
        "mean wait",
        "row by row",
        "first row",
        "mean first row",
        "fetch",
        "reader",
    ];
    let beside = |statement: &&StatementActivity| {
        let parts = statement.activity.parts;
        parts.pool_wait.saturating_add(parts.reader)
    };
    let mut statements: Vec<_> = rollup
        .statements
        .iter()
        .filter(|statement| statement.activity.parts != PartSums::default())
        .collect();
    statements.sort_by_key(|statement| std::cmp::Reverse(beside(statement)));
    listing(&head, statements.into_iter().map(row))
}

fn row(statement: &StatementActivity) -> Vec<String> {
    let parts = statement.activity.parts;
    let seen = |calls: u64, part: Option<Duration>| match part {
        Some(part) if calls > 0 => duration(part),
        _ => "-".into(),
    };
    vec![
        cut(&statement.text, STATEMENT_CHARS_MAX),
        count(statement.activity.calls),
        count(parts.on_pool),
        seen(parts.on_pool, Some(parts.pool_wait)),
        seen(parts.on_pool, parts.pool_wait_mean()),
        count(parts.streamed),
        seen(parts.streamed, Some(parts.first_row)),
        seen(parts.streamed, parts.first_row_mean()),
        seen(parts.streamed, Some(parts.fetch)),
        seen(parts.streamed, Some(parts.reader)),
    ]
}

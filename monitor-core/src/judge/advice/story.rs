//! What happened, one happening after another: what a sum over calls cannot tell.
//!
//! A story is plain data. The live monitor tells as much of it as it knows; whoever knows more, a test or a replay,
//! tells more. What is not known is `None`, and a rule that needs it says that it cannot tell.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::capture::{ErrorClass, Rows};
use crate::identify::{Fingerprint, Kind};
use crate::snapshot::{CallRecord, ScopedCall};

/// What happened lately. All moments are counted from the same beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Calls, in the order in which they started.
    pub calls: Vec<StoryCall>,
    /// Connections that were held and came back, or are still out.
    pub holds: Vec<Hold>,
    /// Waits for a connection.
    pub waits: Vec<Wait>,
    /// What pools said of themselves, in the order of time.
    pub levels: Vec<LevelSample>,
    /// The most each pool had in use since somebody watches.
    pub peaks: Vec<PoolPeak>,
    /// What is known of the server and of how the service is deployed.
    pub surroundings: Surroundings,
}

/// One call in a story. Holds no literal and no bind value.
#[derive(Clone, Debug, PartialEq)]
pub struct StoryCall {
    /// When it started.
    pub start: Duration,
    /// How long it took.
    pub took: Duration,
    /// Which statement it was.
    pub fingerprint: Fingerprint,
    /// The statement's normalised text.
    pub text: Arc<str>,
    /// What the statement does.
    pub kind: Kind,
    /// A keyed hash of all its bind values, or of its literals: equal values have equal hashes.
    pub parameters: Option<u64>,
    /// Rows, where known.
    pub rows: Rows,
    /// What went wrong, if it failed.
    pub error: Option<ErrorClass>,
    /// The line that made it.
    pub caller: Option<Arc<str>>,
    /// The connection it ran on.
    pub connection: Option<u64>,
    /// The transaction it ran in, or its unit of work where no more is known than that one was open; `None` where there was none, or it is not known.
    pub transaction: Option<u64>,
    /// The unit of work it belongs to: one request, one job, one test.
    pub scope: Option<u64>,
}

/// A connection that was held.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// The pool's name.
    pub pool: Arc<str>,
    /// For how long.
    pub held: Duration,
    /// For how much of that the database worked.
    pub busy: Option<Duration>,
    /// Whether a transaction was open for most of it.
    pub in_transaction: bool,
    /// The line that took it.
    pub caller: Option<Arc<str>>,
}

/// A wait for a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// For how long.
    pub waited: Duration,
    /// How many connections the waiting unit of work held already.
    pub holds: Option<u32>,
    /// The unit of work.
    pub scope: Option<u64>,
}

/// What a pool said of itself at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelSample {
    /// The moment.
    pub at: Duration,
    /// The pool's name.
    pub pool: Arc<str>,
    /// Connections lent out.
    pub in_use: u32,
    /// Connections it may have.
    pub max: Option<u32>,
    /// Callers waiting.
    pub waiting: u64,
    /// How long 95 % of the last checkouts waited at most.
    pub wait_p95: Option<Duration>,
}

/// The most a pool had in use.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolPeak {
    /// The pool's name.
    pub pool: Arc<str>,
    /// Connections in use at the busiest moment.
    pub in_use: u32,
    /// Connections it may have.
    pub max: Option<u32>,
    /// For how long somebody has watched.
    pub watched: Duration,
}

/// What is known of the server and of how the service is deployed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Surroundings {
    /// Connections the server allows.
    pub server_connections_max: Option<u32>,
    /// Instances of this service on that server, each with pools of its own.
    pub instances: Option<u32>,
    /// How busy the database's processors are, from 0 to 1.
    pub database_cpu: Option<f64>,
    /// Replicas that can be read from.
    pub replicas: Option<u32>,
}

// === impl Story ===

impl Story {
    /// A story of the calls a monitor remembers, newest first as it gives them.
    ///
    /// A record says neither its parameters nor its unit of work, so those are `None`.
    #[must_use]
    pub fn of_calls(records: &[CallRecord]) -> Self {
        Self::told(records, &[])
    }

    /// A story of calls of which some are known with their unit of work; one that is told both ways is told once.
    #[must_use]
    pub fn told(records: &[CallRecord], scoped: &[ScopedCall]) -> Self {
        let starts = records.iter().chain(scoped.iter().map(|call| &call.record));
        let starts = starts.filter_map(|call| call.at.checked_sub(call.duration));
        let Some(beginning) = starts.min() else { return Self::default() };
        let known: HashSet<_> = scoped.iter().map(|call| key(&call.record)).collect();
        let others = records.iter().filter(|record| !known.contains(&key(record)));
        let mut calls: Vec<_> = others.map(|call| StoryCall::of(call, beginning)).collect();
        calls.extend(scoped.iter().map(|call| StoryCall::of_scoped(call, beginning)));
        calls.sort_by_key(|call| call.start);
        Self { calls, ..Self::default() }
    }
}

/// What tells one call from all others.
fn key(call: &CallRecord) -> (Fingerprint, SystemTime, Duration, Option<u64>) {
    (call.fingerprint, call.at, call.duration, call.connection)
}

// === impl StoryCall ===

impl StoryCall {
    /// A call that is known with its unit of work.
    pub(super) fn of_scoped(call: &ScopedCall, beginning: SystemTime) -> Self {
        Self {
            start: call.started.duration_since(beginning).unwrap_or_default(),
            parameters: call.parameters.map(|parameters| parameters.all.get()),
            scope: Some(call.scope),
            // Of several transactions of a unit it is not told which one it was.
            transaction: call.in_transaction.then_some(call.scope),
            ..Self::of(&call.record, beginning)
        }
    }

    fn of(record: &CallRecord, beginning: SystemTime) -> Self {
        let ended = record.at.duration_since(beginning).unwrap_or_default();
        Self {
            start: ended.saturating_sub(record.duration),
            took: record.duration,
            fingerprint: record.fingerprint,
            text: record.statement.clone(),
            kind: record.kind,
            parameters: None,
            rows: record.rows,
            error: record.error,
            caller: record.call_site.map(|line| line.to_string().into()),
            connection: record.connection,
            transaction: None,
            scope: None,
        }
    }

    /// When it ended.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.start + self.took
    }
}

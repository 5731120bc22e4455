//! The last hour minute by minute, in a few numbers each.

use std::sync::Arc;
use std::time::Duration;

use super::rollup::{StatementKey, statement_key};
use super::{Activity, Histogram, Rollup, SampledLevels, SourceActivity};
use crate::capture::Database;
use crate::identify::{Fingerprint, Kind};

/// One minute that is over.
///
/// Windows say how it was on average, minutes how it went: whether something rises or falls can
/// only be told from how much it moves anyway. Made once when the minute ends and shared after that.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Minute {
    /// When it ended, as time since the monitor started.
    pub ended: Duration,
    /// The time really covered: a minute, and up to one beat of five seconds more.
    pub covered: Duration,
    /// Whether every statement that was called is listed. Of very many only those that took most
    /// time are; then a statement that is not listed may have been called all the same.
    pub is_complete: bool,
    /// All calls.
    pub total: Pulse,
    /// How the times of all calls are spread.
    pub histogram: Histogram,
    /// By statement.
    pub statements: Vec<StatementMinute>,
    /// By table.
    pub tables: Vec<TableMinute>,
    /// By pool, whether it was used or not.
    pub pools: Vec<PoolMinute>,
}

/// What calls of one minute add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulse {
    /// Calls that ended.
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls that took the slow threshold or longer.
    pub slow: u64,
    /// Time of all calls together.
    pub time: Duration,
    /// The time that 95 % of the calls did not exceed.
    pub p95: Duration,
}

/// A statement's minute.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatementMinute {
    /// Its identity; `None` for statements without a place of their own.
    pub fingerprint: Option<Fingerprint>,
    /// Its kind.
    pub kind: Kind,
    /// The database it ran on.
    pub database: Arc<Database>,
    /// Its calls.
    pub pulse: Pulse,
    /// How their times are spread.
    pub histogram: Histogram,
}

/// A table's minute.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableMinute {
    /// The table's name.
    pub table: String,
    /// The database it is in.
    pub database: Arc<Database>,
    /// The calls that touched it.
    pub pulse: Pulse,
}

/// A pool's minute.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolMinute {
    /// The pool's name.
    pub name: Arc<str>,
    /// The database behind it.
    pub database: Arc<Database>,
    /// Checkouts, however they ended.
    pub checkouts: u64,
    /// Time they waited together.
    pub wait_time: Duration,
    /// How full it was.
    pub sampled: SampledLevels,
}

// === impl Minute ===

impl Minute {
    /// A minute of calls, and what happened to sources meanwhile.
    pub(crate) fn of(
        rollup: &Rollup,
        sources: &[SourceActivity],
        ended: Duration,
        covered: Duration,
        is_complete: bool,
    ) -> Self {
        let statements = rollup.statements.iter().map(|statement| StatementMinute {
            fingerprint: statement.fingerprint,
            kind: statement.kind,
            database: statement.database.clone(),
            pulse: Pulse::of(&statement.activity),
            histogram: statement.activity.histogram.clone(),
        });
        let tables = rollup.tables.iter().map(|table| TableMinute {
            table: table.table.clone(),
            database: table.database.clone(),
            pulse: Pulse::of(&table.activity),
        });
        Self {
            ended,
            covered,
            is_complete,
            total: Pulse::of(&rollup.total),
            histogram: rollup.total.histogram.clone(),
            statements: statements.collect(),
            tables: tables.collect(),
            pools: sources.iter().filter_map(PoolMinute::of).collect(),
        }
    }
}

// === impl PoolMinute ===

impl PoolMinute {
    fn of(source: &SourceActivity) -> Option<Self> {
        let pool = source.pool.as_ref()?;
        Some(Self {
            name: source.name.clone(),
            database: source.database.clone(),
            checkouts: pool.checkouts.ended(),
            wait_time: pool.checkouts.wait_time,
            sampled: pool.sampled,
        })
    }
}

// === impl Pulse ===

impl Pulse {
    /// The few numbers of an activity.
    pub(crate) fn of(activity: &Activity) -> Self {
        Self {
            calls: activity.calls,
            failed: activity.failed,
            slow: activity.slow,
            time: activity.time,
            p95: activity.p95(),
        }
    }
}

// === impl StatementMinute ===

impl StatementMinute {
    /// What it is told apart by, as in a rollup.
    pub(crate) fn key(&self) -> StatementKey {
        statement_key(self.fingerprint, self.kind, &self.database)
    }
}

//! Calls of units of work, with the statements they ran.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::event::SeriesRef;
use super::scopes::{EndedUnit, Worst};
use super::sources::Source;
use super::statement::Statement;
use super::unit::UnitCall;
use super::{Registry, Unit};
use crate::identify::ListSize;
use crate::snapshot::{
    CallParts, CallRecord, ScopeActivity, ScopeExample, ScopeStatement, ScopedCall,
};

/// Statements by their series, as far as they have their places.
pub(super) struct Known {
    pub(super) statements: Vec<Option<(Arc<Statement>, ListSize)>>,
    pub(super) sources: Vec<Arc<Source>>,
}

/// Stands for the text of a statement that has lost its place.
const GONE: &str = "(other)";

// === impl Registry ===

impl Registry {
    /// The calls of a unit, in the order in which they started, without those whose statement has lost
    /// its place.
    pub(crate) fn scoped_calls(&self, unit: &EndedUnit) -> Vec<ScopedCall> {
        self.calls_of(&unit.calls)
    }

    /// The same of a unit that lasts. Says how many of its calls are missing.
    pub(crate) fn calls_so_far(&self, unit: &Unit) -> (Vec<ScopedCall>, u64) {
        let mut calls = unit.so_far().calls;
        calls.sort_by_key(|call| call.started);
        let told = self.calls_of(&calls);
        let missing = unit.totals().calls.saturating_sub(told.len() as u64);
        (told, missing)
    }

    fn calls_of(&self, calls: &[UnitCall]) -> Vec<ScopedCall> {
        let Known { statements, sources } = self.known(calls.iter().map(|call| call.series));
        let known = calls.iter().zip(statements);
        let known = known.filter_map(|(call, statement)| Some((call, statement?)));
        known
            .map(|(call, (statement, list_size))| {
                self.scoped(call, &statement, list_size, &sources)
            })
            .collect()
    }

    fn scoped(
        &self,
        call: &UnitCall,
        statement: &Statement,
        list_size: ListSize,
        sources: &[Arc<Source>],
    ) -> ScopedCall {
        let source = &sources[usize::from(call.series.source())];
        ScopedCall {
            scope: call.unit,
            started: self.clock.wall(call.started),
            parameters: call.parameters,
            beside: call.beside,
            in_transaction: call.in_transaction,
            muted: statement.is_muted(),
            summary: statement.summary.clone(),
            record: CallRecord {
                statement: statement.text.clone(),
                fingerprint: statement.fingerprint,
                kind: statement.kind(),
                tables: statement.tables(),
                list_size,
                at: self.clock.wall(call.ended),
                duration: Duration::from_nanos(call.nanos),
                parts: CallParts::default(),
                slow: None,
                slow_number: None,
                rows: call.rows.counted_for(statement.kind()).into(),
                outcome: call.outcome,
                error: call.error,
                error_code: None,
                database: source.database.clone(),
                pool: source.is_pool.then(|| source.name.clone()),
                connection: call.connection.map(NonZeroU64::get),
                user: None,
                tag: None,
                call_site: call.call_site,
                trace_id: None,
                trace_sampled: false,
                original: None,
            },
        }
    }

    /// What units of each name came to.
    pub(super) fn read_scopes(&self) -> Vec<ScopeActivity> {
        let read = self.scopes.read().into_iter();
        let with_worst = read.map(|(activity, worst)| {
            let worst = worst.map(|worst| self.example(worst));
            ScopeActivity { worst, ..activity }
        });
        with_worst.collect()
    }

    fn example(&self, worst: Worst) -> ScopeExample {
        let Known { statements, .. } = self.known(worst.shares.iter().map(|share| share.series));
        let shares = worst.shares.iter().zip(statements);
        ScopeExample {
            at: self.clock.wall(worst.ended),
            took: worst.took,
            calls: worst.calls,
            database_time: Duration::from_nanos(worst.nanos),
            pool_wait: worst.pool_wait,
            statements: shares
                .map(|(share, statement)| ScopeStatement {
                    text: statement
                        .map_or_else(|| GONE.into(), |(statement, _)| statement.text.clone()),
                    calls: share.calls,
                    time: Duration::from_nanos(share.nanos),
                    call_site: share.call_site.map(|line| line.to_string().into()),
                })
                .collect(),
        }
    }

    fn known(&self, series: impl Iterator<Item = SeriesRef>) -> Known {
        self.with_books(|books| Known {
            statements: series
                .map(|series| books.statement(series).zip(books.list_size(series)))
                .collect(),
            sources: books.sources().to_vec(),
        })
    }
}

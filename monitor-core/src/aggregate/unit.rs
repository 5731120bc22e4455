//! One unit of work while it lasts: what it called, and what it holds.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::event::{RowCounts, SeriesRef, nanos};
use super::lock;
use crate::capture::{CallSite, ErrorClass, OutcomeKind, Parameters, Tick};

/// One unit of work. Calls are written down in it by whoever ends them, mostly its own thread.
pub(crate) struct Unit {
    pub(crate) id: u64,
    /// The unit it is a part of.
    around: Option<Arc<Self>>,
    pub(crate) started: Tick,
    calls_max: usize,
    record: Mutex<Record>,
}

/// What a unit has done so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// What it is called by now.
    pub(crate) name: Arc<str>,
    /// In the order in which they ended, at most so many.
    pub(crate) calls: Vec<UnitCall>,
    pub(crate) waits: Vec<UnitWait>,
    pub(crate) totals: Totals,
}

/// What is counted of every call, kept or not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) nanos: u64,
    pub(crate) wait_nanos: u64,
    pub(crate) transaction_nanos: u64,
    /// Calls that were counted and not kept.
    pub(crate) unkept: u64,
    /// Connections and transactions that are out or open now.
    pub(crate) connections: u32,
    pub(crate) transactions: u32,
}

/// One call of a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitCall {
    pub(crate) series: SeriesRef,
    pub(crate) started: Tick,
    pub(crate) ended: Tick,
    pub(crate) nanos: u64,
    pub(crate) rows: RowCounts,
    pub(crate) outcome: OutcomeKind,
    pub(crate) error: Option<ErrorClass>,
    pub(crate) call_site: Option<CallSite>,
    pub(crate) connection: Option<NonZeroU64>,
    pub(crate) parameters: Option<Parameters>,
    /// How many of the same reads ran already when it began, in whichever unit.
    pub(crate) beside: u32,
    /// Whether a transaction of the unit was open when it ended.
    pub(crate) in_transaction: bool,
    /// The innermost unit it was made in; the unit itself writes it.
    pub(crate) unit: u64,
}

/// A wait for a connection that lasted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitWait {
    pub(crate) waited: Duration,
    /// Connections the unit held meanwhile.
    pub(crate) holds: u32,
}

/// Waits of one unit that are kept.
const WAITS_MAX: usize = 16;
/// A shorter wait tells nothing.
const WAIT_MIN: Duration = Duration::from_millis(1);

// === impl Unit ===

impl Unit {
    pub(super) fn new(
        id: u64,
        name: Arc<str>,
        around: Option<Arc<Self>>,
        started: Tick,
        calls_max: usize,
    ) -> Self {
        let record = Mutex::new(Record { name, ..Record::default() });
        Self { id, around, started, calls_max, record }
    }

    /// What it is called by now.
    pub(crate) fn name(&self) -> Arc<str> {
        lock(&self.record).name.clone()
    }

    /// It is called otherwise.
    pub(crate) fn rename(&self, name: Arc<str>) {
        lock(&self.record).name = name;
    }

    /// Whether it is that unit, or part of it.
    pub(crate) fn is_in(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        self.and_around().any(|unit| Arc::ptr_eq(unit, other))
    }

    /// A call has ended. Gives the units whose room for calls it filled.
    pub(super) fn call(self: &Arc<Self>, mut call: UnitCall) -> Vec<Arc<Self>> {
        let mut filled = Vec::new();
        call.unit = self.id;
        for unit in self.and_around() {
            let mut record = lock(&unit.record);
            let totals = &mut record.totals;
            totals.calls += 1;
            totals.failed += u64::from(call.outcome == OutcomeKind::Failed);
            totals.nanos = totals.nanos.saturating_add(call.nanos);
            call.in_transaction = totals.transactions > 0;
            if record.calls.len() >= unit.calls_max {
                record.totals.unkept += 1;
                continue;
            }
            record.calls.push(call);
            if record.calls.len() == unit.calls_max {
                filled.push(unit.clone());
            }
        }
        filled
    }

    /// A wait for a connection is over, and a connection was taken or not.
    pub(crate) fn waited(self: &Arc<Self>, waited: Duration, taken: bool) {
        for unit in self.and_around() {
            let mut record = lock(&unit.record);
            let holds = record.totals.connections;
            record.totals.wait_nanos = record.totals.wait_nanos.saturating_add(nanos(waited));
            record.totals.connections += u32::from(taken);
            if waited >= WAIT_MIN && record.waits.len() < WAITS_MAX {
                record.waits.push(UnitWait { waited, holds });
            }
        }
    }

    /// A connection came back.
    pub(crate) fn returned(self: &Arc<Self>) {
        for unit in self.and_around() {
            let totals = &mut lock(&unit.record).totals;
            totals.connections = totals.connections.saturating_sub(1);
        }
    }

    /// A transaction has begun.
    pub(crate) fn transaction_begun(self: &Arc<Self>) {
        for unit in self.and_around() {
            lock(&unit.record).totals.transactions += 1;
        }
    }

    /// A transaction has ended.
    pub(crate) fn transaction_ended(self: &Arc<Self>, took: Duration) {
        for unit in self.and_around() {
            let totals = &mut lock(&unit.record).totals;
            totals.transactions = totals.transactions.saturating_sub(1);
            totals.transaction_nanos = totals.transaction_nanos.saturating_add(nanos(took));
        }
    }

    /// What it has done so far.
    pub(crate) fn so_far(&self) -> Record {
        lock(&self.record).clone()
    }

    /// What is counted of it so far.
    pub(crate) fn totals(&self) -> Totals {
        lock(&self.record).totals
    }

    /// What it has done, taken out.
    pub(super) fn take(&self) -> Record {
        std::mem::take(&mut lock(&self.record))
    }

    /// This one and all around it, innermost first.
    fn and_around(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |unit| unit.around.as_ref())
    }
}

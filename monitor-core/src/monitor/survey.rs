//! One refresh of what the database says of itself, and which indexes it misses.

use std::time::Duration;

use crate::capture::{Database, System};
use crate::inquire::{AskError, Asker, Budgeted, Catalogue, Planner, with_planner};
use crate::judge::advice::index::{self, IndexAdvice, Workload, WriteMeter};
use crate::snapshot::{Rollup, Snapshot};

/// What came of asking.
pub(super) struct Survey {
    pub(super) catalogue: Catalogue,
    pub(super) workload: Workload,
    pub(super) indexes: IndexAdvice,
}

/// The window whose work indexes are to serve: long enough for what runs now and then, short enough
/// to forget what does not run any more.
const SPAN: Duration = Duration::from_secs(60 * 60);

// === impl Survey ===

impl Survey {
    /// Asks, if it may be asked now and answers.
    pub(super) fn take(
        asker: &mut Budgeted,
        meter: &mut WriteMeter,
        snapshot: &Snapshot,
    ) -> Result<Self, Unasked> {
        let is_busy = snapshot.pools().any(|(_, pool)| pool.checkouts.waiting > 0);
        if !asker.begin(is_busy) {
            return Err(Unasked::NotNow);
        }
        let survey = survey(asker, meter, snapshot);
        asker.end();
        survey.map_err(Unasked::Refused)
    }
}

/// Why nothing was asked.
pub(super) enum Unasked {
    /// The application needs the database itself, or the last refreshes ended in trouble.
    NotNow,
    /// The database did not answer.
    Refused(AskError),
}

// === impl Unasked ===

impl Unasked {
    pub(super) fn why(&self) -> String {
        match self {
            Self::NotNow => {
                "the database was not asked: callers wait for it, or asking led to trouble lately"
                    .into()
            }
            Self::Refused(error) => format!("the database was asked in vain: {error}"),
        }
    }
}

fn survey(
    asker: &mut Budgeted,
    meter: &mut WriteMeter,
    snapshot: &Snapshot,
) -> Result<Survey, AskError> {
    let at = snapshot.at;
    let workload = |asker: &mut dyn Asker, catalogue: &mut Catalogue| {
        catalogue.database = database(asker, snapshot);
        let workload = workload(catalogue.database.as_ref(), snapshot);
        Ok(Workload { counted: meter.look(catalogue, at), ..workload })
    };
    let advise = |workload: Workload, catalogue: &Catalogue, planner: &mut dyn Planner| {
        let indexes = index::advise(&workload, catalogue, Some(planner), at);
        (workload, indexes)
    };
    let ((workload, indexes), catalogue) = with_planner(asker, at, workload, advise)?;
    Ok(Survey { catalogue, workload, indexes })
}

/// The database that is asked.
fn database(asker: &dyn Asker, snapshot: &Snapshot) -> Option<Database> {
    let busiest = || busiest(&snapshot.window(SPAN)?.rollup, asker.system());
    asker.database().or_else(busiest)
}

/// What a database had to do over the last hour.
fn workload(database: Option<&Database>, snapshot: &Snapshot) -> Workload {
    match snapshot.window(SPAN).zip(database) {
        Some((window, database)) => Workload::of(&window.rollup, window.covered, database),
        None => Workload::default(),
    }
}

/// The database of a system that took most time, for an asker that does not say which one it asks.
fn busiest(rollup: &Rollup, system: System) -> Option<Database> {
    let alike = |other: System| match (other, system) {
        // A pool cannot tell the two apart, an asker can.
        (System::MySql | System::MariaDb, System::MySql | System::MariaDb) => true,
        (other, system) => other == system,
    };
    // Statements are in the order of their time.
    let first = rollup.statements.iter().find(|statement| alike(statement.database.system));
    first.map(|statement| Database::clone(&statement.database))
}

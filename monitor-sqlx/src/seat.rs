//! A watched connection's own notes: what it runs, where it was borrowed, which transaction it is in.

use std::panic::Location;

use monitor_core::capture::{CallSite, ParameterHasher};
use monitor_core::identify::Kind;
use monitor_core::{CallTimer, LastCall, Statement, TransactionTimer};
use sqlx::{Connection, Error};

use crate::database::MonitoredDatabase;
use crate::error;
use crate::split::Split;
use crate::watch::{Arrival, Watch, call_site};

/// What is known of one connection while somebody has it.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// For whoever asks who holds it.
    pub(crate) last_call: LastCall,
    /// The transaction that is open on it.
    pub(crate) transaction: Option<TransactionTimer>,
    /// The database has aborted that transaction, and will answer its COMMIT with ROLLBACK.
    pub(crate) is_aborted: bool,
    /// The line where it was borrowed last, until a call uses it up.
    borrowed_at: Option<CallSite>,
    /// Whoever had the driver's own connection may have left a rollback behind that it has yet to run.
    pub(crate) may_roll_back: bool,
    /// Its last call was left in the middle of an answer.
    pub(crate) is_cut: bool,
    /// Something is left in its line that the driver would take for the answer to the next call.
    pub(crate) is_spoilt: bool,
}

/// A connection to run something on: the driver's own, who watches it, and its notes.
pub(crate) struct Seat<'a, DB: MonitoredDatabase> {
    pub(crate) raw: &'a mut DB::Connection,
    pub(crate) watch: &'a Watch,
    pub(crate) notes: &'a mut Notes,
}

/// A call that runs on a connection. Dropped without an end, it was cut short.
pub(crate) struct InCall<'a> {
    timer: Option<CallTimer<'a>>,
    statement: Statement,
    notes: &'a mut Notes,
}

// === impl Notes ===

impl Notes {
    /// The connection is borrowed on this line, unless that is one of ours.
    pub(crate) fn borrowed(&mut self, caller: &'static Location<'static>) {
        self.borrowed_at = call_site(caller);
    }

    /// The line of a call: its own, or else where the connection was borrowed for it.
    pub(crate) fn line(&mut self, own: Option<CallSite>) -> Option<CallSite> {
        let borrowed = self.borrowed_at.take();
        own.or(borrowed)
    }

    /// The call comes by a road on which nothing is borrowed.
    pub(crate) fn forget_line(&mut self) {
        self.borrowed_at = None;
    }

    fn call_ends(&mut self, is_cut: bool) {
        self.is_cut = is_cut;
        self.last_call.ends();
        if let Some(transaction) = &mut self.transaction {
            transaction.call_ends();
        }
    }
}

// === impl Seat ===

impl<'a, DB: MonitoredDatabase> Seat<'a, DB> {
    /// Starts a call: what to run it on, what to send, and the guard that times it.
    pub(crate) fn start(
        self,
        query: Split<DB>,
        arrival: Arrival,
    ) -> (&'a mut DB::Connection, Split<DB>, InCall<'a>) {
        let capacity = self.watch.cache_capacity;
        if capacity > 0 && query.is_kept() && self.raw.cached_statements_size() >= capacity {
            let source = &self.watch.source;
            source.found_cache_full(source.statement(query.text()), query.text(), capacity);
        }
        let values = |hasher: &mut ParameterHasher| query.tell_values(hasher);
        let at = TransactionTimer::call_begins_at;
        let call = InCall::begin(self.watch, self.notes, query.text(), arrival, at, values);
        (self.raw, query.commented(self.watch.comment.as_deref()), call)
    }
}

// === impl InCall ===

impl<'a> InCall<'a> {
    /// Starts timing a call: now.
    pub(crate) fn start(
        watch: &'a Watch,
        notes: &'a mut Notes,
        text: &str,
        arrival: Arrival,
    ) -> Self {
        Self::begin(watch, notes, text, arrival, TransactionTimer::call_begins_at, |_| false)
    }

    /// The same for a COMMIT or ROLLBACK, which is no statement of its transaction.
    pub(crate) fn start_end(
        watch: &'a Watch,
        notes: &'a mut Notes,
        text: &str,
        arrival: Arrival,
    ) -> Self {
        Self::begin(watch, notes, text, arrival, TransactionTimer::ends_at, |_| false)
    }

    /// In a unit of work, `values` is asked for what the call's values hash to.
    fn begin(
        watch: &'a Watch,
        notes: &'a mut Notes,
        text: &str,
        arrival: Arrival,
        tell: fn(&mut TransactionTimer, Option<CallSite>),
        values: impl FnOnce(&mut ParameterHasher) -> bool,
    ) -> Self {
        let site = arrival.call_site.or(watch.call_site);
        if let Some(transaction) = &mut notes.transaction {
            tell(transaction, site);
        }
        let statement = watch.source.statement(text);
        let timer = watch.start(statement, text, arrival).with_parameters(values);
        if let Some(began) = timer.waiting_since() {
            notes.last_call.begins(statement, began);
        }
        Self { timer: Some(timer), statement, notes }
    }

    /// What it does, as far as its first words tell; `None` where the monitor is off.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.statement.kind()
    }

    /// The call has ended this way.
    pub(crate) fn end<DB: MonitoredDatabase, T>(mut self, result: &Result<T, Error>) {
        match (self.timer.take(), result) {
            (Some(timer), Ok(_)) => timer.complete(),
            (Some(timer), Err(error)) => error::end::<DB>(timer, error),
            (None, _) => {}
        }
        if DB::ERRORS_ABORT {
            match result {
                // Nothing succeeds in an aborted transaction but what takes the error back.
                Ok(_) => self.notes.is_aborted = false,
                Err(Error::Database(_)) => self.notes.is_aborted = true,
                Err(_) => {}
            }
        }
        self.notes.call_ends(false);
    }

    /// The call has ended with this error, which is handed back.
    #[cfg(feature = "postgres")]
    pub(crate) fn failed<DB: MonitoredDatabase, T>(self, error: Error) -> Result<T, Error> {
        let failed = Err(error);
        self.end::<DB, T>(&failed);
        failed
    }

    /// Until it says otherwise, the connection is of no use to anybody after this call.
    #[cfg(feature = "postgres")]
    pub(crate) fn spoils(&mut self, is_spoilt: bool) {
        self.notes.is_spoilt = is_spoilt;
    }

    /// The application took it back, and the database has said so.
    #[cfg(feature = "postgres")]
    pub(crate) fn taken_back(mut self) {
        drop(self.timer.take());
        // The database calls that an error.
        self.notes.is_aborted = true;
        self.notes.call_ends(false);
    }

    /// Its reader stops here: of its own will while it has a row, or else it went away.
    pub(crate) fn stop(mut self) {
        if let Some(timer) = self.timer.take_if(|timer| !timer.is_waiting()) {
            timer.complete();
            // The database may have more to say.
            self.notes.call_ends(true);
        }
    }

    pub(crate) fn add_returned(&mut self, rows: u64) {
        self.with(|timer| timer.add_returned(rows));
    }

    pub(crate) fn add_affected(&mut self, rows: u64) {
        self.with(|timer| timer.add_affected(rows));
    }

    pub(crate) fn wait_begins(&mut self) {
        self.with(CallTimer::wait_begins);
    }

    pub(crate) fn wait_ends(&mut self) {
        self.with(CallTimer::wait_ends);
    }

    fn with(&mut self, tell: impl FnOnce(&mut CallTimer<'a>)) {
        if let Some(timer) = &mut self.timer {
            tell(timer);
        }
    }
}

impl Drop for InCall<'_> {
    fn drop(&mut self) {
        // Whoever waited went away: the timer's own drop says so.
        if self.timer.take().is_some() {
            self.notes.call_ends(true);
        }
    }
}

//! One run of a statement.

use std::time::Duration;

use super::{Origin, Outcome, Parameters};

/// One finished call, for drivers that no adapter covers.
///
/// Adapters use the timers instead, which fill this in by themselves.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The SQL as it was sent. Literals in it never leave the monitor.
    pub text: &'a str,
    /// The database's time as the caller saw it, without the wait for a pool's connection.
    pub duration: Duration,
    /// What came back or was changed.
    pub rows: Rows,
    /// How it ended.
    pub outcome: Outcome<'a>,
    /// Where it came from.
    pub origin: Origin<'a>,
    /// What its values hash to, where that is known; asked for in a [unit of work](crate::Scope) only.
    pub parameters: Option<Parameters>,
}

/// How many rows a call returned and changed; `None` where the driver does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows handed to the caller.
    pub returned: Option<u64>,
    /// Rows inserted, updated or deleted.
    pub affected: Option<u64>,
}

// === impl Call ===

impl<'a> Call<'a> {
    /// A completed call of unknown row counts and origin.
    #[must_use]
    pub fn new(text: &'a str, duration: Duration) -> Self {
        Self {
            text,
            duration,
            rows: Rows::UNKNOWN,
            outcome: Outcome::Completed,
            origin: Origin::default(),
            parameters: None,
        }
    }

    /// The same call with its rows.
    #[must_use]
    pub fn rows(self, rows: Rows) -> Self {
        Self { rows, ..self }
    }

    /// The same call with its outcome.
    #[must_use]
    pub fn outcome(self, outcome: Outcome<'a>) -> Self {
        Self { outcome, ..self }
    }

    /// The same call with its origin.
    #[must_use]
    pub fn origin(self, origin: Origin<'a>) -> Self {
        Self { origin, ..self }
    }

    /// The same call with what its values hash to.
    #[must_use]
    pub fn parameters(self, parameters: Option<Parameters>) -> Self {
        Self { parameters, ..self }
    }
}

// === impl Rows ===

impl Rows {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { returned: None, affected: None };

    /// Rows handed to the caller, nothing changed.
    #[must_use]
    pub fn returned(rows: u64) -> Self {
        Self { returned: Some(rows), affected: Some(0) }
    }

    /// Rows changed, nothing handed to the caller.
    #[must_use]
    pub fn affected(rows: u64) -> Self {
        Self { returned: Some(0), affected: Some(rows) }
    }
}

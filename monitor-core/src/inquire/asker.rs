//! Carries a question to the database and its answer back.

use std::fmt;

use crate::capture::{Database, System};

/// A connection of the monitor's own, which answers questions in text.
///
/// Never one of the application's: no pool connection, no prepared statement of the service is
/// touched. Calls may block, so they are made on a thread of their own, never on the beat.
pub trait Asker: Send {
    /// The system on the other side; MariaDB is told apart from MySQL once a question was answered.
    fn system(&self) -> System;

    /// The database that is asked, as the calls of the application name it; `None` where that is not
    /// known.
    fn database(&self) -> Option<Database> {
        None
    }

    /// Runs one statement, as text and without parameters, and gives back its rows.
    ///
    /// A question casts its columns to text where its system needs that to be read as text.
    ///
    /// # Errors
    ///
    /// When the server refuses, is too slow, or is gone. An error never holds the server's message,
    /// which may quote data.
    fn ask(&mut self, question: &str) -> Result<Answer, AskError>;

    /// A second, empty, private database of the same system, to try things in; `None` where there
    /// is no such thing. SQLite has one in memory.
    ///
    /// # Errors
    ///
    /// When there is one and it cannot be opened.
    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        Ok(None)
    }

    /// There is nothing to ask for a while: closes the connection. The next question opens another.
    fn rest(&mut self) {}
}

/// What came back: text cells, `None` for NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The rows, each with the question's columns in order.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskError {
    /// What sort of trouble.
    pub kind: AskErrorKind,
    /// The database's own code, where the driver gives it.
    pub code: Option<String>,
}

/// The sorts of trouble with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AskErrorKind {
    /// The question itself is wrong for this server: unknown function, syntax, missing type.
    Wrong,
    /// The monitor's user lacks a right.
    Denied,
    /// A lock or time limit was reached.
    TooSlow,
    /// The budget of questions or time is used up.
    Spent,
    /// There is no connection.
    Gone,
}

// === impl AskError ===

impl AskError {
    /// An error of a kind, with no code known.
    #[must_use]
    pub fn new(kind: AskErrorKind) -> Self {
        Self { kind, code: None }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            AskErrorKind::Wrong => "the server does not understand the question",
            AskErrorKind::Denied => "the monitor's user may not ask this",
            AskErrorKind::TooSlow => "the answer took too long",
            AskErrorKind::Spent => "the budget for questions is used up",
            AskErrorKind::Gone => "there is no connection to ask over",
        })?;
        match &self.code {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for AskError {}

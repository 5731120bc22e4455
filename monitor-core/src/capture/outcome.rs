//! How a call ended.

use std::fmt;

/// How a call ended, as the adapter saw it.
///
/// Every call ends exactly once. A future or stream that is dropped half-way is `Cancelled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The database answered and the answer was taken, or the caller stopped reading rows of its
    /// own will.
    Completed,
    /// The call ended with an error.
    Failed(Failure<'a>),
    /// The caller went away while the database was still working: a dropped future, a time-out.
    Cancelled,
}

/// What went wrong, without the message: messages carry data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// What sort of error it was.
    pub class: ErrorClass,
    /// The database's own code where the driver gives it: SQLSTATE on PostgreSQL, the vendor
    /// number on MySQL and MariaDB, the extended result code on SQLite.
    pub code: Option<&'a str>,
}

/// An [`Outcome`] without its details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// See [`Outcome::Completed`].
    #[default]
    Completed,
    /// See [`Outcome::Failed`].
    Failed,
    /// See [`Outcome::Cancelled`].
    Cancelled,
}

/// The sort of an error, the same words for every driver and database.
///
/// `as_str` gives what OpenTelemetry calls `error.type` where the database has no code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorClass {
    /// A CHECK constraint refused a row.
    CheckViolation,
    /// The connection was lost, refused or broken.
    Connection,
    /// An answer could not be turned into the type asked for.
    Decode,
    /// A value could not be turned into a parameter.
    Encode,
    /// An exclusion constraint refused a row.
    ExclusionViolation,
    /// A foreign key refused a row.
    ForeignKeyViolation,
    /// Deadlock, serialisation failure, lock time-out, SQLite's "busy": trying again may work.
    Conflict,
    /// A NOT NULL column got no value.
    NotNullViolation,
    /// The pool gave no connection in time.
    PoolTimeout,
    /// The pool was closed.
    PoolClosed,
    /// Driver and server did not understand each other.
    Protocol,
    /// Write in a read-only transaction or to a read-only database.
    ReadOnly,
    /// The statement itself is wrong: syntax, unknown table or column, wrong type, no right to it.
    Statement,
    /// The server gave up: statement time-out, or cancelled by an operator.
    Timeout,
    /// A unique key refused a row.
    UniqueViolation,
    /// Anything else.
    Other,
}

// === impl Outcome ===

impl Outcome<'_> {
    /// The outcome without its details.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Completed => OutcomeKind::Completed,
            Self::Failed(_) => OutcomeKind::Failed,
            Self::Cancelled => OutcomeKind::Cancelled,
        }
    }

    /// What went wrong, if it failed.
    pub(crate) fn error_class(&self) -> Option<ErrorClass> {
        match self {
            Self::Failed(failure) => Some(failure.class),
            Self::Completed | Self::Cancelled => None,
        }
    }
}

// === impl OutcomeKind ===

impl OutcomeKind {
    /// All outcomes, in the order they are stored.
    pub const ALL: [Self; 3] = [Self::Completed, Self::Failed, Self::Cancelled];

    /// The outcome as a word: `completed`, `failed`, `cancelled`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Failure ===

impl<'a> Failure<'a> {
    /// A failure of a class, with no code known.
    #[must_use]
    pub fn new(class: ErrorClass) -> Self {
        Self { class, code: None }
    }

    /// The same failure with the database's own code.
    #[must_use]
    pub fn with_code(self, code: &'a str) -> Self {
        Self { code: Some(code), ..self }
    }
}

// === impl ErrorClass ===

impl ErrorClass {
    /// Every class, in the order of declaration.
    pub const ALL: [Self; 16] = [
        Self::CheckViolation,
        Self::Connection,
        Self::Decode,
        Self::Encode,
        Self::ExclusionViolation,
        Self::ForeignKeyViolation,
        Self::Conflict,
        Self::NotNullViolation,
        Self::PoolTimeout,
        Self::PoolClosed,
        Self::Protocol,
        Self::ReadOnly,
        Self::Statement,
        Self::Timeout,
        Self::UniqueViolation,
        Self::Other,
    ];

    /// The class as one stable word, such as `unique_violation`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckViolation => "check_violation",
            Self::Connection => "connection",
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::ExclusionViolation => "exclusion_violation",
            Self::ForeignKeyViolation => "foreign_key_violation",
            Self::Conflict => "conflict",
            Self::NotNullViolation => "not_null_violation",
            Self::PoolTimeout => "pool_timeout",
            Self::PoolClosed => "pool_closed",
            Self::Protocol => "protocol",
            Self::ReadOnly => "read_only",
            Self::Statement => "statement",
            Self::Timeout => "timeout",
            Self::UniqueViolation => "unique_violation",
            Self::Other => "other",
        }
    }

    /// The class of a SQLSTATE, by its two-character class and the codes that stand out in it
    /// (PostgreSQL manual, appendix A; MySQL maps its numbers onto the same standard).
    #[must_use]
    pub fn from_sqlstate(code: &str) -> Self {
        match code {
            "23505" => Self::UniqueViolation,
            "23503" => Self::ForeignKeyViolation,
            "23502" => Self::NotNullViolation,
            "23514" => Self::CheckViolation,
            "23P01" => Self::ExclusionViolation,
            "25006" => Self::ReadOnly,
            "55P03" => Self::Conflict,
            "57014" => Self::Timeout,
            // Startup, too many connections, and the server going down: 57P01 to 57P05.
            _ if code.starts_with("57P") || code == "53300" => Self::Connection,
            _ => match code.get(..2) {
                Some("08") => Self::Connection,
                Some("40") => Self::Conflict,
                Some("22" | "26" | "34" | "3D" | "3F" | "42" | "21" | "28") => Self::Statement,
                _ => Self::Other,
            },
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlstate_tells_the_class() {
        for (code, class) in [
            ("23505", ErrorClass::UniqueViolation),
            ("40P01", ErrorClass::Conflict),
            ("42P01", ErrorClass::Statement),
            ("57014", ErrorClass::Timeout),
            ("57P01", ErrorClass::Connection),
            ("08006", ErrorClass::Connection),
            ("XX000", ErrorClass::Other),
            ("", ErrorClass::Other),
            ("é", ErrorClass::Other),
        ] {
            assert_eq!(ErrorClass::from_sqlstate(code), class, "{code}");
        }
    }
}

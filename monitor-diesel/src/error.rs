//! diesel's errors in the monitor's words.

use diesel::result::{DatabaseErrorKind, Error};
#[cfg(feature = "precise")]
use monitor_core::CallTimer;
use monitor_core::capture::ErrorClass;
#[cfg(feature = "precise")]
use monitor_core::capture::Failure;

/// Ends a call as its result says.
#[cfg(feature = "precise")]
#[inline]
pub(crate) fn end(timer: CallTimer<'_>, error: Option<&Error>) {
    match error.and_then(class) {
        Some(class) => timer.fail(Failure::new(class)),
        None => timer.complete(),
    }
}

/// The class of an error that a query ended with; `None` for what is no failure.
pub(crate) fn class(error: &Error) -> Option<ErrorClass> {
    Some(match error {
        // No row is an answer, and a roll-back on purpose is a decision.
        Error::NotFound | Error::RollbackTransaction => return None,
        Error::DatabaseError(kind, _) => database_class(kind),
        Error::QueryBuilderError(_) => ErrorClass::Statement,
        Error::InvalidCString(_) | Error::SerializationError(_) => ErrorClass::Encode,
        Error::DeserializationError(_) => ErrorClass::Decode,
        Error::RollbackErrorOnCommit { commit_error, .. } => return class(commit_error),
        Error::BrokenTransactionManager => ErrorClass::Connection,
        _ => ErrorClass::Other,
    })
}

fn database_class(kind: &DatabaseErrorKind) -> ErrorClass {
    match kind {
        DatabaseErrorKind::UniqueViolation => ErrorClass::UniqueViolation,
        // RESTRICT is what a foreign key says when it refuses to lose its row.
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
            ErrorClass::ForeignKeyViolation
        }
        DatabaseErrorKind::NotNullViolation => ErrorClass::NotNullViolation,
        DatabaseErrorKind::CheckViolation => ErrorClass::CheckViolation,
        DatabaseErrorKind::ExclusionViolation => ErrorClass::ExclusionViolation,
        DatabaseErrorKind::SerializationFailure => ErrorClass::Conflict,
        DatabaseErrorKind::ReadOnlyTransaction => ErrorClass::ReadOnly,
        // What libpq says of every call after the one that lost the connection.
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            ErrorClass::Connection
        }
        // diesel hides the server's code, and its message depends on the server's language.
        _ => ErrorClass::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_not_a_failure() {
        assert_eq!(class(&Error::NotFound), None);
    }

    #[test]
    fn a_failed_commit_keeps_its_own_reason() {
        let database = |kind| Box::new(Error::DatabaseError(kind, Box::new(String::new())));
        let error = Error::RollbackErrorOnCommit {
            rollback_error: database(DatabaseErrorKind::ClosedConnection),
            commit_error: database(DatabaseErrorKind::SerializationFailure),
        };
        assert_eq!(class(&error), Some(ErrorClass::Conflict));
    }
}

//! What an error means for the call that ended with it.

use monitor_core::CallTimer;
use monitor_core::capture::{ErrorClass, Failure};
use sqlx::Error;

use crate::database::MonitoredDatabase;

/// The sort of an error and the database's own code for it.
pub struct Fault {
    pub(crate) class: ErrorClass,
    pub(crate) code: Option<String>,
}

// === impl Fault ===

impl Fault {
    pub(crate) fn new(class: ErrorClass) -> Self {
        Self { class, code: None }
    }

    pub(crate) fn of<DB: MonitoredDatabase>(error: &Error) -> Option<Self> {
        Some(match error {
            // The database answered, and the answer was "no rows".
            Error::RowNotFound => return None,
            Error::Database(error) => DB::fault(&**error),
            Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => {
                Self::new(ErrorClass::Connection)
            }
            Error::PoolTimedOut => Self::new(ErrorClass::PoolTimeout),
            Error::PoolClosed => Self::new(ErrorClass::PoolClosed),
            Error::Protocol(_) => Self::new(ErrorClass::Protocol),
            Error::Encode(_) => Self::new(ErrorClass::Encode),
            Error::Decode(_) | Error::ColumnDecode { .. } => Self::new(ErrorClass::Decode),
            Error::ColumnNotFound(_) | Error::ColumnIndexOutOfBounds { .. } => {
                Self::new(ErrorClass::Decode)
            }
            Error::TypeNotFound { .. } | Error::InvalidSavePointStatement | Error::BeginFailed => {
                Self::new(ErrorClass::Statement)
            }
            _ => Self::new(ErrorClass::Other),
        })
    }
}

/// Ends a call the way its error says.
pub(crate) fn end<DB: MonitoredDatabase>(timer: CallTimer<'_>, error: &Error) {
    let Some(fault) = Fault::of::<DB>(error) else { return timer.complete() };
    timer.fail(Failure { class: fault.class, code: fault.code.as_deref() });
}

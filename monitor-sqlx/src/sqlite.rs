//! SQLite: where options lead, what errors mean.

use monitor_core::capture::{Database, ErrorClass, System};
use monitor_core::inquire::{AskError, AskErrorKind, Manners};
use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Error, SqliteConnection};

use crate::error::Fault;

pub(crate) fn identify(options: &SqliteConnectOptions) -> Database {
    let file = options.get_filename();
    let name = match file.to_string_lossy() {
        // What sqlx calls each database of its own in memory.
        whole if whole.contains(":memory:") || whole.starts_with("file:sqlx-in-memory-") => {
            ":memory:".to_owned()
        }
        whole => file
            .file_name()
            .map_or_else(|| whole.clone().into_owned(), |name| name.to_string_lossy().into_owned()),
    };
    Database { name, ..Database::of(System::Sqlite) }
}

/// sqlx does not tell it.
pub(crate) fn cache_capacity(_: &SqliteConnectOptions) -> Option<usize> {
    None
}

pub(crate) async fn system(_: &mut SqliteConnection) -> Result<System, Error> {
    Ok(System::Sqlite)
}

/// SQLite's count stays as it was until the next INSERT, UPDATE or DELETE.
pub(crate) fn tells_affected(text: &str) -> bool {
    crate::words::may_write(text)
}

pub(crate) fn fault(error: &dyn DatabaseError) -> Fault {
    let code = error.code();
    let class = code.as_deref().and_then(|code| code.parse().ok()).map_or(ErrorClass::Other, class);
    Fault { class, code: code.map(Into::into) }
}

/// The class of an extended result code; its low byte is the primary code.
fn class(code: i32) -> ErrorClass {
    match code {
        // SQLITE_CONSTRAINT and which one.
        275 => ErrorClass::CheckViolation,
        787 => ErrorClass::ForeignKeyViolation,
        1299 => ErrorClass::NotNullViolation,
        1555 | 2067 | 2579 => ErrorClass::UniqueViolation,
        _ => match code & 0xff {
            // ERROR (no such table, syntax), PERM, TOOBIG, MISMATCH, MISUSE, AUTH, RANGE.
            1 | 3 | 18 | 20 | 21 | 23 | 25 => ErrorClass::Statement,
            // BUSY and LOCKED: "database is locked" for two different faults, both worth a retry.
            5 | 6 => ErrorClass::Conflict,
            8 => ErrorClass::ReadOnly,
            9 => ErrorClass::Timeout,
            // IOERR, CORRUPT, CANTOPEN, NOTADB.
            10 | 11 | 14 | 26 => ErrorClass::Connection,
            _ => ErrorClass::Other,
        },
    }
}

/// A database in memory that only its own connection sees cannot be asked by another.
pub(crate) fn asking(
    options: &SqliteConnectOptions,
    manners: &Manners,
) -> Option<SqliteConnectOptions> {
    if options.get_filename().as_os_str() == ":memory:" {
        return None;
    }
    let options = options.clone().disable_statement_logging().create_if_missing(false);
    // At its close, a connection that only reads has nothing to write down.
    let options = options.optimize_on_close(false, None);
    Some(options.read_only(true).busy_timeout(manners.lock_wait_max))
}

pub(crate) fn scratch() -> Option<SqliteConnectOptions> {
    Some(SqliteConnectOptions::new().filename(":memory:").disable_statement_logging())
}

pub(crate) fn refusal(error: &dyn DatabaseError) -> AskError {
    let code = error.code();
    let number: i32 = code.as_deref().and_then(|code| code.parse().ok()).unwrap_or_default();
    let kind = match number & 0xff {
        // PERM, READONLY, AUTH.
        3 | 8 | 23 => AskErrorKind::Denied,
        // BUSY, LOCKED, INTERRUPT.
        5 | 6 | 9 => AskErrorKind::TooSlow,
        // IOERR, CORRUPT, CANTOPEN, NOTADB.
        10 | 11 | 14 | 26 => AskErrorKind::Gone,
        _ => AskErrorKind::Wrong,
    };
    AskError { kind, code: code.map(Into::into) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_code_tells_the_class() {
        for (code, expected) in [
            (1, ErrorClass::Statement),
            (5, ErrorClass::Conflict),
            (261, ErrorClass::Conflict),
            (262, ErrorClass::Conflict),
            (1032, ErrorClass::ReadOnly),
            (1555, ErrorClass::UniqueViolation),
            (2067, ErrorClass::UniqueViolation),
            (787, ErrorClass::ForeignKeyViolation),
            (13, ErrorClass::Other),
        ] {
            assert_eq!(class(code), expected, "{code}");
        }
    }

    #[test]
    fn a_database_is_called_after_its_file_without_the_folder() {
        let name = |url: &str| identify(&url.parse().expect("url")).name;
        assert_eq!(name("sqlite:///srv/secret-customer/shop.db"), "shop.db");
        assert_eq!(name("sqlite::memory:"), ":memory:");
    }
}

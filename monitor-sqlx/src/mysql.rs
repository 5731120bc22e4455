//! MySQL and MariaDB: where options lead, what errors mean.

use monitor_core::capture::{Database, ErrorClass, System};
use monitor_core::inquire::{AskError, AskErrorKind, Manners};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sqlx::{ConnectOptions, Error, MySqlConnection};

use crate::error::Fault;

pub(crate) fn identify(options: &MySqlConnectOptions) -> Database {
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    Database {
        system: System::MySql,
        name: options.get_database().unwrap_or_default().to_owned(),
        port: socket.is_none().then(|| options.get_port()),
        host: socket.unwrap_or_else(|| options.get_host().to_owned()),
    }
}

/// sqlx tells it in a URL only, and panics where host or user do not fit into one: `::1`, a name with a blank. So
/// neither goes in, nor does the password.
pub(crate) fn cache_capacity(options: &MySqlConnectOptions) -> Option<usize> {
    let url = options.clone().host("host").username("user").password("").to_url_lossy();
    let mut told = url.query_pairs();
    told.find(|(key, _)| key == "statement-cache-capacity")?.1.parse().ok()
}

/// MariaDB says so in its version; sqlx keeps to itself what the server said when it connected.
pub(crate) async fn system(raw: &mut MySqlConnection) -> Result<System, Error> {
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(raw).await?;
    Ok(if version.contains("MariaDB") { System::MariaDb } else { System::MySql })
}

/// Zero for a SELECT, and never left over from another statement.
pub(crate) fn tells_affected(_text: &str) -> bool {
    true
}

pub(crate) fn fault(error: &dyn DatabaseError) -> Fault {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    let class = number.and_then(class_of_number).unwrap_or_else(|| match error.kind() {
        ErrorKind::UniqueViolation => ErrorClass::UniqueViolation,
        ErrorKind::ForeignKeyViolation => ErrorClass::ForeignKeyViolation,
        ErrorKind::NotNullViolation => ErrorClass::NotNullViolation,
        ErrorKind::CheckViolation => ErrorClass::CheckViolation,
        _ => error.code().as_deref().map_or(ErrorClass::Other, ErrorClass::from_sqlstate),
    });
    Fault { class, code: number.map(|number| number.to_string()) }
}

/// Errors whose SQLSTATE is only `HY000`, or says too little.
fn class_of_number(number: u16) -> Option<ErrorClass> {
    Some(match number {
        // Lock wait time-out, deadlock, NOWAIT.
        1205 | 1213 | 3572 => ErrorClass::Conflict,
        // Query interrupted (KILL QUERY), max_statement_time, max_execution_time.
        1317 | 1969 | 3024 => ErrorClass::Timeout,
        // Too many connections, shutdown, connection killed or lost.
        1040 | 1053 | 1203 | 1927 | 2006 | 2013 => ErrorClass::Connection,
        // --read-only, read-only transaction, --super-read-only.
        1290 | 1792 | 1836 => ErrorClass::ReadOnly,
        // CHECK, as MySQL and as MariaDB number it.
        3819 | 4025 => ErrorClass::CheckViolation,
        _ => return None,
    })
}

pub(crate) fn asking(options: &MySqlConnectOptions, _: &Manners) -> Option<MySqlConnectOptions> {
    Some(options.clone().disable_statement_logging())
}

pub(crate) fn scratch() -> Option<MySqlConnectOptions> {
    None
}

pub(crate) fn refusal(error: &dyn DatabaseError) -> AskError {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    let kind = match number.unwrap_or_default() {
        // Access denied to a database, a user, a table, a column, an operation, a routine.
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 | 1698 => AskErrorKind::Denied,
        // Lock wait, interrupted, MariaDB's and MySQL's limits of a statement's time.
        1205 | 1317 | 1969 | 3024 => AskErrorKind::TooSlow,
        // Too many connections, shutting down, connection killed.
        1040 | 1053 | 1203 | 1226 | 1927 => AskErrorKind::Gone,
        _ => AskErrorKind::Wrong,
    };
    AskError { kind, code: number.map(|number| number.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_more_than_their_sqlstate() {
        assert_eq!(class_of_number(1213), Some(ErrorClass::Conflict));
        assert_eq!(class_of_number(1927), Some(ErrorClass::Connection));
        assert_eq!(class_of_number(1146), None);
    }
}

//! PostgreSQL: where options lead, what errors mean.

use monitor_core::capture::{Database, ErrorClass, System};
use monitor_core::inquire::{AskError, AskErrorKind, Manners};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Error, PgConnection};

use crate::error::Fault;

pub(crate) fn identify(options: &PgConnectOptions) -> Database {
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    Database {
        system: System::PostgreSql,
        // The server does the same for a client that names no database.
        name: options.get_database().unwrap_or_else(|| options.get_username()).to_owned(),
        port: socket.is_none().then(|| options.get_port()),
        host: socket.unwrap_or_else(|| options.get_host().to_owned()),
    }
}

/// sqlx tells it in a URL only, and panics where host or user do not fit into one: `::1`, a name with a blank. So
/// neither goes in, nor does the password.
pub(crate) fn cache_capacity(options: &PgConnectOptions) -> Option<usize> {
    let url = options.clone().host("host").username("user").password("").to_url_lossy();
    let mut told = url.query_pairs();
    told.find(|(key, _)| key == "statement-cache-capacity")?.1.parse().ok()
}

pub(crate) async fn system(_: &mut PgConnection) -> Result<System, Error> {
    Ok(System::PostgreSql)
}

/// The number of a command tag. For a SELECT it is the rows returned.
pub(crate) fn tells_affected(_text: &str) -> bool {
    true
}

pub(crate) fn fault(error: &dyn DatabaseError) -> Fault {
    let code = error.code();
    let class = code.as_deref().map_or(ErrorClass::Other, ErrorClass::from_sqlstate);
    Fault { class, code: code.map(Into::into) }
}

pub(crate) fn asking(options: &PgConnectOptions, manners: &Manners) -> Option<PgConnectOptions> {
    let options = options.clone().disable_statement_logging();
    let options = options.application_name(Manners::APPLICATION_NAME);
    Some(options.options(manners.postgres_settings()))
}

pub(crate) fn scratch() -> Option<PgConnectOptions> {
    None
}

pub(crate) fn refusal(error: &dyn DatabaseError) -> AskError {
    let code = error.code();
    let kind = match code.as_deref().unwrap_or_default() {
        // insufficient_privilege, and no way in: wrong password, no such user.
        "42501" => AskErrorKind::Denied,
        code if code.starts_with("28") => AskErrorKind::Denied,
        // lock_not_available, query_canceled: our own time limits.
        "55P03" | "57014" => AskErrorKind::TooSlow,
        // Connection lost, server shutting down, too many connections.
        code if code.starts_with("08") || code.starts_with("57P") => AskErrorKind::Gone,
        "53300" => AskErrorKind::Gone,
        _ => AskErrorKind::Wrong,
    };
    AskError { kind, code: code.map(Into::into) }
}

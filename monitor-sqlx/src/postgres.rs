//! PostgreSQL: where options lead, what errors mean.

use monitor_core::capture::{Database, ErrorClass, System};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;

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

/// The number of a command tag. For a SELECT it is the rows returned.
pub(crate) fn tells_affected(_text: &str) -> bool {
    true
}

pub(crate) fn fault(error: &dyn DatabaseError) -> Fault {
    let code = error.code();
    let class = code.as_deref().map_or(ErrorClass::Other, ErrorClass::from_sqlstate);
    Fault { class, code: code.map(Into::into) }
}

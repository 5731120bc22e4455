//! Databases of a test's own.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use monitor_tests::servers;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use tempfile::TempDir;

/// A new, empty PostgreSQL database; returns its URL.
pub(crate) async fn postgres() -> String {
    let server = servers::postgres_url();
    let name = fresh_name();
    let mut connection = PgConnection::connect(&server).await.unwrap();
    connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    on_database(&server, &name)
}

/// A new, empty MariaDB database; returns its URL.
pub(crate) async fn mysql() -> String {
    let server = servers::mysql_url();
    let name = fresh_name();
    let mut connection = MySqlConnection::connect(&server).await.unwrap();
    connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    on_database(&server, &name)
}

/// A SQLite file that lives as long as the folder; returns its path.
pub(crate) fn sqlite() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.db").display().to_string();
    (folder, path)
}

/// Unique in this process and, by the process's number and the time, on a server that is used again.
fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() % 1_000_000_000_000;
    format!("monitor_{}_{nanos}_{}", std::process::id(), NEXT.fetch_add(1, Relaxed))
}

/// A server's URL with another database's name.
fn on_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, ""), |(base, query)| (base, query));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let path = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{name}{query}", &base[..path])
}

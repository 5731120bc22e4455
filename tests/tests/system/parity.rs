//! The same work through sqlx and through diesel gives the same picture, on three databases.

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::RunQueryDsl as _;
use monitor_core::Monitor;
use monitor_core::capture::System;
use monitor_core::identify::Kind;
use monitor_sqlx::MonitoredPool;
use monitor_tests::shop::Dialect;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;

use super::databases;
use super::shop::{self, bound};

/// Runs every statement of the shop once through a sqlx pool.
macro_rules! through_sqlx {
    ($pool:expr, $work:expr) => {
        for work in $work {
            bound!(work).fetch_all(&$pool).await.unwrap();
        }
    };
}

/// Runs every statement of the shop once through a diesel connection.
macro_rules! run {
    ($connection:expr, $backend:ty, $work:expr) => {
        for work in $work {
            shop::query::<$backend>(work).execute($connection).unwrap();
        }
    };
}

#[tokio::test]
async fn postgres_looks_the_same_through_both() {
    let url = databases::postgres().await;
    shop::load_postgres(&url).await;
    let work = shop::workload(Dialect::Postgres);
    let monitor = Monitor::builder().build().unwrap();

    let pool = MonitoredPool::new(PgPoolOptions::new().connect(&url).await.unwrap(), &monitor);
    through_sqlx!(pool, &work);
    let once = counts(&monitor);
    let mut connection = diesel::PgConnection::establish(&url).unwrap();
    connection.set_instrumentation(monitor_diesel::instrumentation(&monitor).url(&url));
    run!(&mut connection, diesel::pg::Pg, &work);

    check(&monitor, &once, System::PostgreSql, work.len());
}

#[tokio::test]
async fn mariadb_looks_the_same_through_both() {
    let url = databases::mysql().await;
    shop::load_mysql(&url).await;
    let work = shop::workload(Dialect::Mysql);
    let monitor = Monitor::builder().build().unwrap();

    let pool = MonitoredPool::new(MySqlPoolOptions::new().connect(&url).await.unwrap(), &monitor);
    through_sqlx!(pool, &work);
    let once = counts(&monitor);
    let mut connection = diesel::MysqlConnection::establish(&url).unwrap();
    connection.set_instrumentation(monitor_diesel::instrumentation(&monitor).url(&url));
    run!(&mut connection, diesel::mysql::Mysql, &work);

    check(&monitor, &once, System::MySql, work.len());
}

#[tokio::test]
async fn sqlite_looks_the_same_through_both() {
    let (_folder, path) = databases::sqlite();
    shop::load_sqlite(&path).await;
    let work = shop::workload(Dialect::Sqlite);
    let monitor = Monitor::builder().build().unwrap();

    let pool = SqlitePoolOptions::new().connect(&format!("sqlite://{path}")).await.unwrap();
    let pool = MonitoredPool::new(pool, &monitor);
    through_sqlx!(pool, &work);
    let once = counts(&monitor);
    let mut connection = diesel::SqliteConnection::establish(&path).unwrap();
    connection.set_instrumentation(monitor_diesel::instrumentation(&monitor).url(&path));
    run!(&mut connection, diesel::sqlite::Sqlite, &work);

    check(&monitor, &once, System::Sqlite, work.len());
}

/// Calls by what a statement is: text, kind, tables, database.
fn counts(monitor: &Monitor) -> BTreeMap<(String, Kind, String, String), u64> {
    // The parser names the tables on the beat; here it is due.
    monitor.beat();
    let statements = monitor.snapshot().lifetime.statements;
    let key = |s: &monitor_core::snapshot::StatementActivity| {
        (s.text.to_string(), s.kind, format!("{:?}", s.tables), s.database.to_string())
    };
    statements.iter().map(|statement| (key(statement), statement.activity.calls)).collect()
}

/// Twice the work, so twice the calls of the very same statements, and no other.
fn check(
    monitor: &Monitor,
    once: &BTreeMap<(String, Kind, String, String), u64>,
    system: System,
    calls: usize,
) {
    assert_eq!(once.values().sum::<u64>(), calls as u64);
    let twice = once.iter().map(|(statement, calls)| (statement.clone(), calls * 2)).collect();
    assert_eq!(counts(monitor), twice);
    let snapshot = monitor.snapshot();
    assert!(snapshot.sources.iter().all(|source| source.database.system == system));
    assert_eq!(snapshot.sources.len(), 2, "a pool, and a connection without one");
    assert_eq!(snapshot.sources[0].database, snapshot.sources[1].database);
    assert_eq!(snapshot.lifetime.total.failed, 0);
    for table in ["orders", "order_items", "customers", "products", "sessions"] {
        assert!(snapshot.lifetime.table(table).is_some(), "{table}");
    }
    assert!(snapshot.lifetime.table("sessions").unwrap().writes > 0);
    assert!(snapshot.lifetime.tables.len() <= monitor_tests::shop::tables().len());
}

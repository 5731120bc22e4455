//! diesel's precise mode against sqlx and against the server: the same work, the same rows.

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager, LoadConnection};
use diesel::deserialize::{self, QueryableByName};
use diesel::query_builder::{BoxedSqlQuery, QueryFragment, SqlQuery};
use diesel::row::NamedRow;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Double, HasSqlType, Text};
use diesel::{QueryResult, RunQueryDsl};
use monitor_core::Monitor;
use monitor_core::identify::{Dialect as Sql, Kind, identify};
use monitor_diesel::{MonitoredConnection, instrumentation};
use monitor_sqlx::MonitoredPool;
use monitor_tests::shop::Dialect;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;

use super::databases;
use super::shop::{self, Work, bound, query};

/// A row that nobody looks into.
struct Any;

impl<DB: Backend> QueryableByName<DB> for Any {
    fn build<'a>(_: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        Ok(Self)
    }
}

/// Runs every statement once, reading all rows of those that have some.
pub(crate) fn run<C, DB>(conn: &mut MonitoredConnection<C>, work: &[Work]) -> QueryResult<()>
where
    C: LoadConnection<Backend = DB, TransactionManager = AnsiTransactionManager>,
    DB: Backend + Default + diesel::backend::DieselReserveSpecialization + 'static,
    DB: HasSqlType<BigInt> + HasSqlType<Double> + HasSqlType<Text>,
    DB: diesel::expression::QueryMetadata<diesel::sql_types::Untyped>,
    DB::QueryBuilder: Default,
    i64: ToSql<BigInt, DB>,
    f64: ToSql<Double, DB>,
    String: ToSql<Text, DB>,
    BoxedSqlQuery<'static, DB, SqlQuery>: QueryFragment<DB>,
{
    for work in work {
        match identify(&work.sql, Sql::Generic).kind {
            Kind::Select => drop(query::<DB>(work).load::<Any>(conn)?),
            _ => drop(query::<DB>(work).execute(conn)?),
        }
    }
    Ok(())
}

#[tokio::test]
async fn postgres_has_the_same_rows_through_sqlx_and_precise_diesel() {
    let (theirs, ours) = (databases::postgres().await, databases::postgres().await);
    shop::load_postgres(&theirs).await;
    shop::load_postgres(&ours).await;
    let work = shop::workload(Dialect::Postgres);
    let (through_sqlx, through_diesel) = (monitor(), monitor());

    let pool = PgPoolOptions::new().connect(&theirs).await.unwrap();
    let pool = MonitoredPool::new(pool, &through_sqlx);
    for work in &work {
        bound!(work).fetch_all(&pool).await.unwrap();
    }
    let conn = diesel::PgConnection::establish(&ours).unwrap();
    let mut conn = instrumentation(&through_diesel).url(&ours).wrap(conn);
    run(&mut conn, &work).unwrap();

    check(&through_sqlx, &through_diesel, work.len());
}

#[tokio::test]
async fn mariadb_has_the_same_rows_through_sqlx_and_precise_diesel() {
    let (theirs, ours) = (databases::mysql().await, databases::mysql().await);
    shop::load_mysql(&theirs).await;
    shop::load_mysql(&ours).await;
    let work = shop::workload(Dialect::Mysql);
    let (through_sqlx, through_diesel) = (monitor(), monitor());

    let pool = MySqlPoolOptions::new().connect(&theirs).await.unwrap();
    let pool = MonitoredPool::new(pool, &through_sqlx);
    for work in &work {
        bound!(work).fetch_all(&pool).await.unwrap();
    }
    let conn = diesel::MysqlConnection::establish(&ours).unwrap();
    let mut conn = instrumentation(&through_diesel).url(&ours).wrap(conn);
    run(&mut conn, &work).unwrap();

    check(&through_sqlx, &through_diesel, work.len());
}

#[tokio::test]
async fn sqlite_has_the_same_rows_through_sqlx_and_precise_diesel() {
    let ((_a, theirs), (_b, ours)) = (databases::sqlite(), databases::sqlite());
    shop::load_sqlite(&theirs).await;
    shop::load_sqlite(&ours).await;
    let work = shop::workload(Dialect::Sqlite);
    let (through_sqlx, through_diesel) = (monitor(), monitor());

    let pool = SqlitePoolOptions::new().connect(&format!("sqlite://{theirs}")).await.unwrap();
    let pool = MonitoredPool::new(pool, &through_sqlx);
    for work in &work {
        bound!(work).fetch_all(&pool).await.unwrap();
    }
    let conn = diesel::SqliteConnection::establish(&ours).unwrap();
    let mut conn = instrumentation(&through_diesel).url(&ours).wrap(conn);
    run(&mut conn, &work).unwrap();

    check(&through_sqlx, &through_diesel, work.len());
}

fn monitor() -> Monitor {
    Monitor::builder().beat_by_hand().build().unwrap()
}

/// Calls, rows returned and rows changed, by what a statement is: text, kind, tables.
fn rows(monitor: &Monitor) -> BTreeMap<(String, Kind, String), (u64, u64, u64)> {
    monitor.beat();
    let statements = monitor.snapshot().lifetime.statements;
    let rows = statements.iter().map(|statement| {
        let key = (statement.text.to_string(), statement.kind, format!("{:?}", statement.tables));
        let numbers = &statement.activity;
        (key, (numbers.calls, numbers.rows_returned, numbers.rows_affected))
    });
    rows.collect()
}

fn check(through_sqlx: &Monitor, through_diesel: &Monitor, calls: usize) {
    let (sqlx, diesel) = (rows(through_sqlx), rows(through_diesel));
    assert_eq!(diesel.values().map(|rows| rows.0).sum::<u64>(), calls as u64);
    for (statement, rows) in &sqlx {
        assert_eq!(diesel.get(statement), Some(rows), "{statement:?}");
    }
    assert_eq!(sqlx.len(), diesel.len());
    let total = through_diesel.snapshot().lifetime.total;
    assert!(total.rows_returned > 1_000, "{} rows", total.rows_returned);
    assert_eq!((total.failed, total.rows_unknown), (0, 0));
}

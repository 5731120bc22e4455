//! The shop, loaded into a database, and its statements run through a driver.

use diesel::backend::Backend;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Double, HasSqlType, Text};
use monitor_tests::shop::{self, Dialect, Param, Scale};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};

/// Small enough to load in a second: 500 customers, 3 000 orders.
pub(crate) const SCALE: f64 = 0.01;

/// Rows of one INSERT.
const ROWS: usize = 200;

pub(crate) async fn load_postgres(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for sql in shop::table_definitions(Dialect::Postgres) {
        connection.execute(sql).await.unwrap();
    }
    for table in shop::tables() {
        let sql = format!("copy {} from stdin (format csv)", table.name);
        let mut copy = connection.copy_in_raw(&sql).await.unwrap();
        copy.send(shop::csv(table, Scale::of(SCALE)).into_bytes()).await.unwrap();
        copy.finish().await.unwrap();
    }
    for sql in shop::index_definitions(Dialect::Postgres) {
        connection.execute(sql).await.unwrap();
    }
}

/// Loads the shop through any connection that runs a text.
macro_rules! load {
    ($connection:expr, $dialect:expr) => {
        for sql in shop::table_definitions($dialect) {
            $connection.execute(sql).await.unwrap();
        }
        for table in shop::tables() {
            for sql in shop::insert_batches(table, Scale::of(SCALE), $dialect, ROWS) {
                $connection.execute(AssertSqlSafe(sql)).await.unwrap();
            }
        }
        for sql in shop::index_definitions($dialect) {
            $connection.execute(sql).await.unwrap();
        }
    };
}

pub(crate) async fn load_mysql(url: &str) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    load!(connection, Dialect::Mysql);
}

pub(crate) async fn load_sqlite(path: &str) {
    let url = format!("sqlite://{path}?mode=rwc");
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    connection.execute("pragma journal_mode = wal").await.unwrap();
    load!(connection, Dialect::Sqlite);
}

/// A statement with its parameters, as one driver takes them.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param>,
}

/// What the shop runs on a database. Every statement can run many times.
pub(crate) fn workload(dialect: Dialect) -> Vec<Work> {
    let queries = shop::workload().into_iter().filter(|query| query.engines.contains(&dialect));
    queries
        // One INSERT with a fixed key: it works once, so a test runs it on purpose.
        .filter(|query| query.id != "s48")
        .map(|query| {
            let (sql, params) = match dialect {
                Dialect::Postgres => shop::for_postgres(&query),
                Dialect::Mysql => shop::for_mysql(&query),
                Dialect::Sqlite => shop::for_sqlite(&query),
            };
            Work { sql, params }
        })
        .collect()
}

/// A sqlx query with the parameters bound.
macro_rules! bound {
    ($work:expr) => {{
        let mut query = sqlx::query(sqlx::AssertSqlSafe($work.sql.clone()));
        for param in $work.params.iter().cloned() {
            query = match param {
                monitor_tests::shop::Param::Int(value) => query.bind(value),
                monitor_tests::shop::Param::Float(value) => query.bind(value),
                monitor_tests::shop::Param::Date(value)
                | monitor_tests::shop::Param::Text(value)
                | monitor_tests::shop::Param::Timestamp(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(crate) use bound;

/// A statement with its parameters, for any of diesel's backends.
pub(crate) fn query<DB>(work: &Work) -> BoxedSqlQuery<'static, DB, SqlQuery>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Double> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    f64: ToSql<Double, DB>,
    String: ToSql<Text, DB>,
{
    let query = diesel::sql_query(work.sql.clone()).into_boxed::<DB>();
    work.params.iter().cloned().fold(query, |query, param| match param {
        Param::Int(value) => query.bind::<BigInt, _>(value),
        Param::Float(value) => query.bind::<Double, _>(value),
        Param::Date(value) | Param::Text(value) | Param::Timestamp(value) => {
            query.bind::<Text, _>(value)
        }
    })
}

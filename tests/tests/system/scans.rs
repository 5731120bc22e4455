//! Tests of an application that mind when a whole table is read, on the real planners.

use std::panic::{AssertUnwindSafe, catch_unwind};

use monitor_core::Monitor;
use monitor_core::inquire::Asker;
use monitor_core::testing::Captured;
use monitor_sqlx::{MonitoredDatabase, MonitoredPool, asker};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, Executor, IntoArguments};

use super::databases;

/// 4 000 orders with an index on their customers, and a few states. Nobody gathers statistics.
const CREATE: [&str; 7] = [
    "create table digits (d int not null)",
    "insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
    "create table orders (id int primary key, customer_id int not null, note varchar(80) not null)",
    "create index orders_customer on orders (customer_id)",
    "insert into orders select n, n % 1000, 'a note that takes some room' from
        (select a.d + 10 * b.d + 100 * c.d + 1000 * e.d as n from digits a, digits b, digits c, digits e where e.d < 4) numbers",
    "create table states (id int primary key, name varchar(20) not null)",
    "insert into states select d, 'state' from digits",
];

/// What an assertion says when it does not hold.
fn said(captured: &Captured, asker: &mut dyn Asker) -> Option<String> {
    let caught = catch_unwind(AssertUnwindSafe(|| captured.assert_no_full_scan(asker)));
    caught.err().map(|said| *said.downcast::<String>().unwrap())
}

async fn whole_tables_are_minded<DB>(pool: sqlx::Pool<DB>, placeholder: &str, way: &str)
where
    DB: MonitoredDatabase,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    i32: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    for<'q> &'q str: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
{
    for text in CREATE {
        pool.acquire().await.unwrap().execute(text).await.unwrap();
    }
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let pool = MonitoredPool::new(pool, &monitor);
    let mut asker = asker::<DB>(&monitor, &pool.connect_options());
    let by = |what: &str, value: i32| {
        let text = AssertSqlSafe(format!("{what} = {placeholder}"));
        sqlx::query::<DB>(text).bind(value)
    };

    let (_, good) = monitor
        .capture(async {
            for text in
                ["select note from orders where id", "select id from orders where customer_id"]
            {
                by(text, 7).fetch_all(&pool).await.unwrap();
            }
            by("update orders set note = 'paid' where id", 7).execute(&pool).await.unwrap();
            // Small, and a few rows of whichever.
            pool.fetch_all("select name from states where name = 'state'").await.unwrap();
            pool.fetch_all("select id from orders limit 3").await.unwrap();
            pool.execute("insert into states values (100, 'new')").await.unwrap();
        })
        .await;
    assert_eq!(said(&good, &mut asker), None);
    let scans = good.full_scans(&mut asker).unwrap();
    assert_eq!((scans.explained, scans.not_explained.len()), (5, 0), "{scans}");

    let (_, bad) = monitor
        .capture(async {
            let text = AssertSqlSafe(format!("select id from orders where note = {placeholder}"));
            let query = sqlx::query::<DB>(text).bind("a note that nobody wrote");
            query.fetch_all(&pool.here()).await.unwrap();
            pool.execute("delete from orders where note = 'nothing'").await.unwrap();
        })
        .await;
    let before = monitor.snapshot().lifetime.total.calls;
    let message = said(&bad, &mut asker).unwrap();
    assert!(message.starts_with("whole tables are read"), "{message}");
    for part in
        [way, "by select id from orders where note = ?", "scans.rs:", "by delete from orders"]
    {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("nobody wrote") && !message.contains("customer_id"), "{message}");
    // Nothing ran again, and nothing was counted.
    assert_eq!(monitor.snapshot().lifetime.total.calls, before);

    let other = Monitor::builder().beat_by_hand().build().unwrap();
    let elsewhere = other.database(monitor_core::capture::Database::default());
    let (_, foreign) = other.capture_sync(|| elsewhere.call("select 1").complete());
    assert!(said(&foreign, &mut asker).unwrap().contains("none of these queries"));
}

#[tokio::test]
async fn on_postgres() {
    let pool = PgPoolOptions::new().connect(&databases::postgres().await).await.unwrap();
    whole_tables_are_minded(pool, "$1", "orders (Seq Scan)").await;
}

#[tokio::test]
async fn on_mariadb() {
    let pool = MySqlPoolOptions::new().connect(&databases::mysql().await).await.unwrap();
    whole_tables_are_minded(pool, "?", "orders (ALL orders)").await;
}

#[tokio::test]
async fn on_sqlite() {
    let (_folder, path) = databases::sqlite();
    let pool = SqlitePoolOptions::new().connect(&format!("sqlite:{path}?mode=rwc")).await.unwrap();
    whole_tables_are_minded(pool, "?", "orders (SCAN orders)").await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_fails_the_test_and_says_so() {
    let (_folder, path) = databases::sqlite();
    let pool = SqlitePoolOptions::new().connect(&format!("sqlite:{path}?mode=rwc")).await.unwrap();
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let pool = MonitoredPool::new(pool, &monitor);
    let (_, captured) = monitor.capture(pool.fetch_all("select 1")).await;
    let mut asker = asker::<sqlx::Sqlite>(&monitor, &pool.connect_options());
    pool.inner().close().await;
    std::fs::remove_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
    let message = said(&captured, &mut asker).unwrap();
    assert!(message.starts_with("cannot ask for plans"), "{message}");
}

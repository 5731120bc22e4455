//! Precise mode on connections of diesel-async.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl,
    SaveChangesDsl, SimpleAsyncConnection,
};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use futures_util::StreamExt;
use monitor_core::Monitor;
use monitor_core::capture::ErrorClass;
use monitor_core::identify::Kind;
use monitor_diesel::{MonitoredConnection, instrumentation};

use crate::support::{
    CREATE, Change, errors, kind, monitor, mysql_url, postgres_url, source, statement, texts,
    total, users,
};

async fn wrapped<C: AsyncConnection>(monitor: &Monitor, url: &str) -> MonitoredConnection<C> {
    let mut conn = C::establish(url).await.unwrap();
    conn.batch_execute(CREATE).await.unwrap();
    instrumentation(monitor).url(url).wrap_async(conn)
}

async fn postgres(monitor: &Monitor) -> MonitoredConnection<AsyncPgConnection> {
    wrapped(monitor, &postgres_url()).await
}

async fn mysql(monitor: &Monitor) -> MonitoredConnection<AsyncMysqlConnection> {
    wrapped(monitor, &mysql_url()).await
}

/// On SQLite the connection inside is wrapped.
async fn sqlite(monitor: &Monitor) -> SyncConnectionWrapper<MonitoredConnection<SqliteConnection>> {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut conn, CREATE).unwrap();
    SyncConnectionWrapper::new(instrumentation(monitor).url(":memory:").wrap(conn))
}

#[derive(Debug, PartialEq, Queryable, Identifiable, AsChangeset, Clone, Copy)]
#[diesel(table_name = users)]
struct Renamed {
    id: i32,
    name: &'static str,
}

macro_rules! every_backend {
    ($backend:ident, $unbuildable:expr) => {
        mod $backend {
            use super::{$backend as connect, *};

            #[tokio::test(flavor = "multi_thread")]
            async fn every_call_counts_once_with_its_rows() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                for id in 1..=3 {
                    let row = (users::id.eq(id), users::name.eq("Ada"));
                    let insert = diesel::insert_into(users::table).values(row);
                    assert_eq!(insert.execute(&mut conn).await, Ok(1));
                }
                for _ in 0..2 {
                    let all = users::table.load::<(i32, String)>(&mut conn).await;
                    assert_eq!(all.unwrap().len(), 3);
                    let one = users::table.find(1).first::<(i32, String)>(&mut conn).await;
                    assert_eq!(one.unwrap().0, 1);
                }
                let change = diesel::update(users::table).set(users::name.eq("Eve"));
                assert_eq!(change.execute(&mut conn).await, Ok(3));
                assert_eq!(diesel::delete(users::table).execute(&mut conn).await, Ok(3));
                conn.batch_execute("drop table users").await.unwrap();
                let select = kind(&monitor, Kind::Select);
                assert_eq!((select.calls, select.completed(), select.rows_returned), (4, 4, 8));
                assert_eq!(kind(&monitor, Kind::Insert).rows_affected, 3);
                assert_eq!(kind(&monitor, Kind::Update).rows_affected, 3);
                assert_eq!(kind(&monitor, Kind::Delete).rows_affected, 3);
                let total = total(&monitor);
                assert_eq!((total.calls, total.completed(), total.rows_unknown), (10, 10, 1));
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn errors_are_those_the_caller_sees() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                let ada = (users::id.eq(1), users::name.eq("Ada"));
                let insert = || diesel::insert_into(users::table).values(ada);
                insert().execute(&mut conn).await.unwrap();
                assert!(insert().execute(&mut conn).await.is_err());
                assert!(conn.batch_execute("selct 1").await.is_err());
                let insert = statement(&monitor, "insert into users");
                assert_eq!((insert.calls, insert.failed), (2, 1));
                assert_eq!(errors(&insert), [(ErrorClass::UniqueViolation, 1)]);
                assert_eq!(total(&monitor).failed, 2);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_transaction_is_followed_to_its_end() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                for well in [true, false, true] {
                    let _ = conn
                        .transaction(async |conn: &mut _| {
                            let one = diesel::select(1.into_sql::<Integer>());
                            one.get_result::<i32>(conn).await?;
                            if well { Ok(()) } else { Err(diesel::NotFound) }
                        })
                        .await;
                }
                let transactions = source(&monitor).transactions;
                assert_eq!((transactions.begun, transactions.open), (3, 0));
                assert_eq!((transactions.committed, transactions.rolled_back), (2, 1));
                assert_eq!(transactions.think.count(), 3);
                assert_eq!(kind(&monitor, Kind::Transaction).calls, 6);
                assert_eq!(kind(&monitor, Kind::Select).rows_returned, 3);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_query_that_cannot_be_built_is_an_error_and_no_panic() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                let nothing = Change { name: None };
                let result = diesel::update(users::table).set(nothing).execute(&mut conn).await;
                assert!(matches!(result, Err(diesel::result::Error::QueryBuilderError(_))));
                assert_eq!(texts(&monitor), $unbuildable);
                assert_eq!(total(&monitor).completed(), 0);
            }
        }
    };
}

every_backend!(postgres, ["unbuildable query"]);
every_backend!(mysql, ["unbuildable query"]);
// The wrapper refuses such a query before the connection hears of it.
every_backend!(sqlite, [""; 0]);

macro_rules! saves_changes {
    ($name:ident, $connect:ident) => {
        #[tokio::test]
        async fn $name() {
            let monitor = monitor();
            let mut conn = $connect(&monitor).await;
            let row = (users::id.eq(1), users::name.eq("Ada"));
            diesel::insert_into(users::table).values(row).execute(&mut conn).await.unwrap();
            let renamed = Renamed { id: 1, name: "Eve" };
            let saved: (i32, String) = (&renamed).save_changes(&mut conn).await.unwrap();
            assert_eq!(saved, (1, "Eve".to_owned()));
            assert_eq!(kind(&monitor, Kind::Update).rows_affected, 1);
        }
    };
}

saves_changes!(a_changed_row_is_saved_and_fetched_on_postgres, postgres);
saves_changes!(a_changed_row_is_saved_and_fetched_on_mysql, mysql);

/// What instrumentation is not told of: see `an_error_while_rows_are_read_is_hidden`.
#[tokio::test]
async fn an_error_while_rows_are_read_is_a_failure() {
    #[derive(QueryableByName)]
    struct One {
        #[diesel(sql_type = Integer)]
        _one: i32,
    }
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    let zero = diesel::sql_query("select 1 / (3 - g) as _one from generate_series(1, 5) g");
    assert!(zero.load::<One>(&mut conn).await.is_err());
    assert_eq!((total(&monitor).calls, total(&monitor).failed), (1, 1));

    let ada = (users::id.eq(1), users::name.eq("Ada"));
    for _ in 0..2 {
        let insert = diesel::insert_into(users::table).values(ada).returning(users::id);
        let _ = insert.get_result::<i32>(&mut conn).await;
    }
    let insert = statement(&monitor, "insert into users");
    assert_eq!((insert.calls, insert.failed, insert.rows_affected), (2, 1, 1));
    assert_eq!(errors(&insert), [(ErrorClass::UniqueViolation, 1)]);
}

#[tokio::test]
async fn pipelined_calls_count_each_once_with_their_rows() {
    let monitor = monitor();
    let conn = postgres(&monitor).await;
    let one = diesel::select(1.into_sql::<Integer>());
    for _ in 0..10 {
        let (mut a, mut b, mut c) = (&conn, &conn, &conn);
        let sleep = diesel::sql_query("select pg_sleep(0.001)");
        tokio::try_join!(
            one.get_result::<i32>(&mut a),
            one.get_result::<i32>(&mut b),
            sleep.execute(&mut c),
        )
        .unwrap();
    }
    assert_eq!((total(&monitor).calls, total(&monitor).completed()), (30, 30));
    assert_eq!(total(&monitor).rows_returned, 30);
    let mut conn = conn;
    one.get_result::<i32>(conn.inner_mut()).await.unwrap();
    assert_eq!(total(&monitor).calls, 31, "nothing that was covered is left over");
}

#[tokio::test]
async fn a_cancelled_call_counts_as_cancelled_at_that_moment() {
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    let limit = Duration::from_millis(50);
    let call = diesel::sql_query("select pg_sleep(0.3)").execute(&mut conn);
    assert!(tokio::time::timeout(limit, call).await.is_err());
    let cancelled = statement(&monitor, "pg_sleep");
    assert_eq!((cancelled.calls, cancelled.cancelled), (1, 1));
    assert!(cancelled.time >= limit, "{:?}", cancelled.time);
    diesel::select(1.into_sql::<Integer>()).get_result::<i32>(&mut conn).await.unwrap();
    assert_eq!((total(&monitor).calls, total(&monitor).completed()), (2, 1));
}

#[tokio::test]
async fn a_future_that_was_never_polled_is_no_call() {
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    drop(diesel::sql_query("select 1 as never").execute(&mut conn));
    diesel::sql_query("select 1 as once").execute(&mut conn).await.unwrap();
    drop(conn);
    assert_eq!((total(&monitor).calls, statement(&monitor, "once").completed()), (1, 1));
}

#[tokio::test]
async fn a_stream_is_timed_until_its_last_row_and_not_while_its_reader_rests() {
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    let rows = diesel::sql_query(
        "select g as id, pg_sleep(0.02)::text as name from generate_series(1, 5) g",
    );
    let rest = Duration::from_millis(300);
    {
        let mut stream = std::pin::pin!(rows.load_stream::<User>(&mut conn).await.unwrap());
        let mut seen = 0;
        while let Some(row) = stream.next().await {
            seen += row.unwrap().id;
        }
        assert_eq!(seen, 15);
        tokio::time::sleep(rest).await;
    }
    let seen = statement(&monitor, "generate_series");
    assert_eq!((seen.calls, seen.completed(), seen.rows_returned), (1, 1, 5));
    assert!(seen.time >= Duration::from_millis(90), "{:?}", seen.time);
}

#[derive(QueryableByName)]
struct User {
    #[diesel(sql_type = Integer)]
    id: i32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_count_exactly() {
    let monitor = monitor();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let monitor = monitor.clone();
        tasks.push(tokio::spawn(async move {
            let mut conn = postgres(&monitor).await;
            for id in 0..100 {
                let row = (users::id.eq(id % 90), users::name.eq("Ada"));
                let insert = diesel::insert_into(users::table).values(row).returning(users::id);
                let _ = insert.get_result::<i32>(&mut conn).await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let total = total(&monitor);
    assert_eq!((total.calls, total.completed(), total.failed), (400, 360, 40));
    assert_eq!((total.rows_returned, total.rows_affected), (360, 360));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_of_diesel_async_run_on_it() {
    let monitor = monitor();
    let mut conn = AsyncPgConnection::establish(&postgres_url()).await.unwrap();
    conn.batch_execute("set search_path to pg_temp").await.unwrap();
    let conn = instrumentation(&monitor).url(&postgres_url()).wrap_async(conn);
    let migrations = FileBasedMigrations::from_path("tests/migrations").unwrap();
    let mut harness = AsyncMigrationHarness::new(conn);
    assert_eq!(harness.run_pending_migrations(migrations.clone()).unwrap().len(), 1);
    assert_eq!(harness.run_pending_migrations(migrations).unwrap().len(), 0);
    assert_eq!(statement(&monitor, "create table colours").calls, 1);
    assert_eq!(total(&monitor).failed, 0);
}

//! diesel-async, which this crate does not know of.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{
    AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
};
use monitor_core::Monitor;
use monitor_core::capture::ErrorClass;
use monitor_core::identify::Kind;

use crate::support::{
    CREATE, errors, everything, kind, monitor, mysql_url, postgres_url, source, statement, texts,
    total, users,
};

async fn watched<C: AsyncConnection>(monitor: &Monitor, url: &str) -> C {
    let mut conn = C::establish(url).await.unwrap();
    conn.batch_execute(CREATE).await.unwrap();
    conn.set_instrumentation(monitor_diesel::instrumentation(monitor).url(url));
    conn
}

async fn postgres(monitor: &Monitor) -> AsyncPgConnection {
    watched(monitor, &postgres_url()).await
}

async fn mysql(monitor: &Monitor) -> AsyncMysqlConnection {
    watched(monitor, &mysql_url()).await
}

async fn sqlite(monitor: &Monitor) -> SyncConnectionWrapper<SqliteConnection> {
    watched(monitor, ":memory:").await
}

macro_rules! every_backend {
    ($backend:ident, $unbuildable:expr) => {
        mod $backend {
            use super::{$backend as connect, *};

            #[tokio::test]
            async fn every_statement_counts_once() {
                const SECRET: &str = "hunter2-s3cr3t";
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                let ada = (users::id.eq(1), users::name.eq(SECRET));
                for _ in 0..3 {
                    let insert = diesel::insert_into(users::table).values(ada);
                    insert.execute(&mut conn).await.unwrap();
                    let found = users::table.filter(users::name.eq(SECRET));
                    let found = found.load::<(i32, String)>(&mut conn).await.unwrap();
                    assert_eq!(found.len(), 1);
                    let change = diesel::update(users::table).set(users::name.eq("Eve"));
                    change.execute(&mut conn).await.unwrap();
                    diesel::delete(users::table).execute(&mut conn).await.unwrap();
                }
                conn.batch_execute("drop table users").await.unwrap();
                for one in [Kind::Insert, Kind::Select, Kind::Update, Kind::Delete] {
                    let activity = kind(&monitor, one);
                    assert_eq!((activity.calls, activity.completed()), (3, 3), "{one}");
                }
                assert_eq!(total(&monitor).calls, 13);
                assert!(!everything(&monitor).contains(SECRET));
            }

            #[tokio::test]
            async fn a_broken_unique_key_is_a_failure_of_its_class() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                let ada = (users::id.eq(1), users::name.eq("Ada"));
                let insert = || diesel::insert_into(users::table).values(ada);
                insert().execute(&mut conn).await.unwrap();
                assert!(insert().execute(&mut conn).await.is_err());
                let insert = statement(&monitor, "insert into users");
                assert_eq!((insert.calls, insert.failed), (2, 1));
                assert_eq!(errors(&insert), [(ErrorClass::UniqueViolation, 1)]);
            }

            #[tokio::test]
            async fn a_transaction_is_followed_to_its_end() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                for well in [true, false, true] {
                    let _ = conn
                        .transaction(async |conn: &mut _| {
                            assert_eq!(source(&monitor).transactions.open, 1);
                            let one = diesel::select(1.into_sql::<Integer>());
                            one.get_result::<i32>(conn).await?;
                            if well { Ok(()) } else { Err(diesel::NotFound) }
                        })
                        .await;
                }
                let transactions = source(&monitor).transactions;
                assert_eq!((transactions.begun, transactions.open), (3, 0));
                assert_eq!((transactions.committed, transactions.rolled_back), (2, 1));
                assert_eq!(kind(&monitor, Kind::Transaction).calls, 6);
            }

            #[tokio::test]
            async fn a_query_that_cannot_be_built_is_an_error_and_no_panic() {
                let monitor = monitor();
                let mut conn = connect(&monitor).await;
                let nothing = crate::support::Change { name: None };
                let result = diesel::update(users::table).set(nothing).execute(&mut conn).await;
                assert!(matches!(result, Err(diesel::result::Error::QueryBuilderError(_))));
                drop(conn);
                assert_eq!(texts(&monitor), $unbuildable);
                assert_eq!(total(&monitor).completed(), 0);
            }
        }
    };
}

every_backend!(postgres, ["unbuildable query"]);
every_backend!(mysql, ["unbuildable query"]);
// The wrapper refuses such a query before it tells of it.
every_backend!(sqlite, [""; 0]);

#[tokio::test]
async fn pipelined_queries_count_each_once() {
    let monitor = monitor();
    let conn = postgres(&monitor).await;
    let one = diesel::select(1.into_sql::<Integer>());
    let text = diesel::select("a".into_sql::<Text>());
    for _ in 0..10 {
        let (mut a, mut b, mut c, mut d, mut e) = (&conn, &conn, &conn, &conn, &conn);
        tokio::try_join!(
            one.get_result::<i32>(&mut a),
            one.get_result::<i32>(&mut b),
            text.get_result::<String>(&mut c),
            one.get_result::<i32>(&mut d),
            diesel::sql_query("select 2 as two").execute(&mut e),
        )
        .unwrap();
    }
    drop(conn);
    assert_eq!((total(&monitor).calls, total(&monitor).completed()), (50, 50));
    assert_eq!(statement(&monitor, "as two").calls, 10);
}

#[tokio::test]
async fn a_cancelled_call_counts_as_cancelled_and_the_next_ones_as_their_own() {
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    let sleep = "select pg_sleep(0.3)";
    let limit = Duration::from_millis(50);
    let call = diesel::sql_query(sleep).execute(&mut conn);
    assert!(tokio::time::timeout(limit, call).await.is_err());
    for _ in 0..5 {
        diesel::select(1.into_sql::<Integer>()).get_result::<i32>(&mut conn).await.unwrap();
    }
    let cancelled = statement(&monitor, "pg_sleep");
    assert_eq!((cancelled.calls, cancelled.cancelled), (1, 1));
    assert!(cancelled.time >= limit, "{:?}", cancelled.time);
    diesel::sql_query(sleep).execute(&mut conn).await.unwrap();
    let sleep = statement(&monitor, "pg_sleep");
    assert_eq!((sleep.calls, sleep.completed()), (2, 1));
    assert_eq!(total(&monitor).calls, 7);
}

#[tokio::test]
async fn a_connection_dropped_with_its_call_cancels_it() {
    let monitor = monitor();
    let mut conn = mysql(&monitor).await;
    let limit = Duration::from_millis(50);
    let call = diesel::sql_query("select sleep(0.3)").execute(&mut conn);
    assert!(tokio::time::timeout(limit, call).await.is_err());
    drop(conn);
    let sleep = statement(&monitor, "sleep");
    assert_eq!((sleep.calls, sleep.cancelled), (1, 1));
    assert!(sleep.time >= limit);
}

#[tokio::test]
async fn a_transaction_that_is_cancelled_is_dropped() {
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    let work = conn.transaction(async |conn: &mut AsyncPgConnection| {
        diesel::sql_query("select pg_sleep(0.3)").execute(conn).await
    });
    assert!(tokio::time::timeout(Duration::from_millis(50), work).await.is_err());
    drop(conn);
    let transactions = source(&monitor).transactions;
    assert_eq!((transactions.begun, transactions.dropped, transactions.open), (1, 1, 0));
    assert_eq!(statement(&monitor, "pg_sleep").cancelled, 1);
}

/// diesel-async tells of a call when its future is made, so this cannot be told from a cancelled one.
#[tokio::test]
async fn a_future_that_was_never_polled_counts_as_cancelled() {
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    drop(diesel::sql_query("select 1 as never").execute(&mut conn));
    drop(conn);
    assert_eq!(statement(&monitor, "never").cancelled, 1);
}

/// The crate's first page says that such errors are not seen; should this fail, it can be mended.
#[tokio::test]
async fn an_error_while_rows_are_read_is_hidden() {
    #[derive(QueryableByName)]
    struct One {
        #[diesel(sql_type = Integer)]
        _one: i32,
    }
    let monitor = monitor();
    let mut conn = postgres(&monitor).await;
    let zero = diesel::sql_query("select 1 / (3 - g) as _one from generate_series(1, 5) g");
    assert!(zero.load::<One>(&mut conn).await.is_err());
    assert_eq!((total(&monitor).calls, total(&monitor).completed()), (1, 1));
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
                let row = (users::id.eq(id), users::name.eq("Ada"));
                diesel::insert_into(users::table).values(row).execute(&mut conn).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((total(&monitor).calls, total(&monitor).completed()), (400, 400));
}

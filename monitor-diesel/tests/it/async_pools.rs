//! deadpool, bb8 and mobc.

use std::time::Duration;

use ::deadpool::Runtime;
use ::deadpool::managed::Timeouts;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::pooled_connection::{bb8 as their_bb8, deadpool as theirs, mobc as their_mobc};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::future::BoxFuture;
use monitor_core::Monitor;
use monitor_core::judge::Starvation;
use monitor_core::snapshot::{PoolActivity, SourceActivity};
use monitor_diesel::{MonitoredConnection, bb8, database_of, deadpool, mobc};

use crate::install::{default_is_mine, default_stays_empty};
use crate::support::{monitor, mysql_url, postgres_url, statement, total};

const LIMIT: Duration = Duration::from_millis(100);

fn manager<C: AsyncConnection + 'static>() -> AsyncDieselConnectionManager<C> {
    AsyncDieselConnectionManager::new(postgres_url())
}

fn pool_of(monitor: &Monitor) -> (SourceActivity, PoolActivity) {
    let snapshot = monitor.snapshot();
    let mut pools = snapshot.pools();
    let (source, pool) = pools.next().unwrap();
    (source.clone(), pool.clone())
}

macro_rules! every_pool {
    ($name:ident, $build:expr, $checks:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn a_checkout_is_a_wait_and_a_hold_with_its_line() {
                let _default = default_stays_empty();
                let monitor = monitor();
                let pool = ($build)(monitor.clone()).await;
                let mut conn = pool.get().await.unwrap();
                let one = diesel::select(1.into_sql::<Integer>());
                one.get_result::<i32>(&mut conn).await.unwrap();
                let (source, now) = pool_of(&monitor);
                assert_eq!((&*source.name, source.activity.calls), ("shop", 1));
                assert_eq!((now.checkouts.taken, now.checkouts.out, now.held.len()), (1, 1, 1));
                assert!(now.held[0].call_site.unwrap().to_string().contains("async_pools.rs"));
                assert_eq!(now.held[0].statement.as_deref(), Some("select ?"));
                let levels = now.levels.unwrap();
                assert_eq!((levels.size, levels.max), (1, Some(1)));
                drop(conn);
                let (source, now) = pool_of(&monitor);
                assert_eq!((now.checkouts.out, now.checkouts.hold.count()), (0, 1));
                assert_eq!((source.connections.created, source.connections.closed), (1, 0));
            }

            #[tokio::test]
            async fn its_own_look_at_a_connection_is_no_call() {
                let _default = default_stays_empty();
                let monitor = monitor();
                let pool = ($build)(monitor.clone()).await;
                for _ in 0..4 {
                    let mut conn = pool.get().await.unwrap();
                    diesel::sql_query("select 2 as two").execute(&mut conn).await.unwrap();
                }
                let (source, _) = pool_of(&monitor);
                assert_eq!(statement(&monitor, "as two").calls, 4);
                assert_eq!(total(&monitor).calls, 4);
                assert_eq!(source.connections.check_time.count(), $checks);
            }

            #[tokio::test]
            async fn a_pool_that_is_empty_for_too_long_is_a_time_out_with_its_holders() {
                let _default = default_stays_empty();
                let monitor = monitor();
                let pool = ($build)(monitor.clone()).await;
                let mut conn = pool.get().await.unwrap();
                let sleep = diesel::sql_query("select pg_sleep(0.3)");
                let (slept, waited) = tokio::join!(sleep.execute(&mut conn), pool.get());
                slept.unwrap();
                assert!(waited.is_err());
                drop(waited);
                drop(conn);
                let (_, now) = pool_of(&monitor);
                assert_eq!((now.checkouts.taken, now.checkouts.timed_out), (1, 1));
                assert_eq!((now.checkouts.waiting, now.checkouts.out), (0, 0));
                let (name, explanation) = monitor.timeouts().remove(0);
                assert_eq!((&*name, explanation.starvation), ("shop", Starvation::SlowStatement));
                assert!(explanation.text.contains("pg_sleep(?)"), "{}", explanation.text);
            }

            #[tokio::test]
            async fn a_caller_that_goes_away_leaves_no_trace_in_the_gauges() {
                let _default = default_stays_empty();
                let monitor = monitor();
                let pool = ($build)(monitor.clone()).await;
                let conn = pool.get().await.unwrap();
                assert!(tokio::time::timeout(LIMIT / 4, pool.get()).await.is_err());
                drop(conn);
                let (_, now) = pool_of(&monitor);
                assert_eq!((now.checkouts.cancelled, now.checkouts.waiting), (1, 0));
                drop(pool.get().await.unwrap());
                let (_, now) = pool_of(&monitor);
                assert_eq!((now.checkouts.taken, now.checkouts.out), (2, 0));
            }
        }
    };
}

async fn a_deadpool(monitor: Monitor) -> deadpool::MonitoredPool<AsyncPgConnection> {
    let timeouts = Timeouts { wait: Some(LIMIT), ..Timeouts::default() };
    let pool = theirs::Pool::builder(manager()).max_size(1).timeouts(timeouts);
    let pool = pool.runtime(Runtime::Tokio1).build().unwrap();
    deadpool::MonitoredPool::new("shop", pool, &monitor, database_of(&postgres_url()))
}

async fn a_bb8(monitor: Monitor) -> bb8::MonitoredPool<AsyncPgConnection> {
    let pool = their_bb8::Pool::builder().max_size(1).connection_timeout(LIMIT);
    let pool = pool.build(manager()).await.unwrap();
    bb8::MonitoredPool::new("shop", pool, &monitor, database_of(&postgres_url()))
}

async fn a_mobc(monitor: Monitor) -> mobc::MonitoredPool<AsyncPgConnection> {
    let pool = their_mobc::Pool::builder().max_open(1).get_timeout(Some(LIMIT)).build(manager());
    mobc::MonitoredPool::new("shop", pool, &monitor, database_of(&postgres_url()))
}

every_pool!(of_deadpool, a_deadpool, 3);
every_pool!(of_bb8, a_bb8, 3);
// It looks at a connection that has been idle for a while, and not at others.
every_pool!(of_mobc, a_mobc, 0);

#[tokio::test]
async fn a_pool_of_precise_connections_knows_rows_and_counts_connections_once() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    type Precise = MonitoredConnection<AsyncPgConnection>;
    let pool = theirs::Pool::builder(manager::<Precise>()).max_size(2).build().unwrap();
    let pool =
        deadpool::MonitoredPool::new("precise", pool, &monitor, database_of(&postgres_url()));
    for _ in 0..3 {
        let mut conn = pool.get().await.unwrap();
        let conn: &mut Precise = &mut conn;
        let rows = conn
            .transaction(async |conn: &mut Precise| {
                diesel::sql_query("select generate_series(1, 7)").execute(conn).await
            })
            .await;
        assert_eq!(rows, Ok(7));
    }
    let (source, pool) = pool_of(&monitor);
    assert_eq!((source.activity.calls, source.activity.rows_returned), (9, 21));
    assert_eq!(source.transactions.committed, 3);
    assert_eq!((source.connections.created, source.connections.check_time.count()), (0, 2));
    assert_eq!(pool.checkouts.taken, 3);
    assert_eq!(statement(&monitor, "generate_series").rows_returned, 21);
}

/// Opens a connection as an application does that brings its own TLS.
fn by_a_client_of_ones_own(url: &str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> {
    Box::pin(async move {
        let opened = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
        let (client, connection) =
            opened.map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    })
}

#[tokio::test]
async fn what_sets_a_connection_up_that_was_made_elsewhere_is_no_call() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.custom_setup = Box::new(by_a_client_of_ones_own);
    let manager = AsyncDieselConnectionManager::new_with_config(postgres_url(), config);
    let pool = theirs::Pool::builder(manager).max_size(1).build().unwrap();
    let pool = deadpool::MonitoredPool::new("tls", pool, &monitor, database_of(&postgres_url()));
    for _ in 0..2 {
        let mut conn = pool.get().await.unwrap();
        diesel::sql_query("set time zone 'UTC'").execute(&mut conn).await.unwrap();
    }
    let (source, _) = pool_of(&monitor);
    assert_eq!((total(&monitor).calls, source.activity.calls), (2, 2));
    assert_eq!(monitor.snapshot().sources.len(), 1, "none of an unknown database");
    assert_eq!((source.connections.created, source.connections.closed), (1, 0));
    drop(pool);
    let (source, _) = pool_of(&monitor);
    assert_eq!((source.connections.created, source.connections.closed), (1, 1));
}

#[tokio::test]
async fn mysql_too_is_set_up_without_a_call() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    let opened = mysql_async::Conn::from_url(mysql_url()).await.unwrap();
    let mut conn = AsyncMysqlConnection::try_from(opened).await.unwrap();
    assert_eq!(total(&monitor).calls, 0);
    diesel::sql_query("SET time_zone = '+00:00';").execute(&mut conn).await.unwrap();
    assert_eq!(total(&monitor).calls, 1, "the same by the application is one");
}

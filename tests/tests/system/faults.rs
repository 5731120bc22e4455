//! What goes wrong in production: each has a clear outcome, nothing is lost, nothing panics.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::ErrorClass;
use monitor_core::judge::Status;
use monitor_core::snapshot::Activity;
use monitor_sqlx::MonitoredPool;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};

use super::databases;

fn monitor() -> Monitor {
    Monitor::builder().beat_by_hand().failed_connections(1).build().unwrap()
}

fn total(monitor: &Monitor) -> Activity {
    monitor.snapshot().lifetime.total
}

#[tokio::test]
async fn a_postgres_connection_that_dies_in_mid_query_is_a_failed_call() {
    let url = databases::postgres().await;
    let monitor = monitor();
    let pool = MonitoredPool::new(PgPoolOptions::new().connect(&url).await.unwrap(), &monitor);
    let mut connection = pool.acquire().await.unwrap();
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *connection).await.unwrap();

    let dying = tokio::spawn(async move {
        sqlx::query("select pg_sleep(30)").execute(&mut *connection).await.unwrap_err()
    });
    let mut admin = PgConnection::connect(&url).await.unwrap();
    // The statement is there once the server lists it.
    let running = "select exists (select 1 from pg_stat_activity where pid = $1 and query like '%pg_sleep%' and state = 'active')";
    while !sqlx::query_scalar::<_, bool>(running).bind(pid).fetch_one(&mut admin).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut admin).await.unwrap();
    dying.await.unwrap();

    let total = total(&monitor);
    assert_eq!((total.calls, total.failed), (2, 1));
    assert_eq!(total.errors[0].class, ErrorClass::Connection);
    assert_eq!(total.errors[0].code.as_deref(), Some("57P01"));
    // The pool goes on with a new connection.
    sqlx::query("select 1").execute(&pool).await.unwrap();
    let checkouts = &monitor.snapshot().pools().next().unwrap().1.checkouts.clone();
    assert_eq!((checkouts.waiting, checkouts.out), (0, 0));
}

#[tokio::test]
async fn a_mariadb_connection_that_dies_in_mid_query_is_a_failed_call() {
    let url = databases::mysql().await;
    let monitor = monitor();
    let pool = MonitoredPool::new(MySqlPoolOptions::new().connect(&url).await.unwrap(), &monitor);
    let mut connection = pool.acquire().await.unwrap();
    let id: u64 =
        sqlx::query_scalar("select connection_id()").fetch_one(&mut *connection).await.unwrap();

    let dying = tokio::spawn(async move {
        sqlx::query("select sleep(30)").fetch_all(&mut *connection).await.map(|_| ()).unwrap_err()
    });
    let mut admin = MySqlConnection::connect(&url).await.unwrap();
    let running = "select count(*) from information_schema.processlist where id = ? and info like '%sleep(30)%'";
    while sqlx::query_scalar::<_, i64>(running).bind(id).fetch_one(&mut admin).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    admin.execute(AssertSqlSafe(format!("kill {id}"))).await.unwrap();
    dying.await.unwrap();

    let total = total(&monitor);
    assert_eq!((total.calls, total.failed), (2, 1));
    assert_eq!(total.errors[0].class, ErrorClass::Connection);
}

#[tokio::test]
async fn a_call_cut_short_by_a_timeout_is_cancelled_and_brings_every_gauge_down() {
    let url = databases::postgres().await;
    let monitor = monitor();
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = MonitoredPool::new(pool.connect(&url).await.unwrap(), &monitor);
    let nap = sqlx::query("select pg_sleep(0.3)").execute(&pool);
    tokio::time::timeout(Duration::from_millis(50), nap).await.unwrap_err();
    let wait = pool.acquire();
    tokio::time::timeout(Duration::from_millis(50), wait).await.unwrap_err();
    // The connection is busy until the server has answered; then the pool is whole again.
    sqlx::query("select 1").execute(&pool).await.unwrap();

    let snapshot = monitor.snapshot();
    let calls = &snapshot.lifetime.total;
    assert_eq!((calls.calls, calls.cancelled, calls.failed), (2, 1, 0));
    let checkouts = &snapshot.pools().next().unwrap().1.checkouts;
    assert_eq!((checkouts.taken, checkouts.cancelled), (2, 1));
    assert_eq!((checkouts.waiting, checkouts.out), (0, 0));
}

#[tokio::test]
async fn a_pool_that_times_out_is_a_checkout_that_timed_out_and_no_call() {
    let url = databases::postgres().await;
    let monitor = monitor();
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(60));
    let pool = MonitoredPool::new(pool.connect(&url).await.unwrap(), &monitor);
    let held = pool.acquire().await.unwrap();
    let error = sqlx::query("select 1").execute(&pool).await.unwrap_err();
    assert!(matches!(error, sqlx::Error::PoolTimedOut));
    drop(held);

    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 0);
    let checkouts = &snapshot.pools().next().unwrap().1.checkouts;
    assert_eq!((checkouts.taken, checkouts.timed_out), (1, 1));
    assert!(checkouts.wait_max >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failed_connection_and_shows_no_password() {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://eve:hunter2@127.0.0.1:{port}/shop");
    let monitor = monitor();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(200)).connect_lazy(&url);
    let pool = MonitoredPool::new(pool.unwrap(), &monitor);
    sqlx::query("select 1").execute(&pool).await.unwrap_err();
    let diesel = tokio::task::spawn_blocking({
        let monitor = monitor.clone();
        move || {
            monitor_diesel::install(&monitor).unwrap();
            <diesel::PgConnection as diesel::Connection>::establish(&url).map(|_| ())
        }
    });
    diesel.await.unwrap().unwrap_err();

    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 0);
    // Installed for the whole process, the monitor may see other tests' connections as well.
    let here = snapshot.sources.iter().filter(|source| source.database.port == Some(port));
    let failed: Vec<_> = here.map(|source| source.connections.failed).collect();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|failed| *failed >= 1), "{failed:?}");
    let health = monitor.health();
    assert_eq!(health.status, Status::Unhealthy);
    let shown = format!("{snapshot:?} {pool:?} {health:?} {}", monitor.report());
    assert!(!shown.contains("hunter2"), "{shown}");
}

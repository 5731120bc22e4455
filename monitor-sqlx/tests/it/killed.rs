//! Connections that the server takes away in the middle of a call.

use monitor_core::capture::{ErrorClass, OutcomeKind};
use sqlx::{AssertSqlSafe, Executor, MySql, Postgres};

use crate::proxy::Proxy;
use crate::world::{TestDb, World, poll_once, run, server, until};

#[test]
fn a_backend_terminated_in_mid_query_is_a_lost_connection() {
    run(|world: World<Postgres>| async move {
        let mut connection = world.pool.acquire().await.unwrap();
        let pid: i32 =
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
        world.tick();
        let mut call = connection.execute(Postgres::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        let kill = "SELECT pg_terminate_backend($1)";
        sqlx::query(kill).bind(pid).execute(world.pool.inner()).await.unwrap();
        call.await.unwrap_err();

        assert_eq!(world.newest().outcome, OutcomeKind::Failed);
        assert_eq!(world.newest().error, Some(ErrorClass::Connection));
        assert_eq!(world.total().errors[0].code.as_deref(), Some("57P01"));
        drop(connection);
        assert_eq!(world.checkouts().out, 0);
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
    });
}

#[test]
fn a_connection_killed_in_mid_query_is_a_failed_call_on_mariadb() {
    run(|world: World<MySql>| async move {
        let mut connection = world.pool.acquire().await.unwrap();
        let id: u64 =
            sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut connection).await.unwrap();
        world.tick();
        let mut call = connection.execute(MySql::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        world.pool.inner().execute(AssertSqlSafe(format!("KILL {id}"))).await.unwrap();
        call.await.unwrap_err();

        assert_eq!(world.newest().outcome, OutcomeKind::Failed);
        let class = world.newest().error.unwrap();
        // Depends on how far the server had come when it was told.
        assert!(matches!(class, ErrorClass::Connection | ErrorClass::Timeout), "{class}");
        drop(connection);
        assert_eq!(world.checkouts().out, 0);
    });
}

/// A call whose line is cut on its way, on a pool of its own behind a proxy.
async fn cut<DB: TestDb>(world: World<DB>, variable: &str) {
    let url = server(variable);
    let authority = url.split_once('@').map_or(url.as_str(), |(_, behind)| behind);
    let (host, behind) = authority.split_once(':').unwrap();
    let port = behind.split('/').next().unwrap();
    let proxy = Proxy::before(host, port.parse().unwrap()).await;
    let url = url.replace(&format!(":{port}"), &format!(":{}", proxy.port));
    let pool = monitor_sqlx::MonitoredPoolOptions::<DB>::new().max_connections(2).name("cut");
    let pool = pool.connect(&world.monitor, &url).await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut call = pool.fetch_all(DB::ENDLESS);
        while world.pool_of(&pool).checkouts.taken == calls.len() as u64 {
            assert!(poll_once(&mut call).await.is_pending());
            tokio::task::yield_now().await;
        }
        calls.push(call);
    }
    proxy.cut();
    for call in calls {
        assert!(call.await.is_err());
    }
    let total = world.total();
    assert_eq!((total.calls, total.failed), (2, 2));
    assert_eq!(total.errors[0].class, ErrorClass::Connection, "{:?}", total.errors);
    pool.execute("SELECT 1").await.unwrap();
    until("broken ones are gone", || world.pool_of(&pool).levels.unwrap().in_use() == 0).await;
    let source = world.source(&pool);
    assert_eq!(source.connections.closed, 2);
    assert_eq!(source.connections.created, 2 + u64::from(pool.size()));
    let checkouts = source.pool.unwrap().checkouts;
    assert_eq!((checkouts.out, checkouts.waiting, checkouts.draining), (0, 0, 0));
}

#[test]
fn a_line_that_is_cut_fails_its_calls_and_leaves_no_gauge_up_on_postgres() {
    run(|world: World<Postgres>| cut(world, "MONITOR_TEST_POSTGRES_URL"));
}

#[test]
fn a_line_that_is_cut_fails_its_calls_and_leaves_no_gauge_up_on_mariadb() {
    run(|world: World<MySql>| cut(world, "MONITOR_TEST_MYSQL_URL"));
}

#[test]
fn a_stream_that_fails_behind_its_first_rows_is_a_failed_call() {
    run(|world: World<Postgres>| async move {
        use futures_util::TryStreamExt;
        let sql = "SELECT 1 / (i - 5000) FROM generate_series(1, 9000) AS n(i)";
        let mut rows = sqlx::query(sql).fetch(&world.pool);
        let mut count = 0;
        let error = loop {
            match rows.try_next().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => panic!("division by zero"),
                Err(error) => break error,
            }
        };
        drop(rows);
        assert!(count > 0 && error.as_database_error().is_some(), "{error}");
        let newest = world.newest();
        assert_eq!((newest.outcome, newest.rows.returned), (OutcomeKind::Failed, Some(count)));
        assert_eq!(newest.error_code.as_deref(), Some("22012"));
        assert_eq!(world.checkouts().out, 0);
    });
}

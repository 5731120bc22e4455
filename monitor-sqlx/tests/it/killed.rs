//! Connections that the server takes away in the middle of a call.

use monitor_core::capture::{ErrorClass, OutcomeKind};
use sqlx::{AssertSqlSafe, Executor, MySql, Postgres};

use crate::world::{TestDb, World, poll_once, run};

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

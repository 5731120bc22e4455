//! Code written for sqlx goes on working: generic code, spawned tasks, code of others.

use monitor_sqlx::{MonitoredConnection, MonitoredDatabase, MonitoredPool};
use sqlx::{Executor, Row};

/// An application's own helper, written for any executor.
async fn count<'e, DB, E>(on: E) -> i64
where
    DB: sqlx::Database,
    E: Executor<'e, Database = DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
    i64: for<'r> sqlx::Decode<'r, DB> + sqlx::Type<DB>,
{
    let row = on.fetch_one("SELECT count(*) FROM people").await.unwrap();
    row.get(0)
}

/// Generic over the database, with this crate's trait as the only bound.
async fn ping<DB: MonitoredDatabase>(pool: &MonitoredPool<DB>) -> u64 {
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("SELECT 1").await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    tx.execute("SELECT 1").await.unwrap();
    tx.commit().await.unwrap();
    pool.fetch_all("SELECT 1").await.unwrap().len() as u64
}

/// Takes what stands in for `&mut PgConnection`, from a pool and from a transaction alike.
async fn borrowed<DB: MonitoredDatabase>(connection: &mut MonitoredConnection<DB>) -> i64
where
    usize: sqlx::ColumnIndex<DB::Row>,
    i64: for<'r> sqlx::Decode<'r, DB> + sqlx::Type<DB>,
{
    count::<DB, _>(connection).await
}

everywhere! {
    async fn code_generic_over_executors_takes_all_three(world) {
        assert_eq!(count::<Db, _>(&world.pool).await, 10);
        let mut connection = world.pool.acquire().await.unwrap();
        assert_eq!(count::<Db, _>(&mut connection).await, 10);
        // As code written for sqlx's `PoolConnection` spells it.
        assert_eq!(count::<Db, _>(&mut *connection).await, 10);
        assert_eq!(borrowed(&mut connection).await, 10);
        let mut tx = connection.begin().await.unwrap();
        assert_eq!(count::<Db, _>(&mut tx).await, 10);
        assert_eq!(count::<Db, _>(&mut *tx).await, 10);
        assert_eq!(borrowed(&mut tx).await, 10);
        assert_eq!(world.statement("count").activity.calls, 7);
    }

    async fn code_generic_over_databases_needs_one_bound(world) {
        assert_eq!(ping(&world.pool).await, 1);
        assert_eq!(world.total().calls, 5);
    }

    async fn handles_move_into_tasks(world) {
        let pool = world.pool.clone();
        let task = tokio::spawn(async move {
            let mut tx = pool.begin().await.unwrap();
            let inner = async { sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap() };
            inner.await;
            tx.commit().await.unwrap();
            sqlx::query("SELECT 1").execute(&pool).await.unwrap();
        });
        task.await.unwrap();
        assert_eq!(world.statement("select ?").activity.calls, 2);
        assert_eq!(world.transactions().committed, 1);
    }

    async fn settings_of_the_pool_are_passed_through(world) {
        assert_eq!(world.pool.options().get_max_connections(), 4);
        assert_eq!(world.pool.size(), world.pool.inner().size());
        assert_eq!(world.pool.num_idle(), world.pool.inner().num_idle());
        assert!(!world.pool.is_closed());
        let options = (*world.pool.connect_options()).clone();
        world.pool.set_connect_options(options);
        world.pool.close().await;
        assert!(world.pool.inner().is_closed());
    }
}

/// Code that has never heard of this crate. An adapter whose impls carry the same bound makes rustc
/// overflow here (E0275), merely by being part of the build.
mod of_others {
    pub(super) async fn fill<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> u64
    where
        for<'c> &'c mut D::Connection: sqlx::Executor<'c, Database = D>,
    {
        let mut connection = pool.acquire().await.unwrap();
        let rows = sqlx::Executor::fetch_all(&mut *connection, "SELECT 1").await.unwrap();
        rows.len() as u64
    }

    pub(super) async fn plain(pool: sqlx::SqlitePool) -> u64 {
        fill(&pool).await
    }
}

#[tokio::test]
async fn code_with_bounds_on_sqlxs_own_connections_still_compiles() {
    let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    assert_eq!(of_others::plain(pool).await, 1);
}

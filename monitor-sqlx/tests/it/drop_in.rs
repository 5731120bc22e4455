//! Code written for sqlx goes on working: generic code, spawned tasks, code of others.

use std::time::Duration;

use monitor_sqlx::{MonitoredConnection, MonitoredDatabase, MonitoredPool, MonitoredPoolOptions};
use sqlx::{Connection, Executor, Row, SqlSafeStr};

use crate::world::until;

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

    async fn what_sqlxs_pool_and_its_options_offer_is_here_as_well(world) {
        let begin = if <Db as sqlx::Database>::NAME == "SQLite" { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let options = MonitoredPoolOptions::<Db>::default()
            .max_connections(1)
            .min_connections(0)
            .acquire_timeout(Duration::from_secs(7))
            .idle_timeout(None)
            .max_lifetime(Duration::from_secs(9))
            .test_before_acquire(false)
            .acquire_slow_threshold(Duration::from_secs(8))
            .acquire_slow_level(log::LevelFilter::Info)
            .acquire_time_level(log::LevelFilter::Trace)
            .name("cloned");
        assert_eq!((options.get_max_connections(), options.get_min_connections()), (1, 0));
        assert_eq!(options.get_acquire_timeout(), Duration::from_secs(7));
        assert_eq!(options.get_acquire_slow_threshold(), Duration::from_secs(8));
        assert_eq!(options.get_max_lifetime(), Some(Duration::from_secs(9)));
        assert_eq!(options.get_idle_timeout(), None);
        assert!(!options.get_test_before_acquire());

        let to = (*world.pool.connect_options()).clone();
        let pool = options.clone().connect_lazy_with(&world.monitor, to.clone());
        assert!(pool.try_begin_with(begin.into_sql_str()).await.unwrap().is_none(), "none is idle");
        drop(pool.acquire().await.unwrap());
        until("it is back", || pool.num_idle() == 1).await;
        let tx = pool.try_begin_with(begin.into_sql_str()).await.unwrap().unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(world.source(&pool).transactions.rolled_back, 1);

        // A pool that shares its parent's places, as sqlx's own tests use it.
        let child = options.parent(pool.inner().clone()).name("child");
        let child = child.connect_lazy_with(&world.monitor, to);
        child.acquire().await.unwrap().ping().await.unwrap();
        assert_eq!(world.source(&child).connections.created, 1);
    }

    async fn what_takes_sqlxs_own_connection_by_value_takes_ours(world) {
        fn seen<C: AsMut<<Db as sqlx::Database>::Connection> + AsRef<<Db as sqlx::Database>::Connection>>(mut of: C) -> bool {
            let _ = of.as_mut();
            of.as_ref().is_in_transaction()
        }
        assert!(!seen(world.pool.acquire().await.unwrap()));
        assert!(!seen(&mut *world.pool.acquire().await.unwrap()));
        assert!(seen(world.pool.begin().await.unwrap()));
        assert_eq!(world.transactions().dropped, 1);
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

#[test]
fn an_advisory_lock_is_held_on_a_connection_or_a_transaction_of_ours() {
    crate::world::run(|world: crate::world::World<sqlx::Postgres>| async move {
        let lock = sqlx::postgres::PgAdvisoryLock::new("monitor-sqlx");
        let held = lock.acquire(world.pool.acquire().await.unwrap()).await.unwrap();
        let connection = held.release_now().await.unwrap();
        drop(connection);
        let held = lock.acquire(world.pool.begin().await.unwrap()).await.unwrap();
        held.release_now().await.unwrap().commit().await.unwrap();
        assert_eq!(world.transactions().committed, 1);
        assert_eq!(world.total().calls, 2, "BEGIN and COMMIT; the lock's own are not seen");
        assert_eq!(world.checkouts().out, 0);
    });
}

//! The wait for a connection, however it ends.

use std::time::Duration;

use futures_util::TryStreamExt;
use monitor_core::capture::OutcomeKind;
use monitor_sqlx::MonitoredPool;
use sqlx::pool::PoolOptions;
use sqlx::{Acquire, Executor};

use crate::world::{poll_once, until};

everywhere! {
    async fn waiting_for_a_connection_is_not_time_of_the_query(world) {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        for way in ["all", "stream", "begin"] {
            let held = pool.acquire().await.unwrap();
            let (waiting, people) = (pool.clone(), world.people);
            let query = tokio::spawn(async move {
                match way {
                    "all" => drop(sqlx::query(people).fetch_all(&waiting).await.unwrap()),
                    "stream" => drop(waiting.fetch(people).try_collect::<Vec<_>>().await.unwrap()),
                    _ => waiting.begin().await.unwrap().rollback().await.unwrap(),
                }
            });
            until("the query waits", || world.pool_of(&pool).checkouts.waiting == 1).await;
            world.hands.advance(Duration::from_secs(7));
            drop(held);
            query.await.unwrap();
        }
        assert_eq!(world.total().calls, 4);
        assert_eq!(world.total().time_max, Duration::ZERO);
        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.taken, checkouts.wait_max), (6, Duration::from_secs(7)));
        assert_eq!(checkouts.wait_time, Duration::from_secs(21));
        assert_eq!(world.source(&pool).transactions.duration.count(), 1);
    }

    async fn a_pool_that_gives_nothing_in_time_is_a_timed_out_checkout_and_no_call(world) {
        let options = PoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(50));
        let pool = world.another(options).await;
        let held = pool.acquire().await.unwrap();

        let refused = sqlx::query(world.people).fetch_all(&pool).await;
        assert!(matches!(refused, Err(sqlx::Error::PoolTimedOut)));
        assert!(pool.acquire().await.is_err());
        assert!(pool.begin().await.is_err());
        let mut rows = sqlx::query(world.people).fetch(&pool);
        assert!(futures_util::StreamExt::next(&mut rows).await.unwrap().is_err());
        assert!(futures_util::StreamExt::next(&mut rows).await.is_none());

        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.taken, checkouts.timed_out), (1, 4));
        assert_eq!((checkouts.waiting, checkouts.out), (0, 1));
        drop(held);
        assert_eq!(world.pool_of(&pool).checkouts.out, 0);
        assert_eq!(world.total().calls, 0);
    }

    async fn a_caller_that_stops_waiting_is_a_cancelled_checkout(world) {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let held = pool.acquire().await.unwrap();
        let mut waiting = Box::pin(pool.acquire());
        assert!(poll_once(&mut waiting).await.is_pending());
        let mut query = pool.fetch_all(world.people);
        assert!(poll_once(&mut query).await.is_pending());
        let mut begin = Box::pin(pool.begin());
        assert!(poll_once(&mut begin).await.is_pending());
        assert_eq!(world.pool_of(&pool).checkouts.waiting, 3);
        drop((waiting, query, begin));

        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.waiting, checkouts.cancelled, checkouts.out), (0, 3, 1));
        assert_eq!(world.total().calls, 0);
        assert_eq!(world.source(&pool).transactions.begun, 0);
        drop(held);
    }

    async fn a_closed_pool_is_a_failed_checkout(world) {
        let pool = world.another(PoolOptions::new()).await;
        pool.close().await;
        assert!(pool.is_closed());
        pool.close_event().await;
        assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolClosed)));
        assert!(matches!(pool.execute("SELECT 1").await, Err(sqlx::Error::PoolClosed)));
        assert!(pool.try_acquire().is_none());
        let source = world.source(&pool);
        assert_eq!(source.pool.unwrap().checkouts.failed, 2);
        assert_eq!(source.connections.failed, 0, "nobody tried to connect");
        assert_eq!(world.total().calls, 0);
    }

    async fn held_connections_show_where_they_were_taken_and_for_how_long(world) {
        let connection = world.pool.acquire().await.unwrap(); let line = line!();
        world.hands.advance(Duration::from_secs(90));
        let held = world.pool_of(&world.pool).held;
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].held, Duration::from_secs(90));
        let site = held[0].call_site.unwrap();
        assert!(site.file().ends_with("checkouts.rs"), "{site}");
        assert_eq!(site.line(), line);
        assert_eq!(world.pool_of(&world.pool).leaked, 1);
        drop(connection);
        assert!(world.pool_of(&world.pool).held.is_empty());
        assert_eq!(world.checkouts().hold.count(), 1);

        let tx = world.pool.begin().await.unwrap(); let line = line!();
        assert_eq!(world.pool_of(&world.pool).held[0].call_site.unwrap().line(), line);
        tx.rollback().await.unwrap();
    }

    async fn levels_are_the_pools_own_and_go_with_it(world) {
        let pool = world.another(PoolOptions::new().min_connections(1).max_connections(3)).await;
        let held = pool.acquire().await.unwrap();
        let levels = world.pool_of(&pool).levels.unwrap();
        assert_eq!((levels.max, levels.min), (Some(3), Some(1)));
        assert_eq!((levels.size, levels.in_use()), (pool.size(), 1));
        drop(held);

        let (name, raw) = (pool.name().to_owned(), pool.inner().clone());
        drop(pool);
        let snapshot = world.monitor.snapshot();
        let (_, gone) = snapshot.pools().find(|(source, _)| *source.name == *name).unwrap();
        assert!(gone.levels.is_none(), "the monitor must not keep a pool alive");
        raw.close().await;
    }

    async fn a_connection_without_waiting_is_taken_only_if_there_is_one(world) {
        let pool = world.another(PoolOptions::new().max_connections(1).min_connections(1)).await;
        until("the connection is there", || pool.num_idle() == 1).await;
        let held = pool.try_acquire().expect("an idle connection");
        assert!(pool.try_acquire().is_none());
        assert!(pool.try_begin().await.unwrap().is_none());
        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.taken, checkouts.out), (1, 1));
        drop(held);
        until("it is back", || pool.num_idle() == 1).await;
        pool.try_begin().await.unwrap().expect("a transaction").commit().await.unwrap();
        assert_eq!(world.pool_of(&pool).checkouts.taken, 2);
    }

    async fn code_that_asks_for_sqlxs_acquire_is_counted_as_a_checkout(world) {
        async fn count<'a, A>(on: A) -> i64
        where
            A: Acquire<'a, Database = Db>,
        {
            let mut connection = on.acquire().await.unwrap();
            sqlx::query_scalar("SELECT count(*) FROM people").fetch_one(&mut *connection).await.unwrap()
        }
        assert_eq!(count(&world.pool).await, 10);
        assert_eq!(world.checkouts().taken, 1);
        assert_eq!(world.checkouts().out, 0);
        assert_eq!(world.total().calls, 0, "as documented");
        Acquire::begin(&world.pool).await.unwrap().rollback().await.unwrap();
        assert_eq!(world.checkouts().taken, 2);
    }

    async fn a_detached_or_closed_connection_is_no_longer_out(world) {
        let detached = world.pool.acquire().await.unwrap().detach();
        assert_eq!(world.checkouts().out, 0);
        drop(detached);
        world.pool.acquire().await.unwrap().close().await.unwrap();
        assert_eq!(world.checkouts().out, 0);
        let mut closing = world.pool.acquire().await.unwrap();
        closing.close_on_drop();
        closing.ping().await.unwrap();
        drop(closing);
        assert_eq!(world.checkouts().out, 0);
        assert_eq!(world.checkouts().taken, 3);
    }

    async fn a_lone_connection_is_watched_without_a_pool(world) {
        let options = world.pool.connect_options();
        let raw = sqlx::ConnectOptions::connect(&*options).await.unwrap();
        let mut connection = monitor_sqlx::MonitoredConnection::<Db>::new(raw, &options, &world.monitor);
        connection.execute("SELECT 1").await.unwrap();
        assert_eq!(world.newest().pool, None);
        assert_eq!(world.newest().outcome, OutcomeKind::Completed);
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failed_checkout_and_a_failed_connection() {
    let monitor = monitor_core::Monitor::builder().beat_by_hand().build().unwrap();
    let nowhere = sqlx::SqlitePool::connect_lazy("sqlite:///nowhere/at/all.db").unwrap();
    let pool = MonitoredPool::new(nowhere, &monitor);
    assert!(pool.execute("SELECT 1").await.is_err());
    let snapshot = monitor.snapshot();
    let (source, at) = snapshot.pools().next().unwrap();
    assert_eq!(at.checkouts.failed, 1);
    assert_eq!(source.connections.failed, 1);
    assert_eq!(snapshot.lifetime.total.calls, 0, "the call never reached a database");
}

//! Where the time of calls went, added up for each statement.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use monitor_core::snapshot::PartSums;
use sqlx::Executor;
use sqlx::pool::PoolOptions;

use crate::world::poll_once;

const SECOND: Duration = Duration::from_secs(1);

everywhere! {
    async fn wait_and_reader_are_kept_apart_from_the_call_on_pool_connection_and_transaction(world) {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let people = || world.statement("from people").activity;

        let held = pool.acquire().await.unwrap();
        let mut rows = sqlx::query(world.people).fetch(&pool);
        assert!(poll_once(&mut rows.next()).await.is_pending());
        world.hands.advance(SECOND * 3);
        drop(held);
        while rows.try_next().await.unwrap().is_some() {
            world.hands.advance(SECOND);
        }
        drop(rows);
        let PartSums { on_pool, pool_wait, streamed, first_row, fetch, reader, .. } = people().parts;
        assert_eq!((on_pool, pool_wait), (1, SECOND * 3));
        assert_eq!((streamed, first_row, fetch, reader), (1, Duration::ZERO, Duration::ZERO, SECOND * 10));
        assert_eq!(people().time, Duration::ZERO);

        let mut connection = pool.acquire().await.unwrap();
        let mut rows = sqlx::query(world.people).fetch(&mut connection);
        while rows.try_next().await.unwrap().is_some() {
            world.hands.advance(SECOND);
        }
        drop(rows);
        let mut tx = connection.begin().await.unwrap();
        let mut rows = sqlx::query(world.people).fetch(&mut *tx);
        rows.next().await.unwrap().unwrap();
        world.hands.advance(SECOND);
        drop(rows);
        tx.rollback().await.unwrap();
        let parts = people().parts;
        assert_eq!((people().calls, parts.on_pool, parts.streamed), (3, 1, 3));
        assert_eq!(parts.reader, SECOND * 21);
        assert_eq!(world.total().parts, parts, "BEGIN and ROLLBACK have none");
    }

    async fn a_call_whose_answer_comes_in_one_piece_has_no_parts_but_its_wait(world) {
        sqlx::query(world.people).fetch_all(&world.pool).await.unwrap();
        sqlx::query(world.people).fetch_one(&world.pool).await.unwrap();
        sqlx::query(world.people).execute(&world.pool).await.unwrap();
        let parts = world.statement("from people").activity.parts;
        assert_eq!((parts.on_pool, parts.streamed), (3, 0));
        let mut connection = world.pool.acquire().await.unwrap();
        connection.execute("SELECT 1").await.unwrap();
        assert_eq!(world.statement("select ?").activity.parts, PartSums::default());
    }
}

//! Callers that go away, streams that are not read to their end.

use futures_util::StreamExt;
use monitor_core::capture::OutcomeKind;
use sqlx::{AssertSqlSafe, Executor};

use crate::world::{TestDb, poll_once, until};

everywhere! {
    async fn a_future_that_is_never_polled_is_no_call(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        drop(connection.execute("SELECT 1"));
        drop(connection.fetch("SELECT 1"));
        drop(world.pool.execute("SELECT 1"));
        drop(world.pool.fetch("SELECT 1"));
        drop(world.pool.acquire());
        drop(world.pool.begin());
        assert_eq!(world.total().calls, 0);
        assert!(world.monitor.snapshot().lifetime.statements.is_empty());
        assert_eq!(world.checkouts().taken, 1);
        assert_eq!(world.checkouts().cancelled, 0);
    }

    async fn a_caller_that_goes_away_leaves_a_cancelled_call(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        let mut call = connection.execute(Db::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        world.hands.advance(std::time::Duration::from_secs(2));
        drop(call);

        assert_eq!(world.newest().outcome, OutcomeKind::Cancelled);
        assert_eq!(world.newest().duration, std::time::Duration::from_secs(2));
        assert_eq!(world.total().cancelled, 1);
        assert_eq!(world.total().calls, 1);
        connection.detach();
        assert_eq!(world.checkouts().out, 0);
    }

    async fn a_call_on_the_pool_whose_caller_goes_away_gives_its_connection_back(world) {
        let mut call = world.pool.fetch_all(Db::ENDLESS);
        while world.checkouts().taken == 0 {
            assert!(poll_once(&mut call).await.is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(world.checkouts().out, 1);
        drop(call);
        assert_eq!(world.checkouts().out, 0);
        assert_eq!(world.newest().outcome, OutcomeKind::Cancelled);
    }

    async fn a_reader_that_stops_early_has_a_completed_call_with_the_rows_it_took(world) {
        for on_pool in [true, false] {
            let mut connection = world.pool.acquire().await.unwrap();
            let mut rows = if on_pool {
                sqlx::query(world.people).fetch(&world.pool)
            } else {
                sqlx::query(world.people).fetch(&mut connection)
            };
            for _ in 0..3 {
                rows.next().await.unwrap().unwrap();
            }
            drop(rows);
            assert_eq!(world.newest().outcome, OutcomeKind::Completed);
            assert_eq!(world.newest().rows.returned, Some(3));
        }
        assert_eq!(world.total().cancelled, 0);
        assert_eq!(world.checkouts().out, 0);
    }

    async fn a_stream_dropped_while_the_database_works_is_cancelled(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        let mut rows = connection.fetch(Db::ENDLESS);
        assert!(poll_once(&mut rows.next()).await.is_pending());
        drop(rows);
        assert_eq!(world.newest().outcome, OutcomeKind::Cancelled);
        connection.detach();

        let mut rows = world.pool.fetch(Db::ENDLESS);
        while world.checkouts().taken < 2 {
            assert!(poll_once(&mut rows.next()).await.is_pending());
            tokio::task::yield_now().await;
        }
        drop(rows);
        assert_eq!(world.total().cancelled, 2);
        assert_eq!(world.checkouts().out, 0);
    }

    async fn a_stream_dropped_while_the_database_works_tells_the_rows_that_had_come(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        // PostgreSQL sends by 8 KB: the beginning of a fourth row pushes the third one out.
        let three = if <Db as sqlx::Database>::NAME == "PostgreSQL" {
            "SELECT repeat('x', 9000) FROM people WHERE id <= 4"
        } else {
            "SELECT id FROM people WHERE id <= 3"
        };
        let sql = AssertSqlSafe(format!("{three}; {}", Db::ENDLESS));
        let mut rows = sqlx::raw_sql(sql).fetch(&mut connection);
        for _ in 0..3 {
            rows.next().await.unwrap().unwrap();
        }
        world.hands.advance(std::time::Duration::from_secs(9));
        assert!(poll_once(&mut rows.next()).await.is_pending());
        world.hands.advance(std::time::Duration::from_secs(2));
        drop(rows);
        let newest = world.newest();
        assert_eq!((newest.outcome, newest.rows.returned), (OutcomeKind::Cancelled, Some(3)));
        assert_eq!(newest.duration, std::time::Duration::from_secs(2), "the pause was the reader's");
        connection.detach();
    }

    async fn the_connection_of_a_cancelled_call_can_be_used_again(world) {
        // Without preparing: cancelled while it prepares, sqlx's MySQL driver loses its place,
        // wrapped or not.
        let mut connection = world.pool.acquire().await.unwrap();
        for _ in 0..3 {
            let mut call = connection.fetch_all(world.people);
            let _ = poll_once(&mut call).await;
        }
        let rows = connection.fetch_all(world.people).await.unwrap();
        assert_eq!(rows.len(), 10);
        let total = world.total();
        assert_eq!((total.calls, total.failed), (4, 0));
        assert_eq!(total.calls, total.completed() + total.cancelled);
    }

    async fn a_connection_that_is_to_close_closes_though_it_is_left_in_the_middle_of_an_answer(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        let size = world.pool.size();
        connection.close_on_drop();
        let mut rows = sqlx::query(world.people).fetch(&mut connection);
        rows.next().await.unwrap().unwrap();
        drop(rows);
        drop(connection);
        until("it has left the pool", || {
            world.pool.size() < size || world.pool.num_idle() == size as usize
        })
        .await;
        assert_eq!(world.pool.size(), size - 1);
        assert_eq!((world.checkouts().out, world.checkouts().draining), (0, 0));
    }
}

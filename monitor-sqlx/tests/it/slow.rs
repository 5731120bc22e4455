//! Where the time of a slow call went, and calls that still run.

use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use monitor_core::capture::Hands;
use monitor_sqlx::MonitoredPool;
use sqlx::pool::PoolOptions;
use sqlx::{Executor, Sqlite};

use crate::world::{TestDb, World, poll_once, run};

const SECOND: Duration = Duration::from_secs(1);

async fn one_connection(world: &World<Sqlite>) -> MonitoredPool<Sqlite> {
    world.another(PoolOptions::new().max_connections(1)).await
}

/// Waits for a future; while it is not ready, seconds pass.
async fn slowly<F: Future + Unpin>(hands: &Hands, mut future: F) -> F::Output {
    loop {
        if let Poll::Ready(output) = poll_once(&mut future).await {
            return output;
        }
        hands.advance(SECOND);
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_wait_for_the_pool_is_told_beside_the_call_it_was_for() {
    run(|world: World<Sqlite>| async move {
        let pool = one_connection(&world).await;
        let held = pool.acquire().await.unwrap();
        let mut call = (&pool).execute(Sqlite::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        world.hands.advance(Duration::from_millis(7));
        assert!(world.monitor.snapshot().running.is_empty(), "the checkout waits, not the call");
        drop(held);
        slowly(&world.hands, call).await.unwrap();

        let slow = &world.monitor.slow_queries(1)[0];
        assert!(slow.parts.pool_wait >= Some(Duration::from_millis(7)), "{:?}", slow.parts);
        assert!(slow.duration >= SECOND);
        assert_eq!(slow.parts.first_row, None, "nobody sees rows that come all at once");
    });
}

#[test]
fn a_stream_tells_its_first_row_and_its_readers_time_and_runs_until_its_end() {
    run(|world: World<Sqlite>| async move {
        let pool = one_connection(&world).await;
        let mut connection = pool.acquire().await.unwrap();
        let mut rows = (&mut *connection).fetch(Sqlite::ENDLESS);
        assert!(poll_once(&mut rows.next()).await.is_pending());
        world.hands.advance(SECOND);
        let running = world.monitor.snapshot().running;
        assert_eq!(running.len(), 1);
        assert!(running[0].statement.starts_with("with recursive"));
        assert_eq!(running[0].pool.as_deref(), Some("another"));

        slowly(&world.hands, rows.next()).await.unwrap().unwrap();
        world.hands.advance(SECOND * 60);
        assert!(world.monitor.snapshot().running.is_empty(), "the reader has a row to look at");
        assert!(rows.next().await.is_none());
        drop(rows);

        let slow = &world.monitor.slow_queries(1)[0];
        let parts = slow.parts;
        assert!(parts.first_row >= Some(SECOND), "{parts:?}");
        assert_eq!(parts.reader, Some(SECOND * 60));
        assert_eq!(parts.first_row.zip(parts.fetch).map(|(a, b)| a + b), Some(slow.duration));
        assert_eq!(parts.pool_wait, None, "the connection was there");
    });
}

#[test]
fn a_call_that_is_dropped_runs_no_more() {
    run(|world: World<Sqlite>| async move {
        let pool = one_connection(&world).await;
        let mut connection = pool.acquire().await.unwrap();
        let mut call = connection.execute(Sqlite::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        world.hands.advance(SECOND);
        assert_eq!(world.monitor.snapshot().running.len(), 1);
        drop(call);
        let snapshot = world.monitor.snapshot();
        assert!(snapshot.running.is_empty());
        assert_eq!(snapshot.running_told.len(), 1);
    });
}

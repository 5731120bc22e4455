//! Mistakes that other monitors of sqlx make, and where it is tested that this one does not.
//!
//! | mistake | test |
//! |---|---|
//! | a stream that fails counts as completed | `killed::a_stream_that_fails_behind_its_first_rows_is_a_failed_call` |
//! | a cancelled wait leaves a gauge up | `growth::..::hundreds_of_tasks_on_a_small_pool_leave_every_number_exact` |
//! | `begin` is not timed, or timed as one with its wait | here |
//! | what is declared is never filled | here |
//! | bind values and passwords are shown | `secrets` |
//! | the wait for the pool counts as the query's | `checkouts::..::waiting_for_a_connection_is_not_time_of_the_query` |
//! | a long transaction is taken for a leak | `timeouts::..::a_long_transaction_that_works_is_no_leak_and_is_told_as_what_it_is` |
//! | tags in the text defeat the cache of prepared statements | `comments` |
//! | lists of different sizes are averaged together | `ways::..::a_built_query_and_a_prepared_one_are_calls_like_others` |

use std::time::Duration;

use monitor_sqlx::MonitoredPoolOptions;
use sqlx::Executor;
use sqlx::pool::PoolOptions;

use crate::world::poll_once;

everywhere! {
    async fn begin_waits_for_the_pool_and_takes_its_own_time_only(world) {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let held = pool.acquire().await.unwrap();
        let mut begin = Box::pin(pool.begin());
        assert!(poll_once(&mut begin).await.is_pending());
        world.hands.advance(Duration::from_secs(3));
        drop(held);
        let tx = begin.await.unwrap();
        world.hands.advance(Duration::from_secs(5));
        tx.commit().await.unwrap();
        let source = world.source(&pool);
        let checkouts = source.pool.unwrap().checkouts;
        assert_eq!((checkouts.taken, checkouts.wait_max), (2, Duration::from_secs(3)));
        assert_eq!(source.transactions.time, Duration::from_secs(5));
        assert_eq!(world.statement("begin").activity.time, Duration::ZERO);
        assert_eq!(world.statement("commit").activity.calls, 1);
    }

    async fn what_a_pool_has_to_tell_is_told(world) {
        let options = (*world.pool.connect_options()).clone();
        let pool = MonitoredPoolOptions::<Db>::new().max_connections(2).name("full");
        let pool = pool.connect_with(&world.monitor, options).await.unwrap();
        let first = pool.acquire().await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        world.hands.advance(Duration::from_secs(1));
        tx.execute(world.people).await.unwrap();
        let source = world.source(&pool);
        let at = source.pool.as_ref().unwrap();
        let levels = at.levels.unwrap();
        assert_eq!((levels.size, levels.in_use(), levels.max, levels.min), (2, 2, Some(2), Some(0)));
        assert_eq!((at.checkouts.out, at.held.len(), at.usage()), (2, 2, Some(1.0)));
        assert!(at.held.iter().all(|held| held.is_seen && held.call_site.is_some()));
        assert_eq!(at.held.iter().filter(|held| held.transaction.is_some()).count(), 1);
        assert_eq!((source.transactions.open, source.connections.created), (1, 2));
        assert_eq!(source.connections.create_time.count(), 1);
        tx.commit().await.unwrap();
        drop(first);
        pool.close().await;
        let source = world.source(&pool);
        assert_eq!(source.connections.closed, 2);
        let tx = &source.transactions;
        assert_eq!((tx.committed, tx.statements, tx.think.count()), (1, 1, 1));
        assert_eq!(source.pool.unwrap().checkouts.hold_time, Duration::from_secs(2));
        assert!(source.contact.answered_ago.is_some());
        assert!(source.sees_ends);
    }
}

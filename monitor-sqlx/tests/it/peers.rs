//! Mistakes that other monitors of sqlx make, and where it is tested that this one does not.
//!
//! | mistake | test |
//! |---|---|
//! | a stream that fails counts as completed | `killed::a_stream_that_fails_behind_its_first_rows_is_a_failed_call` |
//! | a cancelled wait leaves a gauge up | `growth::..::hundreds_of_tasks_on_a_small_pool_leave_every_number_exact` |
//! | `begin` is not timed, or timed as one with its wait | here |
//! | what is declared is never filled | here |
//! | the oldest statement makes room, however busy it is | here |
//! | bind values and passwords are shown | `secrets` |
//! | the wait for the pool counts as the query's | `checkouts::..::waiting_for_a_connection_is_not_time_of_the_query` |
//! | a long transaction is taken for a leak | `timeouts::..::a_long_transaction_that_works_is_no_leak_and_is_told_as_what_it_is` |
//! | a loop of queries is missed because something else sits between them | here |
//! | a query is run twice to explain it | `asker::..::it_only_reads`, and no question holds `ANALYZE` of a text (`monitor-core`'s `inquire`) |
//! | tags in the text defeat the cache of prepared statements | `comments` |
//! | what the application has prepared is dropped on its connection | here |
//! | a default is not what its comment says | `monitor-core`'s `building::the_defaults_are_the_documented_ones` |
//! | lists of different sizes are averaged together | `ways::..::a_built_query_and_a_prepared_one_are_calls_like_others` |

use std::time::Duration;

use monitor_core::snapshot::RepeatKind;
use monitor_core::{Monitor, ScopeRule};
use monitor_sqlx::{MonitoredPool, MonitoredPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Executor};
use tracing::{Instrument, info_span};

use crate::world::{TestDb, poll_once};

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

    async fn a_busy_statement_keeps_its_place_in_a_flood_of_others(world) {
        let monitor = Monitor::builder().beat_by_hand().statements_max(10).build().unwrap();
        let pool = MonitoredPool::new(world.pool.inner().clone(), &monitor);
        for column in 0..100 {
            pool.execute(world.people).await.unwrap();
            let once = format!("SELECT id AS c{column} FROM people");
            pool.execute(AssertSqlSafe(once)).await.unwrap();
        }
        let lifetime = monitor.snapshot().lifetime;
        let busy = lifetime.statements.iter().find(|one| one.text.contains("order by id")).unwrap();
        assert_eq!((busy.activity.calls, lifetime.total.calls), (100, 200));
    }

    async fn a_loop_is_found_though_spans_and_other_calls_sit_between_its_queries(world) {
        let rule = ScopeRule::default().repeats_time_min(Duration::ZERO);
        let monitor = Monitor::builder().beat_by_hand().scopes(rule).build().unwrap();
        let pool = MonitoredPool::new(world.pool.inner().clone(), &monitor);
        let by_id = || AssertSqlSafe(format!("SELECT name FROM people WHERE id = {}", Db::P1));
        let unit = monitor.scope("GET /people");
        unit.wrap(async {
            pool.fetch_all(world.people).await.unwrap();
            for id in 1..=10_i64 {
                let look_up = sqlx::query(by_id()).bind(id).fetch_one(&pool);
                look_up.instrument(info_span!("render", id)).await.unwrap();
                sqlx::query("SELECT 1").fetch_one(&pool).instrument(info_span!("count")).await.unwrap();
            }
        })
        .await;
        drop(unit);
        let snapshot = monitor.snapshot();
        let repeats = &snapshot.scopes[0].repeats;
        let looped = repeats.iter().find(|one| one.text.contains("where id"));
        let looped = looped.unwrap_or_else(|| panic!("{snapshot:#?}"));
        assert_eq!((looped.kind, looped.calls), (RepeatKind::Loop, 10));
    }

    async fn what_the_application_has_prepared_stays_prepared(world) {
        let pool = world.another(PoolOptions::new().min_connections(1).max_connections(1)).await;
        let prepared = async || pool.acquire().await.unwrap().cached_statements_size();
        for text in [world.people, "SELECT count(*) FROM people"] {
            sqlx::query(text).fetch_all(&pool).await.unwrap();
        }
        let before = prepared().await;
        pool.probe().await;
        let mut tx = pool.begin().await.unwrap();
        tx.execute(world.people).await.unwrap();
        drop(tx);
        world.monitor.beat();
        assert_eq!((before, prepared().await), (2, 2));
    }
}

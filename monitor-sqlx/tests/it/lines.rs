//! Which line a call came from, and between which lines a transaction did nothing.

use std::time::Duration;

use monitor_core::capture::CallSite;
use monitor_sqlx::MonitoredTransaction;
use sqlx::{Acquire, Executor};

use crate::world::{World, server};

fn here(line: u32) -> impl Fn(Option<CallSite>) -> bool {
    move |site| site.is_some_and(|site| site.file().ends_with("lines.rs") && site.line() == line)
}

impl<DB: crate::world::TestDb> World<DB> {
    #[track_caller]
    fn came_from(&self, line: u32) {
        let newest = self.newest();
        assert!(here(line)(newest.call_site), "{:?} and not line {line}", newest.call_site);
    }
}

everywhere! {
    async fn a_query_on_a_borrowed_connection_or_transaction_names_its_line(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        world.tick();
        sqlx::query("SELECT 1").execute(&mut *connection).await.unwrap(); world.came_from(line!());
        let mut tx = connection.begin().await.unwrap(); world.came_from(line!());
        sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap(); world.came_from(line!());
        sqlx::query("SELECT 1").execute(tx.here()).await.unwrap(); world.came_from(line!());
        tx.execute("SELECT 1").await.unwrap(); world.came_from(line!());
        {
            let mut inner = tx.begin().await.unwrap(); world.came_from(line!());
            sqlx::query("SELECT 1").execute(&mut *inner).await.unwrap(); world.came_from(line!());
            inner.commit().await.unwrap(); world.came_from(line!());
        }
        tx.commit().await.unwrap(); world.came_from(line!());
        let tx = world.pool.begin().await.unwrap(); world.came_from(line!());
        tx.rollback().await.unwrap(); world.came_from(line!());
    }

    async fn a_line_that_cannot_be_known_is_not_made_up(world) {
        let mut tx = world.pool.begin().await.unwrap();
        tx.ping().await.unwrap();
        world.tick();
        sqlx::query("SELECT 1").execute(&mut tx).await.unwrap();
        assert_eq!(world.newest().call_site, None, "a line from before is not the call's");
        let borrowed = &mut *tx; let line = line!();
        sqlx::query("SELECT 1").execute(&mut *borrowed).await.unwrap();
        world.came_from(line);
        sqlx::query("SELECT 1").execute(&mut *borrowed).await.unwrap();
        assert_eq!(world.newest().call_site, None);
        sqlx::query("SELECT 1").execute(&world.pool).await.unwrap();
        assert_eq!(world.newest().call_site, None);
    }

    async fn the_longest_pause_of_a_transaction_is_told_with_the_lines_around_it(world) {
        let pass = |seconds| world.hands.advance(Duration::from_secs(seconds));
        let mut tx = world.pool.begin().await.unwrap();
        pass(1);
        let before = line!() + 1;
        sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap();
        pass(7);
        let after = line!() + 1;
        sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap();
        pass(2);
        tx.commit().await.unwrap();

        let seen = world.transactions();
        assert_eq!((seen.statements, seen.statements_max), (2, 2));
        assert_eq!(seen.think_time, Duration::from_secs(10));
        assert_eq!(seen.think.count(), 1);
        assert_eq!(seen.gaps.len(), 1);
        let gap = &seen.gaps[0];
        assert!(here(before)(gap.after) && here(after)(gap.before), "{gap:?}");
        assert_eq!((gap.transactions, gap.longest), (1, Duration::from_secs(7)));
    }

    async fn a_pause_before_a_rollback_by_drop_has_a_beginning_and_no_end(world) {
        let mut tx = world.pool.begin().await.unwrap();
        let line = line!() + 1;
        tx.execute("DELETE FROM people").await.unwrap();
        world.hands.advance(Duration::from_secs(3));
        drop(tx);
        let seen = world.transactions();
        assert_eq!((seen.dropped, seen.open, seen.idle_longest), (1, 0, None));
        assert!(here(line)(seen.gaps[0].after) && seen.gaps[0].before.is_none(), "{:?}", seen.gaps);
    }

    async fn nesting_is_told_by_its_depth(world) {
        let mut tx = world.pool.begin().await.unwrap();
        let mut inner = tx.begin().await.unwrap();
        inner.begin().await.unwrap().rollback().await.unwrap();
        inner.commit().await.unwrap();
        tx.commit().await.unwrap();
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.savepoints, seen.depth_max), (1, 2, 3));
    }

    async fn a_transaction_by_a_function_commits_or_rolls_back(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        let line = line!() + 3;
        for well in [true, false] {
            let ended: Result<(), sqlx::Error> = connection
                .transaction(|tx: &mut MonitoredTransaction<'_, Db>| {
                    Box::pin(async move {
                        tx.execute("SELECT 1").await?;
                        if well { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
                    })
                })
                .await;
            assert_eq!(ended.is_ok(), well);
        }
        let recent = world.monitor.recent_calls(100);
        let ends = recent.iter().filter(|call| !call.statement.contains("select"));
        let sites: Vec<_> = ends.map(|call| call.call_site).collect();
        assert_eq!(sites.len(), 4);
        assert!(sites.iter().all(|site| here(line)(*site)), "{sites:?} and not line {line}");
        let seen = world.transactions();
        assert_eq!((seen.committed, seen.rolled_back, seen.open), (1, 1, 0));
    }
}

/// Whoever asks for an [`Acquire`] gets the connection that is there. Not in a task of its own: for
/// that rustc wants more of the trait than sqlx gives.
macro_rules! lends {
    ($($name:ident $db:ident $url:expr,)*) => {$(
        #[tokio::test]
        async fn $name() {
            async fn one<'a, A: Acquire<'a, Database = sqlx::$db>>(on: A) -> i32 {
                let mut connection = on.acquire().await.unwrap();
                sqlx::query_scalar("SELECT 1").fetch_one(&mut *connection).await.unwrap()
            }
            let monitor = monitor_core::Monitor::builder().beat_by_hand().build().unwrap();
            let pool = monitor_sqlx::MonitoredPoolOptions::<sqlx::$db>::new().max_connections(1);
            let pool = pool.connect(&monitor, &$url).await.unwrap();
            let mut connection = pool.acquire().await.unwrap();
            assert_eq!(one(&mut connection).await, 1);
            assert_eq!(one(&mut *connection).await, 1);
            Acquire::begin(&mut connection).await.unwrap().commit().await.unwrap();
            assert_eq!(monitor.snapshot().lifetime.total.calls, 0, "as documented");
            let mut tx = connection.begin().await.unwrap();
            assert_eq!(one(&mut tx).await, 1);
            tx.commit().await.unwrap();
            let snapshot = monitor.snapshot();
            assert_eq!(snapshot.lifetime.total.calls, 2);
            assert_eq!(snapshot.sources[0].transactions.committed, 1);
        }
    )*};
}

lends! {
    postgres_lends_its_connection_to_acquire Postgres server("MONITOR_TEST_POSTGRES_URL"),
    mysql_lends_its_connection_to_acquire MySql server("MONITOR_TEST_MYSQL_URL"),
    sqlite_lends_its_connection_to_acquire Sqlite "sqlite::memory:",
}

//! Transactions and savepoints.

use monitor_core::identify::Kind;
use monitor_sqlx::MonitoredTransaction;
use sqlx::{Executor, SqlSafeStr};

use crate::world::poll_once;

everywhere! {
    async fn a_committed_transaction_counts_as_one_and_its_ends_are_calls(world) {
        let mut tx = world.pool.begin().await.unwrap();
        assert_eq!(world.transactions().open, 1);
        assert!(tx.is_in_transaction());
        sqlx::query("DELETE FROM people WHERE id = 1").execute(&mut *tx).await.unwrap();
        sqlx::query("DELETE FROM people WHERE id = 2").execute(&mut tx).await.unwrap();
        world.hands.advance(std::time::Duration::from_secs(3));
        tx.commit().await.unwrap();

        let seen = world.transactions();
        assert_eq!((seen.begun, seen.committed, seen.open), (1, 1, 0));
        assert_eq!(seen.duration.count(), 1);
        assert_eq!(world.statement("begin").activity.calls, 1);
        assert_eq!(world.statement("commit").activity.calls, 1);
        assert_eq!(world.statement("commit").kind, Kind::Transaction);
        assert_eq!(world.statement("delete").activity.calls, 2);
        assert_eq!(world.total().calls, 4);
        assert_eq!(world.checkouts().out, 0);
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 8);
    }

    async fn a_transaction_rolled_back_leaves_nothing_but_its_numbers(world) {
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("DELETE FROM people").await.unwrap();
        tx.rollback().await.unwrap();
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.rolled_back, seen.open), (1, 1, 0));
        assert_eq!(world.statement("rollback").activity.calls, 1);
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
    }

    async fn a_transaction_that_is_dropped_is_rolled_back_and_told_apart(world) {
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("DELETE FROM people").await.unwrap();
        drop(tx);
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.dropped, seen.open), (1, 1, 0));
        assert_eq!(world.total().calls, 2, "nobody called ROLLBACK");
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
    }

    async fn savepoints_are_calls_and_no_transactions(world) {
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("DELETE FROM people WHERE id = 1").await.unwrap();
        {
            let mut inner = tx.begin().await.unwrap();
            inner.execute("DELETE FROM people WHERE id = 2").await.unwrap();
            let mut innermost = inner.begin().await.unwrap();
            sqlx::query("DELETE FROM people WHERE id = 3").execute(&mut *innermost).await.unwrap();
            innermost.commit().await.unwrap();
            inner.rollback().await.unwrap();
        }
        let mut dropped = tx.begin().await.unwrap();
        dropped.execute("DELETE FROM people WHERE id = 4").await.unwrap();
        drop(dropped);
        tx.commit().await.unwrap();

        let seen = world.transactions();
        assert_eq!((seen.begun, seen.committed, seen.dropped), (1, 1, 0));
        assert_eq!(world.total().calls, 11);
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 9);
    }

    async fn a_transaction_on_a_connection_leaves_it_usable(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        for commit in [true, false] {
            let mut tx = connection.begin().await.unwrap();
            tx.execute("UPDATE people SET name = 'x' WHERE id = 1").await.unwrap();
            if commit { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
        }
        assert!(!connection.is_in_transaction());
        connection.execute(world.people).await.unwrap();
        assert_eq!(world.transactions().begun, 2);
        assert_eq!(world.checkouts().taken, 1);
    }

    async fn a_statement_of_ones_own_can_begin_it(world) {
        let begin = if <Db as sqlx::Database>::NAME == "SQLite" {
            "BEGIN IMMEDIATE"
        } else {
            "START TRANSACTION READ ONLY"
        };
        let mut tx = world.pool.begin_with(begin.into_sql_str()).await.unwrap();
        assert!(tx.begin_with(begin.into_sql_str()).await.is_err(), "only at the outside");
        drop(tx);
        assert_eq!(world.transactions().begun, 1);
        let first = world.statement(&begin.to_lowercase()).activity;
        assert_eq!((first.calls, first.failed), (2, 1));
    }

    async fn a_transaction_that_sqlx_rolled_back_with_a_nested_one_that_failed_has_no_end_of_its_own(world) {
        // Its commit and rollback then do nothing, and used to panic here.
        for well in [true, false] {
            let mut tx = world.pool.begin().await.unwrap();
            tx.execute("DELETE FROM people WHERE id = 1").await.unwrap();
            tx.begin_with("BEGIN".into_sql_str()).await.unwrap_err();
            if well { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
        }
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.dropped, seen.open), (2, 2, 0));
        assert_eq!((seen.committed, seen.rolled_back), (0, 0));
        let ends = ["commit", "rollback", "release"].map(|end| world.calls_of(end));
        assert_eq!(ends, [0, 0, 0], "nobody sent one");
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
    }

    async fn a_nested_transaction_whose_caller_goes_away_may_take_the_outer_one_with_it(world) {
        for well in [true, false] {
            let mut tx = world.pool.begin().await.unwrap();
            tx.execute("UPDATE people SET name = 'x' WHERE id = 1").await.unwrap();
            let mut begin = Box::pin(tx.begin());
            // A database that answers at once has begun one, which is dropped here.
            let early = poll_once(&mut begin).await.is_pending();
            drop(begin);
            let before = world.transactions();
            if well { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
            let seen = world.transactions();
            assert_eq!(seen.dropped - before.dropped + u64::from(before.open == 0), u64::from(early));
            assert_eq!(seen.committed - before.committed, u64::from(!early && well));
            assert_eq!(seen.rolled_back - before.rolled_back, u64::from(!early && !well));
            assert_eq!(seen.open, 0);
        }
        let ended = world.calls_of("commit") + world.calls_of("rollback");
        let seen = world.transactions();
        assert_eq!(ended, seen.committed + seen.rolled_back);
    }

    async fn a_transaction_that_begins_behind_a_dropped_one_is_no_savepoint(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        for _ in 0..100 {
            drop(connection.begin().await.unwrap());
        }
        let mut tx = connection.begin().await.unwrap();
        for _ in 0..100 {
            drop(tx.begin().await.unwrap());
        }
        tx.commit().await.unwrap();
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.dropped, seen.committed), (101, 100, 1));
        assert_eq!((seen.savepoints, seen.depth_max), (100, 2));
        assert_eq!((world.calls_of("begin"), world.calls_of("commit")), (101, 1));
    }

    async fn a_begin_that_fails_is_a_failed_call_and_no_transaction(world) {
        assert!(world.pool.begin_with("SELECT 1".into_sql_str()).await.is_err());
        assert_eq!(world.transactions().begun, 0);
        assert_eq!(world.total().failed, 1);
        assert_eq!(world.checkouts().out, 0);
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
    }

    async fn a_begin_whose_caller_goes_away_leaves_no_open_transaction(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        let mut begin = Box::pin(connection.begin());
        // A database that answers at once has begun one, which is dropped here.
        let early = poll_once(&mut begin).await.is_pending();
        drop(begin);
        assert_eq!((world.total().calls, world.total().cancelled), (1, u64::from(early)));
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.dropped, seen.open), (u64::from(!early), u64::from(!early), 0));
        assert_eq!(sqlx::query(world.people).fetch_all(&mut connection).await.unwrap().len(), 10);
    }

    async fn a_commit_whose_caller_goes_away_leaves_no_open_transaction(world) {
        let mut commit = Box::pin(world.pool.begin().await.unwrap().commit());
        let early = poll_once(&mut commit).await.is_pending();
        drop(commit);
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.open), (1, 0));
        assert_eq!((seen.dropped, seen.committed), (u64::from(early), u64::from(!early)));
        assert_eq!(world.statement("commit").activity.cancelled, u64::from(early));
        assert_eq!(world.checkouts().out, 0);
    }

    async fn helpers_take_the_transaction_as_they_took_sqlxs(world) {
        async fn by_transaction(tx: &mut MonitoredTransaction<'_, Db>) {
            sqlx::query("DELETE FROM people WHERE id = 1").execute(&mut **tx).await.unwrap();
            for _ in 0..2 {
                sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap();
            }
        }
        async fn by_connection(connection: &mut monitor_sqlx::MonitoredConnection<Db>) {
            for _ in 0..2 {
                sqlx::query("SELECT 1").execute(&mut *connection).await.unwrap();
            }
        }
        let mut tx = world.pool.begin().await.unwrap();
        by_transaction(&mut tx).await;
        by_connection(&mut tx).await;
        tx.commit().await.unwrap();
        assert_eq!(world.total().calls, 7);
    }
}

#[test]
fn a_constraint_checked_at_commit_fails_the_commit() {
    crate::world::run(|world: crate::world::World<sqlx::Postgres>| async move {
        let table =
            "CREATE TABLE child (parent BIGINT REFERENCES people DEFERRABLE INITIALLY DEFERRED)";
        world.pool.inner().execute(table).await.unwrap();
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("INSERT INTO child VALUES (4711)").await.unwrap();
        tx.commit().await.unwrap_err();

        let commit = world.statement("commit").activity;
        assert_eq!((commit.calls, commit.failed), (1, 1));
        assert_eq!(commit.errors[0].code.as_deref(), Some("23503"));
        let seen = world.transactions();
        assert_eq!((seen.committed, seen.rolled_back, seen.open), (0, 1, 0));
    });
}

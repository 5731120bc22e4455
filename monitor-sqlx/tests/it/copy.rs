//! COPY of PostgreSQL.

use std::time::Duration;

use futures_util::TryStreamExt;
use monitor_core::capture::{ErrorClass, OutcomeKind};
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgPoolCopyExt;
use sqlx::{Error, Postgres};

use crate::world::{World, poll_once, run, until};

/// The one error so far, by class and the database's own code.
fn only_error(world: &World<Postgres>) -> (ErrorClass, Option<String>) {
    let total = world.total();
    assert_eq!((total.failed, total.cancelled, total.errors.len()), (1, 0, 1), "{total:#?}");
    (total.errors[0].class, total.errors[0].code.clone())
}

#[test]
fn a_copy_in_is_one_call_with_its_rows() {
    run(|world: World<Postgres>| async move {
        let mut connection = world.pool.acquire().await.unwrap();
        let mut copy = connection.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        assert_eq!((copy.num_columns(), copy.is_textual()), (2, true));
        copy.send("21\tann\n".as_bytes()).await.unwrap();
        world.hands.advance(std::time::Duration::from_secs(3));
        copy.send("22\tbob\n".as_bytes()).await.unwrap();
        assert_eq!(copy.finish().await.unwrap(), 2);
        let seen = world.statement("copy people from stdin").activity;
        assert_eq!((seen.calls, seen.completed(), seen.rows_affected), (1, 1, 2));
        assert_eq!(seen.time, std::time::Duration::ZERO, "the pause was the application's own");

        let copy = connection.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        copy.abort("never mind").await.unwrap();
        assert_eq!(world.statement("copy people from stdin").activity.cancelled, 1);
        connection.copy_in_raw("COPY nothing FROM STDIN").await.unwrap_err();
        let total = world.total();
        assert_eq!((total.calls, total.failed), (3, 1));
        assert_eq!(total.errors[0].class, ErrorClass::Statement);
        drop(connection);
        assert_eq!(world.checkouts().out, 0);
    });
}

#[test]
fn a_copy_out_is_one_call_until_its_last_piece() {
    run(|world: World<Postgres>| async move {
        let mut tx = world.pool.begin().await.unwrap();
        let out = tx.copy_out_raw("COPY people TO STDOUT").await.unwrap();
        let pieces: Vec<_> = out.try_collect().await.unwrap();
        assert_eq!(pieces.concat().split(|byte| *byte == b'\n').count(), 11);
        world.tick();
        assert_eq!(world.statement("copy people to stdout").activity.completed(), 1);
        let mut out = tx.copy_out_raw("COPY people TO STDOUT").await.unwrap();
        out.try_next().await.unwrap().unwrap();
        drop(out);
        assert_eq!(world.newest().outcome, OutcomeKind::Completed, "its reader had seen enough");
        // What is left of it is in the connection's way: sqlx does not read it.
        drop(tx);
        assert_eq!(world.transactions().statements, 2);
        assert_eq!((world.checkouts().out, world.checkouts().draining), (0, 0));
        for _ in 0..3 {
            assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
        }
    });
}

#[test]
fn what_the_database_refuses_is_a_failed_copy_with_its_code() {
    run(|world: World<Postgres>| async move {
        let mut connection = world.pool.acquire().await.unwrap();
        let mut copy = connection.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        copy.send("not a number\tann\n".as_bytes()).await.unwrap();
        copy.finish().await.unwrap_err();
        assert_eq!(only_error(&world).1.as_deref(), Some("22P02"));
        sqlx::query(world.people).fetch_all(&mut connection).await.unwrap();
    });
}

#[test]
fn aborting_what_the_database_has_refused_already_is_a_failed_copy() {
    run(|world: World<Postgres>| async move {
        let mut copy = world.pool.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        copy.send("1\tthere already\n".repeat(100_000).as_bytes()).await.unwrap();
        copy.send("not a number\tann\n".as_bytes()).await.unwrap();
        let aborted = copy.abort("never mind").await;
        let total = world.statement("copy people from stdin").activity;
        // Which came first is the server's business; what it said is what was counted.
        match aborted {
            Ok(()) => assert_eq!((total.failed, total.cancelled), (0, 1)),
            Err(Error::Database(error)) => {
                assert_eq!((total.failed, total.cancelled), (1, 0));
                assert_eq!(total.errors[0].code.as_deref(), error.code().as_deref());
            }
            Err(other) => panic!("{other}"),
        }
    });
}

#[test]
fn a_copy_whose_connection_is_lost_has_failed_and_was_not_cancelled() {
    run(|world: World<Postgres>| async move {
        let mut connection = world.pool.acquire().await.unwrap();
        let own = "SELECT pg_backend_pid()";
        let pid: i32 = sqlx::query_scalar(own).fetch_one(&mut connection).await.unwrap();
        let mut copy = connection.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        let kill = "SELECT pg_terminate_backend($1)";
        sqlx::query(kill).bind(pid).execute(world.pool.inner()).await.unwrap();
        let piece = "5000\tann\n".repeat(10_000);
        let mut sent = Ok(());
        for _ in 0..10_000 {
            sent = copy.send(piece.as_bytes()).await.map(|_| ());
            if sent.is_err() {
                break;
            }
        }
        assert!(sent.is_err(), "the line is down");
        assert_eq!(only_error(&world).0, ErrorClass::Connection);
        copy.finish().await.unwrap_err();
        assert_eq!(world.statement("copy people from stdin").activity.calls, 1, "it ended once");
        drop(connection);
        assert_eq!(world.checkouts().out, 0);
    });
}

#[test]
fn a_copy_out_that_fails_on_its_way_has_failed_with_its_code() {
    run(|world: World<Postgres>| async move {
        let late = "COPY (SELECT 1 / (900 - n) FROM generate_series(1, 1000) AS n) TO STDOUT";
        for on_pool in [true, false] {
            let mut connection = world.pool.acquire().await.unwrap();
            let out = if on_pool {
                world.pool.copy_out_raw(late).await.unwrap()
            } else {
                connection.copy_out_raw(late).await.unwrap()
            };
            out.try_collect::<Vec<_>>().await.unwrap_err();
            assert_eq!(world.newest().error_code.as_deref(), Some("22012"));
            connection.close().await.unwrap();
        }
        let total = world.total();
        assert_eq!((total.calls, total.failed, total.cancelled), (2, 2, 0));
    });
}

#[test]
fn a_copy_straight_on_the_pool_is_a_checkout_and_a_call() {
    run(|world: World<Postgres>| async move {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let held = pool.acquire().await.unwrap();
        let mut begin = Box::pin(pool.copy_in_raw("COPY people FROM STDIN"));
        assert!(poll_once(&mut begin).await.is_pending());
        world.hands.advance(Duration::from_secs(4));
        drop(held);
        let mut copy = begin.await.unwrap();
        assert_eq!((copy.num_columns(), copy.is_textual()), (2, true));
        assert!(copy.column_is_textual(1));
        assert_eq!(world.pool_of(&pool).checkouts.out, 1);
        copy.send("21\tann\n".as_bytes()).await.unwrap();
        world.hands.advance(Duration::from_secs(3));
        copy.read_from("22\tbob\n23\tcid\n".as_bytes()).await.unwrap();
        assert_eq!(copy.finish().await.unwrap(), 3);

        let seen = world.statement("copy people from stdin").activity;
        assert_eq!((seen.calls, seen.completed(), seen.rows_affected), (1, 1, 3));
        assert_eq!((seen.time, seen.parts.reader), (Duration::ZERO, Duration::from_secs(3)));
        assert_eq!((seen.parts.on_pool, seen.parts.pool_wait), (1, Duration::from_secs(4)));
        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.taken, checkouts.out), (2, 0));

        let pieces: Vec<_> =
            pool.copy_out_raw("COPY people TO STDOUT").await.unwrap().try_collect().await.unwrap();
        assert_eq!(pieces.concat().split(|byte| *byte == b'\n').count(), 14);
        assert_eq!(world.statement("copy people to stdout").activity.completed(), 1);
        assert_eq!(world.pool_of(&pool).checkouts.out, 0);
    });
}

#[test]
fn a_copy_on_the_pool_that_ends_early_gives_its_connection_back() {
    run(|world: World<Postgres>| async move {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        drop(pool.copy_in_raw("COPY people FROM STDIN"));
        assert_eq!(world.total().calls, 0, "nothing happens before the first poll");
        let copy = pool.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        copy.abort("never mind").await.unwrap();
        let mut copy = pool.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        copy.send("21\tann\n".as_bytes()).await.unwrap();
        drop(copy);
        assert_eq!(world.statement("copy people from stdin").activity.cancelled, 2);
        assert_eq!(world.pool_of(&pool).checkouts.out, 0);

        let refused = pool.copy_in_raw("COPY nothing FROM STDIN").await;
        assert!(matches!(refused, Err(Error::Database(_))));
        assert_eq!(
            world.statement("copy nothing").activity.errors[0].code.as_deref(),
            Some("42P01")
        );
        let mut out = pool.copy_out_raw("COPY people TO STDOUT").await.unwrap();
        out.try_next().await.unwrap().unwrap();
        drop(out);
        assert_eq!(world.statement("copy people to stdout").activity.completed(), 1);
        assert!(pool.copy_out_raw("COPY nothing TO STDOUT").await.is_err());
        until("it is back", || pool.num_idle() == pool.size() as usize).await;
        assert_eq!(world.pool_of(&pool).checkouts.out, 0);
        for _ in 0..3 {
            let people = sqlx::query(world.people).fetch_all(&pool).await.unwrap();
            assert_eq!(people.len(), 10, "nothing of it was kept");
        }
    });
}

#[test]
fn a_copy_that_gets_no_connection_is_a_timed_out_checkout_and_no_call() {
    run(|world: World<Postgres>| async move {
        let options = PoolOptions::new().max_connections(1);
        let pool = world.another(options.acquire_timeout(Duration::from_millis(50))).await;
        let _held = pool.acquire().await.unwrap();
        let refused = pool.copy_in_raw("COPY people FROM STDIN").await;
        assert!(matches!(refused, Err(Error::PoolTimedOut)));
        let refused = pool.copy_out_raw("COPY people TO STDOUT").await;
        assert!(matches!(refused, Err(Error::PoolTimedOut)));
        assert_eq!(world.pool_of(&pool).checkouts.timed_out, 2);
        assert_eq!(world.total().calls, 0);
        // Code written for sqlx's trait finds ours first; sqlx's own goes by the raw pool.
        drop(world.pool.inner().copy_in_raw("COPY people FROM STDIN").await.unwrap());
        assert_eq!(world.total().calls, 0);
    });
}

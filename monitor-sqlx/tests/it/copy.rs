//! COPY of PostgreSQL.

use futures_util::TryStreamExt;
use monitor_core::capture::{ErrorClass, OutcomeKind};
use sqlx::Postgres;

use crate::world::{World, run, until};

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
        until("it is gone", || world.checkouts().drain.count() == 1).await;
        assert_eq!(world.checkouts().draining, 0);
    });
}

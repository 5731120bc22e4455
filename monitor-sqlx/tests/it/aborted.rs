//! Transactions that PostgreSQL aborts at the first error, and answers their COMMIT with ROLLBACK.

use sqlx::Executor;

everywhere! {
    async fn a_commit_is_believed_unless_postgres_has_aborted_the_transaction(world) {
        let aborts = <Db as sqlx::Database>::NAME == "PostgreSQL";
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("DELETE FROM people WHERE id = 1").await.unwrap();
        tx.execute("SELECT nothing FROM nowhere").await.unwrap_err();
        tx.commit().await.unwrap();
        let rows = sqlx::query(world.people).fetch_all(&world.pool).await.unwrap();
        assert_eq!(rows.len(), if aborts { 10 } else { 9 });
        let seen = world.transactions();
        assert_eq!((seen.rolled_back, seen.committed), (u64::from(aborts), u64::from(!aborts)));
    }

    async fn a_transaction_whose_savepoint_took_the_error_back_commits(world) {
        for dropped in [true, false] {
            let mut tx = world.pool.begin().await.unwrap();
            let mut inner = tx.begin().await.unwrap();
            inner.execute("SELECT nothing FROM nowhere").await.unwrap_err();
            if dropped { drop(inner) } else { inner.rollback().await.unwrap() }
            tx.execute("UPDATE people SET name = 'x' WHERE id = 1").await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("SAVEPOINT mine").await.unwrap();
        tx.execute("SELECT nothing FROM nowhere").await.unwrap_err();
        tx.execute("ROLLBACK TO SAVEPOINT mine").await.unwrap();
        tx.commit().await.unwrap();
        let seen = world.transactions();
        assert_eq!((seen.begun, seen.committed, seen.rolled_back), (3, 3, 0));
    }

    async fn an_error_that_the_database_never_saw_aborts_no_transaction(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        connection.execute("SELECT nothing FROM nowhere").await.unwrap_err();
        let mut tx = connection.begin().await.unwrap();
        sqlx::query_as::<Db, (String, i64)>(world.people).fetch_one(&mut *tx).await.unwrap_err();
        tx.commit().await.unwrap();
        assert_eq!(world.transactions().committed, 1);
    }
}

#[test]
fn a_copy_that_is_taken_back_aborts_its_transaction() {
    crate::world::run(|world: crate::world::World<sqlx::Postgres>| async move {
        let mut tx = world.pool.begin().await.unwrap();
        tx.execute("DELETE FROM people").await.unwrap();
        let copy = tx.copy_in_raw("COPY people FROM STDIN").await.unwrap();
        copy.abort("never mind").await.unwrap();
        tx.commit().await.unwrap();
        let seen = world.transactions();
        assert_eq!((seen.committed, seen.rolled_back), (0, 1));
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 10);
    });
}

//! The macros that sqlx checks when they are compiled, by what `.sqlx` says of their statements.

use sqlx::{Postgres, Sqlite};

use crate::world::{World, run};

struct Person {
    id: i64,
    name: String,
}

/// What they all amount to: a look-up, all of them in a transaction, and a delete.
macro_rules! story {
    ($world:ident, $look_up:literal, $all:literal, $delete:literal) => {{
        let (known, last) = (3_i64, 7_i64);
        let found = sqlx::query!($look_up, known).fetch_one(&$world.pool).await.unwrap();
        assert_eq!(found.name, "name 3");
        let name = sqlx::query_scalar!($look_up, known).fetch_one(&$world.pool).await.unwrap();
        assert_eq!(name, "name 3");
        let mut tx = $world.pool.begin().await.unwrap();
        let all = sqlx::query_as!(Person, $all).fetch_all(&mut *tx).await.unwrap();
        assert_eq!(all.len(), 10);
        assert!(all.iter().all(|person| person.name == format!("name {}", person.id)));
        sqlx::query!($delete, last).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!($world.statement("select name from people").activity.rows_returned, 2);
        assert_eq!($world.statement("order by id").activity.rows_returned, 10);
        assert_eq!($world.statement("delete from people").activity.rows_affected, 3);
        let total = $world.total();
        assert_eq!((total.calls, total.completed()), (6, 6), "and BEGIN and COMMIT");
    }};
}

#[test]
fn queries_of_sqlxs_macros_are_calls_like_others_on_sqlite() {
    run(|world: World<Sqlite>| async move {
        story!(
            world,
            "SELECT name FROM people WHERE id = ?",
            "SELECT id, name FROM people ORDER BY id",
            "DELETE FROM people WHERE id > ?"
        );
    });
}

#[test]
fn queries_of_sqlxs_macros_are_calls_like_others_on_postgres() {
    run(|world: World<Postgres>| async move {
        story!(
            world,
            "SELECT name FROM people WHERE id = $1",
            "SELECT id, name FROM people ORDER BY id DESC",
            "DELETE FROM people WHERE id > $1"
        );
    });
}

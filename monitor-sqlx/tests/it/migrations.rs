//! sqlx's migrator on a wrapped pool.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

everywhere! {
    async fn migrations_run_on_a_wrapped_pool(world) {
        let migration = Migration::new(
            1,
            Cow::Borrowed("first"),
            MigrationType::Simple,
            "CREATE TABLE migrated (id BIGINT)".into_sql_str(),
            false,
        );
        let migrator = Migrator { migrations: Cow::Owned(vec![migration]), ..Migrator::DEFAULT };
        migrator.run(&world.pool).await.unwrap();
        sqlx::query("INSERT INTO migrated VALUES (1)").execute(&world.pool).await.unwrap();
        assert_eq!(world.checkouts().taken, 2);
        assert_eq!(world.checkouts().out, 0);
    }

    async fn what_a_connection_runs_that_nobody_sees_is_unknown_and_not_nothing(world) {
        let unseen = sqlx::Acquire::acquire(&world.pool).await.unwrap();
        let held = world.pool_of(&world.pool).held;
        assert_eq!((held.len(), held[0].is_seen), (1, false));
        drop(unseen);
        assert_eq!(world.checkouts().out, 0);
    }
}

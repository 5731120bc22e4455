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
}

//! Whose call it was, and from which line.

use sqlx::Executor;

everywhere! {
    async fn calls_carry_user_and_tag_and_their_neighbours_do_not(world) {
        let pool = world.pool.for_user("42").tagged("GET /people");
        sqlx::query(world.people).fetch_all(&pool).await.unwrap();
        let seen = world.newest();
        assert_eq!((seen.user.as_deref(), seen.tag.as_deref()), (Some("42"), Some("GET /people")));

        let mut tx = pool.begin().await.unwrap();
        world.tick();
        sqlx::query(world.people).fetch_all(&mut *tx).await.unwrap();
        assert_eq!(world.newest().user.as_deref(), Some("42"));
        tx.commit().await.unwrap();
        assert_eq!(world.newest().tag.as_deref(), Some("GET /people"));

        sqlx::query(world.people).fetch_all(&world.pool).await.unwrap();
        assert_eq!((world.newest().user, world.newest().tag), (None, None));
        assert_eq!(world.checkouts().taken, 3, "all handles are one pool");
    }

    async fn a_tag_does_not_change_the_sql(world) {
        for tag in ["a", "b", "c"] {
            sqlx::query(world.people).fetch_all(&world.pool.tagged(tag)).await.unwrap();
        }
        assert_eq!(world.statement("from people").activity.calls, 3);
    }

    async fn a_call_made_directly_knows_its_line_and_one_through_sqlx_can_be_told(world) {
        world.pool.execute("SELECT 1").await.unwrap(); let line = line!();
        let site = world.newest().call_site.unwrap();
        assert!(site.file().ends_with("labels.rs"), "{site}");
        assert_eq!(site.line(), line);

        sqlx::query("SELECT 1").execute(&world.pool).await.unwrap();
        assert_eq!(world.newest().call_site, None, "sqlx's own line would tell nothing");

        sqlx::query("SELECT 1").execute(&world.pool.here()).await.unwrap(); let line = line!();
        assert_eq!(world.newest().call_site.unwrap().line(), line);

        let mut tx = world.pool.begin().await.unwrap();
        world.tick();
        tx.execute("SELECT 1").await.unwrap(); let line = line!();
        assert_eq!(world.newest().call_site.unwrap().line(), line);
        (&mut tx).fetch_all("SELECT 1").await.unwrap(); let line = line!();
        assert_eq!(world.newest().call_site.unwrap().line(), line);
    }

    async fn a_builder_names_the_pool_and_its_calls(world) {
        let pool = monitor_sqlx::MonitoredPool::builder(world.pool.inner().clone())
            .name("reports")
            .user("nobody")
            .tag("nightly")
            .build(&world.monitor);
        pool.execute("SELECT 1").await.unwrap();
        let seen = world.newest();
        assert_eq!(seen.pool.as_deref(), Some("reports"));
        assert_eq!((seen.user.as_deref(), seen.tag.as_deref()), (Some("nobody"), Some("nightly")));
        assert_eq!(pool.name(), "reports");
    }

    async fn two_pools_without_a_name_are_kept_apart(world) {
        let second = monitor_sqlx::MonitoredPool::new(world.pool.inner().clone(), &world.monitor);
        assert_eq!(second.name(), format!("{}-2", world.pool.name()));
        second.execute("SELECT 1").await.unwrap();
        assert_eq!(world.checkouts().taken, 0);
    }
}

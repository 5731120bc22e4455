//! Words of the application behind every text, and the cache of prepared statements.

use monitor_sqlx::MonitoredPool;
use sqlx::{Executor, Statement};

use crate::world::{TestDb, World};

/// A pool of one connection that says who asks.
fn commented<DB: TestDb>(world: &World<DB>) -> MonitoredPool<DB> {
    let options = sqlx::pool::PoolOptions::new().max_connections(1);
    let pool = options.connect_lazy_with((*world.pool.connect_options()).clone());
    let pool = MonitoredPool::builder(pool).name("commented");
    pool.comment("route", "/orders").comment("application", "it's").build(&world.monitor)
}

/// Runs the same query with lists of so many lengths, again and again.
async fn lists<DB: TestDb>(pool: &MonitoredPool<DB>, lengths: usize, times: usize)
where
    i64: for<'q> sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    DB::Arguments: sqlx::IntoArguments<DB>,
{
    for _ in 0..times {
        for length in 1..=lengths {
            let mut query = sqlx::QueryBuilder::<DB>::new("SELECT name FROM people WHERE id IN (");
            let mut ids = query.separated(", ");
            for id in 0..length {
                ids.push_bind(id as i64);
            }
            query.push(")");
            query.build().fetch_all(pool).await.unwrap();
        }
    }
}

everywhere! {
    async fn a_comment_leaves_the_statement_and_its_place_in_the_cache_as_they_were(world) {
        let pool = commented(&world);
        let mut connection = pool.acquire().await.unwrap();
        for _ in 0..5 {
            sqlx::query(world.people).fetch_all(&mut *connection).await.unwrap();
        }
        assert_eq!(connection.cached_statements_size(), 1, "one text for the life of the pool");
        let statement = connection.prepare(sqlx::SqlSafeStr::into_sql_str(world.people)).await.unwrap();
        statement.query().fetch_all(&mut *connection).await.unwrap();
        assert_eq!(connection.cached_statements_size(), 1);
        drop(connection);
        sqlx::query(world.people).fetch_all(&world.pool).await.unwrap();
        let texts = world.monitor.snapshot().lifetime.statements;
        let people: Vec<_> = texts.iter().filter(|one| one.text.starts_with("select id")).collect();
        assert!(people.iter().all(|one| one.fingerprint == people[0].fingerprint), "{people:#?}");
        let runs: u64 = people.iter().map(|one| one.activity.calls).sum();
        assert_eq!(runs, 7);
    }

    async fn several_statements_and_failing_ones_carry_it_as_well(world) {
        let pool = commented(&world);
        sqlx::raw_sql("SELECT 1; SELECT 2;").execute(&pool).await.unwrap();
        pool.execute("SELECT 3 -- a comment of its own").await.unwrap();
        pool.execute("SELECT * FROM nowhere").await.unwrap_err();
        let mut tx = pool.begin().await.unwrap();
        tx.execute("SELECT 4").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.total().failed, 1);
    }

    async fn texts_that_push_each_other_out_of_the_cache_are_told_with_their_statement(world) {
        let options = sqlx::pool::PoolOptions::new().max_connections(1);
        let kept = Db::keeping((*world.pool.connect_options()).clone(), 10);
        let pool = MonitoredPool::builder(options.connect_lazy_with(kept)).name("small cache");
        let pool = pool.statement_cache_capacity(10).build(&world.monitor);
        let cache = || world.pool_of(&pool).statement_cache;
        lists(&pool, 9, 5).await;
        assert_eq!(cache(), None, "nine texts fit");
        lists(&pool, 30, 10).await;
        let seen = cache().unwrap();
        assert_eq!(seen.capacity, 10);
        assert!(seen.missed >= 250, "{seen:?}");
        assert_eq!(&*seen.offenders[0].statement, "select name from people where id in (...)");
        assert_eq!(seen.offenders[0].missed, seen.missed);
        pool.execute(world.people).await.unwrap();
        sqlx::query(world.people).persistent(false).execute(&pool).await.unwrap();
        assert_eq!(cache().unwrap(), seen, "what is not to be kept misses nothing");
    }
}

#[test]
fn the_server_sees_who_asked() {
    crate::world::run(|world: World<sqlx::Postgres>| async move {
        let pool = commented(&world);
        let own = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let seen: String = sqlx::query_scalar(own).fetch_one(&pool).await.unwrap();
        assert!(seen.ends_with("/*application='it%27s',route='%2Forders'*/"), "{seen}");
    });
}

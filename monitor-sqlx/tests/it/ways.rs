//! Every way sqlx has to run a query, on pool, connection and transaction.

use futures_util::{StreamExt, TryStreamExt};
use monitor_core::capture::{OutcomeKind, Rows};
use monitor_core::identify::Kind;
use sqlx::{AssertSqlSafe, Either, Executor, QueryBuilder, Row, Statement};

use crate::world::TestDb;

const RETURNED: fn(u64) -> Option<u64> = Some;

everywhere! {
    async fn a_query_counts_once_with_its_rows(world) {
        let rows = sqlx::query(world.people).fetch_all(&world.pool).await.unwrap();
        assert_eq!(rows.len(), 10);

        let statement = world.statement("from people");
        assert_eq!(statement.kind, Kind::Select);
        assert_eq!(statement.activity.calls, 1);
        assert_eq!(statement.activity.completed(), 1);
        assert_eq!(statement.activity.rows_returned, 10);
        assert_eq!(statement.activity.rows_affected, 0);
        assert_eq!(world.total().calls, 1);
        assert_eq!(world.checkouts().taken, 1);
    }

    async fn every_way_to_fetch_counts_once_on_pool_connection_and_transaction(world) {
        macro_rules! all_ways {
            ($on:expr) => {{
                sqlx::query(world.people).execute($on).await.unwrap();
                sqlx::query(world.people).fetch_all($on).await.unwrap();
                sqlx::query(world.people).fetch_one($on).await.unwrap();
                sqlx::query(world.people).fetch_optional($on).await.unwrap();
                sqlx::query(world.people).fetch($on).try_collect::<Vec<_>>().await.unwrap();
                sqlx::query_as::<Db, (i64, String)>(world.people).fetch_all($on).await.unwrap();
                sqlx::query_as::<Db, (i64, String)>(world.people).fetch_one($on).await.unwrap();
                sqlx::query_scalar::<Db, i64>(world.people).fetch_all($on).await.unwrap();
                sqlx::query::<Db>(world.people).map(|row: <Db as sqlx::Database>::Row| row.get::<i64, _>(0)).fetch_all($on).await.unwrap();
                sqlx::query(world.people).persistent(false).fetch_all($on).await.unwrap();
                sqlx::raw_sql(world.people).fetch_all($on).await.unwrap();
                $on.fetch_all(world.people).await.unwrap();
                $on.execute_many(world.people).try_collect::<Vec<_>>().await.unwrap();
            }};
        }
        let check = |calls: u64| {
            let seen = world.statement("from people").activity;
            assert_eq!((seen.calls, seen.completed()), (calls, calls));
            assert_eq!(seen.rows_affected, 0);
            assert_eq!(world.checkouts().out, 0);
        };
        all_ways!(&world.pool);
        check(13);

        let mut connection = world.pool.acquire().await.unwrap();
        all_ways!(&mut connection);
        drop(connection);
        check(26);

        let mut tx = world.pool.begin().await.unwrap();
        all_ways!(&mut tx);
        all_ways!(&mut *tx);
        tx.commit().await.unwrap();
        check(52);
        assert_eq!(world.total().calls, 54, "and BEGIN and COMMIT");
    }

    async fn writes_tell_the_rows_they_changed(world) {
        let insert = format!("INSERT INTO people (id, name) VALUES ({}, 'new')", Db::P1);
        sqlx::query(AssertSqlSafe(insert)).bind(11_i64).execute(&world.pool).await.unwrap();
        sqlx::query("UPDATE people SET name = REPLACE(name, 'name', 'nom') WHERE id > 3")
            .execute(&world.pool).await.unwrap();
        sqlx::query("DELETE FROM people WHERE id > 3").execute(&world.pool).await.unwrap();

        let changed = |words| world.statement(words).activity.rows_affected;
        assert_eq!(changed("insert into people"), 1);
        assert_eq!(changed("update people"), 8);
        assert_eq!(changed("delete from people"), 8);
        assert_eq!(world.total().rows_returned, 0);
    }

    async fn a_write_whose_rows_are_fetched_tells_both_numbers(world) {
        // MariaDB knows RETURNING for INSERT only.
        let insert = "INSERT INTO people (id, name) VALUES (31, 'a'), (32, 'b') RETURNING id";
        let rows = sqlx::query(insert).fetch_all(&world.pool).await.unwrap();
        assert_eq!(rows.len(), 2);
        let both = (world.newest().rows.returned, world.newest().rows.affected);
        assert_eq!(both, (Some(2), Some(2)));

        let insert = "INSERT INTO people (id, name) VALUES (33, 'c'), (34, 'd') RETURNING id";
        let first: i64 = sqlx::query_scalar(insert).fetch_one(&world.pool).await.unwrap();
        assert_eq!(first, 33);
        let both = (world.newest().rows.returned, world.newest().rows.affected);
        assert_eq!(both, (Some(1), Some(2)));
        assert_eq!(sqlx::query(world.people).fetch_all(&world.pool).await.unwrap().len(), 14);
    }

    async fn a_first_row_costs_no_more_statements_than_sqlx_runs_for_it(world) {
        // SQLite's driver stops behind the row; what came after it used to run as well.
        let several = |id: i64| AssertSqlSafe(format!(
            "INSERT INTO people (id, name) VALUES ({id}, 'n{id}') RETURNING id; DELETE FROM people WHERE id = 1"
        ));
        let left = "SELECT id FROM people WHERE id = 1";
        let mut plain = world.pool.inner().acquire().await.unwrap();
        sqlx::raw_sql(several(51)).fetch_one(&mut *plain).await.unwrap();
        let expected = sqlx::raw_sql(left).fetch_all(&mut *plain).await.unwrap().len();
        drop(plain);
        let put_back = "INSERT INTO people (id, name) SELECT 1, 'one' WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = 1)";
        world.pool.inner().execute(put_back).await.unwrap();

        let mut connection = world.pool.acquire().await.unwrap();
        sqlx::raw_sql(several(52)).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(sqlx::raw_sql(left).fetch_all(&mut *connection).await.unwrap().len(), expected);
    }

    async fn a_first_row_is_had_where_sqlx_has_it_though_a_later_one_fails(world) {
        let clash = |id: i64| AssertSqlSafe(format!(
            "INSERT INTO people (id, name) VALUES ({id}, 'm{id}'), (2, 'again') RETURNING id"
        ));
        let mut plain = world.pool.inner().acquire().await.unwrap();
        let expected = sqlx::query(clash(61)).fetch_optional(&mut *plain).await.is_ok();
        // sqlx's connection would tell the error to its next call, which is not its own.
        plain.close().await.unwrap();
        let mut connection = world.pool.acquire().await.unwrap();
        let first = sqlx::query(clash(62)).fetch_optional(&mut *connection).await;
        assert_eq!(first.is_ok(), expected);
        assert_eq!(connection.fetch_all(world.people).await.unwrap().len(), 10);
    }

    async fn rows_that_nobody_reads_are_unknown_where_the_driver_does_not_tell_them(world) {
        sqlx::query(world.people).execute(&world.pool).await.unwrap();
        let tells = <Db as sqlx::Database>::NAME == "PostgreSQL";
        let seen = world.statement("from people").activity;
        assert_eq!((seen.rows_returned, seen.rows_unknown), if tells { (10, 0) } else { (0, 1) });
        sqlx::query("INSERT INTO people (id, name) VALUES (11, 'x')").execute(&world.pool).await.unwrap();
        sqlx::query("CREATE TABLE more (id BIGINT)").execute(&world.pool).await.unwrap();
        assert_eq!(world.statement("insert into people").activity.rows_unknown, 0);
        assert_eq!(world.statement("create table").activity.rows_unknown, 0);
    }

    async fn a_select_changes_no_rows_whatever_was_changed_before_on_its_connection(world) {
        let mut connection = world.pool.acquire().await.unwrap();
        sqlx::query("DELETE FROM people WHERE id > 5").execute(&mut connection).await.unwrap();
        sqlx::query("SELECT 1").execute(&mut connection).await.unwrap();
        sqlx::query("SELECT 1").fetch_all(&mut connection).await.unwrap();
        sqlx::query("SELECT 1").fetch(&mut connection).try_collect::<Vec<_>>().await.unwrap();
        connection.execute("CREATE TABLE more (id BIGINT)").await.unwrap();

        assert_eq!(world.statement("select ?").activity.rows_affected, 0);
        assert_eq!(world.statement("create table").activity.rows_affected, 0);
        assert_eq!(world.total().rows_affected, 5);
    }

    async fn a_built_query_and_a_prepared_one_are_calls_like_others(world) {
        let mut query = QueryBuilder::<Db>::new("SELECT name FROM people WHERE id IN (");
        let mut ids = query.separated(", ");
        for id in 1..=7_i64 {
            ids.push_bind(id);
        }
        query.push(")");
        let names: Vec<String> =
            query.build_query_scalar().fetch_all(&world.pool).await.unwrap();
        assert_eq!(names.len(), 7);
        assert_eq!(world.statement("select name from people").by_list_size.len(), 1);

        let sql = format!("SELECT name FROM people WHERE id = {}", Db::P1);
        let mut connection = world.pool.acquire().await.unwrap();
        let prepare = sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql));
        let statement = connection.prepare(prepare).await.unwrap();
        assert_eq!(world.statement("prepare").activity.calls, 1, "of its own");
        assert_eq!(world.total().calls, 2);
        for id in [3_i64, 4] {
            statement.query().bind(id).fetch_one(&mut connection).await.unwrap();
        }
        assert_eq!(world.calls_of("select name from people where id = "), 2);
        assert_eq!(world.total().rows_returned, 7 + 2);
    }

    async fn several_statements_in_one_text_are_one_call(world) {
        let several = "INSERT INTO people (id, name) VALUES (21, 'x'); \
            INSERT INTO people (id, name) VALUES (22, 'y'), (23, 'z');";
        let done = sqlx::raw_sql(several).execute(&world.pool).await.unwrap();
        assert_eq!(done.rows_affected(), 3);

        let total = world.total();
        assert_eq!((total.calls, total.completed()), (1, 1));
        assert_eq!(total.rows_affected, 3);
        assert_eq!(world.newest().kind, Kind::Batch);
    }

    async fn results_and_rows_of_several_statements_pass_through_in_order(world) {
        let several = "SELECT id FROM people WHERE id < 3; DELETE FROM people WHERE id < 3; \
            SELECT id FROM people WHERE id < 5";
        let order: String = sqlx::raw_sql(several)
            .fetch_many(&world.pool)
            .map_ok(|step| if matches!(step, Either::Left(_)) { 'Q' } else { 'r' })
            .try_collect()
            .await
            .unwrap();
        assert_eq!(order, "rrQQrrQ");
        assert_eq!(world.total().rows_returned, 4);
        assert_eq!(world.total().calls, 1);
    }

    async fn a_text_with_other_literals_is_the_same_statement(world) {
        for id in 1..=5 {
            let sql = format!("SELECT name FROM people WHERE id = {id} AND name <> 'secret {id}'");
            sqlx::query(AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap();
        }
        let statement = world.statement("from people");
        assert_eq!(statement.activity.calls, 5);
        assert!(!format!("{:?}", world.monitor.snapshot()).contains("secret"));
    }

    async fn a_slow_reader_of_a_stream_is_not_a_slow_database(world) {
        for on_pool in [true, false] {
            let mut connection = world.pool.acquire().await.unwrap();
            let mut rows = if on_pool {
                sqlx::query(world.people).fetch(&world.pool)
            } else {
                sqlx::query(world.people).fetch(&mut connection)
            };
            let mut count = 0;
            while let Some(row) = rows.next().await {
                row.unwrap();
                count += 1;
                world.hands.advance(std::time::Duration::from_secs(3600));
            }
            assert_eq!(count, 10);
            drop(rows);
            assert_eq!(world.newest().duration, std::time::Duration::ZERO);
            assert_eq!(world.newest().rows.returned, RETURNED(10));
        }
    }

    async fn a_stream_gives_its_connection_back_with_its_last_row(world) {
        let mut rows = sqlx::query(world.people).fetch(&world.pool);
        assert_eq!(world.checkouts().taken, 0, "nothing happens before the first poll");
        while rows.try_next().await.unwrap().is_some() {
            assert_eq!(world.checkouts().out, 1);
        }
        assert_eq!(world.checkouts().out, 0);
        drop(rows);
        assert_eq!(world.total().calls, 1);
    }

    async fn many_tasks_at_once_are_counted_exactly(world) {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (pool, people) = (world.pool.clone(), world.people);
                tokio::spawn(async move {
                    for _ in 0..10 {
                        sqlx::query(people).fetch_all(&pool).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let seen = world.statement("from people").activity;
        assert_eq!((seen.calls, seen.rows_returned), (200, 2000));
        let checkouts = world.checkouts();
        assert_eq!((checkouts.taken, checkouts.out, checkouts.waiting), (200, 0, 0));
    }

    async fn a_monitor_that_is_off_sees_nothing_and_disturbs_nothing(world) {
        let off = monitor_core::Monitor::off();
        let pool = monitor_sqlx::MonitoredPool::new(world.pool.inner().clone(), &off);
        let rows = sqlx::query(world.people).fetch_all(&pool).await.unwrap();
        assert_eq!(rows.len(), 10);
        let rows: Vec<_> = sqlx::query(world.people).fetch(&pool).try_collect().await.unwrap();
        assert_eq!(rows.len(), 10);
        pool.begin().await.unwrap().rollback().await.unwrap();
        assert_eq!(off.snapshot().lifetime.total.calls + world.total().calls, 0);
    }

    async fn a_call_without_rows_has_completed(world) {
        let none = "SELECT id FROM people WHERE id = 4711";
        let missing = sqlx::query(none).fetch_one(&world.pool).await;
        assert!(matches!(missing, Err(sqlx::Error::RowNotFound)));
        assert_eq!(world.newest().outcome, OutcomeKind::Completed);
        assert_eq!(world.newest().rows, Rows { returned: Some(0), affected: None });
        assert_eq!(world.total().failed, 0);
    }
}

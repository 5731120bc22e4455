//! Calls in units of work, and what their values hash to.

use std::time::Duration;

use futures_util::TryStreamExt;
use monitor_core::Scope;
use monitor_core::snapshot::{RepeatKind, ScopeActivity};
use sqlx::AssertSqlSafe;
use sqlx::{Executor, Row};

use crate::world::{TestDb, World};

fn by_id<DB: TestDb>() -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT name FROM people WHERE id = {}", DB::P1))
}

fn scope<DB: TestDb>(world: &World<DB>, name: &str) -> ScopeActivity {
    let snapshot = world.monitor.snapshot();
    snapshot.scopes.into_iter().find(|scope| &*scope.name == name).unwrap()
}

everywhere! {
    async fn values_are_told_apart_and_are_not_in_what_is_told(world) {
        let work = async {
            for value in [1_i64, 2, 1] {
                sqlx::query(by_id::<Db>()).bind(value).fetch_all(&world.pool).await.unwrap();
            }
            for name in ["Ann", "Bob"] {
                let text = AssertSqlSafe(format!("SELECT id FROM people WHERE name = {}", Db::P1));
                sqlx::query(text).bind(name).fetch_optional(&world.pool).await.unwrap();
            }
            world.pool.fetch_all("SELECT name FROM people WHERE id = 3").await.unwrap();
            world.pool.fetch_all("SELECT name FROM people WHERE id = 4").await.unwrap();
        };
        let ((), captured) = world.monitor.capture(work).await;
        let all: Vec<_> = captured.calls.iter().map(|call| call.parameters.unwrap()).collect();
        assert_eq!(all.len(), 7);
        assert_eq!(all[0], all[2]);
        assert!(all[0].all != all[1].all && all[0].bound != all[1].bound);
        assert!(all[3].bound != all[4].bound);
        // Literals in a text tell calls apart as bound values do.
        assert!(all[5].all != all[6].all && all[5].bound.is_none());
        let told = format!("{:?}", captured.calls);
        assert!(!told.contains("Ann") && !told.contains("Bob"), "{told}");
    }

    async fn values_too_large_to_be_hashed_are_not_known(world) {
        let text = AssertSqlSafe(format!("SELECT id FROM people WHERE name = {}", Db::P1));
        let work = sqlx::query(text).bind("x".repeat(100_000)).fetch_all(&world.pool);
        let (rows, captured) = world.monitor.capture(work).await;
        rows.unwrap();
        assert_eq!(captured.calls[0].parameters, None);
    }

    async fn every_way_of_asking_is_in_its_unit(world) {
        let work = async {
            sqlx::query(by_id::<Db>()).bind(1_i64).execute(&world.pool).await.unwrap();
            sqlx::query(by_id::<Db>()).bind(1_i64).fetch_one(&world.pool).await.unwrap();
            let rows = sqlx::query(by_id::<Db>()).bind(1_i64).fetch(&world.pool);
            rows.try_collect::<Vec<_>>().await.unwrap();
            let mut lent = world.pool.acquire().await.unwrap();
            sqlx::query(by_id::<Db>()).bind(1_i64).fetch_one(&mut lent).await.unwrap();
            drop(lent);
            let mut transaction = world.pool.begin().await.unwrap();
            sqlx::query(by_id::<Db>()).bind(1_i64).fetch_one(&mut transaction).await.unwrap();
            transaction.commit().await.unwrap();
        };
        let ((), captured) = world.monitor.capture(work).await;
        let asked = captured.calls.iter().filter(|call| call.parameters.is_some());
        assert_eq!(asked.count(), 5, "{captured}");
        captured.assert_no_open_transaction();
        captured.assert_no_leaked_connection();
        captured.assert_no_write();
    }

    async fn what_is_left_open_or_out_is_seen(world) {
        let (left, captured) = world.monitor.capture(world.pool.begin()).await;
        assert_eq!((captured.open_transactions, captured.connections_out), (1, 1));
        drop(left);
    }

    async fn a_loop_over_rows_is_found_with_its_line_and_one_statement_is_not(world) {
        let slow = monitor_core::ScopeRule::default().repeats_time_min(Duration::ZERO);
        let monitor = monitor_core::Monitor::builder().scopes(slow).build().unwrap();
        let pool = monitor_sqlx::MonitoredPool::new(world.pool.inner().clone(), &monitor);
        let looped = monitor.scope("GET /people").wrap(async {
            let all = sqlx::query("SELECT id FROM people").fetch_all(&pool.here()).await.unwrap();
            for row in all {
                let id: i64 = row.try_get_unchecked(0).unwrap();
                sqlx::query(by_id::<Db>()).bind(id).fetch_one(&pool.here()).await.unwrap();
            }
        });
        looped.await;
        let at_once = monitor.scope("GET /names").wrap(async {
            sqlx::query(by_id::<Db>()).bind(1_i64).fetch_one(&pool).await.unwrap();
            sqlx::query("SELECT name FROM people").fetch_all(&pool).await.unwrap();
        });
        at_once.await;
        let snapshot = monitor.snapshot();
        let of = |name: &str| snapshot.scopes.iter().find(|one| &*one.name == name).unwrap();
        let [repeated] = &of("GET /people").repeats[..] else { panic!("{snapshot:#?}") };
        assert_eq!((repeated.kind, repeated.calls), (RepeatKind::Loop, 10));
        assert!(repeated.call_site.as_ref().unwrap().contains("scopes.rs"));
        assert!(repeated.behind_call_site.as_ref().unwrap().contains("scopes.rs"));
        assert_eq!(of("GET /names").repeats, []);
    }

    async fn spawned_tasks_that_carry_the_unit_are_in_it_and_others_are_not(world) {
        let unit = world.monitor.scope("GET /people");
        unit.wrap(async {
            let pool = world.pool.clone();
            let carried = async move {
                sqlx::query(by_id::<Db>()).bind(1_i64).fetch_one(&pool).await.unwrap();
            };
            let pool = world.pool.clone();
            let alone = async move {
                sqlx::query(by_id::<Db>()).bind(1_i64).fetch_one(&pool).await.unwrap();
            };
            tokio::spawn(Scope::current().wrap(carried)).await.unwrap();
            tokio::spawn(alone).await.unwrap();
        }).await;
        drop(unit);
        assert_eq!(scope(&world, "GET /people").calls, 1);
    }

    async fn a_call_that_is_cancelled_is_its_units(world) {
        let unit = world.monitor.scope("GET /people");
        let endless = sqlx::query(AssertSqlSafe(Db::ENDLESS)).fetch_all(&world.pool);
        let stopped = tokio::time::timeout(Duration::from_millis(50), unit.wrap(endless)).await;
        stopped.unwrap_err();
        drop(unit);
        assert_eq!(scope(&world, "GET /people").calls, 1);
    }
}

//! Why a pool gave no connection in time, and connections that stay busy after their callers have gone.

use std::time::Duration;

use monitor_core::judge::{Starvation, explain};
use monitor_core::snapshot::CheckoutTimeout;
use monitor_sqlx::{MonitoredPool, MonitoredPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::{Error, Executor};

use crate::world::{TestDb, World, poll_once, until};

/// A pool that soon says no.
fn impatient<DB: TestDb>(connections: u32) -> PoolOptions<DB> {
    let patience = Duration::from_millis(100);
    PoolOptions::new().max_connections(connections).acquire_timeout(patience)
}

impl<DB: TestDb> World<DB> {
    /// A caller that waits five seconds of the test's time for nothing.
    async fn time_out(&self, pool: &MonitoredPool<DB>) -> CheckoutTimeout {
        let mut waiting = Box::pin(pool.acquire());
        assert!(poll_once(&mut waiting).await.is_pending());
        self.hands.advance(Duration::from_secs(5));
        assert!(matches!(waiting.await, Err(Error::PoolTimedOut)));
        self.pool_of(pool).timeouts.remove(0)
    }

    fn explained(&self, timeout: &CheckoutTimeout) -> (Starvation, String) {
        let explanation = explain(timeout, &self.monitor.thresholds());
        (explanation.starvation, explanation.text)
    }
}

everywhere! {
    async fn connections_that_are_kept_and_forgotten_are_a_leak(world) {
        let pool = world.another(impatient(2)).await;
        let first = pool.acquire().await.unwrap(); let line = line!();
        let mut second = pool.acquire().await.unwrap();
        second.execute(world.people).await.unwrap();
        world.hands.advance(Duration::from_secs(120));
        assert_eq!(world.pool_of(&pool).leaked, 2);
        let mut thresholds = world.monitor.thresholds();
        thresholds.leaked_connections = 1;
        let findings = monitor_core::judge::findings(&world.monitor.snapshot(), &thresholds);
        let words = findings.iter().map(|one| one.message.as_str()).collect::<String>();
        assert!(words.contains("2 connections have been out") && words.contains("timeouts.rs"), "{words}");

        let timeout = world.time_out(&pool).await;
        let (reason, text) = world.explained(&timeout);
        assert_eq!(reason, Starvation::Leak, "{text}");
        assert!(text.contains(&format!("timeouts.rs:{line}")), "{text}");
        assert!(text.contains("has run nothing") && text.contains("idle since `select id, name"), "{text}");
        drop((first, second));
        assert_eq!(world.pool_of(&pool).leaked, 0, "taken back");
    }

    async fn a_long_transaction_that_works_is_no_leak_and_is_told_as_what_it_is(world) {
        let mut tx = world.pool.begin().await.unwrap();
        for _ in 0..10 {
            world.hands.advance(Duration::from_secs(30));
            tx.execute("SELECT 1").await.unwrap();
        }
        let pool = world.pool_of(&world.pool);
        assert_eq!((pool.leaked, pool.held.len()), (0, 1));
        assert_eq!(pool.held[0].transaction, Some(Duration::from_secs(300)));
        assert_eq!(world.transactions().open_longest, Some(Duration::from_secs(300)));
        assert_eq!(world.transactions().idle_longest, Some(Duration::ZERO));

        world.hands.advance(Duration::from_secs(120));
        assert_eq!(world.transactions().idle_longest, Some(Duration::from_secs(120)));
        assert_eq!(world.pool_of(&world.pool).leaked, 1, "now it is forgotten");
        tx.commit().await.unwrap();
        let pool = world.pool_of(&world.pool);
        assert_eq!((pool.leaked, pool.held.len()), (0, 0));
        assert_eq!(world.transactions().idle_longest, None);
    }

    async fn a_statement_that_runs_on_every_connection_is_the_reason(world) {
        let pool = world.another(impatient(1)).await;
        let mut connection = pool.acquire().await.unwrap();
        let mut call = connection.execute(Db::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        let timeout = world.time_out(&pool).await;
        drop(call);
        connection.detach();
        let (reason, text) = world.explained(&timeout);
        assert_eq!(reason, Starvation::SlowStatement, "{text}");
        assert!(text.contains("for 5.0s") && text.contains("1 out of 1"), "{text}");
    }

    async fn connections_held_while_something_else_is_done_are_held_idle(world) {
        let pool = world.another(impatient(1)).await;
        let mut tx = pool.begin().await.unwrap();
        tx.execute(world.people).await.unwrap();
        let timeout = world.time_out(&pool).await;
        let (reason, text) = world.explained(&timeout);
        assert_eq!(reason, Starvation::HeldIdle, "{text}");
        assert!(text.contains("in a transaction for 5.0s"), "{text}");
        tx.rollback().await.unwrap();
    }

    async fn connections_that_come_and_go_are_too_few(world) {
        let pool = world.another(impatient(1)).await;
        let first = pool.acquire().await.unwrap();
        let (mut second, mut third) = (Box::pin(pool.acquire()), Box::pin(pool.acquire()));
        assert!(poll_once(&mut second).await.is_pending());
        assert!(poll_once(&mut third).await.is_pending());
        world.hands.advance(Duration::from_secs(4));
        drop(first);
        let second = second.await.unwrap();
        world.hands.advance(Duration::from_secs(1));
        assert!(third.await.is_err());
        let timeout = world.pool_of(&pool).timeouts.remove(0);
        let (reason, text) = world.explained(&timeout);
        assert_eq!(reason, Starvation::PoolTooSmall, "{text}");
        drop(second);
    }

    async fn a_call_that_was_cut_short_keeps_its_connection_and_is_seen_to(world) {
        let pool = world.another(impatient(1)).await;
        let mut connection = pool.acquire().await.unwrap();
        let mut call = connection.execute(Db::ENDLESS);
        assert!(poll_once(&mut call).await.is_pending());
        drop(call);
        drop(connection);
        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.out, checkouts.draining), (0, 1));
        let timeout = world.time_out(&pool).await;
        assert_eq!(timeout.draining, 1);
        let (reason, text) = world.explained(&timeout);
        assert_eq!(reason, Starvation::Draining, "{text}");
        assert!(text.contains("1 busy after their callers had gone"), "{text}");
    }

    async fn the_time_a_connection_stays_pinned_is_told_once_it_is_back(world) {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let brief = Db::ENDLESS.replace("(60)", "(0.2)").replace("3000000", "300000");
        let call = sqlx::raw_sql(sqlx::AssertSqlSafe(brief));
        let mut connection = pool.acquire().await.unwrap();
        let mut call = Box::pin(call.execute(&mut connection));
        assert!(poll_once(&mut call).await.is_pending());
        drop(call);
        drop(connection);
        world.hands.advance(Duration::from_millis(470));
        until("the connection is back", || world.pool_of(&pool).checkouts.drain.count() == 1).await;
        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!(checkouts.draining, 0);
        assert!(checkouts.drain.quantile(0.5).unwrap() >= Duration::from_millis(400));
        pool.acquire().await.unwrap();
        assert_eq!(world.pool_of(&pool).checkouts.drain.count(), 1, "an answered call pins nothing");
    }
}

/// A pool to a port where nobody listens.
async fn cannot_connect<DB: TestDb>(url: &str) {
    let monitor = monitor_core::Monitor::builder().beat_by_hand().build().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pool = MonitoredPoolOptions::<DB>::new().acquire_timeout(Duration::from_millis(200));
    let pool = pool.connect_lazy(&monitor, &url.replace("PORT", &port.to_string())).unwrap();
    assert!(matches!(pool.acquire().await, Err(Error::PoolTimedOut)));
    let (_, explanation) = monitor.timeouts().remove(0);
    assert_eq!(explanation.starvation, Starvation::CannotConnect, "{}", explanation.text);
    let snapshot = monitor.snapshot();
    let connections = &snapshot.sources[0].connections;
    assert_eq!((connections.created, connections.failed), (0, 1));
}

#[tokio::test]
async fn a_server_that_refuses_is_the_reason_and_not_the_pools_size() {
    cannot_connect::<sqlx::Postgres>("postgres://ann@127.0.0.1:PORT/shop").await;
    cannot_connect::<sqlx::MySql>("mysql://ann@127.0.0.1:PORT/shop").await;
}

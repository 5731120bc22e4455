//! r2d2 pools.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use monitor_core::Monitor;
use monitor_core::judge::Starvation;
use monitor_core::snapshot::{PoolActivity, SourceActivity};
use monitor_diesel::r2d2::PoolMonitor;
use monitor_diesel::{MonitoredConnection, database_of};

use crate::install::default_stays_empty;
use crate::support::{monitor, postgres_url, source, statement, total};

type Manager = ConnectionManager<SqliteConnection>;

fn pool(monitor: &Monitor, size: u32, timeout: Duration) -> Pool<Manager> {
    let watch = PoolMonitor::new("shop", monitor, database_of(":memory:")).max_size(size);
    let builder = Pool::builder().max_size(size).connection_timeout(timeout);
    watch.on(builder).build(Manager::new(":memory:")).unwrap()
}

const LONG: Duration = Duration::from_secs(30);

fn activity(monitor: &Monitor) -> PoolActivity {
    source(monitor).pool.unwrap()
}

pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < LONG, "it does not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_checkout_is_a_wait_and_a_hold() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let pool = pool(&monitor, 2, LONG);
    let conn = pool.get().unwrap();
    let now = activity(&monitor);
    assert_eq!((now.checkouts.taken, now.checkouts.out), (1, 1));
    assert_eq!((now.held.len(), now.checkouts.hold.count()), (1, 0));
    let levels = now.levels.unwrap();
    assert_eq!((levels.size, levels.idle, levels.max), (2, 1, Some(2)));
    assert_eq!(now.usage(), Some(0.5));
    thread::sleep(Duration::from_millis(20));
    drop(conn);
    let now = activity(&monitor);
    assert_eq!((now.checkouts.taken, now.checkouts.out, now.held.len()), (1, 0, 0));
    assert_eq!((now.checkouts.wait.count(), now.checkouts.hold.count()), (1, 1));
    assert!(now.checkouts.hold.quantile(1.0).unwrap() >= Duration::from_millis(18));
    assert_eq!(now.levels.unwrap().idle, 2);
}

#[test]
fn a_pool_that_is_empty_for_too_long_is_a_time_out() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let limit = Duration::from_millis(50);
    let pool = pool(&monitor, 1, limit);
    let conn = pool.get().unwrap();
    for _ in 0..2 {
        assert!(pool.get().is_err());
    }
    drop(conn);
    drop(pool.get().unwrap());
    let checkouts = activity(&monitor).checkouts;
    assert_eq!((checkouts.taken, checkouts.timed_out), (2, 2));
    assert_eq!((checkouts.waiting, checkouts.out), (0, 0));
    assert!(checkouts.wait_time >= 2 * limit && checkouts.wait_max >= limit);
}

#[test]
fn what_try_get_takes_is_counted_when_it_comes_back() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let pool = pool(&monitor, 2, LONG);
    let first = pool.try_get().unwrap();
    let second = pool.get().unwrap();
    assert_eq!(activity(&monitor).checkouts.out, 1);
    drop(first);
    drop(second);
    let now = activity(&monitor);
    assert_eq!((now.checkouts.taken, now.checkouts.out), (2, 0));
    assert_eq!((now.checkouts.hold.count(), now.levels.unwrap().idle), (2, 2));
}

#[test]
fn connections_and_calls_are_the_pools() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let pool = pool(&monitor, 2, LONG);
    let mut conn = pool.get().unwrap();
    conn.transaction(|conn| conn.batch_execute("select 1 as in_the_pool")).unwrap();
    drop(conn);
    let SourceActivity { name, connections, transactions, .. } = source(&monitor);
    assert_eq!((&*name, connections.created, connections.closed), ("shop", 2, 0));
    assert_eq!((transactions.begun, transactions.committed), (1, 1));
    assert_eq!(statement(&monitor, "in_the_pool").calls, 1);
    assert_eq!(total(&monitor).calls, 3, "begin, select, commit; the ping is r2d2's own");
    assert!(connections.check_time.count() > 0 && connections.checks_failed == 0);
    let call = &monitor.recent_calls(1)[0];
    assert_eq!(call.pool.as_deref(), Some("shop"));
    drop(pool);
    until(|| source(&monitor).connections.closed == 2);
    assert_eq!(activity(&monitor).levels, None, "the pool is gone");
}

#[test]
fn a_connection_with_an_open_transaction_does_not_come_back() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let pool = pool(&monitor, 1, LONG);
    let mut conn = pool.get().unwrap();
    AnsiTransactionManager::begin_transaction(&mut *conn).unwrap();
    drop(conn);
    drop(pool.get().unwrap());
    let source = source(&monitor);
    assert_eq!((source.connections.created, source.connections.closed), (2, 1));
    assert_eq!((source.transactions.dropped, source.transactions.open), (1, 0));
    let pool = source.pool.unwrap();
    assert_eq!((pool.checkouts.taken, pool.checkouts.out), (2, 0));
    assert_eq!(pool.levels.unwrap().size, 1);
}

#[test]
fn a_pool_beside_install_counts_connections_once() {
    let default = crate::install::default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    let url = "file:beside_install?mode=memory";
    let watch = PoolMonitor::new("beside", &monitor, database_of(url));
    let pool = watch.on(Pool::builder().max_size(2)).build(Manager::new(url)).unwrap();
    pool.get().unwrap().batch_execute("select 1 as beside_install").unwrap();
    drop(pool);
    let sources = || {
        let sources = monitor.snapshot().sources;
        let of = |is_pool: bool| {
            let mut found = sources
                .iter()
                .filter(|s| s.database.name == "beside_install" && s.pool.is_some() == is_pool);
            found.next().unwrap().clone()
        };
        (of(true), of(false))
    };
    until(|| sources().1.connections.closed == 2);
    let (pool, database) = sources();
    assert_eq!((database.connections.created, pool.connections.created), (2, 0));
    assert_eq!((database.activity.calls, pool.activity.calls), (0, 1));
    drop(default);
}

#[test]
fn many_threads_at_once_count_exactly() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let url = postgres_url();
    let watch = PoolMonitor::new("busy", &monitor, database_of(&url)).max_size(4);
    let builder = Pool::builder().max_size(4).test_on_check_out(false);
    let pool = watch.on(builder).build(ConnectionManager::<PgConnection>::new(url)).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut conn = pool.get().unwrap();
                    diesel::sql_query("select 1").execute(&mut conn).unwrap();
                }
            });
        }
    });
    let checkouts = activity(&monitor).checkouts;
    assert_eq!((checkouts.taken, checkouts.out, checkouts.timed_out), (800, 0, 0));
    assert_eq!((checkouts.wait.count(), checkouts.hold.count()), (800, 800));
    assert_eq!((total(&monitor).calls, total(&monitor).completed()), (800, 800));
}

/// One of the peers keeps connections whose transaction is still open.
#[test]
fn a_precise_connection_that_is_broken_does_not_come_back() {
    let _default = default_stays_empty();
    let monitor = monitor();
    type Precise = MonitoredConnection<SqliteConnection>;
    let watch = PoolMonitor::new("precise", &monitor, database_of(":memory:"));
    let manager = ConnectionManager::<Precise>::new(":memory:");
    let pool = watch.build(Pool::builder().max_size(1), manager).unwrap();
    let mut conn = pool.get().unwrap();
    let one = diesel::select(1.into_sql::<diesel::sql_types::Integer>());
    one.get_result::<i32>(&mut conn).unwrap();
    AnsiTransactionManager::begin_transaction(&mut *conn).unwrap();
    drop(conn);
    drop(pool.get().unwrap());
    let source = source(&monitor);
    assert_eq!((source.connections.created, source.connections.closed), (2, 1));
    assert_eq!((source.transactions.dropped, source.transactions.open), (1, 0));
    assert_eq!((source.activity.calls, source.activity.rows_returned), (2, 1), "no ping");
    assert_eq!(source.connections.check_time.count(), 2);
    assert_eq!(source.pool.unwrap().levels.unwrap().max, Some(1), "r2d2 was asked");
}

#[test]
fn a_select_of_ones_own_is_a_call_though_it_looks_like_a_ping() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let pool = pool(&monitor, 1, LONG);
    for _ in 0..3 {
        let mut conn = pool.get().unwrap();
        diesel::sql_query("SELECT 1").execute(&mut conn).unwrap();
    }
    assert_eq!(total(&monitor).calls, 3);
    assert_eq!(source(&monitor).connections.check_time.count(), 3);
}

#[test]
fn a_time_out_names_who_holds_the_connections() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let watch = PoolMonitor::new("shop", &monitor, database_of(":memory:"));
    let builder = Pool::builder().max_size(1).connection_timeout(Duration::from_millis(50));
    let pool = watch.build(builder, Manager::new(":memory:")).unwrap();
    let mut conn = watch.get(&pool).unwrap();
    diesel::sql_query("select 7 as seven").execute(&mut conn).unwrap();
    let held = &activity(&monitor).held[0];
    assert!(held.call_site.unwrap().file().ends_with("r2d2.rs"));
    assert!(watch.get(&pool).is_err());
    drop(conn);
    let (name, explanation) = monitor.timeouts().remove(0);
    assert_eq!((&*name, explanation.starvation), ("shop", Starvation::HeldIdle));
    let text = explanation.text;
    assert!(text.contains("1 out of 1, 0 others waiting"), "{text}");
    assert!(text.contains("r2d2.rs") && text.contains("idle since `select ? as seven`"), "{text}");
    let checkouts = activity(&monitor).checkouts;
    assert_eq!((checkouts.taken, checkouts.timed_out), (1, 1));
    assert_eq!((checkouts.waiting, checkouts.out), (0, 0));
}

#[test]
fn a_pool_that_cannot_connect_says_so() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let watch = PoolMonitor::new("nowhere", &monitor, database_of("nowhere"));
    let builder = Pool::builder().max_size(2).connection_timeout(Duration::from_millis(300));
    let pool = watch.on(builder).build_unchecked(Manager::new("/no/such/folder/nowhere"));
    assert!(watch.get(&pool).is_err());
    let (_, explanation) = monitor.timeouts().remove(0);
    assert_eq!(explanation.starvation, Starvation::CannotConnect, "{}", explanation.text);
    assert!(source(&monitor).connections.failed > 0);
}

//! Passwords and bind values stay home.

use monitor_core::Monitor;
use monitor_sqlx::MonitoredPool;
use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{MySqlPool, PgPool, SqlitePool};

use crate::world::TestDb;

everywhere! {
    async fn bind_values_and_literals_are_nowhere_to_be_seen(world) {
        let sql = format!("SELECT name FROM people WHERE name = {} OR name = 'hunter-2'", Db::P1);
        let query = sqlx::query(AssertSqlSafe(sql)).bind("hunter-1");
        query.fetch_all(&world.pool).await.unwrap();
        let again = "INSERT INTO people (id, name) VALUES (1, 'hunter-3')";
        sqlx::query(again).execute(&world.pool).await.unwrap_err();
        world.monitor.beat();
        let shown = format!(
            "{:?} {:?} {:?} {:?} {}",
            world.monitor.snapshot(),
            world.monitor.recent_calls(100),
            world.pool,
            world.pool.acquire().await.unwrap(),
            world.monitor.report(),
        );
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

#[tokio::test]
async fn a_password_is_never_shown_and_the_database_is_told_without_it() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let pg = PgPool::connect_lazy("postgres://ann:hunter2@db.example:5433/shop").unwrap();
    let my = MySqlPool::connect_lazy("mysql://ann:hunter2@db.example:3307/shop").unwrap();
    let lite = SqlitePool::connect_lazy("sqlite:///srv/hunter2/shop.db").unwrap();
    let builder = MonitoredPool::builder(pg.clone());
    let shown = format!("{builder:?}");
    let pg = builder.build(&monitor);
    let my = MonitoredPool::new(my, &monitor);
    let lite = MonitoredPool::new(lite, &monitor);
    assert_eq!(pg.name(), "db.example:5433/shop");
    assert_eq!(my.name(), "db.example:3307/shop");
    assert_eq!(lite.name(), "shop.db");
    let all =
        format!("{shown} {pg:?} {my:?} {lite:?} {:?} {}", monitor.snapshot(), monitor.report());
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn a_socket_stands_in_for_host_and_port() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let url = "postgres://ann@localhost/shop?host=/var/run/postgresql";
    let pool = MonitoredPool::new(PgPool::connect_lazy(url).unwrap(), &monitor);
    assert_eq!(pool.name(), "/var/run/postgresql/shop");
}

#[tokio::test]
async fn a_host_or_user_that_no_url_can_hold_is_wrapped_all_the_same() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let options = PgConnectOptions::new_without_pgpass().username("ann").database("shop");
    for (host, user) in [("::1", "ann"), ("db.example", "ann of sales"), ("db.example", "a#b")] {
        let options = options.clone().host(host).username(user).statement_cache_capacity(7);
        let pool = MonitoredPool::new(PgPool::connect_lazy_with(options), &monitor);
        assert!(pool.name().contains(host), "{}", pool.name());
    }
    let options = MySqlConnectOptions::new().username("a b").database("shop").host("::1");
    let pool = MonitoredPool::new(MySqlPool::connect_lazy_with(options), &monitor);
    assert!(pool.name().contains("::1"), "{}", pool.name());
}

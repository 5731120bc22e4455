//! The question whether the database is there, and what it must not disturb.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Clock, ErrorClass, Hands, ProbeEnd};
use monitor_core::judge::{CheckKind, Status};
use monitor_core::snapshot::{ProbeActivity, SourceActivity};
use monitor_sqlx::{MonitoredDatabase, MonitoredPool, layer};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor, MySql, Pool, Postgres, Sqlite};
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt;

use crate::proxy::Proxy;
use crate::world::{Options, TestDb, World, run, until};

/// The contact of the only pool of a monitor.
fn source(monitor: &Monitor) -> SourceActivity {
    let mut sources = monitor.snapshot().sources;
    assert_eq!(sources.len(), 1, "{sources:#?}");
    sources.remove(0)
}

fn probes(monitor: &Monitor) -> ProbeActivity {
    source(monitor).contact.probe.unwrap()
}

#[track_caller]
fn connectivity(monitor: &Monitor) -> Status {
    let checks = monitor.health().checks;
    checks.iter().find(|check| check.kind == CheckKind::Connectivity).unwrap().status
}

fn by_hand() -> (Monitor, Hands) {
    let (clock, hands) = Clock::by_hand();
    (Monitor::builder().clock(clock).beat_by_hand().build().unwrap(), hands)
}

/// A pool that makes no connection by itself.
fn lazy<DB: MonitoredDatabase>(options: Options<DB>) -> Pool<DB> {
    PoolOptions::<DB>::new().max_connections(1).connect_lazy_with(options)
}

everywhere! {
    async fn a_probe_is_answered_on_an_idle_connection_and_moves_no_number_but_its_own(world) {
        until("all are idle", || world.pool.num_idle() == world.pool.size() as usize).await;
        let size = world.pool.size();
        for _ in 0..3 {
            assert_eq!(world.pool.probe().await, ProbeEnd::Answered);
            let levels = world.pool_of(&world.pool).levels.unwrap();
            assert_eq!((levels.size, levels.in_use()), (size, 0));
        }
        let source = world.source(&world.pool);
        assert_eq!(source.contact.probe.unwrap().answered, 3);
        assert_eq!((source.activity.calls, source.connections.created), (0, 0));
        assert_eq!((world.checkouts().taken, world.checkouts().wait.count()), (0, 0));
        assert!(world.monitor.recent_calls(1).is_empty());
        assert_eq!(connectivity(&world.monitor), Status::Healthy);
    }

    async fn a_probe_of_an_exhausted_pool_is_busy_at_once_and_takes_nothing_from_who_waits(world) {
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let held = pool.acquire().await.unwrap();
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.acquire().await.unwrap() }
        });
        until("somebody waits", || world.pool_of(&pool).checkouts.waiting == 1).await;
        assert_eq!(pool.probe().await, ProbeEnd::Busy);
        assert_eq!(world.pool_of(&pool).levels.unwrap().in_use(), 1);
        drop(held);
        let taken = waiting.await.unwrap();
        assert_eq!(pool.probe().await, ProbeEnd::Busy, "whoever waited has it");
        let checkouts = world.pool_of(&pool).checkouts;
        assert_eq!((checkouts.taken, checkouts.out, checkouts.failed), (2, 1, 0));
        let probe = world.source(&pool).contact.probe.unwrap();
        assert_eq!((probe.busy, probe.failed), (2, 0));
        drop(taken);
    }

    async fn a_pool_without_a_connection_is_asked_beside_it(world) {
        let raw = lazy::<Db>((*world.pool.connect_options()).clone());
        let pool = MonitoredPool::builder(raw).name("lazy").build(&world.monitor);
        assert_eq!(pool.probe().await, ProbeEnd::Answered);
        assert_eq!(pool.size(), 0, "the pool's room is its callers'");
        assert_eq!(world.source(&pool).contact.probe.unwrap().answered, 1);
    }

    async fn a_closed_pool_cannot_be_asked(world) {
        let pool = world.another(PoolOptions::new()).await;
        pool.close().await;
        assert_eq!(pool.probe().await, ProbeEnd::Failed(ErrorClass::PoolClosed));
    }
}

/// Probes of their own making are not heard by the layer that hears sqlx's own events; MySQL's
/// driver sends statements of its own on every new connection.
fn the_layer_hears_nothing_of<DB: TestDb>() {
    let started = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let home = &format!("monitor_sqlx_unheard_{started}_{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = DB::fresh(home).await;
        let monitor = Monitor::builder().beat_by_hand().build().unwrap();
        let heard = tracing_subscriber::registry().with(layer(&monitor));
        let guard = tracing::subscriber::set_default(heard);
        let pool = MonitoredPool::new(lazy::<DB>(options), &monitor);
        assert_eq!(pool.probe().await, ProbeEnd::Answered);
        assert_eq!(monitor.snapshot().lifetime.total.calls, 0);
        drop(guard);
        DB::remove(home).await;
    });
}

#[test]
fn a_layer_beside_a_wrapped_pool_does_not_hear_its_probes() {
    the_layer_hears_nothing_of::<Postgres>();
    the_layer_hears_nothing_of::<MySql>();
    the_layer_hears_nothing_of::<Sqlite>();
}

#[test]
fn an_idle_connection_that_died_says_nothing_about_its_server() {
    run(|world: World<Postgres>| async move {
        let pool = world.another(PgPoolOptions::new().max_connections(1)).await;
        let pid: i32 =
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
        until("it is idle", || pool.num_idle() == 1).await;
        let kill = "SELECT pg_terminate_backend($1, 5000)";
        sqlx::query(kill).bind(pid).execute(world.pool.inner()).await.unwrap();
        assert_eq!(pool.probe().await, ProbeEnd::Answered);
        assert_eq!(pool.size(), 0, "the dead one is gone");
        assert_eq!(sqlx::query(world.people).fetch_all(&pool).await.unwrap().len(), 10);
        assert_eq!(world.total().failed, 0);
    });
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failed_probe_and_twice_an_outage() {
    // A port that was free a moment ago: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing.db");
    let (monitor, hands) = by_hand();
    let pg =
        PgPoolOptions::new().connect_lazy(&format!("postgres://eve:hunter2@127.0.0.1:{port}/a"));
    let my =
        MySqlPoolOptions::new().connect_lazy(&format!("mysql://eve:hunter2@127.0.0.1:{port}/a"));
    let lite = SqlitePoolOptions::new().connect_lazy(&format!("sqlite://{}", file.display()));
    let pg = MonitoredPool::new(pg.unwrap(), &monitor);
    let my = MonitoredPool::new(my.unwrap(), &monitor);
    let lite = MonitoredPool::new(lite.unwrap(), &monitor);
    let failed = ProbeEnd::Failed(ErrorClass::Connection);
    for status in [Status::Degraded, Status::Unhealthy] {
        assert_eq!(pg.probe().await, failed);
        assert_eq!(my.probe().await, failed);
        assert_eq!(lite.probe().await, failed);
        hands.advance(Duration::from_secs(5));
        let checks = monitor.health().checks;
        let found = checks.iter().filter(|check| check.kind == CheckKind::Connectivity);
        assert_eq!(found.map(|check| check.status).collect::<Vec<_>>(), [status; 3]);
    }
    let snapshot = monitor.snapshot();
    assert!(snapshot.sources.iter().all(|source| source.connections.failed == 0), "no caller's");
    assert!(!format!("{:?} {snapshot:?}", monitor.health()).contains("hunter2"));

    // SQLite's database is there again once its file is.
    std::fs::write(&file, "").unwrap();
    assert_eq!(lite.probe().await, ProbeEnd::Answered);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_accepts_and_never_answers_is_a_failed_probe() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let (monitor, _hands) = by_hand();
    let pool = PgPoolOptions::new().connect_lazy(&format!("postgres://eve@127.0.0.1:{port}/a"));
    let pool = MonitoredPool::new(pool.unwrap(), &monitor);
    assert_eq!(pool.probe().await, ProbeEnd::Failed(ErrorClass::Timeout));
    assert_eq!(probes(&monitor).waiting_for, None);
}

#[test]
fn a_server_that_falls_silent_costs_the_pool_one_connection_and_no_caller() {
    run(|world: World<Postgres>| async move {
        let options = (*world.pool.connect_options()).clone();
        let proxy = Proxy::before(options.get_host(), options.get_port()).await;
        let options: PgConnectOptions = options.host("127.0.0.1").port(proxy.port);
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let pool = MonitoredPool::builder(pool).name("proxied").build(&world.monitor);
        assert_eq!(pool.probe().await, ProbeEnd::Answered);
        proxy.freeze(true);
        let asking = tokio::spawn({
            let pool = pool.clone();
            async move { pool.probe().await }
        });
        until("a probe has the connection", || pool.num_idle() == 0).await;
        let source = world.source(&pool);
        assert!(source.contact.probe.unwrap().waiting_for.is_some());
        let levels = source.pool.unwrap().levels.unwrap();
        assert_eq!((levels.size, levels.in_use()), (1, 0), "no caller has it");
        assert_eq!(asking.await.unwrap(), ProbeEnd::Failed(ErrorClass::Timeout));
        assert_eq!(pool.size(), 0, "a connection in the middle of an answer is cut off");
        proxy.freeze(false);
        assert_eq!(pool.probe().await, ProbeEnd::Answered);
        assert_eq!(sqlx::query(world.people).fetch_all(&pool).await.unwrap().len(), 10);
        assert_eq!(world.source(&pool).activity.failed, 0);
    });
}

/// Tasks of this runtime, once those that give connections back have ended.
async fn tasks() -> usize {
    let metrics = tokio::runtime::Handle::current().metrics();
    let mut least = metrics.num_alive_tasks();
    for _ in 0..50 {
        tokio::task::yield_now().await;
        least = least.min(metrics.num_alive_tasks());
    }
    least
}

/// How often a probe was answered.
fn answered(monitor: &Monitor) -> u64 {
    source(monitor).contact.probe.map_or(0, |probe| probe.answered)
}

#[tokio::test]
async fn the_task_asks_again_and_again() {
    let (monitor, _hands) = by_hand();
    let raw = SqlitePoolOptions::new().connect("sqlite::memory:").await.unwrap();
    let pool = MonitoredPool::builder(raw).probe(Duration::ZERO).build(&monitor);
    until("it has asked twice", || answered(&monitor) > 1).await;
    assert_eq!(source(&monitor).activity.calls, 0);
    pool.close().await;
}

#[tokio::test]
async fn the_task_ends_at_once_with_the_pool() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for way in ["dropped", "closed"] {
        let (monitor, _hands) = by_hand();
        let raw = SqlitePoolOptions::new().connect("sqlite::memory:").await.unwrap();
        let before = tasks().await;
        let builder = MonitoredPool::builder(raw.clone());
        // So long that it does not end by itself meanwhile.
        let pool = builder.probe(Duration::from_secs(3_600)).build(&monitor);
        let clone = pool.clone();
        until("it has asked", || answered(&monitor) == 1).await;
        assert!(alive() > before, "{way}: the task is there");
        match way {
            "dropped" => drop((pool, clone)),
            _ => pool.close().await,
        }
        for _ in 0..10_000 {
            if alive() <= before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(alive() <= before, "{way}: the task has ended");
        raw.close().await;
    }
}

#[tokio::test]
async fn a_monitor_that_is_off_asks_nobody() {
    let raw = SqlitePoolOptions::new().connect("sqlite::memory:").await.unwrap();
    let before = tasks().await;
    let every = Duration::from_millis(100);
    let pool = MonitoredPool::builder(raw).probe(every).build(&Monitor::off());
    assert_eq!(tasks().await, before);
    pool.execute("SELECT 1").await.unwrap();
}

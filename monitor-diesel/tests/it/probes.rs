//! The question whether the database is there, and what it must not disturb.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool, R2D2Connection};
use diesel::sql_types::Integer;
use monitor_core::Monitor;
use monitor_core::capture::{Clock, ErrorClass, ProbeEnd};
use monitor_core::judge::{CheckKind, Status};
use monitor_core::snapshot::ProbeActivity;
use monitor_diesel::database_of;
use monitor_diesel::r2d2::PoolMonitor;

use crate::install::default_stays_empty;
use crate::r2d2::until;
use crate::support::{monitor, postgres_url, source, total};

/// A watched pool of one connection.
fn pool<C: R2D2Connection + 'static>(
    monitor: &Monitor,
    url: &str,
    tested: bool,
) -> (PoolMonitor, Pool<ConnectionManager<C>>) {
    let watch = PoolMonitor::new("shop", monitor, database_of(url)).max_size(1);
    let builder = Pool::builder().max_size(1).test_on_check_out(tested);
    let pool = watch.on(builder).build(ConnectionManager::new(url)).unwrap();
    (watch, pool)
}

fn probes(monitor: &Monitor) -> ProbeActivity {
    source(monitor).contact.probe.unwrap_or_default()
}

fn connectivity(monitor: &Monitor) -> Status {
    let checks = monitor.health().checks;
    checks.iter().find(|check| check.kind == CheckKind::Connectivity).unwrap().status
}

#[test]
fn a_probe_is_answered_and_moves_no_number_but_its_own() {
    let _default = default_stays_empty();
    for tested in [true, false] {
        let monitor = monitor();
        let (watch, pool) = pool::<SqliteConnection>(&monitor, ":memory:", tested);
        assert_eq!(watch.probe(&pool), ProbeEnd::Answered);
        let found = source(&monitor);
        let activity = found.pool.unwrap();
        assert_eq!(found.contact.probe.unwrap().answered, 1);
        assert_eq!((found.activity.calls, found.connections.created), (0, 1));
        assert_eq!((activity.checkouts.taken, activity.checkouts.hold.count()), (0, 0));
        let levels = activity.levels.unwrap();
        assert_eq!((levels.size, levels.idle), (1, 1));
        assert_eq!(connectivity(&monitor), Status::Healthy);
        // What comes after is counted again.
        let mut connection = pool.get().unwrap();
        diesel::sql_query("select 1").execute(&mut connection).unwrap();
        drop(connection);
        assert_eq!(total(&monitor).calls, 1);
        let found = source(&monitor);
        let checks = found.connections.check_time.count();
        assert_eq!(checks, u64::from(tested), "the pool's own look, and not the probe's");
        assert_eq!(found.pool.unwrap().checkouts.hold.count(), 1);
    }
}

#[test]
fn a_probe_of_an_exhausted_pool_is_busy_at_once() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let (watch, pool) = pool::<SqliteConnection>(&monitor, ":memory:", true);
    let held = pool.get().unwrap();
    assert_eq!(watch.probe(&pool), ProbeEnd::Busy);
    assert_eq!(source(&monitor).pool.unwrap().checkouts.out, 1);
    drop(held);
    assert_eq!(watch.probe(&pool), ProbeEnd::Answered);
}

#[test]
fn a_pool_that_could_make_no_connection_is_a_failed_probe() {
    let _default = default_stays_empty();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://eve:hunter2@127.0.0.1:{port}/shop");
    let monitor = monitor();
    let watch = PoolMonitor::new("shop", &monitor, database_of(&url));
    let builder = watch.on(Pool::builder().max_size(1));
    let pool = builder.build_unchecked(ConnectionManager::<PgConnection>::new(url));
    until(|| watch.probe(&pool) == ProbeEnd::Failed(ErrorClass::Connection));
    assert!(connectivity(&monitor) >= Status::Degraded);
}

#[test]
fn a_pool_at_rest_says_nothing_about_the_database() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let watch = PoolMonitor::new("shop", &monitor, database_of(":memory:"));
    let builder = watch.on(Pool::builder().max_size(1).min_idle(Some(0)));
    let pool = builder.build(ConnectionManager::<SqliteConnection>::new(":memory:")).unwrap();
    assert_eq!(watch.probe(&pool), ProbeEnd::Busy);
}

#[derive(QueryableByName)]
struct Backend {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

#[test]
fn a_connection_that_died_is_replaced_and_the_next_probe_is_answered() {
    let _default = default_stays_empty();
    let (monitor, url) = (monitor(), postgres_url());
    let (watch, pool) = pool::<PgConnection>(&monitor, &url, true);
    let backend = diesel::sql_query("select pg_backend_pid() as pid");
    let Backend { pid } = backend.get_result(&mut pool.get().unwrap()).unwrap();
    let mut admin = PgConnection::establish(&url).unwrap();
    let kill = diesel::sql_query("select pg_terminate_backend($1, 5000)");
    kill.bind::<Integer, _>(pid).execute(&mut admin).unwrap();
    let calls = total(&monitor).calls;
    assert_eq!(watch.probe(&pool), ProbeEnd::Failed(ErrorClass::Connection));
    until(|| watch.probe(&pool) == ProbeEnd::Answered);
    assert_eq!(total(&monitor).calls, calls);
    let connections = source(&monitor).connections;
    assert_eq!((connections.created, connections.closed), (2, 1));
}

/// Passes bytes on between a client and a server, unless it is frozen.
fn proxy(server: String, frozen: &Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let frozen = frozen.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            for (mut from, mut to) in
                [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))]
                    .map(|(from, to)| (from.unwrap(), to.unwrap()))
            {
                let frozen = frozen.clone();
                thread::spawn(move || pass(&mut from, &mut to, &frozen));
            }
        }
    });
    port
}

fn pass(from: &mut TcpStream, to: &mut TcpStream, frozen: &AtomicBool) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        while frozen.load(Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_server_that_falls_silent_is_seen_before_the_probe_ends() {
    let _default = default_stays_empty();
    let (clock, hands) = Clock::by_hand();
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
    let url = postgres_url();
    let place = database_of(&url);
    let there = format!("{}:{}", place.host, place.port.unwrap_or(5432));
    let frozen = Arc::new(AtomicBool::new(false));
    let port = proxy(there.clone(), &frozen);
    let url = url.replace(&there, &format!("127.0.0.1:{port}"));
    assert!(url.contains(&port.to_string()), "no host and port to replace");
    let (watch, pool) = pool::<PgConnection>(&monitor, &url, true);
    assert_eq!(watch.probe(&pool), ProbeEnd::Answered);

    frozen.store(true, Relaxed);
    let asking = thread::spawn(move || watch.probe(&pool));
    until(|| probes(&monitor).waiting_for.is_some());
    hands.advance(Duration::from_millis(4_999));
    assert_eq!(connectivity(&monitor), Status::Healthy);
    hands.advance(Duration::from_secs(6));
    assert_eq!(connectivity(&monitor), Status::Unhealthy);
    frozen.store(false, Relaxed);
    assert_eq!(asking.join().unwrap(), ProbeEnd::Answered);
    assert_eq!(connectivity(&monitor), Status::Healthy);
}

#[test]
fn a_prober_asks_again_and_again_and_ends_when_it_is_dropped() {
    let _default = default_stays_empty();
    let monitor = monitor();
    let (watch, pool) = pool::<SqliteConnection>(&monitor, ":memory:", true);
    let prober = watch.probe_every(&pool, Duration::ZERO).unwrap();
    until(|| probes(&monitor).answered > 1);
    drop(prober);
    let prober = watch.probe_every(&pool, Duration::from_secs(60)).unwrap();
    drop((watch, pool));
    assert!(source(&monitor).pool.unwrap().levels.is_some(), "the thread keeps the pool");
    drop(prober);
    until(|| source(&monitor).pool.unwrap().levels.is_none());
    assert_eq!((total(&monitor).calls, source(&monitor).pool.unwrap().checkouts.taken), (0, 0));
}

//! Connections that a pool makes and closes, and pools that count as one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use monitor_sqlx::{MonitoredPool, MonitoredPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::{Connection, Executor};

use crate::world::{Options, TestDb, World, until};

impl<DB: TestDb> World<DB> {
    fn to_connect(&self) -> Options<DB> {
        (*self.pool.connect_options()).clone()
    }
}

everywhere! {
    async fn every_connection_of_a_pool_made_here_is_counted_with_the_applications_hooks(world) {
        let hooks: Arc<[AtomicU32; 3]> = Arc::default();
        let (connects, acquires, releases) = (hooks.clone(), hooks.clone(), hooks.clone());
        let pool = MonitoredPoolOptions::<Db>::new()
            .max_connections(3)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                connects[0].fetch_add(1, Relaxed);
                Box::pin(async move { connection.ping().await })
            })
            .before_acquire(move |_, _| {
                acquires[1].fetch_add(1, Relaxed);
                Box::pin(async { Ok(true) })
            })
            .after_release(move |_, _| {
                releases[2].fetch_add(1, Relaxed);
                Box::pin(async { Ok(true) })
            })
            .name("made here")
            .connect_with(&world.monitor, world.to_connect())
            .await
            .unwrap();
        assert_eq!(pool.options().get_max_connections(), 3);
        assert_eq!(world.source(&pool).connections.created, 1);

        let first = pool.acquire().await.unwrap();
        let second = pool.acquire().await.unwrap();
        let connections = world.source(&pool).connections;
        assert_eq!((connections.created, connections.closed), (2, 0));
        assert_eq!(connections.create_time.count(), 1, "a caller waited for the second");
        first.close().await.unwrap();
        second.detach().close().await.unwrap();
        let connections = world.source(&pool).connections;
        assert_eq!((connections.created, connections.closed), (2, 1), "one went away alive");
        pool.acquire().await.unwrap();
        until("it is back", || pool.num_idle() == 1).await;
        let counted = hooks.each_ref().map(|count| count.load(Relaxed));
        // MySQL's is asked which it is, once.
        assert!(counted[0] == 3 && counted[1] >= 1 && counted[1] == counted[2], "{counted:?}");
        pool.close().await;
        let connections = world.source(&pool).connections;
        assert_eq!((connections.created, connections.closed), (3, 2));
    }

    async fn a_pool_that_was_there_counts_what_its_callers_waited_for(world) {
        let pool = PoolOptions::<Db>::new().max_connections(2).connect_lazy_with(world.to_connect());
        let pool = MonitoredPool::builder(pool).name("was there").build(&world.monitor);
        let held = pool.acquire().await.unwrap();
        let more = pool.acquire().await.unwrap();
        let connections = || world.source(&pool).connections;
        assert_eq!((connections().created, connections().create_time.count()), (2, 2));
        more.close().await.unwrap();
        drop(held);
        assert_eq!(connections().closed, 1);
        until("it is back", || pool.num_idle() == 1).await;
        pool.acquire().await.unwrap();
        assert_eq!(connections().created, 2, "that one was idle");
    }

    async fn options_made_for_sqlx_keep_their_hook(world) {
        let ran = Arc::new(AtomicU32::new(0));
        let run = ran.clone();
        let options = PoolOptions::<Db>::new().max_connections(1).after_connect(move |_, _| {
            run.fetch_add(1, Relaxed);
            Box::pin(async { Ok(()) })
        });
        let pool = MonitoredPoolOptions::from(options).name("kept");
        let pool = pool.connect_with(&world.monitor, world.to_connect()).await.unwrap();
        pool.execute("SELECT 1").await.unwrap();
        assert_eq!(ran.load(Relaxed), 1);
        assert_eq!(world.pool_of(&pool).checkouts.taken, 1);
    }

    async fn two_pools_of_one_name_add_up_and_one_wrapped_twice_does_not(world) {
        let make = || PoolOptions::<Db>::new().max_connections(3).connect_lazy_with(world.to_connect());
        let name = |pool| MonitoredPool::builder(pool).name("both").build(&world.monitor);
        let (first, second) = (make(), make());
        let (a, b, again) = (name(first.clone()), name(second), name(first));
        let held = (a.acquire().await.unwrap(), b.acquire().await.unwrap());
        let levels = world.pool_of(&a).levels.unwrap();
        assert_eq!((levels.max, levels.size, levels.in_use()), (Some(6), 2, 2));
        drop(held);
        drop((a, b));
        assert_eq!(world.pool_of(&again).levels.unwrap().max, Some(3));
        assert_eq!(world.pool_of(&again).checkouts.taken, 2);
    }

    async fn refusals_of_the_applications_hook_count_once_each_though_the_wait_ends_in_a_time_out(world) {
        let refused = Arc::new(AtomicU32::new(0));
        let refuse = refused.clone();
        let pool = MonitoredPoolOptions::<Db>::new()
            .max_connections(2)
            .acquire_timeout(Duration::from_millis(300))
            .after_connect(move |_, _| {
                refuse.fetch_add(1, Relaxed);
                Box::pin(async { Err(sqlx::Error::Protocol("not this one".into())) })
            })
            .name("refused")
            .connect_lazy_with(&world.monitor, world.to_connect());
        pool.acquire().await.unwrap_err();
        let truly = u64::from(refused.load(Relaxed));
        assert!(truly > 0);
        assert_eq!(world.source(&pool).connections.failed, truly);
    }

    async fn connections_of_a_pool_wrapped_twice_are_closed_once(world) {
        let pool = PoolOptions::<Db>::new().max_connections(3).connect_lazy_with(world.to_connect());
        drop((pool.acquire().await.unwrap(), pool.acquire().await.unwrap()));
        until("they are back", || pool.num_idle() == 2).await;
        let wrap = || MonitoredPool::builder(pool.clone()).name("twice").build(&world.monitor);
        let (one, other) = (wrap(), wrap());
        let connections = || world.source(&one).connections;
        one.acquire().await.unwrap().close().await.unwrap();
        other.acquire().await.unwrap().close().await.unwrap();
        assert_eq!((connections().created, connections().closed), (0, 2));
        drop(one.acquire().await.unwrap());
        assert_eq!((connections().created, connections().closed), (1, 2));
        pool.close().await;
        drop(other);
        assert_eq!((connections().created, connections().closed), (1, 3));
    }

    async fn hundreds_of_tasks_on_a_small_pool_leave_every_number_exact(world) {
        let pool = MonitoredPoolOptions::<Db>::new()
            .max_connections(3)
            .acquire_timeout(Duration::from_secs(60))
            .name("busy")
            .connect_with(&world.monitor, world.to_connect())
            .await
            .unwrap();
        let tasks: Vec<_> = (0..300)
            .map(|task| {
                let (pool, people) = (pool.clone(), world.people);
                let (hands, monitor) = (world.hands.clone(), world.monitor.clone());
                tokio::spawn(async move {
                    for turn in 0..10 {
                        // An hour for all of them.
                        hands.advance(Duration::from_millis(1_200));
                        if turn == 5 {
                            monitor.beat();
                        }
                        match (task + turn) % 5 {
                            0 => drop(sqlx::query(people).fetch_all(&pool).await.unwrap()),
                            1 => drop(pool.acquire().await.unwrap().execute("SELECT 1").await.unwrap()),
                            2 => {
                                let mut tx = pool.begin().await.unwrap();
                                tx.execute("SELECT 2 + 2").await.unwrap();
                                tx.commit().await.unwrap();
                            }
                            3 => drop(pool.begin().await.unwrap()),
                            // Gone before its turn came, or right after.
                            _ => drop(crate::world::poll_once(&mut Box::pin(pool.acquire())).await),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(world.monitor.snapshot().uptime, Duration::from_secs(3_600));
        let source = world.source(&pool);
        let at = source.pool.clone().unwrap();
        assert_eq!(at.leaked, 0);
        assert_eq!((at.checkouts.waiting, at.checkouts.out, at.held.len()), (0, 0, 0));
        assert_eq!(at.checkouts.taken + at.checkouts.cancelled, 3000);
        assert!(at.checkouts.taken >= 2400, "{:?}", at.checkouts);
        assert_eq!((at.checkouts.timed_out, at.checkouts.failed), (0, 0));
        assert_eq!(at.checkouts.hold.count(), at.checkouts.taken);
        let tx = &source.transactions;
        assert_eq!((tx.begun, tx.committed, tx.dropped, tx.open), (1200, 600, 600, 0));
        assert_eq!((tx.statements, tx.statements_max), (600, 1));
        assert_eq!(world.statement("from people").activity.calls, 600);
        assert_eq!(world.statement("from people").activity.rows_returned, 6000);
        assert_eq!(world.statement("select ? + ?").activity.calls, 600);
        let total = world.total();
        assert_eq!((total.calls, total.failed, total.cancelled), (600 + 600 + 1200 + 600 + 600, 0, 0));
        until("all are back", || pool.num_idle() == pool.size() as usize).await;
        assert!(source.connections.created >= 1);
        assert_eq!(world.pool_of(&pool).checkouts.draining, 0);
    }

    async fn a_pool_that_was_there_never_counts_a_connection_that_nobody_made(world) {
        let made = Arc::new(AtomicU32::new(0));
        let make = made.clone();
        let options = PoolOptions::<Db>::new()
            .max_connections(6)
            .acquire_timeout(Duration::from_secs(60))
            .after_connect(move |_, _| {
                make.fetch_add(1, Relaxed);
                Box::pin(async { Ok(()) })
            });
        let pool = options.connect_lazy_with(world.to_connect());
        let pool = MonitoredPool::builder(pool).name("foreign").build(&world.monitor);
        let tasks: Vec<_> = (0..60)
            .map(|task| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    for turn in 0..8 {
                        match (task + turn) % 4 {
                            // Makes room for a new one.
                            0 => pool.acquire().await.unwrap().close().await.unwrap(),
                            1 => drop(crate::world::poll_once(&mut Box::pin(pool.acquire())).await),
                            _ => drop(pool.acquire().await.unwrap().execute("SELECT 1").await.unwrap()),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        until("all are back", || pool.num_idle() == pool.size() as usize).await;
        let connections = world.source(&pool).connections;
        let truly = u64::from(made.load(Relaxed));
        assert!(connections.created <= truly, "{} of {truly}", connections.created);
        assert!(connections.created >= 1 && connections.closed <= connections.created);
        assert!(connections.created - connections.closed <= u64::from(pool.size()));
    }
}

#[test]
fn mariadb_is_told_from_mysql_by_its_version() {
    crate::world::run(|world: World<sqlx::MySql>| async move {
        use monitor_core::capture::System;
        assert_eq!(world.source(&world.pool).database.system, System::MySql, "nobody asked");
        let pool = MonitoredPoolOptions::<sqlx::MySql>::new().name("asked");
        let pool = pool.connect_with(&world.monitor, world.to_connect()).await.unwrap();
        let version: String =
            sqlx::query_scalar("SELECT VERSION()").fetch_one(pool.inner()).await.unwrap();
        let told = if version.contains("MariaDB") { System::MariaDb } else { System::MySql };
        assert_eq!(world.source(&pool).database.system, told);
        let detected = MonitoredPool::builder(pool.inner().clone()).name("detected");
        let detected = detected.detect().await.unwrap().build(&world.monitor);
        assert_eq!(world.source(&detected).database.system, told);
        assert_eq!(world.total().calls, 0, "the question is nobody's call");
    });
}

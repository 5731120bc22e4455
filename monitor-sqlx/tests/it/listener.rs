//! LISTEN on a watched pool.

use std::time::Duration;

use futures_util::StreamExt;
use monitor_sqlx::MonitoredPgListener;
use sqlx::{Executor, Postgres};

use crate::world::{World, poll_once, run};

async fn notify(world: &World<Postgres>, channel: &str) {
    let sql = "SELECT pg_notify($1, 'hello')";
    sqlx::query(sql).bind(channel).execute(world.pool.inner()).await.unwrap();
}

#[test]
fn a_listener_is_a_checkout_that_says_what_it_listens_to_and_is_no_leak() {
    run(|world: World<Postgres>| async move {
        let channel = format!("jobs_{}", std::process::id());
        let mut listener = MonitoredPgListener::connect_with(&world.pool).await.unwrap();
        assert_eq!((world.checkouts().out, world.total().calls), (1, 0));
        listener.listen(&channel).await.unwrap();
        let seen = world.statement("listen").activity;
        assert_eq!((seen.calls, seen.completed()), (1, 1));

        world.hands.advance(Duration::from_secs(7_200));
        notify(&world, &channel).await;
        let told = listener.recv().await.unwrap();
        assert_eq!((told.channel(), told.payload()), (&*channel, "hello"));
        let pool = world.pool_of(&world.pool);
        let [held] = &pool.held[..] else { panic!("{pool:#?}") };
        assert_eq!((pool.leaked, held.held), (0, Duration::from_secs(7_200)));
        assert!(held.call_site.is_some_and(|line| line.file().ends_with("listener.rs")));
        assert_eq!(held.running, Some(Duration::from_secs(7_200)));
        assert!(held.statement.as_deref().is_some_and(|text| text.starts_with("listen")));

        listener.unlisten_all().await.unwrap();
        assert_eq!(world.total().calls, 2);
        drop(listener);
        assert_eq!(world.checkouts().out, 0);
    });
}

#[test]
fn a_listener_that_listens_no_more_and_is_forgotten_is_a_leak() {
    run(|world: World<Postgres>| async move {
        let mut listener = MonitoredPgListener::connect_with(&world.pool).await.unwrap();
        listener.listen_all(["a", "b"]).await.unwrap();
        listener.unlisten("a").await.unwrap();
        listener.unlisten_all().await.unwrap();
        world.hands.advance(Duration::from_secs(59));
        assert_eq!(world.pool_of(&world.pool).leaked, 0);
        world.hands.advance(Duration::from_secs(1));
        assert_eq!(world.pool_of(&world.pool).leaked, 1);
        drop(listener);
        assert_eq!(world.pool_of(&world.pool).leaked, 0);
    });
}

#[test]
fn a_listener_that_still_has_a_channel_is_no_leak_whatever_else_ended_or_failed() {
    run(|world: World<Postgres>| async move {
        let mut listener = MonitoredPgListener::connect_with(&world.pool).await.unwrap();
        listener.listen_all(["a", "b"]).await.unwrap();
        let quiet = |what: &str| {
            world.hands.advance(Duration::from_secs(7_200));
            let pool = world.pool_of(&world.pool);
            let held = &pool.held[0];
            assert_eq!((pool.leaked, held.running.is_some()), (0, true), "{what}: {held:#?}");
        };
        quiet("two channels");
        listener.unlisten("a").await.unwrap();
        quiet("one left");
        listener.listen("").await.unwrap_err();
        quiet("one was refused");
        let mut more = Box::pin(listener.listen("c"));
        let _ = poll_once(&mut more).await;
        drop(more);
        quiet("one was given up");
        listener.unlisten("never heard of").await.unwrap();
        quiet("one that it had not");
        listener.unlisten("b").await.unwrap();
        listener.unlisten("c").await.unwrap();
        world.hands.advance(Duration::from_secs(60));
        assert_eq!(world.pool_of(&world.pool).leaked, 1, "no channel is left");
    });
}

#[test]
fn a_stream_of_notifications_keeps_its_connection_and_gives_it_back() {
    run(|world: World<Postgres>| async move {
        let channel = format!("stream_{}", std::process::id());
        let mut listener = MonitoredPgListener::connect_with(&world.pool).await.unwrap();
        listener.listen(&channel).await.unwrap();
        let mut stream = listener.into_stream();
        notify(&world, &channel).await;
        assert_eq!(stream.next().await.unwrap().unwrap().payload(), "hello");
        assert_eq!(world.checkouts().out, 1);
        drop(stream);
        assert_eq!(world.checkouts().out, 0);
    });
}

#[test]
fn what_a_listener_is_refused_is_a_failed_call_and_what_runs_on_its_inside_is_none() {
    run(|world: World<Postgres>| async move {
        let mut listener = MonitoredPgListener::connect_with(&world.pool).await.unwrap();
        listener.listen("").await.unwrap_err();
        assert_eq!((world.total().calls, world.total().failed), (1, 1));
        drop(listener);
        let mut listener = MonitoredPgListener::connect_with(&world.pool).await.unwrap();
        listener.inner_mut().execute("SELECT 1").await.unwrap();
        assert_eq!(world.total().calls, 1);
    });
}

//! The one line in `main`. diesel has one default for the whole process, so these take turns.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use diesel::connection::{
    Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation,
};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection};
use monitor_core::Monitor;
use monitor_core::capture::{Database, System};
use monitor_core::inquire::Asker;
use monitor_core::snapshot::SourceActivity;

use crate::support::{everything, monitor, mysql_url, postgres_url, statement};

static DEFAULT: RwLock<()> = RwLock::new(());

/// diesel's default for one test, put back at its end.
pub(crate) struct Default<'a>(#[expect(dead_code)] RwLockWriteGuard<'a, ()>);

pub(crate) fn default_is_mine() -> Default<'static> {
    Default(DEFAULT.write().unwrap_or_else(PoisonError::into_inner))
}

/// diesel's default stays what it is, for one test.
pub(crate) struct Empty<'a>(#[expect(dead_code)] RwLockReadGuard<'a, ()>);

/// Nobody changes diesel's default meanwhile.
pub(crate) fn default_stays_empty() -> Empty<'static> {
    Empty(DEFAULT.read().unwrap_or_else(PoisonError::into_inner))
}

impl Drop for Default<'_> {
    fn drop(&mut self) {
        set_default_instrumentation(|| None).unwrap();
    }
}

/// The source of a database, among those of other tests' connections.
fn of(monitor: &Monitor, is: impl Fn(&Database) -> bool) -> SourceActivity {
    let sources = monitor.snapshot().sources;
    let mut found = sources.iter().filter(|source| is(&source.database));
    match (found.next(), found.next()) {
        (Some(source), None) => source.clone(),
        _ => panic!("not exactly one such source: {sources:#?}"),
    }
}

fn named<'a>(name: &'a str) -> impl Fn(&Database) -> bool + 'a {
    move |database| database.name == name
}

fn memory(name: &str) -> String {
    format!("file:{name}?mode=memory")
}

#[test]
fn every_connection_made_later_is_watched() {
    let _default = default_is_mine();
    let monitor = monitor();
    let _before = SqliteConnection::establish(&memory("before")).unwrap();
    monitor_diesel::install(&monitor).unwrap();
    let mut one = SqliteConnection::establish(&memory("later")).unwrap();
    let mut two = SqliteConnection::establish(&memory("later")).unwrap();
    one.batch_execute("select 1 as later_one").unwrap();
    two.batch_execute("select 1 as later_two").unwrap();
    drop(two);
    let source = of(&monitor, named("later"));
    assert_eq!((source.connections.created, source.connections.closed), (2, 1));
    assert_eq!(source.connections.create_time.count(), 2);
    assert_eq!((source.activity.calls, source.connections.failed), (2, 0));
    assert_eq!(source.database.system, System::Sqlite);
    drop(one);
    assert_eq!(of(&monitor, named("later")).connections.closed, 2);
    assert!(!monitor.snapshot().sources.iter().any(|s| s.database.name == "before"));
}

#[tokio::test]
async fn sync_and_async_connections_of_a_server_are_one_source() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    let sql = "select 1 as sync_and_async";
    PgConnection::establish(&postgres_url()).unwrap().batch_execute(sql).unwrap();
    MysqlConnection::establish(&mysql_url()).unwrap().batch_execute(sql).unwrap();
    let mut pg = AsyncPgConnection::establish(&postgres_url()).await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(&mut pg, sql).await.unwrap();
    let mut mysql = AsyncMysqlConnection::establish(&mysql_url()).await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(&mut mysql, sql).await.unwrap();
    let snapshot = monitor.snapshot();
    let statements: Vec<_> = snapshot
        .lifetime
        .statements
        .iter()
        .filter(|statement| statement.text.contains("sync_and_async"))
        .collect();
    assert_eq!(statements.len(), 2, "{statements:#?}");
    let all = &snapshot.lifetime.statements;
    let set_up = all.iter().find(|statement| statement.text.starts_with("set "));
    assert!(set_up.is_none(), "what sets a connection up is a part of making it: {set_up:#?}");
    for statement in statements {
        assert_eq!(statement.activity.completed(), 2);
        let url = match statement.database.system {
            System::PostgreSql => postgres_url(),
            _ => mysql_url(),
        };
        assert_eq!(*statement.database, monitor_diesel::database_of(&url));
        let source = of(&monitor, |database| *database == *statement.database);
        assert!(source.connections.created >= 2 && source.connections.failed == 0, "{source:#?}");
    }
}

#[tokio::test]
async fn a_failed_connection_counts_and_its_password_is_nowhere() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    let to = |scheme: &str| format!("{scheme}://alice:hunter2-s3cr3t@127.0.0.1:1/refused");
    assert!(PgConnection::establish(&to("postgres")).is_err());
    assert!(AsyncPgConnection::establish(&to("postgres")).await.is_err());
    let words = "host=127.0.0.1 port=1 user=alice password=hunter2-s3cr3t dbname=refused";
    assert!(PgConnection::establish(words).is_err());
    assert!(MysqlConnection::establish(&to("mysql")).is_err());
    assert!(AsyncMysqlConnection::establish(&to("mysql")).await.is_err());
    assert!(SqliteConnection::establish("/no/such/folder/refused").is_err());
    for (system, failed) in [(System::PostgreSql, 3), (System::MySql, 2), (System::Sqlite, 1)] {
        let source = of(&monitor, |d| d.system == system && d.name == "refused");
        assert_eq!(source.connections.failed, failed, "{system}");
        assert_eq!((source.connections.created, source.connections.closed), (0, 0));
    }
    let seen = everything(&monitor);
    assert!(!seen.contains("hunter2") && !seen.contains("s3cr3t"), "{seen}");
    assert!(!seen.contains("alice"), "{seen}");
}

#[test]
fn a_watch_shows_no_password() {
    let monitor = monitor();
    let url = "postgres://alice:hunter2@db/shop?password=hunter2";
    let watch = monitor_diesel::instrumentation(&monitor).url(url).user("bob");
    let seen = format!("{watch:?}");
    assert!(seen.contains("shop") && seen.contains("bob"), "{seen}");
    assert!(!seen.contains("hunter2") && !seen.contains("alice"), "{seen}");
}

#[test]
fn a_second_install_is_for_connections_opened_later() {
    let _default = default_is_mine();
    let (first, second) = (monitor(), monitor());
    monitor_diesel::install(&first).unwrap();
    let mut old = SqliteConnection::establish(&memory("second")).unwrap();
    monitor_diesel::install(&second).unwrap();
    let mut new = SqliteConnection::establish(&memory("second")).unwrap();
    old.batch_execute("select 1 as old_one").unwrap();
    new.batch_execute("select 1 as new_one").unwrap();
    assert_eq!(of(&first, named("second")).activity.calls, 1);
    assert_eq!(of(&second, named("second")).activity.calls, 1);
    assert_eq!(statement(&first, "old_one").calls, 1);
    assert_eq!(statement(&second, "new_one").calls, 1);
}

#[test]
fn a_monitor_that_is_off_can_be_replaced_and_installed() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&Monitor::off()).unwrap();
    let mut conn = SqliteConnection::establish(&memory("off")).unwrap();
    conn.batch_execute("select 1").unwrap();
    assert!(monitor_diesel::watch_of(conn.instrumentation()).is_none());
    monitor_diesel::install(&monitor).unwrap();
    let mut conn = SqliteConnection::establish(&memory("off")).unwrap();
    assert!(monitor_diesel::watch_of(conn.instrumentation()).is_some());
}

#[test]
fn an_asker_is_not_watched() {
    let _default = default_is_mine();
    let monitor = monitor();
    monitor_diesel::install(&monitor).unwrap();
    let url = memory("asked") + "&cache=shared";
    let mut conn = SqliteConnection::establish(&url).unwrap();
    conn.batch_execute("select 1").unwrap();
    let mut asker = monitor_diesel::asker::<SqliteConnection>(&monitor, &url);
    asker.ask("select 2").unwrap();
    asker.scratch().unwrap().unwrap().ask("select 3").unwrap();
    asker.rest();
    let source = of(&monitor, named("asked"));
    assert_eq!((source.activity.calls, source.connections.created), (1, 1));
    assert_eq!(monitor.snapshot().lifetime.total.calls, 1);
}

static STARTS: AtomicU64 = AtomicU64::new(0);

fn another_library() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && query.to_string().contains("another_library")
        {
            STARTS.fetch_add(1, SeqCst);
        }
    }))
}

#[test]
fn another_librarys_instrumentation_is_reported_and_can_be_kept() {
    let _default = default_is_mine();
    let monitor = monitor();
    set_default_instrumentation(another_library).unwrap();
    let error = monitor_diesel::install(&monitor).unwrap_err();
    assert!(error.is_taken());
    assert!(error.to_string().contains("install_with"), "{error}");
    let sql = "select 1 as another_library";
    let mut conn = SqliteConnection::establish(&memory("another")).unwrap();
    conn.batch_execute(sql).unwrap();
    assert_eq!(STARTS.load(SeqCst), 1, "it stays in place");

    monitor_diesel::install_with(&monitor, another_library).unwrap();
    let mut conn = SqliteConnection::establish(&memory("another")).unwrap();
    conn.batch_execute(sql).unwrap();
    assert_eq!(STARTS.load(SeqCst), 2);
    assert_eq!(of(&monitor, named("another")).activity.calls, 1);
    assert!(monitor_diesel::watch_of(conn.instrumentation()).is_some());

    monitor_diesel::install(&monitor).unwrap();
    let mut conn = SqliteConnection::establish(&memory("another")).unwrap();
    conn.batch_execute(sql).unwrap();
    assert_eq!(STARTS.load(SeqCst), 3, "a second install keeps the other library");
    assert_eq!(of(&monitor, named("another")).activity.calls, 2);
}

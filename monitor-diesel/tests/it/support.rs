//! Connections that are watched, and questions to a monitor.

use diesel::prelude::*;
use monitor_core::Monitor;
use monitor_core::capture::ErrorClass;
use monitor_core::identify::Kind;
use monitor_core::snapshot::{Activity, SourceActivity};

diesel::table! {
    users (id) {
        id -> Integer,
        name -> Text,
    }
}

/// A row whose name may be left to the database, which makes SQLite insert such rows one by one.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub(crate) struct NewUser<'a> {
    pub(crate) id: Option<i32>,
    pub(crate) name: &'a str,
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
}

/// Only the test's own connection sees it.
pub(crate) const CREATE: &str =
    "create temporary table users (id integer primary key, name text not null)";

pub(crate) fn monitor() -> Monitor {
    Monitor::builder().beat_by_hand().build().unwrap()
}

pub(crate) fn postgres_url() -> String {
    read("MONITOR_TEST_POSTGRES_URL")
}

pub(crate) fn mysql_url() -> String {
    read("MONITOR_TEST_MYSQL_URL")
}

fn read(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set; run `cargo xtask test`, which sets it"))
}

/// A connection that the monitor watches from now on, with an empty table of users.
pub(crate) fn watched<C: Connection>(monitor: &Monitor, url: &str) -> C {
    let mut conn = C::establish(url).unwrap();
    conn.batch_execute(CREATE).unwrap();
    conn.set_instrumentation(monitor_diesel::instrumentation(monitor).url(url));
    conn
}

pub(crate) fn sqlite(monitor: &Monitor) -> SqliteConnection {
    watched(monitor, ":memory:")
}

pub(crate) fn postgres(monitor: &Monitor) -> PgConnection {
    watched(monitor, &postgres_url())
}

pub(crate) fn mysql(monitor: &Monitor) -> MysqlConnection {
    watched(monitor, &mysql_url())
}

pub(crate) fn kind(monitor: &Monitor, kind: Kind) -> Activity {
    monitor.snapshot().lifetime.kind(kind)
}

pub(crate) fn total(monitor: &Monitor) -> Activity {
    monitor.snapshot().lifetime.total
}

/// The texts of all statements, in alphabetical order.
pub(crate) fn texts(monitor: &Monitor) -> Vec<String> {
    let mut texts: Vec<_> =
        monitor.snapshot().lifetime.statements.iter().map(|s| s.text.to_string()).collect();
    texts.sort();
    texts
}

/// The only statement whose text contains this.
pub(crate) fn statement(monitor: &Monitor, part: &str) -> Activity {
    let snapshot = monitor.snapshot();
    let mut found = snapshot.lifetime.statements.iter().filter(|s| s.text.contains(part));
    match (found.next(), found.next()) {
        (Some(statement), None) => statement.activity.clone(),
        _ => panic!("not exactly one statement with `{part}` among {:#?}", texts(monitor)),
    }
}

/// The only source there is.
pub(crate) fn source(monitor: &Monitor) -> SourceActivity {
    let mut sources = monitor.snapshot().sources;
    assert_eq!(sources.len(), 1, "{sources:#?}");
    sources.remove(0)
}

/// Errors by class.
pub(crate) fn errors(activity: &Activity) -> Vec<(ErrorClass, u64)> {
    activity.errors.iter().map(|error| (error.class, error.count)).collect()
}

/// Everything a person, a page or a scraper can see.
pub(crate) fn everything(monitor: &Monitor) -> String {
    monitor.beat();
    format!(
        "{:#?}\n{:#?}\n{:#?}\n{}",
        monitor.snapshot(),
        monitor.recent_calls(usize::MAX),
        monitor.alerts(),
        monitor.report()
    )
}

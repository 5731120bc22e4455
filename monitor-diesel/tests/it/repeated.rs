//! Values that tell the same question from another, in units of work.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::{Binary, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use monitor_core::testing::Captured;
use monitor_core::{Monitor, Scope};
use monitor_diesel::{MonitoredConnection, instrumentation};

use crate::support::{CREATE, everything, monitor, mysql_url, postgres_url, users};

fn wrapped<C: Connection>(monitor: &Monitor, url: &str) -> MonitoredConnection<C> {
    let mut conn = C::establish(url).unwrap();
    conn.batch_execute(CREATE).unwrap();
    instrumentation(monitor).url(url).wrap(conn)
}

/// A name that shows nobody whose it is.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
struct Name(&'static str);

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<DB: Backend> ToSql<Text, DB> for Name
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

/// How often each question of a unit was asked, in the order in which it was first.
fn asked(captured: &Captured) -> Vec<usize> {
    let mut asked: Vec<(_, usize)> = Vec::new();
    for call in &captured.calls {
        let question = (call.record.fingerprint, call.parameters.unwrap());
        match asked.iter_mut().find(|(known, _)| *known == question) {
            Some((_, times)) => *times += 1,
            None => asked.push((question, 1)),
        }
    }
    asked.into_iter().map(|(_, times)| times).collect()
}

macro_rules! every_backend {
    ($backend:ident, $connection:ty, $url:expr, $one:literal) => {
        mod $backend {
            use super::*;

            fn connect(monitor: &Monitor) -> MonitoredConnection<$connection> {
                wrapped(monitor, $url)
            }

            #[test]
            fn the_same_find_is_told_from_another() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let find = |conn: &mut _, id: i32| {
                    users::table.find(id).load::<(i32, String)>(conn).unwrap();
                };
                let unit = monitor.scope("GET /users");
                unit.run(|| [71330001, 71330001, 71330002, 71330001].map(|id| find(&mut conn, id)));
                drop(unit);
                monitor
                    .scope("GET /all")
                    .run(|| [71330001, 71330002, 71330003].map(|id| find(&mut conn, id)));
                let snapshot = monitor.snapshot();
                let duplicates = |name: &str| {
                    snapshot.scopes.iter().find(|one| &*one.name == name).unwrap().duplicates
                };
                assert_eq!((duplicates("GET /users"), duplicates("GET /all")), (2, 0));
                let shown = everything(&monitor);
                assert!(!shown.contains("7133000"), "{shown}");
            }

            #[test]
            fn values_that_hide_themselves_are_told_apart() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let mut read = |names: [&'static str; 3]| {
                    monitor
                        .capture_sync(|| {
                            for name in names {
                                let of = users::table.filter(users::name.eq(Name(name)));
                                of.select(users::id).load::<i32>(&mut conn).unwrap();
                            }
                        })
                        .1
                };
                // Such names all look the same.
                let different = read(["Ada", "Eve", "Bob"]);
                assert_eq!(asked(&different), [1, 1, 1]);
                different.assert_no_duplicates();
                let same = read(["Ada"; 3]);
                assert_eq!(asked(&same), [3]);
            }

            #[test]
            fn literals_nothing_and_the_empty_are_told_apart() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let ((), captured) = monitor.capture_sync(|| {
                    for literal in ["select 71330001", "select 71330002", "select 71330001"] {
                        diesel::sql_query(literal).execute(&mut conn).unwrap();
                    }
                    for value in [None, Some(""), None] {
                        let query =
                            diesel::sql_query(concat!("select 1 from users where name = ", $one));
                        query.bind::<Nullable<Text>, _>(value).execute(&mut conn).unwrap();
                    }
                    for value in [vec![0_u8], vec![0, 0], vec![b'x'; 100]] {
                        diesel::select(value.into_sql::<Binary>())
                            .get_result::<Vec<u8>>(&mut conn)
                            .unwrap();
                    }
                });
                assert_eq!(asked(&captured), [2, 1, 2, 1, 1, 1, 1]);
                let bound =
                    captured.calls.iter().map(|call| call.parameters.unwrap().bound.is_some());
                assert_eq!(
                    bound.collect::<Vec<_>>(),
                    [false, false, false, true, true, true, true, true, true]
                );
            }
        }
    };
}

every_backend!(on_sqlite, SqliteConnection, ":memory:", "?");
every_backend!(on_postgres, PgConnection, &postgres_url(), "$1");
every_backend!(on_mysql, MysqlConnection, &mysql_url(), "?");

#[test]
fn values_outside_of_units_are_not_looked_at() {
    #[derive(Debug, AsExpression)]
    #[diesel(sql_type = Integer)]
    struct Counted<'a>(#[allow(dead_code, reason = "shown")] &'a std::cell::Cell<u32>);

    impl<'a> ToSql<Integer, diesel::sqlite::Sqlite> for Counted<'a> {
        fn to_sql<'b>(
            &'b self,
            out: &mut Output<'b, '_, diesel::sqlite::Sqlite>,
        ) -> diesel::serialize::Result {
            self.0.set(self.0.get() + 1);
            out.set_value(1);
            Ok(diesel::serialize::IsNull::No)
        }
    }

    let monitor = monitor();
    let mut conn = wrapped::<SqliteConnection>(&monitor, ":memory:");
    let looked = std::cell::Cell::new(0);
    let mut ask = || {
        users::table.filter(users::id.eq(Counted(&looked))).execute(&mut conn).unwrap();
        looked.take()
    };
    assert_eq!((ask(), monitor.scope("GET /users").run(&mut ask), ask()), (1, 2, 1));
}

#[tokio::test]
async fn questions_over_asynchronous_connections_are_told_apart() {
    use diesel_async::RunQueryDsl as Ask;

    type Row = (i32, String);

    let monitor = monitor();
    let url = postgres_url();
    let mut conn =
        <AsyncPgConnection as diesel_async::AsyncConnection>::establish(&url).await.unwrap();
    conn.batch_execute(CREATE).await.unwrap();
    let mut conn = instrumentation(&monitor).url(&url).wrap_async(conn);
    let ((), captured) = monitor
        .capture(async {
            for id in [1, 2, 1] {
                Ask::load::<Row>(users::table.find(id), &mut conn).await.unwrap();
            }
            let mut shared = &conn;
            Ask::load::<Row>(users::table.find(2), &mut shared).await.unwrap();
        })
        .await;
    assert_eq!(asked(&captured), [2, 2]);
    assert!(Scope::current().is_off());
}

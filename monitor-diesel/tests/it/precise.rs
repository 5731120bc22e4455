//! Precise mode on blocking connections.

use diesel::MultiConnection;
use diesel::connection::{
    AnsiTransactionManager, Instrumentation, InstrumentationEvent, LoadConnection,
    SimpleConnection, TransactionManager,
};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel::sql_types::{BigInt, Integer};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use monitor_core::Monitor;
use monitor_core::capture::ErrorClass;
use monitor_core::identify::Kind;
use monitor_diesel::{MonitoredConnection, instrumentation, watch_of};

use crate::install::default_is_mine;
use crate::support::{
    CREATE, Change, NewUser, errors, everything, kind, monitor, mysql_url, postgres_url, source,
    statement, texts, total, users,
};

type Sqlite = MonitoredConnection<SqliteConnection>;
pub(crate) type Postgres = MonitoredConnection<PgConnection>;
type Mysql = MonitoredConnection<MysqlConnection>;

fn wrapped<C: Connection>(monitor: &Monitor, url: &str) -> MonitoredConnection<C> {
    let mut conn = C::establish(url).unwrap();
    conn.batch_execute(CREATE).unwrap();
    instrumentation(monitor).url(url).wrap(conn)
}

fn sqlite(monitor: &Monitor) -> Sqlite {
    wrapped(monitor, ":memory:")
}

pub(crate) fn postgres(monitor: &Monitor) -> Postgres {
    wrapped(monitor, &postgres_url())
}

fn mysql(monitor: &Monitor) -> Mysql {
    wrapped(monitor, &mysql_url())
}

#[derive(Debug, PartialEq, Queryable, Identifiable, AsChangeset, Clone, Copy)]
#[diesel(table_name = users)]
struct Renamed {
    id: i32,
    name: &'static str,
}

const ADA: (i32, &str) = (1, "Ada");

macro_rules! every_backend {
    ($backend:ident, $statements_of_a_batch:expr) => {
        mod $backend {
            use super::{$backend as connect, *};

            #[test]
            fn every_call_counts_once_with_its_rows() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                for id in 1..=3 {
                    let row = (users::id.eq(id), users::name.eq("Ada"));
                    assert_eq!(diesel::insert_into(users::table).values(row).execute(&mut conn), Ok(1));
                }
                for _ in 0..2 {
                    let all = users::table.order(users::id).load::<(i32, String)>(&mut conn);
                    assert_eq!(all.unwrap().len(), 3);
                    let name = users::table.find(1).select(users::name).first::<String>(&mut conn);
                    assert_eq!(name.unwrap(), "Ada");
                }
                let change = diesel::update(users::table).set(users::name.eq("Eve"));
                assert_eq!(change.execute(&mut conn), Ok(3));
                assert_eq!(diesel::delete(users::table.find(3)).execute(&mut conn), Ok(1));
                let none = users::table.find(7).first::<(i32, String)>(&mut conn);
                assert_eq!(none, Err(diesel::NotFound));

                assert_eq!(kind(&monitor, Kind::Insert).rows_affected, 3);
                let select = kind(&monitor, Kind::Select);
                assert_eq!((select.calls, select.rows_returned, select.rows_unknown), (5, 8, 0));
                assert_eq!(kind(&monitor, Kind::Update).rows_affected, 3);
                assert_eq!(kind(&monitor, Kind::Delete).rows_affected, 1);
                let total = total(&monitor);
                assert_eq!((total.calls, total.completed(), total.rows_unknown), (10, 10, 0));
            }

            #[test]
            fn what_the_type_of_a_query_does_not_say_is_read_from_its_sql() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                for sql in ["select 1 as a", "select 2 as b", "select 3 as a"] {
                    diesel::sql_query(sql).execute(&mut conn).unwrap();
                }
                for column in ["id", "name"] {
                    let part = diesel::dsl::sql::<Integer>(&format!("count(*) from users where {column} is null"));
                    diesel::select(part).execute(&mut conn).unwrap();
                }
                for is_long in [false, true] {
                    let mut query = users::table.select(users::id).into_boxed();
                    if is_long {
                        query = query.filter(users::name.eq("Ada"));
                    }
                    assert_eq!(query.load::<i32>(&mut conn), Ok(vec![]));
                }
                for ids in [vec![1], vec![1, 2, 3]] {
                    let query = users::table.filter(users::id.eq_any(ids)).select(users::id);
                    assert_eq!(query.load::<i32>(&mut conn), Ok(vec![]));
                }
                assert_eq!(statement(&monitor, "as a").calls, 2);
                assert_eq!(statement(&monitor, "as b").calls, 1);
                assert_eq!(statement(&monitor, "where name is null").calls, 1);
                assert_eq!(texts(&monitor).len(), 7, "{:#?}", texts(&monitor));
                assert_eq!(total(&monitor).calls, 9);
            }

            #[test]
            fn a_statement_that_gave_up_its_place_is_found_again() {
                let monitor = Monitor::builder().beat_by_hand().statements_max(2).build().unwrap();
                let mut conn = connect(&monitor);
                let query = || users::table.select(users::id);
                query().load::<i32>(&mut conn).unwrap();
                for number in 0..10 {
                    let sql = format!("select 1 as c{number}");
                    diesel::sql_query(sql).execute(&mut conn).unwrap();
                }
                assert!(!texts(&monitor).iter().any(|text| text.contains("users")));
                query().load::<i32>(&mut conn).unwrap();
                query().load::<i32>(&mut conn).unwrap();
                assert_eq!(statement(&monitor, "from users").calls, 2);
                assert_eq!(total(&monitor).calls, 13);
            }

            #[test]
            fn errors_are_those_the_caller_sees() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let ada = (users::id.eq(1), users::name.eq("Ada"));
                diesel::insert_into(users::table).values(ada).execute(&mut conn).unwrap();
                let again = diesel::insert_into(users::table).values(ada).execute(&mut conn);
                let kind = DatabaseErrorKind::UniqueViolation;
                assert!(matches!(again, Err(diesel::result::Error::DatabaseError(k, _)) if k == kind));
                assert!(diesel::sql_query("select nothing from nowhere").execute(&mut conn).is_err());
                assert!(conn.batch_execute("selct 1").is_err());
                let insert = statement(&monitor, "insert into users");
                assert_eq!(errors(&insert), [(ErrorClass::UniqueViolation, 1)]);
                assert_eq!((total(&monitor).calls, total(&monitor).failed), (4, 3));
            }

            /// A panic in one of the peers.
            #[test]
            fn a_query_that_cannot_be_built_is_an_error_and_no_panic() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let nothing = Change { name: None };
                let result = diesel::update(users::table).set(nothing).execute(&mut conn);
                assert!(matches!(result, Err(diesel::result::Error::QueryBuilderError(_))));
                let unbuildable = statement(&monitor, "unbuildable query");
                assert_eq!((unbuildable.calls, unbuildable.failed), (1, 1));
                assert_eq!(total(&monitor).calls, 1);
            }

            #[test]
            fn a_batch_counts_as_the_statements_it_is_sent_in() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let rows: Vec<_> = (1..=5).map(|id| NewUser { id: Some(id), name: "Ada" }).collect();
                diesel::insert_into(users::table).values(&rows).execute(&mut conn).unwrap();
                let insert = kind(&monitor, Kind::Insert);
                assert_eq!((insert.calls, insert.rows_affected), ($statements_of_a_batch, 5));
            }

            #[test]
            fn transactions_go_through_it() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                conn.transaction(|conn: &mut MonitoredConnection<_>| {
                    conn.transaction(|conn| users::table.count().get_result::<i64>(conn))?;
                    let undone = conn.transaction(|_| {
                        diesel::QueryResult::<()>::Err(diesel::result::Error::RollbackTransaction)
                    });
                    assert!(undone.is_err());
                    diesel::QueryResult::Ok(())
                })
                .unwrap();
                let _ = conn.transaction(|_| diesel::QueryResult::<()>::Err(diesel::NotFound));
                let transactions = source(&monitor).transactions;
                assert_eq!((transactions.begun, transactions.committed), (2, 1));
                assert_eq!((transactions.rolled_back, transactions.open), (1, 0));
                assert_eq!((transactions.savepoints, transactions.depth_max), (2, 2));
                assert_eq!(transactions.think.count(), 2);
                assert!(transactions.think_time <= transactions.duration.quantile(1.0).unwrap() * 2);
                assert_eq!(kind(&monitor, Kind::Transaction).calls, 8, "{:#?}", texts(&monitor));
                assert_eq!(total(&monitor).rows_unknown, 0);
            }

            #[test]
            fn another_road_to_the_connection_is_seen_once() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                users::table.count().get_result::<i64>(&mut conn).unwrap();
                let inner = conn.inner_mut();
                users::table.count().get_result::<i64>(inner).unwrap();
                inner.batch_execute("select 1 as inside").unwrap();
                inner.transaction(|inner| inner.batch_execute("select 2 as inside")).unwrap();
                conn.batch_execute("select 3 as inside").unwrap();
                let count = statement(&monitor, "count");
                assert_eq!((count.calls, count.rows_returned, count.rows_unknown), (2, 1, 1));
                assert_eq!(statement(&monitor, "inside").calls, 3);
                assert_eq!(source(&monitor).transactions.committed, 1);
                assert_eq!(total(&monitor).calls, 7);
                let mut inner = conn.into_inner();
                users::table.count().get_result::<i64>(&mut inner).unwrap();
                assert_eq!(total(&monitor).calls, 8);
            }

            #[test]
            fn somebody_elses_instrumentation_is_told_as_well() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let (tell, told) = std::sync::mpsc::channel();
                conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                    if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                        let _ = tell.send(());
                    }
                });
                users::table.count().get_result::<i64>(&mut conn).unwrap();
                users::table.count().get_result::<i64>(conn.inner_mut()).unwrap();
                assert_eq!(told.try_iter().count(), 2);
                assert_eq!(statement(&monitor, "count").calls, 2);
            }

            #[test]
            fn a_watch_that_is_set_later_takes_the_place_of_the_first() {
                let (first, second) = (monitor(), monitor());
                let mut conn = connect(&first);
                users::table.count().get_result::<i64>(&mut conn).unwrap();
                let watch: Box<dyn Instrumentation> = Box::new(instrumentation(&second).url("sqlite::memory:"));
                conn.set_instrumentation(watch);
                users::table.count().get_result::<i64>(&mut conn).unwrap();
                users::table.count().get_result::<i64>(conn.inner_mut()).unwrap();
                assert_eq!((total(&first).calls, total(&second).calls), (1, 2));
            }

            #[test]
            fn a_call_says_where_it_came_from_and_shows_no_value() {
                const SECRET: &str = "hunter2-s3cr3t";
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let row = (users::id.eq(4711_0815), users::name.eq(SECRET));
                diesel::insert_into(users::table).values(row).execute(&mut conn).unwrap();
                let watch = watch_of(conn.instrumentation()).unwrap();
                watch.set_user(Some("alice"));
                let found = users::table.filter(users::name.eq(SECRET)).load::<(i32, String)>(&mut conn);
                assert_eq!(found.unwrap().len(), 1);
                let calls = monitor.recent_calls(2);
                assert_eq!((calls[0].user.as_deref(), calls[1].user.as_deref()), (Some("alice"), None));
                assert!(calls[0].connection.is_some() && calls[0].connection == calls[1].connection);
                let seen = everything(&monitor);
                assert!(!seen.contains(SECRET) && !seen.contains("47110815"), "{seen}");
                assert!(!format!("{conn:?}").contains("monitor_test"));
            }

            #[test]
            fn a_changed_row_is_saved_and_fetched() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let row = (users::id.eq(ADA.0), users::name.eq(ADA.1));
                diesel::insert_into(users::table).values(row).execute(&mut conn).unwrap();
                let renamed = Renamed { id: 1, name: "Eve" };
                let saved = (&renamed).save_changes::<(i32, String)>(&mut conn);
                assert_eq!(saved, Ok((1, "Eve".to_owned())));
                assert_eq!(kind(&monitor, Kind::Update).rows_affected, 1);
                assert_eq!(total(&monitor).failed, 0);
            }

            #[test]
            fn a_monitor_that_is_off_is_in_nobodys_way() {
                let monitor = Monitor::off();
                let mut conn = connect(&monitor);
                conn.transaction(|conn| users::table.count().get_result::<i64>(conn)).unwrap();
                assert_eq!(total(&monitor).calls, 0);
            }
        }
    };
}

every_backend!(sqlite, 5);
every_backend!(postgres, 1);
every_backend!(mysql, 1);

#[derive(QueryableByName)]
struct One {
    #[diesel(sql_type = BigInt)]
    _one: i64,
}

/// What instrumentation is not told of: see `sqlite_hides_an_error_while_rows_are_read`.
#[test]
fn an_error_while_sqlite_reads_rows_is_a_failure() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    let overflow = diesel::sql_query("select abs(-9223372036854775808) as _one");
    assert!(overflow.load::<One>(&mut conn).is_err());
    assert_eq!((total(&monitor).calls, total(&monitor).failed), (1, 1));
}

#[test]
fn a_value_that_cannot_be_sent_is_a_failure_with_its_class() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    let no_place = diesel::sql_query("select '?'").bind::<Integer, _>(1);
    assert!(no_place.execute(&mut conn).is_err());
    assert_eq!((total(&monitor).calls, total(&monitor).failed), (1, 1));
}

/// SQLite's own counter stands where the last write has left it.
#[test]
fn rows_of_a_select_that_is_only_executed_are_unknown_on_sqlite() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    let row = (users::id.eq(1), users::name.eq("Ada"));
    diesel::insert_into(users::table).values(row).execute(&mut conn).unwrap();
    users::table.select(users::id).execute(&mut conn).unwrap();
    diesel::sql_query("pragma user_version").execute(&mut conn).unwrap();
    let select = kind(&monitor, Kind::Select);
    assert_eq!((select.rows_returned, select.rows_affected, select.rows_unknown), (0, 0, 1));
    assert_eq!(total(&monitor).rows_affected, 1);
}

#[test]
fn a_reader_that_stops_early_has_completed_its_call() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    let numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select i as _one from n";
    let rows = LoadConnection::load(&mut conn, diesel::sql_query(numbers)).unwrap();
    assert_eq!(rows.take(3).filter(Result::is_ok).count(), 3);
    let seen = statement(&monitor, "recursive");
    assert_eq!((seen.calls, seen.completed(), seen.rows_returned), (1, 1, 3));
}

#[test]
fn postgres_row_by_row_counts_rows_and_the_error_between_them() {
    let monitor = monitor();
    let mut conn = postgres(&monitor);
    let rows = diesel::sql_query("select 1 / (3 - g) as one from generate_series(1, 5) g");
    let rows = LoadConnection::<PgRowByRowLoadingMode>::load(&mut conn, rows).unwrap();
    assert_eq!(rows.filter(Result::is_err).count(), 1);
    let seen = statement(&monitor, "generate_series");
    assert_eq!((seen.calls, seen.failed, seen.rows_returned), (1, 1, 2));
    users::table.count().get_result::<i64>(&mut conn).unwrap();
    assert_eq!((total(&monitor).calls, total(&monitor).failed), (2, 1));
}

#[test]
fn returning_hands_out_what_was_changed() {
    let monitor = monitor();
    let mut conn = postgres(&monitor);
    let rows: Vec<_> = (1..=3).map(|id| (users::id.eq(id), users::name.eq("Ada"))).collect();
    let ids = diesel::insert_into(users::table).values(&rows).returning(users::id);
    assert_eq!(ids.get_results::<i32>(&mut conn), Ok(vec![1, 2, 3]));
    let insert = kind(&monitor, Kind::Insert);
    assert_eq!((insert.rows_returned, insert.rows_affected), (3, 3));
}

#[test]
fn looking_up_a_type_counts_once_beside_the_query_that_needs_it() {
    use crate::peculiar::{Feeling, Mood};
    let monitor = monitor();
    let mut conn = postgres(&monitor);
    conn.begin_test_transaction().unwrap();
    diesel::sql_query("create type monitor_mood as enum ('fine')").execute(&mut conn).unwrap();
    for _ in 0..3 {
        let feeling = diesel::select(Feeling::Fine.into_sql::<Mood>()).get_result(&mut conn);
        assert_eq!(feeling, Ok(Feeling::Fine));
    }
    let lookup = statement(&monitor, "pg_type");
    assert_eq!((lookup.calls, lookup.rows_unknown), (1, 1), "diesel asks the inner connection");
    let outer = statement(&monitor, "select ?");
    assert_eq!((outer.calls, outer.rows_returned), (3, 3));
}

#[test]
fn a_transaction_with_an_isolation_level_goes_through_it() {
    let monitor = monitor();
    let mut conn = postgres(&monitor);
    conn.build_transaction()
        .read_only()
        .run(|conn: &mut Postgres| users::table.count().get_result::<i64>(conn))
        .unwrap();
    assert_eq!(source(&monitor).transactions.committed, 1);
    assert_eq!(statement(&monitor, "begin").completed(), 1);
    assert_eq!(statement(&monitor, "count").rows_returned, 1);
}

#[test]
fn sqlites_own_transactions_go_through_it() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    let count = |conn: &mut Sqlite| users::table.count().get_result::<i64>(conn);
    conn.immediate_transaction(count).unwrap();
    let undone = conn.exclusive_transaction(|_| Err::<(), _>(diesel::NotFound));
    assert_eq!(undone, Err(diesel::NotFound));
    let transactions = source(&monitor).transactions;
    assert_eq!((transactions.committed, transactions.rolled_back), (1, 1));
    assert_eq!(total(&monitor).calls, 5);
    assert_eq!(statement(&monitor, "count").rows_returned, 1);
}

#[test]
fn migrations_run_on_it() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    let migrations = FileBasedMigrations::from_path("tests/migrations").unwrap();
    assert_eq!(conn.run_pending_migrations(migrations.clone()).unwrap().len(), 1);
    assert_eq!(conn.run_pending_migrations(migrations).unwrap().len(), 0);
    assert_eq!(statement(&monitor, "create table colours").calls, 1);
    assert_eq!(total(&monitor).failed, 0);
    let unknown = total(&monitor).rows_unknown;
    assert_eq!(unknown, kind(&monitor, Kind::Ddl).rows_unknown, "{:#?}", texts(&monitor));
}

#[derive(MultiConnection)]
enum Any {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

#[test]
fn one_type_for_several_databases_takes_it_in_a_unit_of_work_too() {
    let monitor = monitor();
    let _unit = monitor.scope("request").enter();
    for mut conn in [Any::Postgres(postgres(&monitor)), Any::Sqlite(sqlite(&monitor))] {
        let row = (users::id.eq(1), users::name.eq("Ada"));
        diesel::insert_into(users::table).values(row).execute(&mut conn).unwrap();
        conn.transaction(|conn| users::table.find(1).first::<(i32, String)>(conn)).unwrap();
    }
    let total = total(&monitor);
    assert_eq!((total.calls, total.completed(), total.rows_unknown), (8, 8, 0));
    assert_eq!(kind(&monitor, Kind::Insert).rows_affected, 2);
}

#[test]
fn a_connection_of_its_own_is_watched_by_what_is_installed() {
    let _default = default_is_mine();
    let monitor = monitor();
    let url = "file:precise_install?mode=memory";
    let mut before = Sqlite::establish(url).unwrap();
    before.batch_execute("select 1 as before_install").unwrap();
    monitor_diesel::install(&monitor).unwrap();
    let mut conn = Sqlite::establish(url).unwrap();
    diesel::select(1.into_sql::<Integer>()).get_result::<i32>(&mut conn).unwrap();
    drop(conn);
    let sources = monitor.snapshot().sources;
    let source = sources.iter().find(|s| s.database.name == "precise_install").unwrap();
    assert_eq!((source.connections.created, source.connections.closed), (1, 1));
    assert_eq!((source.activity.calls, source.activity.rows_returned), (1, 1));
}

#[test]
fn a_connection_dropped_inside_a_transaction_drops_it() {
    let monitor = monitor();
    let mut conn = sqlite(&monitor);
    AnsiTransactionManager::begin_transaction(&mut conn).unwrap();
    assert_eq!(source(&monitor).transactions.open, 1);
    drop(conn);
    let transactions = source(&monitor).transactions;
    assert_eq!((transactions.begun, transactions.dropped, transactions.open), (1, 1, 0));
}

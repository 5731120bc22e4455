//! What holds for every backend.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use monitor_core::capture::ErrorClass;
use monitor_core::identify::Kind;

use crate::support::{
    Change, NewUser, errors, everything, kind, monitor, source, statement, texts, total, users,
};

macro_rules! every_backend {
    ($backend:ident, $statements_of_a_batch:expr) => {
        mod $backend {
            use super::*;
            use crate::support::$backend as connect;

            #[test]
            fn every_statement_counts_once() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let ada = (users::id.eq(1), users::name.eq("Ada"));
                for _ in 0..3 {
                    diesel::insert_into(users::table).values(ada).execute(&mut conn).unwrap();
                    let name: String =
                        users::table.find(1).select(users::name).first(&mut conn).unwrap();
                    assert_eq!(name, "Ada");
                    let change = diesel::update(users::table).set(users::name.eq("Eve"));
                    assert_eq!(change.execute(&mut conn), Ok(1));
                    diesel::delete(users::table).execute(&mut conn).unwrap();
                }
                conn.batch_execute("drop table users").unwrap();
                for one in [Kind::Insert, Kind::Select, Kind::Update, Kind::Delete] {
                    let activity = kind(&monitor, one);
                    assert_eq!((activity.calls, activity.completed()), (3, 3), "{one}");
                }
                assert_eq!(kind(&monitor, Kind::Ddl).calls, 1);
                assert_eq!(total(&monitor).calls, 13);
                assert_eq!(total(&monitor).rows_unknown, 13, "diesel tells no rows");
                assert_eq!(texts(&monitor).len(), 5);
            }

            #[test]
            fn no_row_is_an_answer() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let found = users::table.find(7).first::<(i32, String)>(&mut conn);
                assert_eq!(found, Err(diesel::NotFound));
                assert_eq!((total(&monitor).calls, total(&monitor).completed()), (1, 1));
            }

            #[test]
            fn lists_of_any_length_are_one_statement() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                for ids in [vec![1], vec![1, 2, 3], (0..200).collect()] {
                    let query = users::table.filter(users::id.eq_any(ids)).select(users::id);
                    assert_eq!(query.load::<i32>(&mut conn), Ok(vec![]));
                }
                assert_eq!(kind(&monitor, Kind::Select).calls, 3);
                assert_eq!(texts(&monitor).len(), 1, "{:#?}", texts(&monitor));
            }

            #[test]
            fn a_batch_counts_as_the_statements_it_is_sent_in() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let rows: Vec<_> =
                    (1..=5).map(|id| NewUser { id: Some(id), name: "Ada" }).collect();
                diesel::insert_into(users::table).values(&rows).execute(&mut conn).unwrap();
                assert_eq!(kind(&monitor, Kind::Insert).calls, $statements_of_a_batch);
                assert_eq!(total(&monitor).failed, 0);
            }

            #[test]
            fn a_broken_unique_key_is_a_failure_of_its_class() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let ada = (users::id.eq(1), users::name.eq("Ada"));
                diesel::insert_into(users::table).values(ada).execute(&mut conn).unwrap();
                let again = diesel::insert_into(users::table).values(ada).execute(&mut conn);
                let kind = DatabaseErrorKind::UniqueViolation;
                assert!(
                    matches!(again, Err(diesel::result::Error::DatabaseError(k, _)) if k == kind)
                );
                let insert = statement(&monitor, "insert into users");
                assert_eq!((insert.calls, insert.failed), (2, 1));
                assert_eq!(errors(&insert), [(ErrorClass::UniqueViolation, 1)]);
            }

            #[test]
            fn a_wrong_statement_is_a_failure() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                assert!(diesel::sql_query("select nothing from nowhere").execute(&mut conn).is_err());
                assert!(conn.batch_execute("selct 1").is_err());
                assert_eq!((total(&monitor).calls, total(&monitor).failed), (2, 2));
            }

            #[test]
            fn a_query_that_cannot_be_built_is_an_error_and_no_panic() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                for _ in 0..3 {
                    let nothing = Change { name: None };
                    let result = diesel::update(users::table).set(nothing).execute(&mut conn);
                    assert!(matches!(result, Err(diesel::result::Error::QueryBuilderError(_))));
                }
                let unbuildable = statement(&monitor, "unbuildable query");
                assert_eq!((unbuildable.calls, unbuildable.failed), (3, 3));
                assert_eq!(errors(&unbuildable), [(ErrorClass::Statement, 3)]);
                let something = Change { name: Some("Eve".into()) };
                diesel::update(users::table).set(something).execute(&mut conn).unwrap();
                assert_eq!(kind(&monitor, Kind::Update).completed(), 1);
            }

            #[test]
            fn text_that_looks_like_the_mark_before_values_is_just_text() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                for sql in [
                    "select 1 -- binds: [7] \n + 41 as one",
                    "select 'x -- binds: [8]' as one",
                ] {
                    diesel::sql_query(sql).execute(&mut conn).unwrap();
                }
                diesel::select(" -- binds: [9]".into_sql::<diesel::sql_types::Text>())
                    .get_result::<String>(&mut conn)
                    .unwrap();
                assert_eq!((total(&monitor).calls, total(&monitor).completed()), (3, 3));
                assert!(!everything(&monitor).contains("binds"), "{:#?}", texts(&monitor));
                statement(&monitor, "select ? + ? as one");
            }

            #[test]
            fn only_the_outermost_level_is_a_transaction() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                conn.transaction(|conn| {
                    conn.transaction(|conn| users::table.count().get_result::<i64>(conn))?;
                    let undone = conn.transaction(|conn| {
                        users::table.count().get_result::<i64>(conn)?;
                        diesel::QueryResult::<()>::Err(diesel::result::Error::RollbackTransaction)
                    });
                    assert!(undone.is_err());
                    diesel::QueryResult::Ok(())
                })
                .unwrap();
                let transactions = source(&monitor).transactions;
                assert_eq!((transactions.begun, transactions.committed), (1, 1));
                assert_eq!((transactions.rolled_back, transactions.open), (0, 0));
                assert_eq!((transactions.savepoints, transactions.depth_max), (2, 2));
                assert_eq!(transactions.think.count(), 1);
                assert!(transactions.think_time > std::time::Duration::ZERO);
                assert_eq!(kind(&monitor, Kind::Transaction).calls, 6, "{:#?}", texts(&monitor));
                assert_eq!(kind(&monitor, Kind::Select).calls, 2);
            }

            #[test]
            fn a_transaction_that_returns_an_error_is_rolled_back() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let result = conn.transaction(|conn| {
                    assert_eq!(source(&monitor).transactions.open, 1);
                    users::table.count().get_result::<i64>(conn)?;
                    diesel::QueryResult::<()>::Err(diesel::NotFound)
                });
                assert_eq!(result, Err(diesel::NotFound));
                let transactions = source(&monitor).transactions;
                assert_eq!((transactions.begun, transactions.rolled_back), (1, 1));
                assert_eq!((transactions.committed, transactions.open), (0, 0));
            }

            #[test]
            fn a_connection_dropped_inside_a_transaction_drops_it() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                conn.begin_test_transaction().unwrap();
                assert_eq!(source(&monitor).transactions.open, 1);
                drop(conn);
                let transactions = source(&monitor).transactions;
                assert_eq!((transactions.begun, transactions.dropped), (1, 1));
                assert_eq!(transactions.open, 0);
            }

            #[test]
            fn values_are_nowhere_to_be_found() {
                const SECRET: &str = "hunter2-s3cr3t";
                let monitor = monitor_core::Monitor::builder()
                    .beat_by_hand()
                    .slow(std::time::Duration::from_nanos(1))
                    .build()
                    .unwrap();
                let mut conn = connect(&monitor);
                let row = (users::id.eq(4711_0815), users::name.eq(SECRET));
                for _ in 0..2 {
                    let _ = diesel::insert_into(users::table).values(row).execute(&mut conn);
                }
                let found = users::table.filter(users::name.eq(SECRET)).load::<(i32, String)>(&mut conn);
                assert_eq!(found.unwrap().len(), 1);
                diesel::sql_query(format!("select '{SECRET}' as one")).execute(&mut conn).unwrap();
                conn.batch_execute(&format!("delete from users where name = '{SECRET}'")).unwrap();
                assert_eq!((total(&monitor).calls, total(&monitor).failed), (5, 1));
                let seen = everything(&monitor);
                assert!(!seen.contains(SECRET) && !seen.contains("47110815"), "{seen}");
                drop(conn);
            }

            #[test]
            fn a_call_says_where_it_came_from() {
                let monitor = monitor();
                let mut conn = connect(&monitor);
                let watch = monitor_diesel::watch_of(conn.instrumentation()).unwrap();
                watch.set_user(Some("alice"));
                watch.set_tag(Some("GET /users"));
                users::table.count().get_result::<i64>(&mut conn).unwrap();
                let watch = monitor_diesel::watch_of(conn.instrumentation()).unwrap();
                watch.set_user(None);
                users::table.count().get_result::<i64>(&mut conn).unwrap();
                let calls = monitor.recent_calls(2);
                assert_eq!(calls[1].user.as_deref(), Some("alice"));
                assert_eq!(calls[1].tag.as_deref(), Some("GET /users"));
                assert_eq!(calls[0].user, None);
                assert!(calls[0].connection.is_some() && calls[0].connection == calls[1].connection);
            }

            #[test]
            fn a_monitor_that_is_off_is_in_nobodys_way() {
                let monitor = monitor_core::Monitor::off();
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

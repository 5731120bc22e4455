//! COPY through a connection in precise mode.

use diesel::ExecuteCopyFromDsl;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::precise::postgres;
use crate::support::{monitor, statement, total, users};

#[test]
fn copy_is_one_call_with_its_rows() {
    let monitor = monitor();
    let mut conn = postgres(&monitor);
    let rows: Vec<_> = (1..=4).map(|id| (users::id.eq(id), users::name.eq("Ada"))).collect();
    let copied =
        conn.copy_from(|conn| diesel::copy_from(users::table).from_insertable(&rows).execute(conn));
    assert_eq!(copied, Ok(4));
    let read = conn.copy_to(|conn| {
        let mut bytes = String::new();
        let mut copy = diesel::copy_to(users::table).load_raw(conn)?;
        std::io::Read::read_to_string(&mut copy, &mut bytes).unwrap();
        diesel::QueryResult::Ok(bytes)
    });
    assert_eq!(read.unwrap().lines().count(), 4);
    let failed =
        conn.copy_from(|conn| diesel::copy_from(users::table).from_insertable(&rows).execute(conn));
    assert!(failed.is_err());
    let from = statement(&monitor, "from stdin");
    assert_eq!((from.calls, from.failed, from.rows_affected), (2, 1, 4));
    let to = statement(&monitor, "to stdout");
    assert_eq!((to.calls, to.completed()), (1, 1));
    assert_eq!(total(&monitor).calls, 3);
}

#[test]
fn a_copy_that_panics_is_told_and_so_is_what_comes_after() {
    let monitor = monitor();
    let mut conn = postgres(&monitor);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        conn.copy_from(|conn| -> QueryResult<usize> {
            diesel::select(1.into_sql::<Integer>()).get_result::<i32>(conn)?;
            panic!("the application's own")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!((total(&monitor).calls, total(&monitor).failed), (1, 1));
    conn.copy_from(|conn| diesel::delete(users::table).execute(conn)).unwrap();
    assert_eq!((total(&monitor).calls, total(&monitor).failed), (2, 1));
}

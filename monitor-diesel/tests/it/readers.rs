//! What the readers of rows do with their time, in precise mode.

use std::time::Duration;

use diesel::connection::LoadConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use monitor_core::Monitor;
use monitor_core::capture::{Clock, Hands};
use monitor_core::snapshot::PartSums;
use monitor_diesel::{MonitoredConnection, instrumentation};

use crate::support::{statement, total};

const REST: Duration = Duration::from_secs(10);
const NUMBERS: &str =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 4) select i from n";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    #[expect(dead_code, reason = "it is there to be read")]
    i: i32,
}

/// A connection whose time stands still while the database works.
fn sqlite() -> (Monitor, Hands, MonitoredConnection<SqliteConnection>) {
    let (clock, hands) = Clock::by_hand();
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
    let conn = SqliteConnection::establish(":memory:").unwrap();
    let conn = instrumentation(&monitor).url(":memory:").wrap(conn);
    (monitor, hands, conn)
}

#[test]
fn first_and_get_result_have_their_one_row_in_one_piece() {
    let (monitor, hands, mut conn) = sqlite();
    diesel::select(1.into_sql::<Integer>()).get_result::<i32>(&mut conn).unwrap();
    diesel::sql_query(NUMBERS).get_result::<Number>(&mut conn).unwrap();
    let mut rows = diesel::sql_query(NUMBERS).load_iter::<Number, _>(&mut conn).unwrap();
    assert!(rows.next().is_some());
    hands.advance(REST);
    drop(rows);
    let total = total(&monitor);
    assert_eq!((total.completed(), total.rows_returned, total.time), (3, 3, Duration::ZERO));
    assert_eq!(total.parts, PartSums::default());
}

#[test]
fn who_comes_back_for_rows_has_taken_the_time_between_them() {
    let (monitor, hands, mut conn) = sqlite();
    let rows = LoadConnection::load(&mut conn, diesel::sql_query(NUMBERS)).unwrap();
    rows.take(2).for_each(|row| {
        row.unwrap();
        hands.advance(REST);
    });
    let PartSums { streamed, reader, .. } = statement(&monitor, "recursive").parts;
    assert_eq!((streamed, reader), (1, REST * 2));
    let all = diesel::sql_query(NUMBERS).load::<Number>(&mut conn).unwrap();
    let seen = statement(&monitor, "recursive");
    assert_eq!((all.len(), seen.calls, seen.rows_returned, seen.parts.streamed), (4, 2, 6, 2));
}

//! What is told of slow calls.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;
use monitor_core::Monitor;

use crate::support::{everything, sqlite};

#[test]
fn literals_are_kept_where_that_was_asked_for_and_bind_values_never() {
    let slow = Duration::from_nanos(1);
    let builder = Monitor::builder().beat_by_hand().slow(slow).keep_literals_of_slow_calls();
    let monitor = builder.build().unwrap();
    let mut connection = sqlite(&monitor);
    let query = diesel::sql_query("select 'literal' where 'a' = ?").bind::<Text, _>("bound");
    query.execute(&mut connection).unwrap();

    let calls = monitor.slow_queries(9);
    let originals: Vec<_> =
        calls.iter().map(|call| call.original.as_ref().unwrap().reveal()).collect();
    assert_eq!(originals, ["select 'literal' where 'a' = ?"]);
    let shown = everything(&monitor);
    assert!(!shown.contains("literal") && !shown.contains("bound"), "{shown}");
}

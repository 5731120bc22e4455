//! Rules on tables, and on what a whole database has to do.

use monitor_core::capture::Rows;
use monitor_core::inquire::{Table, Writes};
use monitor_core::judge::advice::{StoryCall, Verdict};

use super::{Library, call, check, ms, said};

const READ: &str = "select room from shelves where id = $1";
const WRITE: &str = "update shelves set room = $1 where id = $2";

/// Reads of so many different shelves, and some writes.
fn reads(count: u64, different: u64, writes: u64) -> Library {
    let mut library = Library::open();
    for table in &mut library.catalogue.as_mut().unwrap().tables {
        table.bytes = Some(64 * 1024);
    }
    for n in 0..count {
        library.step(StoryCall { scope: Some(n), ..call(READ, n % different) }, READ);
    }
    for n in 0..writes {
        library.step(StoryCall { scope: Some(count + n), ..call(WRITE, n) }, WRITE);
    }
    library
}

#[test]
fn a_table_read_over_and_over_is_told_and_one_that_changes_is_not() {
    assert_eq!(said(&reads(1_000, 10, 2).advice()), ["cache-candidate"]);
    check(&reads(1_000, 10, 50).advice(), "cache-candidate", Verdict::Quiet);
    check(&reads(1_000, 1_000, 2).advice(), "cache-candidate", Verdict::Quiet);
    check(&reads(1_000, 10, 2).advice_now(), "cache-candidate", Verdict::TooSoon);
    let mut library = reads(1_000, 10, 2);
    library.story.calls.iter_mut().for_each(|call| call.parameters = None);
    check(&library.advice(), "cache-candidate", Verdict::CannotTell);
    let mut library = reads(1_000, 10, 2);
    library.catalogue = None;
    check(&library.advice(), "cache-candidate", Verdict::CannotTell);
}

#[test]
fn a_busy_primary_with_quick_reads_wants_a_replica() {
    let busy = |cpu, writes| {
        let mut library = reads(1_500, 1_500, writes);
        library.story.surroundings.database_cpu = cpu;
        library
    };
    assert_eq!(said(&busy(Some(0.9), 10).advice()), ["read-replica-candidate"]);
    check(&busy(Some(0.9), 900).advice(), "read-replica-candidate", Verdict::Quiet);
    check(&busy(Some(0.4), 10).advice(), "read-replica-candidate", Verdict::Quiet);
    check(&busy(None, 10).advice(), "read-replica-candidate", Verdict::CannotTell);
    check(&busy(Some(0.9), 10).advice_now(), "read-replica-candidate", Verdict::TooSoon);
}

/// A huge table of measurements, read so and emptied so.
fn measurements(read: &str, delete: &str, updated: f64) -> Library {
    let mut library = Library::open();
    let writes = Writes { inserted: 1e8, updated, deleted: 1e6, hot: None };
    let table =
        Table { name: "samples".into(), rows: Some(2e8), writes: Some(writes), ..Table::default() };
    library.catalogue.as_mut().unwrap().tables.push(table);
    library.calls(read, 10, ms(800), 1).calls(delete, 2, ms(90_000), 2_000_000);
    library
}

#[test]
fn a_huge_table_read_and_emptied_by_time_is_told_and_one_with_keys_is_not() {
    let range = "select avg(v) from samples where ts >= $1 and ts < $2";
    let delete = "delete from samples where ts < $1";
    assert_eq!(said(&measurements(range, delete, 0.0).advice()), ["partition-candidate"]);
    for mut close in [
        measurements("select v from samples where id = $1", delete, 0.0),
        measurements(range, "delete from samples where id = $1", 0.0),
        measurements(range, delete, 9e7),
    ] {
        check(&close.advice(), "partition-candidate", Verdict::Quiet);
    }
    check(&measurements(range, delete, 0.0).advice_now(), "partition-candidate", Verdict::TooSoon);
}

#[test]
fn old_statistics_are_told_of_tables_that_are_used() {
    let library = |changed: f64| {
        let mut library = Library::open();
        let loans = &mut library.catalogue.as_mut().unwrap().tables[1];
        loans.modified_since_analyze = Some(changed);
        library.calls("select due from loans where id = $1", 10, ms(2), 1);
        library
    };
    assert_eq!(said(&library(200_000.0).advice()), ["stale-statistics"]);
    check(&library(50_000.0).advice(), "stale-statistics", Verdict::Quiet);
    check(&library(200_000.0).advice_now(), "stale-statistics", Verdict::TooSoon);
    let mut unused = library(200_000.0);
    unused.catalogue.as_mut().unwrap().tables[1].name = "returns".into();
    assert_eq!(said(&unused.advice()), [""; 0]);
}

#[test]
fn a_unit_that_reads_what_it_wrote_is_left_to_the_primary() {
    let mut library = reads(1_500, 1_500, 10);
    library.story.surroundings.database_cpu = Some(0.9);
    library.story.calls.iter_mut().for_each(|call| {
        call.transaction = Some(1);
        call.rows = Rows::returned(1);
    });
    check(&library.advice(), "read-replica-candidate", Verdict::Quiet);
}

#[test]
fn a_replica_waits_for_cheaper_advice() {
    let mut library = reads(1_500, 10, 2);
    library.story.surroundings.database_cpu = Some(0.9);
    let advice = library.advice();
    assert_eq!(said(&advice), ["cache-candidate"]);
    check(&advice, "read-replica-candidate", Verdict::Quiet);
}

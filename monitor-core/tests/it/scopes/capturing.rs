//! Exactly the calls of a piece of work, and what can be asserted of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use monitor_core::capture::{CallSite, Rows};
use monitor_core::testing::Captured;
use monitor_core::{Monitor, Scope};

use super::super::{World, world};
use super::{LIST, ONE, all_of, block_on, turn};

/// What an assertion says when it does not hold.
fn said(assertion: impl FnOnce()) -> String {
    let caught = catch_unwind(AssertUnwindSafe(assertion));
    *caught.expect_err("the assertion holds").downcast::<String>().unwrap()
}

fn captured(world: &World, work: impl FnOnce()) -> Captured {
    world.monitor.capture_sync(work).1
}

#[test]
fn tests_at_the_same_time_do_not_see_each_others_calls() {
    let world = world();
    let test = |number: u64| {
        let world = &world;
        world.monitor.capture(async move {
            for value in 0..number {
                turn().await;
                world.monitor.scope("GET /books").run(|| world.ask(ONE, value, 1));
            }
            number
        })
    };
    for (number, captured) in block_on(all_of((0..30).map(test).collect())) {
        assert_eq!(captured.calls.len() as u64, number);
        assert_eq!(captured.missing, 0);
    }
    // A capture is in no books; what runs in it is.
    let names: Vec<_> =
        world.monitor.snapshot().scopes.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names, ["GET /books".into()]);
}

#[test]
fn what_is_carried_to_a_thread_is_captured_and_what_is_not_is_not() {
    let world = world();
    let captured = captured(&world, || {
        let scope = Scope::current();
        std::thread::scope(|threads| {
            threads.spawn(|| scope.run(|| world.ask(ONE, 1, 1)));
            threads.spawn(|| world.ask(LIST, 1, 1));
        });
    });
    let texts: Vec<_> = captured.calls.iter().map(|call| &*call.record.statement).collect();
    assert_eq!(texts, ["select name from authors where id = ?"]);
}

#[test]
fn assertions_that_do_not_hold_show_the_statements() {
    let world = world();
    let captured = captured(&world, || {
        world.ask(LIST, 0, 0);
        (0..6).for_each(|n| world.ask(ONE, n, 0));
        world.ask_at("DELETE FROM books WHERE id = 7", 0, 0, CallSite::here(), Rows::affected(1));
    });
    captured.assert_max_queries(8);
    captured.assert_no_duplicates();
    captured.assert_no_open_transaction();
    captured.assert_no_leaked_connection();
    let many = said(|| captured.assert_max_queries(7));
    assert!(many.starts_with("8 queries, where at most 7 were expected"), "{many}");
    assert!(many.contains("select id, author_id from books where state = ?"), "{many}");
    let loops = said(|| captured.assert_no_n_plus_one());
    assert!(loops.contains("6 × select name from authors where id = ? at"), "{loops}");
    assert!(loops.contains("behind select id, author_id"), "{loops}");
    let write = said(|| captured.assert_no_write());
    assert!(write.contains("delete from books") && !write.contains("select"), "{write}");
    // No literal of any statement.
    assert!(!(many + &loops + &write).contains("'new'"));
}

#[test]
fn assertions_hold_where_there_is_nothing_to_see() {
    let world = world();
    let captured = captured(&world, || (0..4).for_each(|n| world.ask(ONE, n, 0)));
    captured.assert_no_n_plus_one();
    captured.assert_no_write();
    let (_, off) = Monitor::off().capture_sync(|| world.ask(ONE, 1, 1));
    off.assert_max_queries(0);
}

#[test]
fn duplicates_and_writes_row_by_row_are_seen() {
    let world = world();
    let at = CallSite::here();
    let same =
        captured(&world, || (0..3).for_each(|_| world.ask_at(ONE, 1, 1, at, Rows::returned(1))));
    assert!(said(|| same.assert_no_duplicates()).contains("3 × select name"));
    same.assert_no_n_plus_one();
    // Used to be found only where it took a millisecond or more.
    let quick = captured(&world, || (0..3).for_each(|_| world.ask(ONE, 1, 0)));
    assert!(said(|| quick.assert_no_duplicates()).contains("3 × select name"));
    let row = "INSERT INTO loans (id) VALUES ($1)";
    let writes =
        captured(&world, || (0..20).for_each(|n| world.ask_at(row, n, 0, at, Rows::affected(1))));
    assert!(said(|| writes.assert_no_n_plus_one()).contains("20 × insert into loans"));
}

#[test]
fn what_is_left_open_is_seen() {
    let world = world();
    let pool = world.monitor.pool("main", super::super::shop());
    let ((held, begun), captured) =
        world.monitor.capture_sync(|| (pool.checkout().taken(), pool.transaction()));
    assert!(said(|| captured.assert_no_open_transaction()).starts_with("1 transactions"));
    assert!(said(|| captured.assert_no_leaked_connection()).starts_with("1 connections"));
    drop((held, begun));
}

#[test]
fn a_reviewed_file_fails_on_what_is_new_or_more_and_says_so() {
    let world = world();
    let folder = std::env::temp_dir().join(format!("monitor-queries-{}", std::process::id()));
    let file = folder.join("books.txt");
    let some = |lists: u64, looks: u64| {
        captured(&world, || {
            (0..lists).for_each(|_| world.ask(LIST, 0, 0));
            (0..looks).for_each(|n| world.ask(ONE, n, 0));
        })
    };
    let missing = said(|| some(1, 0).assert_queries(&file));
    assert!(missing.contains("MONITOR_UPDATE_QUERIES=1"), "{missing}");
    some(1, 2).update_queries(&file).unwrap();
    some(1, 2).assert_queries(&file);
    some(1, 1).assert_queries(&file);
    let more = said(|| some(1, 3).assert_queries(&file));
    assert!(more.contains("+ 3 × select name from authors where id = ?  (was 2)"), "{more}");
    let new = said(|| {
        captured(&world, || world.ask("SELECT 1 FROM shelves", 0, 0)).assert_queries(&file);
    });
    assert!(new.contains("+ 1 × select ? from shelves  (new)"), "{new}");
    assert!(new.contains("- 2 × select name from authors where id = ?  (gone)"), "{new}");
    std::fs::remove_dir_all(folder).unwrap();
}

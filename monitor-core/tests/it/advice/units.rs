//! Rules on what one unit of work does again and again.

use monitor_core::capture::{ErrorClass, Rows};
use monitor_core::judge::advice::{StoryCall, Verdict};

use super::{Library, call, check, ms, said};

const LIST: &str = "select id, author_id from books where state = $1";
const ONE: &str = "select name from readers where id = $1";
const MARK: &str = "update loans set due = $2 where id = $1";
const ADD: &str = "insert into loans (id, book_id) values ($1, $2)";

/// Units of work with a list and then so many look-ups, changed by the test.
fn loops(units: u64, count: u64, change: impl Fn(u64, StoryCall) -> StoryCall) -> Library {
    let mut library = Library::open();
    for unit in 0..units {
        let list =
            StoryCall { scope: Some(unit), caller: Some("library.rs:9".into()), ..call(LIST, 0) };
        library.step(list, LIST);
        for n in 0..count {
            let one = change(n, StoryCall { scope: Some(unit), ..call(ONE, n) });
            library.step(one, ONE);
        }
    }
    library
}

/// A unit of work that runs the same statement so many times.
fn writes(sql: &str, count: u64, change: impl Fn(u64, StoryCall) -> StoryCall) -> Library {
    let mut library = Library::open();
    for n in 0..count {
        library.step(change(n, call(sql, n)), sql);
    }
    library
}

#[test]
fn a_select_for_each_row_of_a_list_is_told_with_both_lines() {
    let advice = loops(3, 12, |_, call| call).advice();
    assert_eq!(said(&advice), ["n-plus-one"]);
    let one = &advice.recommendations[0];
    let fact = |name: &str| {
        one.evidence.facts.iter().find(|fact| fact.name == name).map(|fact| &*fact.value)
    };
    assert_eq!(fact("calls in one unit of work"), Some("12"));
    assert_eq!(fact("units of work"), Some("3"));
    assert_eq!(fact("called at"), Some("library.rs:1"));
    assert_eq!(fact("behind a call at"), Some("library.rs:9"));
    // Eleven of twelve calls would not be made.
    let share = one.impact.share.unwrap();
    assert!((share - 11.0 / 13.0).abs() < 0.01, "{share}");
}

#[test]
fn look_ups_sent_at_once_are_told_as_such() {
    let mut library = Library::open();
    for n in 0..10 {
        library.step(call(ONE, n), ONE);
    }
    for (n, call) in library.story.calls.iter_mut().enumerate() {
        call.start = ms(n as u64);
        call.took = ms(20);
    }
    let advice = library.advice();
    assert_eq!(said(&advice), ["n-plus-one"]);
    assert!(
        advice.recommendations[0].title.contains("at once"),
        "{}",
        advice.recommendations[0].title
    );
}

#[test]
fn what_looks_like_a_loop_over_rows_and_is_none_is_left_alone() {
    let close: [(&str, Library); 7] = [
        ("few", loops(9, 4, |_, call| call)),
        ("pages", loops(1, 12, |_, call| StoryCall { rows: Rows::returned(500), ..call })),
        ("retries", loops(1, 12, |_, call| StoryCall { error: Some(ErrorClass::Timeout), ..call })),
        ("one each", loops(1, 12, |n, call| StoryCall { scope: Some(100 + n), ..call })),
        (
            "two lines",
            loops(1, 8, |n, call| StoryCall { caller: Some(format!("{}", n % 2).into()), ..call }),
        ),
        ("not felt", loops(1, 9, |_, call| StoryCall { took: ms(1), ..call })),
        ("few keys", loops(1, 8, |n, call| StoryCall { parameters: Some(n % 4), ..call })),
    ];
    for (name, mut library) in close {
        let advice = library.advice();
        assert_eq!(advice.of_rule("n-plus-one").count(), 0, "{name}");
        check(&advice, "n-plus-one", Verdict::Quiet);
    }
}

#[test]
fn going_through_pages_is_no_loop_over_rows() {
    for page in [
        "select id from loans order by id limit 100 offset $1",
        "select id from loans where id > $1 order by id limit 100",
    ] {
        let mut library = Library::open();
        for n in 0..12 {
            library.step(StoryCall { rows: Rows::returned(100), ..call(page, n) }, page);
        }
        check(&library.advice(), "n-plus-one", Verdict::Quiet);
    }
}

#[test]
fn a_poller_is_no_loop() {
    let mut library = Library::open();
    for n in 0..10 {
        library.step(call(ONE, n), ONE).wait(ms(900));
    }
    check(&library.advice(), "n-plus-one", Verdict::Quiet);
}

#[test]
fn without_units_of_work_or_parameters_nobody_can_tell() {
    for rule in ["n-plus-one", "n-plus-one-write", "row-by-row-insert", "duplicate-query"] {
        let advice = loops(1, 12, |_, call| StoryCall { scope: None, ..call });
        let mut advice = advice;
        advice.story.calls.iter_mut().for_each(|call| call.scope = None);
        check(&advice.advice(), rule, Verdict::CannotTell);
    }
    let mut library = loops(1, 12, |_, call| StoryCall { parameters: None, ..call });
    check(&library.advice(), "n-plus-one", Verdict::CannotTell);
}

#[test]
fn advice_on_loops_waits_for_the_shortest_time() {
    for (rule, library) in [
        ("n-plus-one", loops(1, 12, |_, call| call)),
        ("n-plus-one-write", writes(MARK, 30, |_, call| call)),
        ("row-by-row-insert", writes(ADD, 30, |_, call| call)),
        ("duplicate-query", writes(ONE, 9, |_, call| StoryCall { parameters: Some(1), ..call })),
    ] {
        check(&library.advice_now(), rule, Verdict::TooSoon);
    }
}

#[test]
fn an_update_for_each_row_is_told_and_a_few_are_not() {
    let advice = writes(MARK, 30, |_, call| call).advice();
    assert_eq!(said(&advice), ["n-plus-one-write"]);
    check(&writes(MARK, 12, |_, call| call).advice(), "n-plus-one-write", Verdict::Quiet);
}

#[test]
fn an_insert_for_each_row_is_told_and_many_rows_at_once_are_not() {
    let advice = writes(ADD, 30, |_, call| call).advice();
    assert_eq!(said(&advice), ["row-by-row-insert"]);
    let many = "insert into loans (id, book_id) values ($1, $2), ($3, $4), ($5, $6)";
    assert_eq!(said(&writes(many, 30, |_, call| call).advice()), [""; 0]);
}

#[test]
fn writes_with_other_statements_between_them_are_no_loop_over_rows() {
    let mut library = Library::open();
    for n in 0..30 {
        library.step(call(ADD, n), ADD);
        let other = StoryCall { caller: None, ..call("select 1", 0) };
        library.step(StoryCall { took: ms(1), ..other }, "select 1");
    }
    check(&library.advice(), "row-by-row-insert", Verdict::Quiet);
}

#[test]
fn the_same_question_is_told_unless_something_was_written_in_between() {
    let same = |_: u64, call: StoryCall| StoryCall { parameters: Some(7), ..call };
    let advice = writes(ONE, 5, same).advice();
    assert_eq!(said(&advice), ["duplicate-query"]);

    let mut library = Library::open();
    for n in 0..5 {
        library.step(StoryCall { parameters: Some(7), ..call(ONE, 7) }, ONE);
        let write = "update readers set card = $1 where id = $2";
        library.step(call(write, n), write);
    }
    assert_eq!(library.advice().of_rule("duplicate-query").count(), 0);
    check(&writes(ONE, 2, same).advice(), "duplicate-query", Verdict::Quiet);
}

#[test]
fn a_question_with_another_answer_each_time_is_no_duplicate() {
    let next = "select nextval('ids')";
    let advice = writes(next, 9, |_, call| StoryCall { parameters: Some(7), ..call }).advice();
    check(&advice, "duplicate-query", Verdict::Quiet);
}

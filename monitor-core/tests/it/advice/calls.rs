//! Rules on how a statement's calls end, differ and change.

use monitor_core::capture::{ErrorClass, Rows, System};
use monitor_core::judge::advice::{StoryCall, Verdict};

use super::{Library, call, check, ms, said};

const MARK: &str = "update loans set due = now() where id = $1";
const FIND: &str = "select id from readers where card = $1";
const ADD: &str = "insert into readers (card) values ($1)";

#[test]
fn conflicts_are_told_from_the_third_on() {
    let mut library = Library::open();
    let advice = library.calls(MARK, 20, ms(2), 1).failures(MARK, 3, "40P01").advice();
    assert_eq!(said(&advice), ["serialization-retries"]);
    let mut library = Library::open();
    let advice = library.calls(MARK, 20, ms(2), 1).failures(MARK, 2, "40001").advice();
    check(&advice, "serialization-retries", Verdict::Quiet);
    let mut library = Library::open();
    check(
        &library.failures(MARK, 5, "40001").advice_now(),
        "serialization-retries",
        Verdict::TooSoon,
    );
}

#[test]
fn other_errors_are_no_conflicts() {
    let advice = Library::open().calls(MARK, 9, ms(2), 1).failures(MARK, 9, "23503").advice();
    assert_eq!(said(&advice), [""; 0]);
}

#[test]
fn values_in_the_text_are_told_and_a_few_constants_are_not() {
    let mut library = Library::open();
    for n in 0..80 {
        library.calls(&format!("select id from readers where card = 'c{n}'"), 1, ms(2), 1);
    }
    let advice = library.advice();
    assert_eq!(said(&advice), ["use-bind-parameters"]);

    let mut library = Library::open();
    for n in 0..80 {
        library.calls(&format!("select id from books where state = 's{}'", n % 4), 1, ms(2), 1);
    }
    check(&library.advice(), "use-bind-parameters", Verdict::Quiet);
}

#[test]
fn texts_that_differ_in_comments_and_bound_lists_have_no_values_in_them() {
    let mut library = Library::open();
    for n in 1..80_usize {
        let list: Vec<_> = (1..=n % 7 + 1).map(|place| format!("${place}")).collect();
        let list = list.join(", ");
        library.calls(
            &format!("/* trace {n} */ select id from readers where card in ({list})"),
            1,
            ms(2),
            1,
        );
    }
    let advice = library.advice();
    assert_eq!(said(&advice), [""; 0]);
    check(&advice, "in-list-variants", Verdict::Quiet);
}

#[test]
fn a_list_of_many_lengths_is_told_in_the_systems_own_words() {
    for (system, word) in [
        (System::PostgreSql, "select id from readers where card = any($1)"),
        (System::Sqlite, "json_each"),
        (System::MySql, "power of two"),
    ] {
        let mut library = Library::on(system);
        for n in 1..30_usize {
            let list = vec!["?"; n].join(", ");
            library.calls(&format!("select id from readers where card in ({list})"), 2, ms(2), 1);
        }
        let advice = library.advice();
        assert_eq!(said(&advice), ["in-list-variants"]);
        assert!(
            advice.recommendations[0].remedy[0].contains(word),
            "{:?}",
            advice.recommendations[0].remedy
        );
    }
}

/// Units of work that look for a row and insert it, of which some were too late.
fn upserts(units: u64, looks: bool) -> Library {
    let mut library = Library::open();
    for unit in 0..units {
        if looks {
            library.step(
                StoryCall { scope: Some(unit), rows: Rows::returned(0), ..call(FIND, unit) },
                FIND,
            );
        }
        let late = (unit % 4 == 0).then_some(ErrorClass::UniqueViolation);
        library.step(StoryCall { scope: Some(unit), error: late, ..call(ADD, unit) }, ADD);
    }
    library
}

#[test]
fn a_look_before_an_insert_that_comes_too_late_is_told() {
    assert_eq!(said(&upserts(20, true).advice()), ["use-upsert"]);
    check(&upserts(20, false).advice(), "use-upsert", Verdict::Quiet);
    check(&upserts(20, true).advice_now(), "use-upsert", Verdict::TooSoon);
    let mut library = upserts(20, true);
    library.story.calls.iter_mut().for_each(|call| call.scope = None);
    check(&library.advice(), "use-upsert", Verdict::CannotTell);
}

/// Updates of which most are of row 1, each a unit of work of its own.
fn updates(hot: u64, cold: u64) -> Library {
    let mut library = Library::open();
    for n in 0..200 {
        let (row, took) = if n % 4 == 0 { (n, cold) } else { (1, hot) };
        let one = StoryCall { scope: Some(n), took: ms(took), ..call(MARK, row) };
        library.step(one, MARK);
    }
    // They were all sent within a moment.
    for (n, call) in library.story.calls.iter_mut().enumerate() {
        call.start = ms(n as u64);
    }
    library
}

#[test]
fn a_row_everybody_waits_for_is_told_and_a_slow_statement_is_not() {
    assert_eq!(said(&updates(60, 2).advice()), ["hot-row"]);
    check(&updates(60, 50).advice(), "hot-row", Verdict::Quiet);
    let mut library = updates(60, 2);
    library.story.calls.truncate(50);
    check(&library.advice(), "hot-row", Verdict::TooSoon);
    let mut library = updates(60, 2);
    library.story.calls.iter_mut().for_each(|call| call.parameters = None);
    check(&library.advice(), "hot-row", Verdict::CannotTell);
}

#[test]
fn a_statement_that_became_slow_is_told_unless_its_rows_grew_alike() {
    let mut library = Library::open();
    let advice = library.calls(FIND, 90, ms(2), 1).calls(FIND, 60, ms(20), 1).advice_now();
    assert_eq!(said(&advice), ["latency-regression"]);

    let mut library = Library::open();
    let advice = library.calls(FIND, 90, ms(2), 40).calls(FIND, 60, ms(20), 400).advice_now();
    check(&advice, "latency-regression", Verdict::Quiet);

    let mut library = Library::open();
    let advice = library.calls(FIND, 90, ms(2), 1).calls(FIND, 60, ms(4), 1).advice_now();
    check(&advice, "latency-regression", Verdict::Quiet);

    let mut library = Library::open();
    let advice = library.calls(FIND, 20, ms(2), 1).calls(FIND, 60, ms(20), 1).advice_now();
    check(&advice, "latency-regression", Verdict::TooSoon);
}

#[test]
fn rows_that_grow_are_told_unless_other_parameters_are_asked_for() {
    let grow = |parameters: fn(u64) -> u64| {
        let mut library = Library::open();
        for n in 0..150_u64 {
            let rows = if n < 90 { 800 } else { 2_400 };
            let one = StoryCall {
                rows: Rows::returned(rows),
                scope: Some(n),
                ..call(FIND, parameters(n))
            };
            library.step(one, FIND).wait(ms(997));
        }
        library.advice_now()
    };
    assert_eq!(said(&grow(|_| 1)), ["unbounded-result"]);
    check(&grow(|n| n / 90), "unbounded-result", Verdict::Quiet);
}

//! A thread remembers the texts it sends, and nobody can tell.

use monitor_core::capture::{Call, Database};
use monitor_core::snapshot::Snapshot;

use super::{World, ms, world, world_with};

const TEXT: &str = "select name from customers where id = $1";

fn calls_of(snapshot: &Snapshot, text: &str) -> Vec<(String, u64)> {
    let shown =
        ["$1", "$2", "$3"].iter().fold(text.to_owned(), |text, name| text.replace(name, "?"));
    let statements = snapshot.lifetime.statements.iter().filter(|one| *one.text == *shown);
    statements.map(|one| (one.database.name.clone(), one.activity.calls)).collect()
}

#[test]
fn a_text_sent_again_after_its_statement_had_to_go_has_a_place_again() {
    let World { monitor, shop, .. } = world_with(|b| b.statements_max(1));
    for round in 0..3 {
        (0..5).for_each(|_| shop.call(TEXT).complete());
        for number in 0..10 {
            shop.record(Call::new(&format!("select once from t{round}_{number}"), ms(1)));
        }
    }
    (0..5).for_each(|_| shop.call(TEXT).complete());
    let snapshot = monitor.snapshot();
    assert_eq!(calls_of(&snapshot, TEXT), [("shop".to_owned(), 5)]);
    assert_eq!(snapshot.lifetime.total.calls, 50);
}

#[test]
fn one_text_sent_to_two_databases_by_one_thread_counts_for_each() {
    let World { monitor, shop, .. } = world();
    let other = monitor.database(Database { name: "stock".into(), ..Database::default() });
    for _ in 0..5 {
        shop.call(TEXT).complete();
        other.call(TEXT).complete();
        other.call(TEXT).complete();
    }
    let mut calls = calls_of(&monitor.snapshot(), TEXT);
    calls.sort();
    assert_eq!(calls, [("shop".to_owned(), 5), ("stock".to_owned(), 10)]);
}

#[test]
fn one_text_sent_in_two_monitors_by_one_thread_counts_in_each() {
    let (one, two) = (world(), world());
    for _ in 0..5 {
        one.shop.call(TEXT).complete();
        two.shop.call(TEXT).complete();
        two.shop.call(TEXT).complete();
    }
    assert_eq!(calls_of(&one.monitor.snapshot(), TEXT), [("shop".to_owned(), 5)]);
    assert_eq!(calls_of(&two.monitor.snapshot(), TEXT), [("shop".to_owned(), 10)]);
}

#[test]
fn texts_that_differ_only_where_nobody_looks_first_are_told_apart() {
    let World { monitor, shop, .. } = world();
    // Of one length, and alike in the middle and at the end.
    let texts = ["a", "b", "c"].map(|column| {
        format!("select {column} from customers where name = $1 and city = $2 and street = $3")
    });
    for _ in 0..10 {
        texts.iter().for_each(|text| shop.call(text).complete());
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.statements.len(), 3);
    for text in texts {
        assert_eq!(calls_of(&snapshot, &text), [("shop".to_owned(), 10)], "{text}");
    }
}

#[test]
fn what_a_comment_says_is_heeded_every_time_the_text_is_sent() {
    let World { monitor, shop, .. } = world();
    for _ in 0..5 {
        shop.call("select name from customers where id = $1 /*route='customers'*/").complete();
    }
    let calls = monitor.recent_calls(10);
    let tags: Vec<_> = calls.iter().map(|call| call.tag.as_deref()).collect();
    assert_eq!(tags, [Some("customers"); 5]);
}

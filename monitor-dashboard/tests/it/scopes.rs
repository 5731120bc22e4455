//! Units of work by name: what they cost, what they do again and again.

use std::time::Duration;

use axum::http::StatusCode;
use monitor_core::capture::{Call, CallSite, ErrorClass, Failure, Outcome, Rows};
use serde_json::json;

use crate::world::World;

const LIST: &str = "SELECT id, author_id FROM books WHERE state = 'new'";
const ONE: &str = "SELECT name FROM authors WHERE id = $1";

/// A page that asks for each author alone, a careful page, and a job that fails.
pub(crate) fn working() -> World {
    let world = World::silent();
    let pool = world.monitor.pool("web", World::database());
    let call = |text: &str, value: u64, millis: u64, rows: u64| {
        let mut timer =
            pool.call(text).called_at(Some(CallSite::here())).with_parameters(|hasher| {
                hasher.values(&value.to_le_bytes());
                true
            });
        world.hands.advance(Duration::from_millis(millis));
        timer.add_returned(rows);
        timer.complete();
    };
    for _ in 0..3 {
        world.monitor.scope("GET /books").run(|| {
            call(LIST, 0, 5, 20);
            (1..=20).for_each(|author| call(ONE, author, 2, 1));
        });
        world.monitor.scope("GET /authors/{id}").run(|| call(ONE, 1, 2, 1));
    }
    world.monitor.scope("job:invoice").run(|| {
        let failure = Failure::new(ErrorClass::UniqueViolation);
        let write = Call::new("INSERT INTO invoices VALUES (1)", Duration::from_millis(400));
        pool.record(write.rows(Rows::affected(0)).outcome(Outcome::Failed(failure)));
    });
    world.second();
    world
}

async fn names(world: &World, question: &str) -> Vec<String> {
    let (status, answer) = world.get(&format!("/api/v1/scopes{question}")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let rows = answer["scopes"].as_array().expect("a list");
    rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_unit_that_asks_for_each_row_alone_says_where_and_what_a_batch_saves() {
    let world = working();
    let (_, answer) = world.get("/api/v1/scopes?search=BOOKS").await;
    let books = &answer["scopes"][0];
    assert_eq!((&answer["total"], &books["units"]), (&json!(1), &json!(3)));
    assert_eq!((&books["calls"], &books["calls_mean"]), (&json!(63), &json!(21.0)));
    assert_eq!(books["calls_max"], 21);
    assert!((books["database_time_seconds"].as_f64().unwrap() - 0.135).abs() < 1e-9);
    let repeat = &books["repeats"][0];
    assert_eq!((&repeat["kind"], &repeat["units"]), (&json!("loop"), &json!(3)));
    assert_eq!(repeat["calls_max"], 20);
    for site in ["call_site", "behind_call_site"] {
        assert!(repeat[site].as_str().is_some_and(|site| site.contains("scopes.rs:")), "{repeat}");
    }
    assert!(repeat["behind"].as_str().is_some_and(|text| text.contains("from books")));
    let (saved, time) = (repeat["saved_seconds"].as_f64(), repeat["time_seconds"].as_f64());
    assert!(saved > Some(0.0) && saved < time, "{repeat}");
    assert_eq!(books["worst"]["calls"], 21);
    assert_eq!(books["worst"]["statements"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn units_are_sorted_filtered_and_leafed_through() {
    let world = working();
    let (books, authors, job) = ("GET /books", "GET /authors/{id}", "job:invoice");
    for (question, expected) in [
        ("", &[job, books, authors][..]),
        ("?order=asc", &[authors, books, job]),
        ("?sort=calls_max", &[books, authors, job]),
        ("?sort=name&order=asc", &[authors, books, job]),
        ("?sort=saved&page_size=1", &[books]),
        ("?sort=failed&page_size=1", &[job]),
        ("?sort=name&order=asc&page_size=2&page=2", &[job]),
        ("?page=9", &[]),
        ("?search=get", &[books, authors]),
        ("?having=repeats", &[books]),
        ("?having=failed", &[job]),
        ("?having=over_budget", &[]),
    ] {
        assert_eq!(names(&world, question).await, expected, "{question}");
    }
    for wrong in ["?sort=drop", "?having=all", "?page=0", "?page_size=201", "?window=1m"] {
        let (status, _) = world.get(&format!("/api/v1/scopes{wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_careful_unit_has_no_repeats_and_no_unit_is_an_empty_list() {
    let (_, answer) = working().get("/api/v1/scopes?search=authors").await;
    assert_eq!(answer["scopes"][0]["repeats"], json!([]));
    let (_, none) = World::busy().get("/api/v1/scopes").await;
    assert_eq!((&none["total"], &none["scopes"]), (&json!(0), &json!([])));
}

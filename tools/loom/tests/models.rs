//! Runs each model.

use monitor_loom::models;

#[test]
fn a_ring_loses_nothing_and_tears_nothing() {
    models::ring();
}

#[test]
fn two_who_keep_the_books_take_each_entry_once() {
    models::ring_with_two_keepers();
}

#[test]
fn a_full_desk_falls_back_and_keeps_each_rest_with_its_entry() {
    models::full_desk();
}

#[test]
fn two_recorders_and_a_snapshot_lose_nothing() {
    models::two_recorders_and_a_snapshot();
}

#[test]
fn a_desk_changes_hands_and_nothing_is_lost() {
    models::a_desk_changes_hands();
}

#[test]
fn a_call_that_outlives_its_thread_is_seen_to_the_end() {
    models::a_call_outlives_its_thread();
}

#[test]
fn threads_beyond_those_that_get_a_desk_lose_nothing() {
    models::more_threads_than_desks();
}

#[test]
fn a_running_call_is_seen_whole_or_not_at_all() {
    models::running_calls();
}

#[test]
fn a_text_never_finds_another_texts_series() {
    models::texts();
}

#[test]
fn a_call_of_an_evicted_statement_is_never_another_statements() {
    models::eviction();
}

//! Where the time of calls went, added up.

use std::time::{Duration, SystemTime};

use monitor_core::Scope;
use monitor_core::capture::{Call, ErrorClass, Failure};
use monitor_core::show;
use monitor_core::snapshot::{Activity, PartSums};

use super::{World, ms, world, world_with};

const FEED: &str = "select * from feed where user = 1";
const BY_ID: &str = "select * from orders where id = 1";

/// A call whose rows are read one by one: 5 ms to the first, 2 ms for the others, 100 ms of its reader.
fn read_row_by_row(world: &World) {
    let World { shop, hands, .. } = world;
    let mut timer = shop.call(FEED);
    hands.advance(ms(5));
    timer.wait_ends();
    hands.advance(ms(100));
    timer.wait_begins();
    hands.advance(ms(2));
    timer.wait_ends();
    timer.complete();
}

fn statement(world: &World, text: &str) -> Activity {
    let all = world.monitor.snapshot().lifetime.statements;
    all.into_iter().find(|known| *known.text == *text).unwrap().activity.clone()
}

#[test]
fn first_row_the_rest_and_the_reader_are_added_up_apart_by_statement_and_in_total() {
    let world = world();
    (0..3).for_each(|_| read_row_by_row(&world));
    world.shop.record(Call::new(BY_ID, ms(1)));

    let feed = statement(&world, "select * from feed where user = ?");
    assert_eq!((feed.calls, feed.time, feed.slow), (3, ms(21), 0));
    let PartSums { streamed, first_row, fetch, reader, on_pool, .. } = feed.parts;
    assert_eq!((streamed, first_row, fetch, reader), (3, ms(15), ms(6), ms(300)));
    assert_eq!((on_pool, feed.parts.pool_wait_mean()), (0, None));
    assert_eq!(feed.parts.first_row_mean(), Some(ms(5)));
    assert_eq!(feed.parts.reader_mean(), Some(ms(100)));
    assert_eq!(statement(&world, "select * from orders where id = ?").parts, PartSums::default());
    let lifetime = world.monitor.snapshot().lifetime;
    assert_eq!(lifetime.total.parts, feed.parts);
    assert_eq!(lifetime.table("feed").unwrap().activity.parts, feed.parts);
}

#[test]
fn an_answer_that_its_reader_came_for_once_is_one_piece_and_was_the_calls_end() {
    let world = world();
    let World { monitor, shop, hands, .. } = &world;
    let unit = monitor.scope("GET /feed");
    for scope in [None, Some(&unit)] {
        let _entered = scope.map(Scope::enter);
        let mut timer = shop.call(FEED);
        hands.advance(ms(5));
        timer.wait_ends();
        timer.add_returned(1);
        hands.advance(ms(100));
        assert!(monitor.snapshot().running.is_empty());
        timer.let_go();
    }
    let feed = statement(&world, "select * from feed where user = ?");
    assert_eq!((feed.completed(), feed.rows_returned, feed.time), (2, 2, ms(10)));
    assert_eq!(feed.parts, PartSums::default());
    assert_eq!(unit.summary().database_time, ms(5));
    let ends: Vec<_> = monitor.recent_calls(9).iter().rev().map(|call| call.at).collect();
    let answers = [ms(5), ms(110)].map(|since| SystemTime::UNIX_EPOCH + since);
    assert_eq!(ends, answers, "the reader's time is its own");
}

#[test]
fn a_reader_that_came_back_and_lets_go_then_has_read_row_by_row() {
    let world = world();
    let mut timer = world.shop.call(FEED);
    for _ in 0..2 {
        timer.wait_begins();
        world.hands.advance(ms(5));
        timer.wait_ends();
        world.hands.advance(ms(100));
    }
    timer.let_go();
    let total = world.monitor.snapshot().lifetime.total;
    let PartSums { streamed, first_row, fetch, reader, .. } = total.parts;
    assert_eq!(
        (total.time, streamed, first_row, fetch, reader),
        (ms(10), 1, ms(5), ms(5), ms(200))
    );
}

#[test]
fn a_wait_for_the_pool_counts_for_the_call_it_was_for_however_short_and_however_it_ends() {
    let world = world();
    let waits = [Duration::ZERO, Duration::from_micros(40), ms(30)];
    for wait in waits {
        world.shop.call(BY_ID).waited_for_pool(Some(wait)).complete();
    }
    let timer = world.shop.call(BY_ID).waited_for_pool(Some(ms(1)));
    timer.fail(Failure::new(ErrorClass::Statement));
    drop(world.shop.call(BY_ID).waited_for_pool(Some(ms(1))));
    world.shop.call(BY_ID).waited_for_pool(None).complete();

    let orders = statement(&world, "select * from orders where id = ?");
    assert_eq!((orders.calls, orders.failed, orders.cancelled), (6, 1, 1));
    assert_eq!((orders.parts.on_pool, orders.parts.pool_wait), (5, Duration::from_micros(32_040)));
    assert_eq!(orders.time, Duration::ZERO, "the wait is no part of the call");
}

#[test]
fn a_window_has_the_parts_of_its_own_calls() {
    let world = world();
    read_row_by_row(&world);
    for _ in 0..24 {
        world.hands.advance(ms(5_000));
        world.monitor.beat();
    }
    world.shop.call(BY_ID).waited_for_pool(Some(ms(9))).complete();

    let snapshot = world.monitor.snapshot();
    let minute = &snapshot.window(Duration::from_secs(60)).unwrap().rollup.total.parts;
    assert_eq!((minute.on_pool, minute.pool_wait, minute.streamed), (1, ms(9), 0));
    let all = &snapshot.lifetime.total.parts;
    assert_eq!((all.on_pool, all.streamed), (1, 1));
}

#[test]
fn what_was_added_since_another_reading_is_known() {
    let world = world();
    read_row_by_row(&world);
    let before = world.monitor.snapshot().lifetime;
    read_row_by_row(&world);
    let since = world.monitor.snapshot().lifetime.since(&before).total.parts;
    assert_eq!((since.streamed, since.first_row, since.reader), (1, ms(5), ms(100)));
}

#[test]
fn a_statement_that_gives_up_its_place_leaves_its_parts_to_the_others() {
    let world = world_with(|b| b.statements_max(10));
    read_row_by_row(&world);
    // Its wait is over and it has not ended yet, when its place is taken.
    let late = world.shop.call(FEED).waited_for_pool(Some(ms(3)));
    for table in 0..40 {
        world.shop.record(Call::new(&format!("select a from t{table}"), ms(1)));
    }
    late.complete();
    read_row_by_row(&world);

    let total = world.monitor.snapshot().lifetime.total;
    assert_eq!((total.calls, total.parts.streamed, total.parts.on_pool), (43, 2, 1));
    assert_eq!((total.parts.reader, total.parts.pool_wait), (ms(200), ms(3)));
}

#[test]
fn no_part_is_lost_when_a_thread_writes_more_than_its_desk_holds() {
    let world = world();
    for _ in 0..5_000 {
        world.shop.call(BY_ID).waited_for_pool(Some(ms(1))).complete();
    }
    let total = world.monitor.snapshot().lifetime.total;
    assert_eq!((total.calls, total.parts.on_pool), (5_000, 5_000));
    assert_eq!(total.parts.pool_wait, ms(5_000));
}

#[test]
fn parts_are_no_calls_in_the_history() {
    let world = world();
    read_row_by_row(&world);
    world.shop.call(BY_ID).waited_for_pool(Some(ms(1))).complete();
    assert_eq!(world.monitor.recent_calls(9).len(), 2);
}

#[test]
fn the_report_and_the_json_tell_parts_where_there_are_any_and_json_reads_back() {
    let world = world();
    world.shop.record(Call::new(BY_ID, ms(1)));
    let heading = "waits and readers beside the database's time";
    let json = || show::json(&world.monitor.snapshot(), &world.monitor.health()).unwrap();
    assert!(!world.monitor.report().contains(heading));
    assert!(!json().contains("\"parts\""));

    read_row_by_row(&world);
    world.shop.call(BY_ID).waited_for_pool(Some(ms(30))).complete();
    let report = world.monitor.report();
    for words in [heading, "row by row", "100 ms", "30.0 ms"] {
        assert!(report.contains(words), "`{words}` is missing:\n{report}");
    }
    let text = json();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let parts = &value["lifetime"]["total"]["parts"];
    assert_eq!((&parts["streamed_calls"], &parts["on_pool_calls"]), (&1.into(), &1.into()));
    assert_eq!(
        (&parts["pool_wait_seconds"], &parts["reader_seconds"]),
        (&0.03.into(), &0.1.into())
    );
    assert_eq!(
        (&parts["first_row_seconds"], &parts["fetch_seconds"]),
        (&0.005.into(), &0.002.into())
    );
    let loaded = show::load(&text).unwrap();
    assert_eq!(loaded.lifetime.total.parts, world.monitor.snapshot().lifetime.total.parts);
}

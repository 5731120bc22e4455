//! Every view, with much, little and nothing to show.

use std::time::Duration;

use monitor_core::capture::{CallSite, PoolLevels};
use monitor_top::View;
use ratatui::crossterm::event::KeyCode;

use crate::world::{Viewer, World, lines, says};

const NARROW: (u16, u16) = (80, 24);

#[test]
fn the_overview_tells_everything_in_ten_seconds() {
    let world = World::busy();
    let server = world.serve();
    let screen = Viewer::of(&server, View::Overview, NARROW).look();
    says(
        &screen,
        &[
            " 1 overview ",
            "window 15m",
            "calls 720 (4.00/s) failed 54 (7.5%) slow 180",
            "Needs attention",
            "Pools",
            "web",
            "4 of 5",
            "████████░░",
        ],
    );
    let tall = Viewer::of(&server, View::Overview, (80, 60)).look();
    says(&tall, &["Most time", "select * from orders where customer_id = ?", "Failures", "23505"]);
}

#[test]
fn statements_are_ranked_by_time_calls_p95_and_failures() {
    let world = World::busy();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    let first = |screen: &str| screen.lines().nth(4).unwrap_or_default().to_owned();
    let by_time = viewer.look();
    says(&by_time, &["by time, highest first; 2 statements, page 1 of 1"]);
    says(&first(&by_time), &["96.", "180", "select * from orders"]);
    says(&first(&viewer.after(KeyCode::Char('c'))), &["540", "update users"]);
    says(&first(&viewer.after(KeyCode::Char('p'))), &["select * from orders"]);
    let by_failures = viewer.after(KeyCode::Char('e'));
    says(&by_failures, &["by error_rate, highest first"]);
    says(&first(&by_failures), &["10.0%", "update users"]);
    says(&first(&viewer.after(KeyCode::Char('r'))), &["select * from orders"]);
}

#[test]
fn a_wide_terminal_shows_more_of_each_statement() {
    let world = World::busy();
    let server = world.serve();
    let narrow = Viewer::of(&server, View::Statements, NARROW).look();
    assert!(!narrow.contains("trend"));
    let wide = Viewer::of(&server, View::Statements, (160, 40)).look();
    says(&wide, &["trend", "database", "rows", "too soon", "shop"]);
}

#[test]
fn pools_tell_who_holds_waits_and_gave_up() {
    let world = World::silent();
    let pool = world.monitor.pool("web", World::database());
    pool.set_levels(PoolLevels { size: 2, idle: 0, max: Some(2), ..PoolLevels::default() });
    let _held = pool.checkout_at(Some(CallSite::here())).taken();
    world.second();
    let _waiting = pool.checkout();
    pool.checkout_timed_out(Duration::from_secs(30));
    for _ in 0..70 {
        world.second();
    }
    let server = world.serve();
    let screen = Viewer::of(&server, View::Pools, NARROW).look();
    says(
        &screen,
        &[
            "web (shop)",
            "in use 2 of 2 ████████████████████ waiting 1 leaked 1",
            "timed out 1",
            "…",
            "it/views.rs:",
            "1m11s",
            "gave up after 30.0s",
        ],
    );
}

#[test]
fn alerts_tell_what_fires_and_then_what_is_over() {
    let world = World::busy();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Alerts, NARROW);
    let screen = viewer.look();
    says(&screen, &["Firing: ", "slow_query", "since ", "select * from orders"]);
    let pool = world.monitor.pool("web", World::database());
    pool.set_levels(PoolLevels { size: 5, idle: 5, max: Some(5), ..PoolLevels::default() });
    for _ in 0..1_800 {
        world.second();
    }
    says(&viewer.look(), &["no alert fires", "Over: ", "over since (UTC)", "slow_query"]);
}

#[test]
fn requests_tell_how_many_queries_they_make_and_what_they_ask_again() {
    let world = World::silent();
    let pool = world.monitor.pool("web", World::database());
    let ask = |id: u64| {
        let timer = pool.call("SELECT name FROM authors WHERE id = $1");
        let timer = timer.called_at(Some(CallSite::here())).with_parameters(|hasher| {
            hasher.values(&id.to_le_bytes());
            true
        });
        world.pass(Duration::from_millis(5));
        timer.complete();
    };
    world.monitor.scope("GET /books").run(|| (0..8).for_each(ask));
    world.monitor.scope("job:invoice").run(|| (0..2).for_each(ask));
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Overview, NARROW);
    viewer.look();
    viewer.press(KeyCode::Char('5'));
    let screen = viewer.look();
    says(&screen, &["5 requests", "2 names, page 1 of 1", "request or job"]);
    let [books] = lines(&screen, "GET /books")[..] else { panic!("{screen}") };
    says(books, &["100", " 1 ", " 8 ", " - "]);
    assert!(lines(&screen, "job:invoice")[0].contains(" 2 "), "{screen}");
}

#[test]
fn a_monitor_that_saw_nothing_says_so_in_every_view() {
    let world = World::silent();
    let server = world.serve();
    for (view, words) in [
        (View::Overview, "no call has ended within this window"),
        (View::Statements, "no statement has run within this window"),
        (View::Pools, "no pool is watched"),
        (View::Alerts, "no alert fires"),
        (View::Requests, "no request and no job has ended"),
    ] {
        says(&Viewer::of(&server, view, NARROW).look(), &[words]);
    }
}

#[test]
fn five_thousand_statements_are_leafed_through_and_searched() {
    let world = World::silent();
    let database = world.monitor.database(World::database());
    for number in 0..5_000_u32 {
        let text = format!("SELECT c{number} FROM wide");
        let took = Duration::from_micros(u64::from(10_000 - number));
        database.record(monitor_core::capture::Call::new(&text, took));
    }
    world.second();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    says(&viewer.look(), &["5000 statements, page 1 of 100", "select c0 from wide"]);
    let second = viewer.after(KeyCode::Right);
    says(&second, &["page 2 of 100", "select c50 from wide"]);
    let end = viewer.after(KeyCode::End);
    says(&end, &["select c99 from wide"]);
    assert!(!end.contains("select c50 "), "the list was scrolled:\n{end}");
    viewer.type_in("/C4999 ");
    let found = viewer.after(KeyCode::Enter);
    says(&found, &["1 statements, page 1 of 1; with `C4999`", "select c4999 from wide"]);
}

#[test]
fn a_page_that_is_no_longer_there_gives_way_to_the_last() {
    let world = World::silent();
    let database = world.monitor.database(World::database());
    for number in 0..60 {
        let text = format!("SELECT c{number} FROM wide");
        database.record(monitor_core::capture::Call::new(&text, Duration::from_millis(1)));
    }
    world.second();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    viewer.look();
    says(&viewer.after(KeyCode::Right), &["page 2 of 2"]);
    for _ in 0..3_600 {
        world.second();
    }
    viewer.look();
    says(&viewer.look(), &["0 statements, page 1 of 1"]);
}

#[test]
fn a_terminal_of_any_size_is_drawn_upon() {
    let world = World::busy();
    let server = world.serve();
    for view in View::ALL {
        for size in [(1, 1), (2, 3), (10, 5), (20, 8), (40, 12), (300, 100)] {
            let mut viewer = Viewer::of(&server, view, size);
            viewer.look();
            viewer.press(KeyCode::Char('?'));
            viewer.glance();
        }
    }
}

#[test]
fn no_column_of_a_narrow_terminal_is_wasted_or_overrun() {
    let world = World::busy();
    let server = world.serve();
    let screen = Viewer::of(&server, View::Statements, NARROW).look();
    let [orders, _] = lines(&screen, "select * from orders where customer_id = ?")[..] else {
        panic!("the row and the whole text below it:\n{screen}");
    };
    assert!(orders.chars().count() <= 80, "{orders}");
}

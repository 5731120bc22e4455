//! Servers that go, come back, and keep people out.

use std::time::Duration;

use monitor_dashboard::Dashboard;
use monitor_top::{Question, Trouble, View};
use ratatui::crossterm::event::KeyCode;

use crate::world::{Server, TOKEN, Viewer, World, says};

const NARROW: (u16, u16) = (80, 24);

#[test]
fn a_server_that_goes_is_asked_again_until_it_is_back() {
    let world = World::busy();
    let server = world.serve();
    let port = server.address.port();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    says(&viewer.look(), &["select * from orders"]);
    drop(server);
    let gone = viewer.look();
    says(&gone, &["lost for 0s, trying again", "no answer", "select * from orders"]);
    viewer.now += Duration::from_secs(75);
    says(&viewer.look(), &["lost for 1m15s, trying again"]);
    let _server = Server::of(Dashboard::new(&world.monitor), port);
    world.second();
    let back = viewer.look();
    assert!(!back.contains("lost") && !back.contains("no answer"), "{back}");
    says(&back, &["select * from orders"]);
}

#[test]
fn where_there_never_was_a_server_it_says_what_to_check() {
    let world = World::silent();
    let mut viewer = Viewer::of(&world.serve(), View::Overview, NARROW);
    says(&viewer.look(), &["lost for 0s", "no answer"]);
    viewer.now += Duration::from_secs(2);
    says(&viewer.look(), &["is the service running"]);
    viewer.press(KeyCode::Char('3'));
    says(&viewer.look(), &["no answer"]);
}

#[test]
fn who_has_the_token_is_let_in_and_nobody_else() {
    let world = World::busy();
    let server = Server::of(Dashboard::new(&world.monitor).token(TOKEN), 0);
    let with = |token| Viewer::with_token(&server, View::Overview, NARROW, token).look();
    says(&with(Some(TOKEN)), &["calls 720"]);
    says(&with(Some("fedcba9876543210")), &["not let in: the token is wrong"]);
    says(&with(None), &["the dashboard wants a token; put it in MONITOR_TOP_TOKEN"]);
    let mut denied = Viewer::of(&server, View::Overview, NARROW);
    assert!(matches!(Question::default().ask(&denied.client), Err(Trouble::Denied(_))));
    assert!(!denied.look().contains("720"));
}

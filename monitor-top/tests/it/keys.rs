//! Keys: where they lead, and what they leave alone.

use monitor_top::{Question, Sort, View, Window};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::world::{Viewer, World, says};

const NARROW: (u16, u16) = (80, 24);

#[test]
fn numbers_and_tab_change_the_view() {
    let world = World::silent();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Overview, NARROW);
    for (key, view) in [
        (KeyCode::Char('3'), View::Pools),
        (KeyCode::Tab, View::Alerts),
        (KeyCode::Tab, View::Requests),
        (KeyCode::Tab, View::Overview),
        (KeyCode::Char('5'), View::Requests),
        (KeyCode::Char('2'), View::Statements),
        (KeyCode::Char('9'), View::Statements),
    ] {
        viewer.press(key);
        assert_eq!(viewer.app.question().view, view);
    }
}

#[test]
fn the_window_goes_round_and_the_numbers_follow() {
    let world = World::busy();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Overview, NARROW);
    let windows = [Window::Hour, Window::Start, Window::Minute].map(|window| {
        let screen = viewer.after(KeyCode::Char('w'));
        assert_eq!(viewer.app.question().window, window);
        screen
    });
    says(&windows[1], &["window start", "calls 720"]);
    says(&windows[2], &["window 1m", "calls 240"]);
}

#[test]
fn a_measure_chosen_elsewhere_leads_to_the_statements() {
    let world = World::silent();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Pools, NARROW);
    viewer.press(KeyCode::Char('c'));
    let wanted = Question { view: View::Statements, sort: Sort::Calls, ..Question::default() };
    assert_eq!(*viewer.app.question(), wanted);
}

#[test]
fn letters_of_a_search_are_no_commands_and_escape_forgets_them() {
    let world = World::busy();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    viewer.type_in("/quw");
    says(&viewer.look(), &["search: quw_"]);
    viewer.press(KeyCode::Backspace);
    says(&viewer.glance(), &["search: qu_"]);
    viewer.press(KeyCode::Esc);
    assert_eq!(viewer.app.question().search, "");
    assert!(!viewer.app.is_over());
    viewer.type_in("/nowhere");
    says(&viewer.after(KeyCode::Enter), &["no statement has these words"]);
    viewer.type_in("/");
    says(&viewer.after(KeyCode::Enter), &["2 statements"]);
}

#[test]
fn help_is_closed_by_any_key_which_does_nothing_else() {
    let world = World::silent();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Overview, NARROW);
    says(&viewer.after(KeyCode::Char('?')), &["Any key closes this."]);
    let screen = viewer.after(KeyCode::Char('q'));
    assert!(!screen.contains("Any key") && !viewer.app.is_over());
}

#[test]
fn q_escape_and_control_c_leave() {
    let world = World::silent();
    let server = world.serve();
    for key in [
        KeyEvent::from(KeyCode::Char('q')),
        KeyEvent::from(KeyCode::Esc),
        KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
    ] {
        let mut viewer = Viewer::of(&server, View::Overview, NARROW);
        viewer.app.press(key);
        assert!(viewer.app.is_over(), "{key:?}");
    }
}

#[test]
fn an_answer_to_what_is_no_longer_asked_is_let_go() {
    let world = World::busy();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    let former = viewer.app.question().clone();
    let late = former.ask(&viewer.client);
    viewer.press(KeyCode::Char('3'));
    viewer.app.hear(&former, late, viewer.now);
    assert!(!viewer.glance().contains("select * from orders"));
}

#[test]
fn the_chosen_statement_is_shown_as_a_whole() {
    let world = World::busy();
    let server = world.serve();
    let mut viewer = Viewer::of(&server, View::Statements, NARROW);
    viewer.look();
    let foot = |screen: &str| screen.lines().nth(19).unwrap_or_default().to_owned();
    says(&foot(&viewer.glance()), &["select * from orders where customer_id = ? -- shop"]);
    viewer.press(KeyCode::Down);
    says(&foot(&viewer.glance()), &["update users set name = ? -- shop"]);
    viewer.press(KeyCode::Down);
    says(&foot(&viewer.glance()), &["update users set name = ? -- shop"]);
}

//! Texts that mean harm.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use monitor_core::capture::{Call, CallSite, PoolLevels};
use monitor_top::{Address, App, Client, Question, Trouble, View, plain};

use crate::world::{Viewer, World, says};

/// Clears the screen, sets a title, rings, turns the direction, hides, and is two columns wide.
const HARM: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{0}\u{202e}\u{200b}\u{1f4a9}日本語";

/// Whether a terminal would only print it.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|letter| !letter.is_control() && !['\u{200b}', '\u{202e}'].contains(&letter))
}

fn harmful() -> World {
    let world = World::silent();
    let pool = world.monitor.pool(HARM, World::database());
    pool.set_levels(PoolLevels { size: 2, idle: 0, max: Some(2), ..PoolLevels::default() });
    let text = format!("SELECT \"{HARM}\" FROM \"{}\"", "日本語".repeat(100));
    for _ in 0..120 {
        pool.record(Call::new(&text, Duration::from_secs(1)));
        pool.checkout_timed_out(Duration::from_secs(1));
        world.second();
    }
    world
}

#[test]
fn nothing_that_is_watched_commands_the_terminal() {
    let world = harmful();
    let pool = world.monitor.pool(HARM, World::database());
    let _held = pool.checkout_at(Some(CallSite::here())).taken();
    world.second();
    let server = world.serve();
    for view in View::ALL {
        for columns in [20, 33, 80, 81, 200] {
            let mut viewer = Viewer::of(&server, view, (columns, 50));
            let screen = viewer.look();
            assert!(screen.lines().all(is_harmless), "{screen:?}");
        }
    }
    let mut viewer = Viewer::of(&server, View::Statements, (80, 24));
    says(&viewer.look(), &["\u{1f4a9}", "日"]);
}

#[test]
fn plain_text_has_lines_of_that_width_and_nothing_else() {
    let world = harmful();
    let server = world.serve();
    let client = Client::new(Address::new(&server.address.to_string()).unwrap(), None);
    for view in View::ALL {
        let question = Question { view, ..Question::default() };
        let plain = plain(&question.ask(&client).unwrap(), &question, 60);
        assert!(plain.ends_with('\n') && plain.lines().all(is_harmless), "{plain:?}");
        let widest = plain.lines().map(unicode_width::UnicodeWidthStr::width).max();
        assert!(widest <= Some(60), "{widest:?} columns in\n{plain}");
    }
}

/// Somebody who gives the same answer to whoever asks.
fn impostor(answer: String) -> Address {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = Address::new(&listener.local_addr().unwrap().to_string()).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_server_that_is_no_dashboard_is_told_and_commands_nothing() {
    let body = "{\"error\": \"no \\u001b[2J \\u202e\"}";
    let refusal = format!(
        "HTTP/1.1 409 Conflict\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ";
    for (answer, words) in [
        (format!("{head}2\r\n\r\n{{}}"), "use the same version"),
        (format!("{head}9\r\n\r\n<h1>x</h1"), "check the address"),
        (refusal, "the server refuses (409): no"),
        ("HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into(), "302"),
        ("\u{1b}[2J\r\n\r\n".into(), "no answer"),
    ] {
        let address = impostor(answer);
        let client = Client::new(address.clone(), None);
        let mut app = App::new(address, Question::default());
        app.refresh(&client, Instant::now());
        let trouble = Question::default().ask(&client).expect_err("no answer of a dashboard");
        let told = trouble.to_string();
        assert!(told.contains(words) && is_harmless(&told), "{told:?}");
        assert!(!matches!(trouble, Trouble::Denied(_)));
    }
}

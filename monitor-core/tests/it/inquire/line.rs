//! A connection for questions comes when it is needed and goes when it is not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_core::capture::{Clock, Hands, System};
use monitor_core::inquire::{Answer, AskError, AskErrorKind, Asker, Carrier, Line, Manners};

#[derive(Default)]
struct Server {
    down: bool,
    cut: bool,
    opened: u32,
    attempts: u32,
    open: i32,
}

struct Cable(Arc<Mutex<Server>>);

struct Open(Arc<Mutex<Server>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().unwrap().open -= 1;
    }
}

impl Carrier for Cable {
    type Connection = Open;

    fn system(&self) -> System {
        System::PostgreSql
    }

    fn open(&mut self) -> Result<Open, AskError> {
        let mut server = self.0.lock().unwrap();
        server.attempts += 1;
        if server.down {
            return Err(AskError::new(AskErrorKind::Gone));
        }
        server.opened += 1;
        server.open += 1;
        Ok(Open(self.0.clone()))
    }

    fn ask(&mut self, _: &mut Open, question: &str) -> Result<Answer, AskError> {
        match question {
            _ if self.0.lock().unwrap().cut => Err(AskError::new(AskErrorKind::Gone)),
            "wrong" => Err(AskError::new(AskErrorKind::Wrong)),
            _ => Ok(Answer::default()),
        }
    }
}

fn line() -> (Line<Cable>, Arc<Mutex<Server>>, Hands) {
    let (clock, hands) = Clock::by_hand();
    let server = Arc::new(Mutex::new(Server::default()));
    (Line::new(Cable(server.clone()), clock), server, hands)
}

/// How many were opened, and how many are open.
fn connections(server: &Mutex<Server>) -> (u32, i32) {
    let server = server.lock().unwrap();
    (server.opened, server.open)
}

#[test]
fn the_first_question_opens_the_connection_and_a_rest_closes_it() {
    let (mut line, server, _) = line();
    assert_eq!(server.lock().unwrap().attempts, 0);
    line.ask("a").unwrap();
    line.ask("b").unwrap();
    assert_eq!(connections(&server), (1, 1));
    line.rest();
    assert_eq!(server.lock().unwrap().open, 0);
    line.ask("c").unwrap();
    assert_eq!(connections(&server), (2, 1));
}

#[test]
fn a_connection_that_lay_idle_is_not_trusted() {
    let (mut line, server, hands) = line();
    line.ask("a").unwrap();
    hands.advance(Duration::from_secs(60));
    line.ask("b").unwrap();
    assert_eq!(server.lock().unwrap().opened, 1);
    hands.advance(Duration::from_secs(61));
    line.ask("c").unwrap();
    assert_eq!(connections(&server), (2, 1));
}

#[test]
fn a_server_that_is_down_is_not_knocked_at() {
    let (mut line, server, hands) = line();
    server.lock().unwrap().down = true;
    for pause in [1, 2, 4, 8] {
        let before = server.lock().unwrap().attempts;
        for _ in 0..10 {
            assert_eq!(line.ask("a").unwrap_err().kind, AskErrorKind::Gone);
        }
        assert_eq!(server.lock().unwrap().attempts, before + 1);
        hands.advance(Duration::from_secs(pause));
    }
    for _ in 0..20 {
        let _ = line.ask("a");
        hands.advance(Duration::from_secs(300));
    }
    server.lock().unwrap().down = false;
    line.ask("a").unwrap();
}

#[test]
fn a_lost_connection_is_opened_anew_after_a_pause_and_a_wrong_question_loses_none() {
    let (mut line, server, hands) = line();
    line.ask("wrong").unwrap_err();
    line.ask("a").unwrap();
    assert_eq!(server.lock().unwrap().opened, 1);
    server.lock().unwrap().cut = true;
    assert_eq!(line.ask("a").unwrap_err().kind, AskErrorKind::Gone);
    assert_eq!(server.lock().unwrap().open, 0);
    server.lock().unwrap().cut = false;
    assert!(line.ask("a").is_err(), "too soon");
    hands.advance(Duration::from_secs(1));
    line.ask("a").unwrap();
    assert_eq!(server.lock().unwrap().opened, 2);
}

/// What a connection is told, where the server answers each question with this.
fn told(system: System, answer: &str) -> (Vec<String>, Result<System, AskError>) {
    let mut told = Vec::new();
    let settled = Manners::default().settle(system, |question| {
        told.push(question.to_owned());
        Ok(Answer { rows: vec![vec![Some(answer.to_owned())]] })
    });
    (told, settled)
}

#[test]
fn mariadb_is_told_apart_and_each_has_its_own_time_limit() {
    let (said, system) = told(System::MySql, "10.11.6-MariaDB-0+deb12u1");
    assert_eq!(system, Ok(System::MariaDb));
    assert!(said.contains(&"set session transaction read only".into()), "{said:?}");
    assert!(said.contains(&"set session max_statement_time = 2".into()), "{said:?}");
    assert!(said.contains(&"set session lock_wait_timeout = 1".into()), "{said:?}");
    let (said, system) = told(System::MySql, "8.4.2");
    assert_eq!(system, Ok(System::MySql));
    assert!(said.contains(&"set session max_execution_time = 2000".into()), "{said:?}");
}

#[test]
fn a_pooler_that_drops_the_settings_is_not_asked_through() {
    assert_eq!(told(System::PostgreSql, "on").1, Ok(System::PostgreSql));
    let (said, refused) = told(System::PostgreSql, "off");
    assert_eq!(refused.unwrap_err().kind, AskErrorKind::Denied);
    assert!(said.iter().all(|question| !question.starts_with("set")), "{said:?}");
}

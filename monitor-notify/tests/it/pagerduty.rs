//! What whoever is on call sees.

use monitor_core::judge::{Finding, Severity};
use monitor_notify::PagerDuty;

use super::World;
use super::server::Server;

fn world(server: &Server) -> World {
    World::with(PagerDuty::at(&*server.address, "routing-key").unwrap().service("shop"))
}

fn trouble(severity: Severity, subject: &str) -> Finding {
    Finding::new(severity, subject, "it is full")
}

#[test]
fn an_incident_is_opened_made_worse_and_resolved_under_one_key() {
    let server = Server::start();
    let world = world(&server);
    world.trouble([trouble(Severity::Warning, "a")]);
    world.trouble([trouble(Severity::Critical, "a")]);
    world.trouble([]);
    world.pass(5);
    let events = server.bodies();
    let said = |at: usize, field: &str| events[at][field].as_str().unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!([0, 1, 2].map(|at| said(at, "event_action")), ["trigger", "trigger", "resolve"]);
    assert_eq!([0, 1, 2].map(|at| said(at, "dedup_key")), ["shop: full-disk: a"; 3]);
    assert_eq!([0, 1, 2].map(|at| said(at, "routing_key")), ["routing-key"; 3]);
    let payload = &events[1]["payload"];
    assert_eq!(payload["severity"], "critical");
    assert_eq!(payload["summary"], "full-disk of a: it is full");
    assert_eq!(payload["source"], "shop");
    assert_eq!(payload["class"], "full-disk");
}

#[test]
fn a_key_too_long_for_pagerduty_is_cut_and_still_tells_apart() {
    let server = Server::start();
    let world = world(&server);
    let long = "ä".repeat(300);
    let subjects = [format!("{long}1"), format!("{long}2")];
    world.trouble(subjects.iter().map(|subject| trouble(Severity::Error, subject)));
    world.pass(1);
    world.trouble([]);
    world.pass(7);
    let events = server.bodies();
    let mut keys: Vec<_> =
        events.iter().map(|event| event["dedup_key"].as_str().unwrap().to_owned()).collect();
    assert!(keys.iter().all(|key| key.len() <= 255), "{keys:?}");
    assert_eq!(keys.len(), 4);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2, "each was opened and resolved under its own key: {keys:?}");
}

#[test]
fn events_keep_below_the_rate_limit() {
    let server = Server::start();
    let world = world(&server);
    world.trouble((0..50).map(|n| trouble(Severity::Error, &n.to_string())));
    world.pass(20);
    let sent = server.received().len();
    assert!((15..=21).contains(&sent), "{sent} events in 20 s, one a second");
    world.pass(35);
    assert_eq!(world.sink().delivered, 50);
}

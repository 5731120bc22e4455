//! What an Alertmanager is posted; the system tests ask a real one what it makes of it.

use monitor_core::Builder;
use monitor_core::capture::{Call, Database, System};
use monitor_core::judge::{Finding, Mute, Severity};
use monitor_notify::Alertmanager;
use serde_json::Value;

use super::server::{Server, status};
use super::{World, disk, secs};

fn world(server: &Server) -> World {
    World::with(Alertmanager::new(&*server.address).unwrap().service("shop"))
}

fn posts(server: &Server) -> Vec<Value> {
    server.bodies().into_iter().flat_map(|body| body.as_array().unwrap().clone()).collect()
}

fn severities_and_ends(posts: &[Value]) -> Vec<(&str, Option<&str>)> {
    let of = |post| {
        let post: &Value = post;
        (post["labels"]["severity"].as_str().unwrap(), post["endsAt"].as_str())
    };
    posts.iter().map(of).collect()
}

#[test]
fn what_changes_is_an_annotation_and_what_stays_a_label() {
    let server = Server::start();
    let sink = Alertmanager::new(format!("{}/", server.address)).unwrap().service("shop");
    let world = World::of(Builder::default().sink(sink).beat_by_hand());
    let shop = Database { name: "shop".into(), ..Database::of(System::Sqlite) };
    world.monitor.database(shop).record(Call::new("select name from users", secs(2)));
    world.pass(5);
    let received = server.received().remove(0);
    assert_eq!(received.line, "POST /api/v2/alerts HTTP/1.1");
    let post = &received.json()[0];
    let labels: Vec<_> = post["labels"].as_object().unwrap().keys().collect();
    assert_eq!(labels, ["alertname", "database", "fingerprint", "service", "severity", "subject"]);
    assert_eq!(post["labels"]["alertname"], "DatabaseSlowQuery");
    assert_eq!(post["labels"]["service"], "shop");
    assert_eq!(post["annotations"]["value"], "2");
    assert_eq!(post["startsAt"], "1970-01-01T00:00:05Z");
    assert!(post["endsAt"].is_null());
}

#[test]
fn what_fires_is_posted_every_minute_until_it_is_over() {
    let server = Server::start();
    let world = world(&server);
    world.trouble([disk("a"), disk("b")]);
    assert_eq!(posts(&server).len(), 2);
    world.pass(59);
    assert_eq!(posts(&server).len(), 0);
    world.pass(1);
    assert_eq!(severities_and_ends(&posts(&server)), [("warning", None); 2]);
    world.trouble([disk("a")]);
    world.pass(5);
    let over = posts(&server);
    assert_eq!(severities_and_ends(&over), [("warning", Some("1970-01-01T00:01:10Z"))]);
    assert_eq!(over[0]["labels"]["subject"], "b");
    world.pass(60);
    assert_eq!(posts(&server).len(), 1, "only what still fires");
}

#[test]
fn an_alert_that_gets_worse_ends_as_what_it_was_and_does_not_go_back() {
    let server = Server::start();
    let world = world(&server);
    let disk = |severity| Finding::new(severity, "a", "full");
    world.trouble([disk(Severity::Warning)]);
    posts(&server);
    world.trouble([disk(Severity::Error)]);
    let worse = posts(&server);
    let end = Some("1970-01-01T00:00:10Z");
    assert_eq!(severities_and_ends(&worse), [("warning", end), ("error", None)]);
    world.trouble([disk(Severity::Warning)]);
    world.pass(60);
    assert_eq!(severities_and_ends(&posts(&server)), [("error", None)]);
}

#[test]
fn one_that_is_over_as_less_than_it_was_ends_as_what_it_was_also_if_that_has_to_be_said_twice() {
    let server = Server::start();
    let world = world(&server);
    let disk = |severity| Finding::new(severity, "a", "full");
    world.trouble([disk(Severity::Error)]);
    world.trouble([disk(Severity::Warning)]);
    posts(&server);
    server.will([status(503)]);
    world.trouble([]);
    let lost = posts(&server);
    world.pass(2);
    let again = posts(&server);
    assert_eq!(severities_and_ends(&again), [("error", Some("1970-01-01T00:00:15Z"))]);
    assert_eq!(severities_and_ends(&lost), severities_and_ends(&again));
}

#[test]
fn what_fires_anew_is_posted_as_what_it_is_now() {
    let server = Server::start();
    let world = world(&server);
    let disk = |severity| Finding::new(severity, "a", "full");
    world.trouble([disk(Severity::Error)]);
    world.trouble([]);
    posts(&server);
    world.trouble([disk(Severity::Warning)]);
    let anew = posts(&server);
    assert_eq!(severities_and_ends(&anew).last(), Some(&("warning", None)), "{anew:#?}");
    world.pass(60);
    assert_eq!(severities_and_ends(&posts(&server)), [("warning", None)]);
}

#[test]
fn what_was_posted_is_posted_until_it_is_over_also_when_it_is_muted_meanwhile() {
    let server = Server::start();
    let world = world(&server);
    world.trouble([disk("a")]);
    posts(&server);
    world.monitor.mute(Mute::everything());
    world.trouble([disk("a"), disk("b")]);
    world.pass(60);
    let after = posts(&server);
    assert_eq!(severities_and_ends(&after), [("warning", None)], "it is not over");
    assert_eq!(after[0]["labels"]["subject"], "a", "the other is told to nobody");
    world.trouble([]);
    world.pass(5);
    let over = posts(&server);
    assert_eq!(over.len(), 1, "{over:#?}");
    assert!(over[0]["endsAt"].is_string());
}

#[test]
fn a_thousand_alerts_are_posted_in_pieces() {
    let server = Server::start();
    let sink = Alertmanager::new(&*server.address).unwrap().delivery(|d| d.queue_max(1_000));
    let world = World::with(sink);
    world.trouble((0..950).map(|n| disk(&n.to_string())));
    let pieces: Vec<_> =
        server.bodies().iter().map(|body| body.as_array().unwrap().len()).collect();
    assert_eq!(pieces.iter().sum::<usize>(), 950);
    assert!(pieces.iter().all(|piece| *piece <= 100), "{pieces:?}");
}

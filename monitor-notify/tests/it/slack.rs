//! What a channel sees.

use monitor_core::judge::{Finding, Severity};
use monitor_notify::Slack;

use super::server::Server;
use super::{World, disk};

fn world(server: &Server) -> World {
    World::with(Slack::new(&*server.address).unwrap().service("shop"))
}

#[test]
fn a_message_names_service_severity_and_subject_and_says_when_it_is_over() {
    let server = Server::start();
    let world = world(&server);
    world.one();
    let fired = server.bodies().remove(0);
    assert_eq!(fired["text"], "shop: warning: full-disk of a");
    assert_eq!(fired["attachments"][0]["text"], "disk a is 97 % full");
    assert_eq!(fired["attachments"][0]["footer"], "shop");
    world.pass(20);
    world.trouble([]);
    world.pass(5);
    let over = server.bodies().remove(0);
    assert_eq!(over["text"], "shop: over: full-disk of a");
    assert!(over["attachments"][0]["text"].as_str().unwrap().starts_with("after 25.0 s; last"));
    assert_ne!(over["attachments"][0]["color"], fired["attachments"][0]["color"]);
}

#[test]
fn nothing_in_a_message_is_read_as_a_mention_or_a_link() {
    let server = Server::start();
    let world = world(&server);
    let evil = "<!channel> & <http://x|y>";
    world.trouble([Finding::new(Severity::Critical, evil, evil)]);
    let body = server.received().remove(0).body;
    assert!(body.contains("&lt;!channel&gt; &amp; &lt;http://x|y&gt;"), "{body}");
    assert!(!body.contains('<') && !body.contains('>'), "{body}");
}

#[test]
fn a_burst_is_one_message_that_says_how_many_more() {
    let server = Server::start();
    let world = world(&server);
    world.trouble((0..22).map(|n| disk(&n.to_string())));
    let messages = server.bodies();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["text"], "shop: 22 alerts");
    let attachments = messages[0]["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 11);
    assert_eq!(attachments[10]["text"], "and 12 more");
}

#[test]
fn a_flood_stays_in_bounds() {
    let server = Server::start();
    let world = world(&server);
    for round in 0..12 {
        world.trouble((0..900).map(|n| disk(&format!("{round}-{n}"))));
    }
    let messages = server.received();
    // One a second at most, for sixty seconds; and no message is larger than eleven alerts.
    assert!(messages.len() <= 60, "{}", messages.len());
    let longest = messages.iter().map(|message| message.body.len()).max().unwrap();
    assert!(longest < 20_000, "{longest} bytes");
    let sink = world.sink();
    assert!(sink.dropped > 0 && sink.waiting.len() <= 256 && sink.untold.len() <= 256, "{sink:?}");
}

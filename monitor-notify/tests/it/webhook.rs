//! The JSON a webhook gets.

use monitor_core::Builder;
use monitor_core::capture::{Call, Database, PoolLevels, System};
use monitor_notify::Webhook;

use super::server::{Server, status};
use super::{World, disk, secs};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_notice_is_json_with_everything_there_is_to_say() {
    let server = Server::start();
    let sink = Webhook::new(&*server.address).unwrap().service("shop");
    let world = World::of(Builder::default().sink(sink).beat_by_hand());
    let database = Database { name: "shop".into(), ..Database::of(System::Sqlite) };
    let full = PoolLevels { size: 4, idle: 0, max: Some(4), ..PoolLevels::default() };
    world.monitor.pool("main", database.clone()).set_levels(full);
    let slow = Call::new("select name from users where id = 7", secs(2));
    world.monitor.database(database).record(slow);
    world.pass(6);

    let bodies = server.bodies();
    let pool = bodies.iter().find(|body| body["alert"]["kind"] == "pool_usage").unwrap();
    assert_eq!(pool["version"], 1);
    assert_eq!(pool["event"], "fired");
    assert_eq!(pool["at"], "1970-01-01T00:00:05Z");
    assert_eq!(pool["service"], "shop");
    let alert = &pool["alert"];
    assert_eq!(alert["key"], "pool_usage: main on shop");
    assert_eq!(alert["state"], "firing");
    assert_eq!(alert["pool"], "main");
    assert_eq!(alert["value"], 1.0);
    assert_eq!(alert["threshold"], 0.8);
    assert!(alert["fingerprint"].is_null() && alert["resolved_at"].is_null());

    let slow = bodies.iter().find(|body| body["alert"]["kind"] == "slow_query").unwrap();
    assert_eq!(slow["alert"]["fingerprint"].as_str().unwrap().len(), 16);
    assert_eq!(slow["alert"]["statement"], "SELECT users");
    assert!(!slow.to_string().contains("= 7"), "no literal leaves");
}

#[test]
fn a_signed_notice_has_one_id_however_often_it_is_tried() {
    let server = Server::start();
    let world = World::with(Webhook::new(&*server.address).unwrap().signed(KEY).unwrap());
    server.will([status(500)]);
    world.one();
    world.pass(2);
    world.trouble([disk("a"), disk("b")]);
    let received = server.received();
    let id = |at: usize| received[at].header("webhook-id").unwrap();
    assert_eq!(received.len(), 3);
    assert_eq!(id(0), id(1));
    assert_ne!(id(1), id(2));
    let signature = received[0].header("webhook-signature").unwrap();
    assert!(signature.starts_with("v1,") && signature.len() == 3 + 44, "{signature}");
    assert!(received[0].header("webhook-timestamp").unwrap().parse::<u64>().is_ok());
}

#[test]
fn a_key_that_is_too_short_or_no_base64_is_refused() {
    for key in ["", "whsec_", "c2hvcnQ=", "not base64 at all, though it is quite long"] {
        let error = Webhook::new("http://localhost").unwrap().signed(key).unwrap_err();
        assert!(error.to_string().contains("24 to 64 random bytes in base64"), "{error}");
    }
}

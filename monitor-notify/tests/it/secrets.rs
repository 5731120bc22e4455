//! Addresses, keys and tokens show nowhere.

use std::time::Duration;

use monitor_core::deliver::Sink;
use monitor_core::show;
use monitor_notify::{Alertmanager, Http, PagerDuty, Secret, Slack, Webhook};

use super::World;
use super::server::{Reply, Server, status};

const SECRET: &str = "s3cr3t";

fn check(shown: &str) {
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn a_secret_shows_in_no_setting_and_in_no_refusal() {
    check(&format!("{:?}", Secret::from(SECRET)));
    let http = Http::default().proxy(format!("http://user:{SECRET}@127.0.0.1:1")).unwrap();
    check(&format!("{http:?}"));
    let webhook = Webhook::new(format!("http://localhost/{SECRET}")).unwrap();
    check(&format!("{:?}", webhook.bearer_token(SECRET).unwrap()));
    check(&format!("{:?}", PagerDuty::new(SECRET).unwrap()));
    for error in [
        Http::default().proxy(format!("{SECRET}\\:/ /")).err(),
        Slack::new(SECRET).err(),
        Slack::new(format!("ftp://{SECRET}")).err(),
        Alertmanager::new(format!("http://{SECRET} {SECRET}")).err(),
        Webhook::new("http://localhost").unwrap().signed(SECRET).err(),
        Webhook::new("http://localhost").unwrap().bearer_token(format!("{SECRET}\n")).err(),
        PagerDuty::new(" ").err(),
    ] {
        let error = error.expect("refused");
        check(&format!("{error} {error:?}"));
    }
}

#[test]
fn a_secret_shows_in_no_failure() {
    let dead = format!("http://127.0.0.1:1/{SECRET}");
    let unknown = format!("http://{SECRET}.invalid/{SECRET}");
    for address in [dead, unknown] {
        check_failure(Slack::new(address).unwrap());
    }
    for reply in [status(404), status(500), Reply::Hang, Reply::Garbage, Reply::HalfWay] {
        let server = Server::start();
        server.will([reply]);
        let sink = Webhook::new(format!("{}/{SECRET}", server.address)).unwrap();
        let http = Http::default().timeout(Duration::from_millis(300));
        check_failure(sink.http(&http).bearer_token(SECRET).unwrap());
    }
}

fn check_failure(sink: impl Sink + 'static) {
    let world = World::with(sink);
    world.one();
    let snapshot = world.monitor.snapshot();
    assert!(snapshot.sinks[0].last_failure.is_some());
    check(&format!("{:?}", snapshot.sinks));
    check(&show::json(&snapshot, &world.monitor.health()).unwrap());
    check(&world.monitor.report());
}

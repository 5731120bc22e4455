//! What every receiver over HTTP has in common: what is tried again, and what is not.

use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use monitor_core::snapshot::SinkActivity;
use monitor_notify::{Http, Webhook};

use super::server::{Reply, Server, status};
use super::{World, secs};

fn world(server: &Server) -> World {
    World::with(Webhook::new(format!("{}/alerts", server.address)).unwrap())
}

/// What becomes of a notice if the server answers it like this once.
fn after(reply: Reply) -> (SinkActivity, SinkActivity) {
    let server = Server::start();
    server.will([reply]);
    let sink = Webhook::new(&*server.address).unwrap();
    let world = World::with(sink.http(&Http::default().timeout(Duration::from_millis(300))));
    world.one();
    let first = world.sink();
    world.pass(2);
    (first, world.sink())
}

fn check_retried(reply: Reply, class: &str) {
    let (first, then) = after(reply);
    assert_eq!(first.last_failure.unwrap().class, class);
    assert_eq!((first.delivered, first.waiting.len(), first.retried), (0, 1, 1), "{class}");
    assert_eq!((then.delivered, then.waiting.len(), then.given_up), (1, 0, 0), "{class}");
}

fn check_given_up(reply: Reply, class: &str) {
    let (first, then) = after(reply);
    assert_eq!(first.last_failure.unwrap().class, class);
    assert_eq!((then.delivered, then.retried, then.given_up), (0, 0, 1), "{class}");
}

#[test]
fn a_request_says_who_asks_and_goes_where_it_was_sent() {
    let server = Server::start();
    let sink = Webhook::new(format!("{}/alerts?to=us", server.address)).unwrap();
    let world = World::with(sink.bearer_token("token").unwrap().header("x-team", "shop").unwrap());
    world.one();
    let received = server.received().remove(0);
    assert_eq!(received.line, "POST /alerts?to=us HTTP/1.1");
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert!(received.header("user-agent").unwrap().starts_with("db-monitor/"));
    assert_eq!(received.header("authorization"), Some("Bearer token"));
    assert_eq!(received.header("x-team"), Some("shop"));
    assert_eq!(world.sink().delivered, 1);
}

#[test]
fn what_may_pass_is_tried_again() {
    check_retried(status(500), "server error (500)");
    check_retried(status(503), "server error (503)");
    check_retried(status(429), "too many requests (429)");
    check_retried(Reply::Hang, "timed out");
    check_retried(Reply::HalfWay, "connection failed");
    check_retried(Reply::Garbage, "no HTTP answer");
    check_retried(Reply::EndlessHead, "no HTTP answer");
}

#[test]
fn what_is_wrong_with_the_request_is_not_tried_again() {
    for code in [400, 401, 403, 404, 408, 410, 413] {
        check_given_up(status(code), &format!("refused ({code})"));
    }
}

#[test]
fn a_dead_receiver_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let world = World::with(Webhook::new(address).unwrap());
    world.one();
    world.pass(10);
    let dead = world.sink();
    assert_eq!(dead.last_failure.unwrap().class, "connection failed");
    assert!(dead.retried > 2 && dead.waiting.len() == 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::start();
    let location = ("location", format!("{}/stolen", elsewhere.address));
    check_given_up(Reply::Status(302, vec![location.clone()]), "redirected (302)");
    check_given_up(Reply::Status(307, vec![location]), "redirected (307)");
    assert!(elsewhere.received().is_empty());
}

#[test]
fn no_proxy_is_used_that_was_not_named() {
    // The variables of a process are set before it starts: this test's own, once more.
    let dead = "http://127.0.0.1:1";
    let test = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "http::a_request_says_who_asks_and_goes_where_it_was_sent"])
        .envs(["ALL_PROXY", "HTTP_PROXY", "http_proxy"].map(|name| (name, dead)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&test.stdout);
    assert!(test.status.success() && said.contains("1 passed"), "{said}");

    let server = Server::start();
    let sink = Webhook::new("http://receiver.invalid/alerts").unwrap();
    let world = World::with(sink.http(&Http::default().proxy(&*server.address).unwrap()));
    world.one();
    assert_eq!(server.received()[0].line, "CONNECT receiver.invalid:80 HTTP/1.1");
}

#[test]
fn where_tls_is_asked_for_nothing_is_sent_in_the_clear() {
    let server = Server::start();
    let address = server.address.replace("http:", "https:");
    let world = World::with(Webhook::new(format!("{address}/secret")).unwrap());
    world.one();
    let sink = world.sink();
    assert_eq!((sink.delivered, sink.retried), (0, 1), "{sink:?}");
    assert!(server.received().is_empty());
}

#[test]
fn retry_after_is_heeded_in_seconds_and_as_a_date() {
    let in_ten_minutes = httpdate(SystemTime::now() + secs(600));
    for (value, quiet, late) in [("40".to_owned(), 39, 1), (in_ten_minutes, 300, 300)] {
        let server = Server::start();
        let world = world(&server);
        server.will([Reply::Status(429, vec![("retry-after", value)])]);
        world.one();
        assert_eq!(server.received().len(), 1);
        world.pass(quiet);
        assert!(server.received().is_empty());
        world.pass(late);
        assert_eq!(server.received().len(), 1);
        assert_eq!(world.sink().delivered, 1);
    }
}

#[test]
fn a_receiver_that_is_down_for_long_hears_the_newest_once() {
    let server = Server::start();
    let world = world(&server);
    server.will((0..12).map(|_| status(502)));
    world.one();
    world.pass(60);
    world.trouble([]);
    world.pass(600);
    let events: Vec<_> = server.bodies().iter().map(|body| body["event"].clone()).collect();
    assert_eq!(events.last().unwrap(), "resolved");
    assert_eq!(world.sink().delivered, 1);
    assert_eq!(world.sink().untold, [""; 0]);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, for a date this century.
fn httpdate(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let rfc3339 = monitor_core::show::moment(SystemTime::UNIX_EPOCH + secs(seconds));
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let month = months[rfc3339[5..7].parse::<usize>().unwrap() - 1];
    let day = days[(seconds / 86_400 % 7) as usize];
    let (year, date, time) = (&rfc3339[..4], &rfc3339[8..10], &rfc3339[11..19]);
    format!("{day}, {date} {month} {year} {time} GMT")
}

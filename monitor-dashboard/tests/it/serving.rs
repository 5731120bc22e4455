//! Served alone, to clients that hang, listen and crowd.

use std::net::SocketAddr;
use std::time::Duration;

use monitor_core::Monitor;
use monitor_dashboard::{Dashboard, Limits};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A dashboard that is served as long as the test runs; its monitor's time is the machine's.
async fn served(limits: Limits) -> SocketAddr {
    let monitor = Monitor::builder().build().expect("sound settings");
    let address: SocketAddr = ([127, 0, 0, 1], 0).into();
    let serving = Dashboard::new(&monitor).limits(limits).bind(address).await.expect("a free port");
    let address = serving.address().expect("an address");
    tokio::spawn(serving.run());
    address
}

fn impatient() -> Limits {
    let mut limits = Limits::default();
    limits.time_max = Duration::from_millis(300);
    limits
}

async fn connected(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// The first line of the answer to a question.
async fn asked(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a request is sent");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.expect("an answer");
    line.trim_end().to_owned()
}

#[tokio::test]
async fn what_is_served_alone_answers() {
    let address = served(Limits::default()).await;
    let line = asked(&mut connected(address).await, "/api/v1/overview").await;
    assert_eq!(line, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_client_that_hangs_is_let_go_and_makes_room() {
    let mut limits = impatient();
    limits.connections_max = 1;
    let address = served(limits).await;
    let mut hanging = connected(address).await;
    hanging.write_all(b"GET /api/v1/overview HTTP/1.1\r\nhost: loc").await.expect("half a request");
    // The only seat is taken until the other is given up.
    let line = asked(&mut connected(address).await, "/livez").await;
    assert_eq!(line, "HTTP/1.1 200 OK");
    let mut rest = Vec::new();
    hanging.read_to_end(&mut rest).await.expect("the end of the connection");
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let address = served(Limits::default()).await;
    let mut garbage = connected(address).await;
    garbage.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    garbage.read_to_end(&mut answer).await.expect("an end");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"));
    let line = asked(&mut connected(address).await, "/livez").await;
    assert_eq!(line, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_head_that_never_ends_is_refused() {
    let address = served(Limits::default()).await;
    let mut stream = connected(address).await;
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    // The other end may stop reading before all of it is sent.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
}

#[tokio::test]
async fn a_listener_is_told_the_numbers_as_events() {
    let address = served(Limits::default()).await;
    let mut stream = connected(address).await;
    let request = "GET /api/v1/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("a request is sent");
    let mut lines = BufReader::new(stream).lines();
    let mut events = 0;
    while let Some(line) = lines.next_line().await.expect("a line") {
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let live: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert!(live["calls_total"].is_u64(), "{data}");
        events += 1;
        if events == 2 {
            return;
        }
    }
    panic!("the stream ended after {events} events");
}

#[tokio::test]
async fn one_listener_too_many_is_refused_and_a_place_is_given_back() {
    let mut limits = Limits::default();
    limits.streams_max = 1;
    let address = served(limits).await;
    let mut first = connected(address).await;
    assert_eq!(asked(&mut first, "/api/v1/live").await, "HTTP/1.1 200 OK");
    let line = asked(&mut connected(address).await, "/api/v1/live").await;
    assert_eq!(line, "HTTP/1.1 503 Service Unavailable");
    drop(first);
    // The server finds out when it writes next.
    while asked(&mut connected(address).await, "/api/v1/live").await != "HTTP/1.1 200 OK" {
        tokio::task::yield_now().await;
    }
}

//! The tiny listener, and scrapers that misbehave.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use monitor_core::capture::Call;
use monitor_prometheus::{Exporter, Listener};

use super::{World, ms};

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // An answer that is cut off is one to look at as well.
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn listening() -> (World, Listener) {
    let world = World::new();
    world.shop.record(Call::new("select 1", ms(1)));
    let listener = Listener::start(Exporter::new(&world.monitor), "127.0.0.1:0").unwrap();
    (world, listener)
}

#[test]
fn a_scraper_gets_the_metrics_in_its_format() {
    let (_world, listener) = listening();
    let get = "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n";
    let text = ask(listener.address(), &format!("{get}\r\n"));
    assert!(text.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
    assert!(text.contains("db_client_operation_duration_seconds_count{"));
    let accept = "ACCEPT: application/openmetrics-text;version=1.0.0\r\n";
    let open = ask(listener.address(), &format!("{get}{accept}\r\n"));
    assert!(open.ends_with("# EOF\n"));
    let head = ask(listener.address(), "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n") && head.contains("Content-Length: "));
}

#[test]
fn whoever_asks_for_something_else_is_told_so() {
    let (_world, listener) = listening();
    let status = |request| ask(listener.address(), request).lines().next().unwrap_or("").to_owned();
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
    assert_eq!(status("POST /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(status("\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
}

#[test]
fn garbage_and_hanging_up_leave_it_answering() {
    let (_world, listener) = listening();
    for garbage in [&b"\xff\xfe\0\0"[..], b"GET", &[b'a'; 100_000]] {
        let mut stream = TcpStream::connect(listener.address()).unwrap();
        // It may hang up first.
        let _ = stream.write_all(garbage);
    }
    let text = ask(listener.address(), "GET /metrics HTTP/1.1\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
}

#[test]
fn the_port_is_free_again_when_it_is_dropped() {
    let (world, listener) = listening();
    let address = listener.address();
    drop(listener);
    let again = Listener::start(Exporter::new(&world.monitor), address).unwrap();
    assert!(ask(again.address(), "GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
    assert!(Listener::start(Exporter::new(&world.monitor), address).is_err(), "taken");
}

//! The tiny listener, and scrapers that misbehave.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use monitor_core::capture::{Call, Rows};
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
fn one_that_sends_half_a_request_or_reads_no_answer_lets_the_next_one_in_and_stalls_no_call() {
    let world = World::new();
    // Some twelve million bytes: they fit no socket's buffer.
    for table in 0..2_000 {
        let text = format!("select * from t{table}");
        world.shop.record(Call::new(&text, ms(1)).rows(Rows::returned(1)));
    }
    let exporter = Exporter::with_summaries_max(&world.monitor, 2_000);
    let listener = Listener::start(exporter, "127.0.0.1:0").unwrap();
    let mut half = TcpStream::connect(listener.address()).unwrap();
    half.write_all(b"GET /metrics HT").unwrap();
    let mut deaf = TcpStream::connect(listener.address()).unwrap();
    deaf.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    // Recorded while both hold the listener up.
    let before = world.monitor.snapshot().lifetime.total.calls;
    (0..10_000).for_each(|_| world.shop.record(Call::new("select 1", ms(1))));
    assert_eq!(world.monitor.snapshot().lifetime.total.calls, before + 10_000);
    let text = ask(listener.address(), "GET /metrics HTTP/1.1\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.contains("db_monitor_info"));
}

#[test]
fn a_request_without_an_end_is_cut_off() {
    let (_world, listener) = listening();
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    // It hangs up once it has read enough.
    let line = format!("X: {}\r\n", "a".repeat(1_000));
    let mut sent = 0;
    let start = std::time::Instant::now();
    while stream.write_all(line.as_bytes()).is_ok() && start.elapsed() < Listener::TIMEOUT * 4 {
        sent += line.len();
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken");
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

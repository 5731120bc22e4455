//! A tiny listener for services without a web framework.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Exporter, Format};

/// Serves `/metrics` from a thread of its own until it is dropped.
///
/// Answers one scraper at a time: a scrape takes milliseconds, and one that hangs is cut off after
/// [`TIMEOUT`](Self::TIMEOUT). No TLS and no password: listen on loopback, or where only your
/// Prometheus can reach it.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Bytes of a request that are read; more than any scraper sends.
const REQUEST_BYTES_MAX: u64 = 16 * 1024;

// === impl Listener ===

impl Listener {
    /// How long a scraper may take to send its request, and to take its answer.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Listens on an address; OpenTelemetry's default for this is `127.0.0.1:9464`.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn start(exporter: Exporter, address: impl ToSocketAddrs) -> io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        let address = socket.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new().name("db-monitor-metrics".into()).spawn({
            let ended = ended.clone();
            move || {
                for stream in socket.incoming() {
                    if ended.load(Ordering::Acquire) {
                        return;
                    }
                    // A scraper that goes away is its own affair.
                    let _ = stream.and_then(|stream| answer(&stream, &exporter));
                }
            }
        })?;
        Ok(Self { address, ended, thread: Some(thread) })
    }

    /// The address it listens on, with the port the system chose where none was given.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes it up; if that fails it is gone already.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(thread) = self.thread.take().filter(|_| woken.is_ok()) {
            // It panics for nobody: there is nothing to do about it here.
            let _ = thread.join();
        }
    }
}

fn answer(stream: &TcpStream, exporter: &Exporter) -> io::Result<()> {
    stream.set_read_timeout(Some(Listener::TIMEOUT))?;
    stream.set_write_timeout(Some(Listener::TIMEOUT))?;
    let mut reader = BufReader::new(stream.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) =
        (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let accept = accept_header(&mut reader)?;
    let path = target.split('?').next().unwrap_or_default();
    match (method.as_str(), path) {
        ("GET" | "HEAD", "/metrics") => {
            let scrape = exporter.scrape(Format::accepted(accept.as_deref()));
            let body = if method == "HEAD" { &[][..] } else { &scrape.body };
            respond(stream, "200 OK", scrape.content_type, scrape.body.len(), body)
        }
        ("GET" | "HEAD", _) => refuse(stream, "404 Not Found", "the metrics are at /metrics\n"),
        _ => refuse(stream, "405 Method Not Allowed", "only GET is answered\n"),
    }
}

fn accept_header(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut accept = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(accept);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("accept")
        {
            accept = Some(value.trim().to_owned());
        }
    }
}

fn refuse(stream: &TcpStream, status: &str, reason: &str) -> io::Result<()> {
    respond(stream, status, "text/plain; charset=utf-8", reason.len(), reason.as_bytes())
}

fn respond(
    mut stream: &TcpStream,
    status: &str,
    content_type: &str,
    length: usize,
    body: &[u8],
) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)?;
    stream.flush()
}

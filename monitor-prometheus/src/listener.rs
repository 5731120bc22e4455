//! A tiny listener for services without a web framework.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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
const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// How long nobody is listened to after a connection could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// === impl Listener ===

impl Listener {
    /// How long a scraper may take to send its request, all of it, and between two takings of its answer.
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
                    match stream {
                        // A scraper that goes away is its own affair.
                        Ok(stream) => drop(answer(&stream, &exporter)),
                        // No file descriptor left, perhaps: asking again at once would spin.
                        Err(_) => std::thread::sleep(ACCEPT_PAUSE),
                    }
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
    stream.set_write_timeout(Some(Listener::TIMEOUT))?;
    let head = head(stream)?;
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    match (method, path) {
        ("GET" | "HEAD", "/metrics") => {
            let scrape = exporter.scrape(Format::accepted(accept_header(lines)));
            let body = if method == "HEAD" { &[][..] } else { &scrape.body };
            respond(stream, "200 OK", scrape.content_type, scrape.body.len(), body)
        }
        ("GET" | "HEAD", _) => refuse(stream, "404 Not Found", "the metrics are at /metrics\n"),
        _ => refuse(stream, "405 Method Not Allowed", "only GET is answered\n"),
    }
}

/// The request up to its empty line; one that drips in, however slowly, has one time limit.
fn head(mut stream: &TcpStream) -> io::Result<String> {
    let end = Instant::now() + Listener::TIMEOUT;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") && head.len() < REQUEST_BYTES_MAX {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece)? {
            0 => break,
            count => head.extend_from_slice(&piece[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn accept_header<'a>(lines: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fields = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let mut accept = fields.filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
    accept.next().map(|(_, value)| value.trim())
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

//! A receiver that answers as it is told: well, badly, or not at all.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// How the server answers one request.
pub(crate) enum Reply {
    /// Properly, with these headers.
    Status(u16, Vec<(&'static str, String)>),
    /// Not at all, until the other side gives up.
    Hang,
    /// With the beginning of an answer.
    HalfWay,
    /// With something else than HTTP.
    Garbage,
    /// With headers that never end.
    EndlessHead,
}

/// A server on a free loopback port. Answers 200 where it was not told otherwise.
pub(crate) struct Server {
    pub(crate) address: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    received: Receiver<Received>,
}

/// One request as it came.
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let (tell, received) = channel();
        let script = replies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, tell) = (script.clone(), tell.clone());
                // What a client does to its own connection is no concern of the server's.
                std::thread::spawn(move || drop(serve(stream, &script, &tell)));
            }
        });
        Self { address, replies, received }
    }

    pub(crate) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// The requests so far, which are forgotten then.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.try_iter().collect()
    }

    /// The bodies of the requests so far, which are forgotten then.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.received().iter().map(Received::json).collect()
    }
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

pub(crate) fn status(code: u16) -> Reply {
    Reply::Status(code, Vec::new())
}

fn serve(
    stream: TcpStream,
    script: &Mutex<VecDeque<Reply>>,
    tell: &Sender<Received>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let received = read(&mut reader)?;
    let reply = script.lock().unwrap().pop_front().unwrap_or(status(200));
    let _ = tell.send(received);
    match reply {
        Reply::Status(code, headers) => {
            write!(stream, "HTTP/1.1 {code} Said so\r\ncontent-length: 0\r\n")?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            write!(stream, "\r\n")
        }
        Reply::Hang => reader.read(&mut [0]).map(drop),
        Reply::HalfWay => write!(stream, "HTTP/1.1 200 OK\r\ncontent-ty"),
        Reply::Garbage => stream.write_all(&[7; 4096]),
        Reply::EndlessHead => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            loop {
                write!(stream, "x-more: {}\r\n", "x".repeat(1000))?;
            }
        }
    }
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let split = |line: String| line.split_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned()));
    let headers: Vec<(String, String)> = lines.into_iter().filter_map(split).collect();
    let mut received = Received { line, headers, body: String::new() };
    let length = received.header("content-length").and_then(|length| length.parse().ok());
    reader.take(length.unwrap_or(0)).read_to_string(&mut received.body)?;
    Ok(received)
}

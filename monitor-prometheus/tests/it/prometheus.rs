//! A real Prometheus, thrown away after the test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ms;

/// How long a test waits for an answer; it does not wait where the answer comes sooner.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A throw-away Prometheus that scrapes some addresses five times a second.
pub(crate) struct Prometheus {
    server: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Prometheus {
    pub(crate) fn scraping(name: &str, targets: &[SocketAddr], flags: &[&str]) -> Self {
        Self::configured(name, targets, flags, "")
    }

    /// The same with more in its configuration.
    pub(crate) fn configured(
        name: &str,
        targets: &[SocketAddr],
        flags: &[&str],
        more: &str,
    ) -> Self {
        let folder = scratch(name);
        let targets: Vec<_> = targets.iter().map(|target| format!("'{target}'")).collect();
        let config = format!(
            "global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}\nscrape_configs:\n  - job_name: shop\n    static_configs: [{{targets: [{}]}}]\n{more}",
            targets.join(", ")
        );
        std::fs::write(folder.join("prometheus.yml"), config).unwrap();
        let free = free_address();
        let server = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={free}"))
            .args(flags)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .expect("`prometheus` is not here; `cargo xtask install` brings it");
        Self { server, address: free, folder }
    }

    /// The value of an expression, as soon as it is `wanted` or after [`PATIENCE`].
    pub(crate) fn value(&self, expr: &str, wanted: impl Fn(f64) -> bool) -> f64 {
        let start = Instant::now();
        loop {
            let found = self.ask(expr);
            let timed_out = start.elapsed() > PATIENCE;
            match found {
                Some(value) if wanted(value) || timed_out => return value,
                _ if timed_out => panic!("no answer to {expr}; see {}", self.folder.display()),
                _ => std::thread::sleep(ms(100)),
            }
        }
    }

    fn ask(&self, expr: &str) -> Option<f64> {
        let answer = self.query(expr)?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// What it answers to an expression; `None` while it cannot be reached.
    pub(crate) fn query(&self, expr: &str) -> Option<Value> {
        self.get(&format!("/api/v1/query?query={}", escaped(expr)))
    }

    /// The exemplars it has for an expression, by series, as soon as there are any.
    pub(crate) fn exemplars(&self, expr: &str) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let path =
                format!("/api/v1/query_exemplars?query={}&start=0&end=9999999999", escaped(expr));
            match self.get(&path).as_ref().and_then(|answer| answer["data"].as_array()) {
                Some(found) if !found.is_empty() => return found.clone(),
                _ if start.elapsed() > PATIENCE => {
                    panic!("no exemplars of {expr}; see {}", self.folder.display())
                }
                _ => std::thread::sleep(ms(100)),
            }
        }
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn escaped(expr: &str) -> String {
    expr.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A folder of this process' own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// An address nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

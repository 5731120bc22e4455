//! Our alert rules in a real Prometheus, which tells a real Alertmanager, which tells a webhook.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use monitor_core::Monitor;
use monitor_prometheus::{Exporter, Listener};
use serde_json::Value;

use super::prometheus::{PATIENCE, Prometheus, free_address, scratch};
use super::shop;

/// A throw-away Alertmanager that tells one webhook of everything at once.
struct Alertmanager {
    server: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Alertmanager {
    fn telling(webhook: SocketAddr) -> Self {
        let folder = scratch("alertmanager");
        let config = format!(
            "route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\nreceivers:\n  - name: hook\n    webhook_configs: [{{url: 'http://{webhook}/', send_resolved: true}}]\n"
        );
        std::fs::write(folder.join("config.yml"), config).unwrap();
        let address = free_address();
        // Debian's name for it, and its own.
        let started = ["prometheus-alertmanager", "alertmanager"].iter().find_map(|program| {
            Command::new(program)
                .arg(format!("--config.file={}", folder.join("config.yml").display()))
                .arg(format!("--storage.path={}", folder.join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .arg("--cluster.listen-address=")
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(folder.join("log")).unwrap())
                .spawn()
                .ok()
        });
        let server = started.expect("`alertmanager` is not here; `cargo xtask install` brings it");
        Self { server, address, folder }
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Takes what is posted to it.
fn webhook() -> (SocketAddr, Receiver<Value>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (send, posts) = channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            if let Some(post) = stream.ok().and_then(|stream| take(&stream))
                && send.send(post).is_err()
            {
                return;
            }
        }
    });
    (address, posts)
}

/// The body of a request, by its length.
fn take(mut stream: &TcpStream) -> Option<Value> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece).ok()? {
            0 => return None,
            count => request.extend_from_slice(&piece[..count]),
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let length = length.split("content-length:").nth(1)?.lines().next()?.trim().to_owned();
        if body.len() >= length.parse().ok()? {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .ok()?;
            return serde_json::from_str(body).ok();
        }
    }
}

/// The generated rules, over seconds where they are over minutes.
fn rules(folder: &Path) -> String {
    let mixin = Path::new(env!("CARGO_MANIFEST_DIR")).join("mixin");
    let mut list = Vec::new();
    for name in ["recording_rules.yaml", "alert_rules.yaml"] {
        let rules = std::fs::read_to_string(mixin.join(name)).unwrap().replace("[5m]", "[5s]");
        let quick = rules.lines().map(|line| match line.trim_start().starts_with("for: ") {
            true => "        for: 0s",
            false => line,
        });
        let path = folder.join(name);
        std::fs::write(&path, quick.collect::<Vec<_>>().join("\n")).unwrap();
        list.push(format!("'{}'", path.display()));
    }
    list.join(", ")
}

#[test]
fn an_alert_of_our_rules_reaches_a_webhook_and_is_over_when_the_trouble_is() {
    let (hook, posts) = webhook();
    let alertmanager = Alertmanager::telling(hook);
    let monitor = Monitor::builder().build().unwrap();
    let pool = monitor.pool("main", shop());
    let listener = Listener::start(Exporter::new(&monitor), "127.0.0.1:0").unwrap();
    let more = format!(
        "rule_files: [{}]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]}}\n",
        rules(&alertmanager.folder),
        alertmanager.address
    );
    let prometheus = Prometheus::configured("alerting", &[listener.address()], &[], &more);
    // It has to see the counter before and after.
    prometheus.value("sum(db_client_connection_timeouts_total)", |value| value == 0.0);
    pool.checkout().timed_out();
    pool.checkout().timed_out();
    let mut seen = Vec::new();
    while seen.last().map(String::as_str) != Some("resolved") {
        let post = posts.recv_timeout(PATIENCE).expect("the webhook is told");
        let alert = &post["alerts"][0];
        assert_eq!(alert["labels"]["alertname"], "DatabasePoolTimeouts", "{post:#}");
        assert_eq!(alert["labels"]["severity"], "critical");
        assert_eq!(alert["labels"]["db_client_connection_pool_name"], "main");
        assert_eq!(alert["labels"]["job"], "shop");
        let said = alert["annotations"]["description"].as_str().unwrap();
        assert!(said.contains("callers of pool main gave up"), "{said}");
        seen.push(post["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["firing", "resolved"]);
}

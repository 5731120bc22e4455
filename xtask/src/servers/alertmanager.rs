//! Alertmanager, as the tests want it: one instance that groups by name, and tells nobody.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::Signal;

use super::account::Account;
use super::daemon::Daemon;
use super::home::Home;
use super::port::on_free_port;
use super::{Started, binaries};
use crate::interrupt::Interrupt;

/// Grouped at once, so that a test can look at the groups.
const CONFIGURATION: &str = "\
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 0s
receivers:
- name: nobody
";

const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// The program, by Debian's name for it or by its own.
pub(super) fn program() -> Option<std::path::PathBuf> {
    binaries::find("prometheus-alertmanager").or_else(|| binaries::find("alertmanager"))
}

/// Writes the configuration, starts the server and waits until it is ready.
pub(super) fn start(interrupt: &Interrupt) -> Result<Started> {
    let program = program().ok_or_else(|| {
        anyhow!("found neither `prometheus-alertmanager` nor `alertmanager`; put it in PATH")
    })?;
    let account = Account::first_of(&["prometheus", "nobody"])?;
    on_free_port(|port| start_at(port, &program, &account, interrupt))
        .context("cannot start Alertmanager")
}

fn start_at(
    port: u16,
    program: &Path,
    account: &Account,
    interrupt: &Interrupt,
) -> Result<Started> {
    let home = Home::create("alertmanager", account)?;
    std::fs::write(home.join("config.yml"), CONFIGURATION)?;
    account.own(&home.join("config.yml"))?;
    let mut command = Command::new(program);
    command
        .arg(home.option("--config.file", "config.yml"))
        .arg(home.option("--storage.path", "data"))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        // One instance, no cluster.
        .arg("--cluster.listen-address=");
    let mut daemon = Daemon::spawn(command, account, home, Signal::SIGTERM)?;
    let version = daemon.ready(interrupt, || ready(port))?;
    Ok(Started {
        url: format!("http://127.0.0.1:{port}"),
        version: format!("Alertmanager {version}"),
        daemon,
    })
}

/// Asks whether it is ready, and then for its version.
fn ready(port: u16) -> Result<String> {
    get(port, "/-/ready")?;
    let status = get(port, "/api/v2/status")?;
    let version = status.split_once("\"version\":\"").and_then(|(_, rest)| rest.split('"').next());
    Ok(version.unwrap_or_default().to_owned())
}

fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
    let mut request = String::new();
    write!(request, "GET {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\n\r\n")?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_whitespace().nth(1) {
        Some("200") => Ok(answer),
        other => bail!("{path} answers {}", other.unwrap_or("nothing")),
    }
}

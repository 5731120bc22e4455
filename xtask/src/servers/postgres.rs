//! PostgreSQL, as the tests want it: fast, forgetful, with `pg_stat_statements` to compare our counts with.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::Signal;

use super::account::Account;
use super::daemon::Daemon;
use super::home::Home;
use super::port::on_free_port;
use super::{Started, binaries, process};
use crate::interrupt::Interrupt;

/// Set on the command line, so that they hold whatever the version's configuration file says.
const SETTINGS: [&str; 10] = [
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.max=10000",
    "pg_stat_statements.track=all",
    "pg_stat_statements.track_planning=off",
    // The data lives as long as the run.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "logging_collector=off",
];

/// Also the look whether the extension is really there.
const PROBE: &str = "create extension if not exists pg_stat_statements; show server_version";

/// Makes a cluster, starts it and waits until it answers over TCP.
pub(super) fn start(interrupt: &Interrupt) -> Result<Started> {
    let folder = binaries::postgres_folder().ok_or_else(|| {
        anyhow!("found no folder with PostgreSQL's `postgres`, `initdb` and `psql`; put it in PATH")
    })?;
    let account = Account::first_of(&["postgres", "nobody"])?;
    on_free_port(|port| start_at(port, &folder, &account, interrupt))
        .context("cannot start PostgreSQL")
}

fn start_at(port: u16, folder: &Path, account: &Account, interrupt: &Interrupt) -> Result<Started> {
    let home = Home::create("postgres", account)?;
    process::output(&mut initdb(folder, account, &home))?;
    interrupt.check()?;

    let mut command = bare(&folder.join("postgres"));
    command.arg("-D").arg(home.join("data"));
    command.arg("-k").arg(home.path());
    command.args(["-p", &port.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    let mut daemon = Daemon::spawn(command, account, home, Signal::SIGINT)?;
    let version = daemon.ready(interrupt, || process::output(&mut probe(folder, port)))?;
    // psql echoes the first statement's tag before the version.
    let version = version.lines().last().unwrap_or_default();
    Ok(Started {
        url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        version: format!("PostgreSQL {version}"),
        daemon,
    })
}

fn initdb(folder: &Path, account: &Account, home: &Home) -> Command {
    let mut command = bare(&folder.join("initdb"));
    account.wear(&mut command);
    command
        .arg("-D")
        .arg(home.join("data"))
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .current_dir(home.path());
    command
}

fn probe(folder: &Path, port: u16) -> Command {
    let mut command = bare(&folder.join("psql"));
    command
        .args(["-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-p", &port.to_string()])
        .args(["-X", "-w", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", PROBE])
        .env("PGCONNECT_TIMEOUT", "5");
    command
}

/// A command that sees none of the user's `PG*` variables, each of which can change what it does.
fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    command
}

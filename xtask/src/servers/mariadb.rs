//! MariaDB, as the tests want it: fast, forgetful, with the performance schema on.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::Signal;

use super::account::Account;
use super::daemon::Daemon;
use super::home::Home;
use super::port::on_free_port;
use super::{Started, binaries, process};
use crate::interrupt::Interrupt;

const SETTINGS: [&str; 11] = [
    "--bind-address=127.0.0.1",
    "--skip-networking=0",
    "--skip-name-resolve",
    "--max-connections=200",
    "--performance-schema=ON",
    // MariaDB's built-in default is latin1.
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    // The data lives as long as the run.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=134217728",
    "--skip-log-bin",
];

/// Run by the server before it listens: an administrator who can log in over TCP without a password.
const FIRST_STATEMENTS: &str = "\
CREATE DATABASE IF NOT EXISTS test;
CREATE USER IF NOT EXISTS root@'127.0.0.1';
GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
";

/// The three programs a throw-away server needs.
struct Programs {
    server: PathBuf,
    install: PathBuf,
    client: PathBuf,
}

/// Makes a data folder, starts the server and waits until it answers over TCP.
pub(super) fn start(interrupt: &Interrupt) -> Result<Started> {
    let programs = Programs {
        server: program("mariadbd")?,
        install: program("mariadb-install-db")?,
        client: program("mariadb")?,
    };
    let account = Account::first_of(&["mysql", "nobody"])?;
    on_free_port(|port| start_at(port, &programs, &account, interrupt))
        .context("cannot start MariaDB")
}

fn start_at(
    port: u16,
    programs: &Programs,
    account: &Account,
    interrupt: &Interrupt,
) -> Result<Started> {
    let home = Home::create("mariadb", account)?;
    process::output(&mut install(&programs.install, account, &home))?;
    std::fs::write(home.join("first.sql"), FIRST_STATEMENTS)?;
    account.own(&home.join("first.sql"))?;
    interrupt.check()?;

    let mut command = Command::new(&programs.server);
    command.arg("--no-defaults").arg(format!("--port={port}")).args(paths(&home)).args(SETTINGS);
    let mut daemon = Daemon::spawn(command, account, home, Signal::SIGTERM)?;
    let version =
        daemon.ready(interrupt, || process::output(&mut probe(&programs.client, port)))?;
    Ok(Started {
        url: format!("mysql://root@127.0.0.1:{port}/test"),
        version: format!("MariaDB {version}"),
        daemon,
    })
}

fn paths(home: &Home) -> [OsString; 5] {
    [
        home.option("--datadir", "data"),
        home.option("--socket", "socket"),
        home.option("--pid-file", "pid"),
        home.option("--tmpdir", ""),
        home.option("--init-file", "first.sql"),
    ]
}

fn install(program: &Path, account: &Account, home: &Home) -> Command {
    let mut command = Command::new(program);
    account.wear(&mut command);
    command
        .arg("--no-defaults")
        .arg(home.option("--datadir", "data"))
        .arg(home.option("--tmpdir", ""))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
        .current_dir(home.path());
    command
}

fn probe(client: &Path, port: u16) -> Command {
    let mut command = Command::new(client);
    command
        .args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"])
        .args(["--connect-timeout=5", "--batch", "--skip-column-names"])
        .arg(format!("--port={port}"))
        .args(["test", "--execute=select version()"]);
    command
}

fn program(name: &str) -> Result<PathBuf> {
    binaries::find(name).ok_or_else(|| anyhow!("found no `{name}`; MariaDB 10.5 or newer has it"))
}

//! Throw-away servers: found or installed, started on free ports, stopped whatever happens.
//!
//! Where `MONITOR_TEST_POSTGRES_URL`, `MONITOR_TEST_MYSQL_URL` or `MONITOR_TEST_ALERTMANAGER_URL` is set, that server is
//! used and none is started.

mod account;
mod alertmanager;
mod binaries;
mod daemon;
mod given;
mod home;
mod mariadb;
mod packages;
mod port;
mod postgres;
mod process;

use std::io::{IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, anyhow, bail};

use crate::interrupt::{Interrupt, POLL};
use crate::steps::Step;
use daemon::Daemon;
pub(crate) use daemon::pid;

/// The variable that carries the PostgreSQL server's address to the tests.
pub(crate) const POSTGRES_URL: &str = "MONITOR_TEST_POSTGRES_URL";
/// The variable that carries the MariaDB or MySQL server's address to the tests.
pub(crate) const MYSQL_URL: &str = "MONITOR_TEST_MYSQL_URL";
/// The variable that carries Alertmanager's address to the tests.
pub(crate) const ALERTMANAGER_URL: &str = "MONITOR_TEST_ALERTMANAGER_URL";

/// `cargo xtask servers`: starts them, prints the export lines, waits.
pub(crate) fn run() -> Result<ExitCode> {
    let interrupt = Interrupt::install()?;
    let servers = Servers::start(&interrupt)?;
    for (name, url) in servers.addresses() {
        println!("export {name}='{url}'");
    }
    eprintln!("xtask: ctrl-c stops them");
    let ended = stdin_ended();
    while !interrupt.is_set() && !ended.as_ref().is_some_and(|reader| reader.is_finished()) {
        thread::sleep(POLL);
    }
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask install`: what `cargo xtask test` would install, before anything is built that links to it.
pub(crate) fn install() -> Result<ExitCode> {
    packages::ensure(packages::Wanted::from_environment())?;
    packages::ensure_valgrind()?;
    Ok(ExitCode::SUCCESS)
}

/// Installs the extension that tries indexes out, if it can be had; without it the benchmark says what it leaves out.
pub(crate) fn install_hypopg() {
    if let Err(error) = packages::ensure_hypopg() {
        eprintln!("xtask: no HypoPG: {error:#}");
    }
}

/// Installs what counts instructions, unless it is here.
pub(crate) fn install_valgrind() -> Result<()> {
    packages::ensure_valgrind()
}

/// The servers of one run. Those we started stop when this goes out of scope.
pub(crate) struct Servers {
    postgres: Server,
    mysql: Server,
    alertmanager: Server,
}

/// PostgreSQL alone, for one run.
pub(crate) struct Postgres(Server);

/// A server and where it listens; the owner of the process if it is ours.
struct Server {
    url: String,
    daemon: Option<Daemon>,
}

impl Servers {
    /// Installs what is missing and starts what is not given, all servers at the same time.
    pub(crate) fn start(interrupt: &Interrupt) -> Result<Self> {
        packages::ensure(packages::Wanted::from_environment())?;
        thread::scope(|scope| {
            let postgres = scope.spawn(|| Server::one(POSTGRES_URL, postgres::start, interrupt));
            let mysql = scope.spawn(|| Server::one(MYSQL_URL, mariadb::start, interrupt));
            let alerts =
                scope.spawn(|| Server::one(ALERTMANAGER_URL, alertmanager::start, interrupt));
            let postgres = postgres.join().map_err(|_| anyhow!("starting PostgreSQL panicked"))?;
            let mysql = mysql.join().map_err(|_| anyhow!("starting MariaDB panicked"))?;
            let alerts = alerts.join().map_err(|_| anyhow!("starting Alertmanager panicked"))?;
            Ok(Self { postgres: postgres?, mysql: mysql?, alertmanager: alerts? })
        })
    }

    /// The variables the tests read, each with its address.
    pub(crate) fn addresses(&self) -> [(&'static str, &str); 3] {
        [
            (POSTGRES_URL, &self.postgres.url),
            (MYSQL_URL, &self.mysql.url),
            (ALERTMANAGER_URL, &self.alertmanager.url),
        ]
    }
}

impl Postgres {
    /// Installs what is missing, and starts it unless it is given.
    pub(crate) fn start(interrupt: &Interrupt) -> Result<Self> {
        packages::ensure(packages::Wanted::postgres_from_environment())?;
        Server::one(POSTGRES_URL, postgres::start, interrupt).map(Self)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// Binds it to one processor, with every connection it takes from now on.
    pub(crate) fn bind(&self, processor: usize) -> Result<()> {
        let Some(daemon) = &self.0.daemon else {
            bail!("the server that {POSTGRES_URL} names is not ours to bind to a processor")
        };
        daemon.bind(processor)
    }
}

impl Server {
    /// The server of a variable, or one of our own.
    fn one(
        variable: &str,
        start: fn(&Interrupt) -> Result<Started>,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        if let Some(url) = given::url(variable) {
            given::check(variable, &url)?;
            return Ok(Self { url, daemon: None });
        }
        let step = Step::begin("server");
        let started = start(interrupt)?;
        step.done(format_args!("{} at {}", started.version, started.url));
        Ok(Self { url: started.url, daemon: Some(started.daemon) })
    }
}

/// A server that answered over TCP.
struct Started {
    url: String,
    version: String,
    daemon: Daemon,
}

/// A thread that ends with stdin, where stdin is something that can end: a terminal or a pipe.
///
/// A job in the background has `/dev/null` there, which is at its end from the start; such a job waits for a signal.
fn stdin_ended() -> Option<thread::JoinHandle<()>> {
    let stdin = std::io::stdin();
    let is_pipe = stdin
        .as_fd()
        .try_clone_to_owned()
        .and_then(|fd| std::fs::File::from(fd).metadata())
        .is_ok_and(|meta| meta.file_type().is_fifo());
    (is_pipe || stdin.is_terminal()).then(|| {
        thread::spawn(move || {
            let mut buffer = [0; 256];
            while stdin.lock().read(&mut buffer).is_ok_and(|read| read > 0) {}
        })
    })
}

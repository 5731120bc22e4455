//! A server process of ours: ready when it answers, stopped when dropped, and stopped even where we are killed.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::account::Account;
use super::home::Home;
use super::process;
use crate::interrupt::{Interrupt, POLL};

const READY_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads its stdin, a pipe that only we hold: it ends when we do, also by SIGKILL, which no destructor survives.
const WATCHDOG: &str = r#"
read -r _
kill -s "$1" "$2" 2>/dev/null
n=0; while [ $n -lt 100 ] && kill -0 "$2" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
kill -s KILL "$2" 2>/dev/null
rm -rf -- "$3"
"#;

/// A running server. Dropping it stops the process and removes its folder.
pub(super) struct Daemon {
    server: Child,
    watchdog: Child,
    home: Home,
    stop: Signal,
}

impl Daemon {
    /// Starts a server whose words go to the home's log. `stop` is the signal it takes as "finish now".
    pub(super) fn spawn(
        mut command: Command,
        account: &Account,
        home: Home,
        stop: Signal,
    ) -> Result<Self> {
        let log = home.log()?;
        account.wear(&mut command);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .current_dir(home.path())
            // Ctrl-c in the terminal is for us; the server hears of it from us, after the tests have ended.
            .process_group(0);
        let mut server = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        match watchdog(server.id(), stop, home.path()) {
            Ok(watchdog) => Ok(Self { server, watchdog, home, stop }),
            Err(error) => {
                server.kill()?;
                server.wait()?;
                Err(error)
            }
        }
    }

    /// Waits until `probe` succeeds and returns its answer; shows the log's end where the server does not get there.
    pub(super) fn ready(
        &mut self,
        interrupt: &Interrupt,
        mut probe: impl FnMut() -> Result<String>,
    ) -> Result<String> {
        let since = Instant::now();
        loop {
            interrupt.check()?;
            if let Some(status) = self.server.try_wait()? {
                bail!(
                    "the server ended at once, {status}; its log ends with\n{}",
                    self.home.log_tail()
                );
            }
            match probe() {
                Ok(answer) => return Ok(answer),
                Err(error) if since.elapsed() > READY_TIMEOUT => bail!(
                    "the server does not answer after {} s: {error:#}; its log ends with\n{}",
                    READY_TIMEOUT.as_secs(),
                    self.home.log_tail()
                ),
                Err(_) => std::thread::sleep(POLL),
            }
        }
    }

    /// Binds the server to one processor, with all that it starts from now on. Linux alone can do that.
    pub(super) fn bind(&self, processor: usize) -> Result<()> {
        let [processor, server] = [processor.to_string(), self.server.id().to_string()];
        process::output(Command::new("taskset").args(["-a", "-c", "-p", &processor, &server]))
            .context("cannot bind the server to a processor; util-linux has the program for it")?;
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        if self.server.try_wait()?.is_some() {
            return Ok(());
        }
        kill(pid(self.server.id()), self.stop)?;
        let since = Instant::now();
        while since.elapsed() < STOP_TIMEOUT {
            if self.server.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        eprintln!("xtask: a server did not stop within {} s and is killed", STOP_TIMEOUT.as_secs());
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("xtask: cannot stop a server, process {}: {error:#}", self.server.id());
        }
        // Only now: until the server is gone, the watchdog is what would end it after us.
        let ended = self.watchdog.kill().and_then(|()| self.watchdog.wait());
        if let Err(error) = ended {
            eprintln!("xtask: cannot end a watchdog: {error}");
        }
    }
}

fn watchdog(server: u32, stop: Signal, home: &Path) -> Result<Child> {
    Command::new("sh")
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(stop.as_str().trim_start_matches("SIG"))
        .arg(server.to_string())
        .arg(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start the server's watchdog")
}

/// A child's process id as the system's own type.
pub(crate) fn pid(id: u32) -> Pid {
    // Process ids are positive and fit: the kernel's limit is 2^22.
    Pid::from_raw(id.cast_signed())
}

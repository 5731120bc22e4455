//! `cargo xtask test`: every test of the workspace, on real servers, in one command.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};

use crate::interrupt::{Interrupt, POLL};
use crate::page;
use crate::servers::{self, Servers};
use crate::steps::Step;
use crate::workspace;

/// What a shell reports for a program ended by ctrl-c.
const INTERRUPTED: u8 = 130;

/// How long the test runner may take to end its tests after ctrl-c, before it is killed with them.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts the servers, runs the tests and then the documentation's tests, and stops the servers.
///
/// Arguments go to the test runner: `-p monitor-sqlx` narrows both runs, anything else only the first, and leaves
/// the documentation's tests out because it chooses among the others.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    // A leading `--` may separate our arguments from cargo's.
    let args = match args {
        [first, rest @ ..] if first == "--" => rest,
        all => all,
    };
    let selection = Selection::of(args);
    let interrupt = Interrupt::install()?;
    servers::install_hypopg();
    let servers = Servers::start(&interrupt)?;
    let tools = page::tools()?;

    let mut tests = tests(&selection, args);
    tests.env(page::TOOLS, tools);
    let mut code = supervised("tests", tests, &servers, &interrupt)?;
    if code == 0 {
        code = match documentation(&selection) {
            Some(command) => supervised("doc tests", command, &servers, &interrupt)?,
            None => {
                eprintln!(
                    "xtask: doc tests left out: there are none among what the arguments choose"
                );
                0
            }
        };
    }
    drop(servers);
    Ok(ExitCode::from(code))
}

/// What the arguments say about packages, and whether they say more than that.
#[derive(Debug, PartialEq)]
struct Selection {
    packages: Vec<String>,
    narrower: bool,
}

impl Selection {
    fn of(args: &[String]) -> Self {
        let mut packages = Vec::new();
        let mut narrower = false;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "-p" | "--package" => packages.extend(args.next().cloned()),
                arg => match arg.strip_prefix("--package=") {
                    Some(name) => packages.push(name.to_owned()),
                    None => narrower = true,
                },
            }
        }
        Self { packages, narrower }
    }

    /// `--workspace` would override `-p`.
    fn whole(&self) -> bool {
        self.packages.is_empty()
    }
}

fn tests(selection: &Selection, args: &[String]) -> Command {
    let mut command = workspace::cargo();
    let nextest = has_nextest();
    if nextest {
        command.args(["nextest", "run"]);
    } else {
        // Unit tests and integration tests alike.
        command.args(["test", "--tests", "--no-fail-fast"]);
    }
    if selection.whole() {
        command.arg("--workspace");
    }
    command.args(args);
    if !nextest && !args.iter().any(|arg| arg == "--") {
        // The comparison with the server's own numbers is for reading; nextest's settings show it too.
        command.args(["--", "--show-output"]);
    }
    command
}

/// The documentation's tests, which nextest does not run; of the chosen packages those that have a library.
fn documentation(selection: &Selection) -> Option<Command> {
    if selection.narrower {
        return None;
    }
    let mut command = workspace::cargo();
    command.args(["test", "--doc"]);
    if selection.whole() {
        command.arg("--workspace");
        return Some(command);
    }
    let mut any = false;
    for package in &selection.packages {
        if package != "xtask" {
            command.args(["--package", package]);
            any = true;
        }
    }
    any.then_some(command)
}

fn has_nextest() -> bool {
    workspace::cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs cargo with the servers' addresses and returns its exit code; on ctrl-c ends it and all it started.
fn supervised(
    name: &'static str,
    mut command: Command,
    servers: &Servers,
    interrupt: &Interrupt,
) -> Result<u8> {
    let step = Step::begin(name);
    // A group of its own: ctrl-c reaches it through us, once, and the tests it runs go with it.
    let mut child = command
        .envs(servers.addresses())
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot run cargo")?;
    while !interrupt.is_set() {
        if let Some(status) = child.try_wait()? {
            let code = exit_code(status);
            step.done(if code == 0 { "passed" } else { "failed" });
            return Ok(code);
        }
        std::thread::sleep(POLL);
    }
    end(&mut child)?;
    step.done("interrupted");
    Ok(INTERRUPTED)
}

fn end(child: &mut Child) -> Result<()> {
    let group = crate::servers::pid(child.id());
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        // Fails only where the whole group is gone already.
        let _ = killpg(group, signal);
        let since = Instant::now();
        while since.elapsed() < END_TIMEOUT {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }
    Ok(())
}

fn exit_code(status: ExitStatus) -> u8 {
    // Ended by a signal: no code, and surely no success.
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::{Selection, documentation};

    fn selection(args: &[&str]) -> Selection {
        Selection::of(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn packages_are_told_from_everything_else() {
        let both = selection(&["-p", "monitor-core", "--package=monitor-sqlx"]);
        assert_eq!(both.packages, ["monitor-core", "monitor-sqlx"]);
        assert!(!both.narrower);
        assert!(selection(&["-p", "monitor-core", "some_test"]).narrower);
        assert!(selection(&[]).whole());
    }

    #[test]
    fn doc_tests_follow_the_packages_and_leave_out_what_has_no_library() {
        assert!(documentation(&selection(&[])).is_some());
        assert!(documentation(&selection(&["-p", "monitor-core"])).is_some());
        assert!(documentation(&selection(&["-p", "xtask"])).is_none());
        assert!(documentation(&selection(&["a_name"])).is_none());
    }
}

//! `cargo xtask schemathesis`: asks a running dashboard what its description allows, and what it does not.
//!
//! Schemathesis comes from PyPI into a virtual environment under `target/`; without Python this fails, and says so.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, killpg};

use crate::workspace;

/// The version the description was made to pass with.
const VERSION: &str = "schemathesis==4.32.5";

/// What is asked otherwise: a stream has no end, a file has no small schema, and of an uploaded snapshot the description does
/// not say what is one. `monitor-dashboard/tests` asks for them.
const LEFT_OUT: [&str; 3] = ["live", "snapshot", "comparison_with"];

/// The demo, ended with whatever it started.
struct Demo {
    child: Child,
    address: String,
}

/// Runs schemathesis; further arguments are its own.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let root = workspace::root();
    let tool = installed(&target(&root))?;
    let demo = Demo::start()?;
    let mut command = Command::new(tool);
    command
        .arg("--config-file")
        .arg(root.join("monitor-dashboard/schemathesis.toml"))
        .arg("run")
        .arg(root.join("monitor-dashboard/openapi.json"))
        .args(["--url", &demo.address, "--header", "X-Monitor-Action: 1"])
        .args(["--max-examples", "25", "--seed", "1", "--no-color"])
        .current_dir(target(&root));
    for operation in LEFT_OUT {
        command.args(["--exclude-operation-id", operation]);
    }
    let status = command.args(args).status().context("cannot run schemathesis")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Installs schemathesis, unless it is there.
fn installed(target: &Path) -> Result<PathBuf> {
    let environment = target.join("schemathesis");
    let tool = environment.join("bin/st");
    if tool.exists() {
        return Ok(tool);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).status();
    let made = made.context("cannot run python3; install python3 and python3-venv")?;
    ensure!(made.success(), "cannot make a virtual environment; install python3-venv");
    let pip = environment.join("bin/pip");
    let got = Command::new(pip).args(["install", "--quiet", VERSION]).status();
    ensure!(got.context("cannot run pip")?.success(), "cannot install {VERSION} from PyPI");
    Ok(tool)
}

// === impl Demo ===

impl Demo {
    fn start() -> Result<Self> {
        let mut child = workspace::cargo()
            .args(["run", "--quiet", "--package", "monitor-dashboard"])
            .args(["--example", "dashboard", "--", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            // A group of its own: cargo and the demo end together.
            .process_group(0)
            .spawn()
            .context("cannot run cargo")?;
        let stdout = child.stdout.take().context("the demo has no output")?;
        let mut demo = Self { child, address: String::new() };
        BufReader::new(stdout).read_line(&mut demo.address)?;
        demo.address = demo.address.trim().trim_end_matches('/').to_owned();
        if !demo.address.starts_with("http://") {
            bail!("the demo did not say where it listens, but `{}`", demo.address);
        }
        Ok(demo)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Fails only where the whole group is gone already.
        let _ = killpg(crate::servers::pid(self.child.id()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

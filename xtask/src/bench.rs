//! `cargo xtask bench`: what watching costs; with `--gate`, that it is no more than before; with `--advice`, how good advice is.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::gate;
use crate::interrupt::Interrupt;
use crate::servers::{self, Servers};
use crate::workspace;

/// Builds the benchmark and runs it, on a PostgreSQL server too where `MONITOR_TEST_POSTGRES_URL` names one. Nothing else
/// should be busy on the machine while costs are measured.
///
/// `--advice [DIR] [-v] [--only NAME]` starts throw-away servers and scores advice on the suites of the workspace and
/// of a folder; costs there are a planner's, so it runs unoptimised, and beside other work.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if args.first().is_some_and(|arg| arg == "--advice") {
        return advice(args);
    }
    if args.first().is_some_and(|arg| arg == "--gate") {
        return gate::run();
    }
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--release", "--package", "monitor-bench"]);
    // Only then it needs libpq.
    if std::env::var_os("MONITOR_TEST_POSTGRES_URL").is_some() {
        command.args(["--features", "postgres"]);
    }
    let status = command.arg("--").args(args).status().context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn advice(args: &[String]) -> Result<ExitCode> {
    let interrupt = Interrupt::install()?;
    servers::install_hypopg();
    let servers = Servers::start(&interrupt)?;
    let status = workspace::cargo()
        .args(["run", "--quiet", "--package", "monitor-bench", "--"])
        .args(args)
        .envs(servers.addresses())
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

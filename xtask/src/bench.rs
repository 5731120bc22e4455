//! `cargo xtask bench`: what watching costs; with `--gate`, that it is no more than before; with `--advice`, how good advice is.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::gate;
use crate::interrupt::Interrupt;
use crate::servers::{self, Postgres, Servers};
use crate::workspace;

/// The processor that PostgreSQL is bound to, and who calls it: where the two lie decides otherwise how long a call takes.
const PROCESSOR: usize = 0;

/// What asks nothing of a server, by the names of `tools/peers`.
const SERVERLESS: [&str; 7] =
    ["observation", "options", "scopes", "first-sight", "texts", "exact", "looking"];

/// Builds `tools/peers` and runs it, with a throw-away PostgreSQL server where it asks one. Nothing else should be busy on the
/// machine while costs are measured.
///
/// `--advice [DIR] [-v] [--only NAME]` starts throw-away servers and scores advice on the suites of the workspace and
/// of a folder; costs there are a planner's, so it runs unoptimised, and beside other work.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    match args.first().map(String::as_str) {
        Some("--advice") => advice(args),
        Some("--gate") => gate::run(),
        _ => costs(args),
    }
}

fn costs(args: &[String]) -> Result<ExitCode> {
    let peers = ["--release", "--manifest-path", "tools/peers/Cargo.toml"];
    // Before a server runs that nobody asks; and both of its programs, of which the one starts the other.
    let built = workspace::cargo().arg("build").args(peers).status().context("cannot run cargo")?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--bin", "peers"]).args(peers).arg("--");
    command.arg("--out").arg(workspace::target().join("bench")).args(args);
    let postgres = match needs_server(args) {
        true => Some(Postgres::start(&Interrupt::install()?)?),
        false => None,
    };
    if let Some(postgres) = &postgres {
        command.env(servers::POSTGRES_URL, postgres.url());
        match postgres.bind(PROCESSOR) {
            Ok(()) => drop(command.args(["--processor", &PROCESSOR.to_string()])),
            Err(error) => eprintln!(
                "xtask: {error:#}; calls to PostgreSQL take as long as the scheduler likes"
            ),
        }
    }
    let status = command.status().context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn needs_server(args: &[String]) -> bool {
    let only: Vec<&String> =
        args.windows(2).filter(|pair| pair[0] == "--only").map(|pair| &pair[1]).collect();
    let is_serverless = |name: &&String| SERVERLESS.contains(&name.as_str());
    let measures_nothing = args.iter().any(|arg| arg == "--from");
    !measures_nothing && (only.is_empty() || !only.iter().all(is_serverless))
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

//! `cargo xtask bench`: what watching costs.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// Builds the benchmark in release and runs it. Nothing else should be busy on the machine meanwhile.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let status = workspace::cargo()
        .args(["run", "--quiet", "--release", "--package", "monitor-bench", "--"])
        .args(args)
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

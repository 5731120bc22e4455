//! `cargo xtask openapi`: the description of the dashboard's API, written from its types.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// Writes the file, or with `--check` fails where it differs.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let status = workspace::cargo()
        .args(["run", "--quiet", "--package", "monitor-dashboard", "--example", "openapi", "--"])
        .args(args)
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

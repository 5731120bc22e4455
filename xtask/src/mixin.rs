//! `cargo xtask mixin`: the dashboard and the rules, written from the exporter's table of names.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// Writes the files, or with `--check` fails where one differs.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let status = workspace::cargo()
        .args(["run", "--quiet", "--package", "monitor-prometheus", "--example", "mixin", "--"])
        .args(args)
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

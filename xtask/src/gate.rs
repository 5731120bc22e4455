//! `cargo xtask bench --gate`: an observed call costs no more instructions than it did.
//!
//! Instructions are counted, not time: on any machine, beside any other work, the count stays within a few in a million.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::servers;
use crate::workspace;

/// Instructions of one observed call, a text of 134 bytes that was seen before, everything at its default: its start, its end,
/// and its share of keeping the books. Counted on x86-64 by callgrind, with Rust 1.95.
const INSTRUCTIONS: f64 = 304.6;

/// How far the count may be above that, as a share: what another compiler makes of the same code, and another processor of
/// the C library's copies. On one machine it repeats to the tenth.
const TOLERANCE: f64 = 0.05;

/// Calls of the two runs, whose difference leaves out what it takes to start.
const CALLS: [u32; 2] = [20_000, 120_000];

/// What is counted.
const BENCH: [&str; 5] = ["bench", "--package", "monitor-core", "--bench", "observation"];

/// Counts, and fails where it is too much.
pub(crate) fn run() -> Result<ExitCode> {
    servers::install_valgrind()?;
    build()?;
    let [few, many] = CALLS;
    let count = (collected(many)? - collected(few)?) / f64::from(many - few);
    let limit = INSTRUCTIONS * (1.0 + TOLERANCE);
    println!(
        "one observed call: {count:.1} instructions; {INSTRUCTIONS:.1} are known, {limit:.1} allowed"
    );
    if count > limit {
        bail!(
            "an observed call costs {count:.1} instructions, more than the {limit:.1} allowed; `callgrind_annotate` says where \
             they go. If they are worth it, write the new figure into xtask/src/gate.rs"
        );
    }
    if count < INSTRUCTIONS * (1.0 - TOLERANCE) {
        println!("that is less than before: write it into xtask/src/gate.rs, so that it stays");
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds what is counted, so that errors and minutes of it are seen: the output of the counted runs is read, not shown.
fn build() -> Result<()> {
    let status = workspace::cargo().args(BENCH).arg("--no-run").status();
    if !status.context("cannot run cargo")?.success() {
        bail!("the benchmark does not build; cargo says why above");
    }
    Ok(())
}

/// Instructions of a run of so many calls.
fn collected(calls: u32) -> Result<f64> {
    let runner = "target.'cfg(all())'.runner = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null']";
    let output = workspace::cargo()
        .args(["--config", runner])
        .args(BENCH)
        .args(["--quiet", "--", &calls.to_string()])
        .stderr(Stdio::piped())
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => bail!("callgrind counted nothing:\n{said}"),
    }
}

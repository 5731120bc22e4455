//! Runs identity over statements that others wrote, and prints in how many it does what it says.
//!
//! `corpus FOLDER [--show N]`: the folder is what `cargo xtask corpus` fetched; of each sort of difference N examples are
//! printed. Exits with an error where identity broke a promise; where tokens and a parser disagree about tables, it only counts.

#[cfg(feature = "agreement")]
mod agreement;
mod check;
mod report;
mod suites;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use report::Report;

struct Args {
    folder: PathBuf,
    show: usize,
}

fn main() -> Result<ExitCode> {
    let args = args()?;
    let mut broken = 0;
    let suites = suites::read(&args.folder)?;
    println!("{}", Report::HEADER);
    let reports: Vec<Report> = suites.iter().map(Report::of).collect();
    for report in &reports {
        println!("{report}");
        broken += report.broken();
    }
    for report in &reports {
        report.show(args.show);
    }
    #[cfg(feature = "agreement")]
    for suite in suites.iter().filter(|suite| suite.dialect == monitor_core::identify::Dialect::PostgreSql) {
        agreement::Agreement::of(suite).print(args.show);
    }
    if broken > 0 {
        println!("\n{broken} statements break a promise; see above, or run with `--show 20`");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn args() -> Result<Args> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().context("name the folder that `cargo xtask corpus` fetched")?.into();
    let mut show = 0;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--show" => show = args.next().and_then(|n| n.parse().ok()).context("`--show` takes a number")?,
            unknown => bail!("unknown option `{unknown}`; there is `--show N`"),
        }
    }
    Ok(Args { folder, show })
}

//! `cargo xtask bench`: measures part by part, prints tables, and writes them down.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use peers::parts::{PARTS, POSTGRES_URL, Part, Process, run};
use peers::report::{self, Report, Table, Theme};

/// The page and the pictures that a run can be written into.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/images");

/// What is asked for.
#[derive(Default)]
struct Asked {
    /// Parts; all of them where it is empty.
    only: Vec<String>,
    /// The processor that the server is bound to.
    processor: Option<String>,
    /// Where the report goes.
    out: PathBuf,
    /// A report to read instead of measuring.
    from: Option<PathBuf>,
    /// Write it into the documentation too.
    write: bool,
}

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [process, name] = &args[..]
        && process == "process"
    {
        println!("{}", serde_json::to_string(&run(name, None)?)?);
        return Ok(());
    }
    let asked = Asked::read(args)?;
    let report = match &asked.from {
        Some(file) => serde_json::from_str(&fs::read_to_string(file)?)
            .with_context(|| format!("{} is no report of this benchmark", file.display()))?,
        None => measure(&asked)?,
    };
    let report = report.with_aims();
    if let Some(aims) = report.table(report::AIMS) {
        print!("{}", report::terminal(aims));
    }
    keep(&report, &asked)
}

fn measure(asked: &Asked) -> Result<Report> {
    let mut report = Report::here();
    println!("{}", report.machine.sentence());
    if report.machine.is_busy() {
        eprintln!(
            "bench: other work is going on here; times of this run are for trying, not for keeping"
        );
    }
    if env::var_os(POSTGRES_URL).is_none() {
        eprintln!("bench: {POSTGRES_URL} names no server; PostgreSQL is left out");
    }
    let start = Instant::now();
    for part in PARTS.iter().filter(|part| asked.wants(part)) {
        eprintln!(
            "bench: {} ({}), after {:.0} s",
            part.name,
            part.about,
            start.elapsed().as_secs_f64()
        );
        let known = report.tables.len();
        for process in part.processes {
            let tables = ask(process, asked.processor.as_deref())
                .with_context(|| format!("cannot measure `{}`", process.name))?;
            tables.into_iter().for_each(|table| report.add(table));
        }
        report.tables[known..].iter().for_each(|table| print!("{}", report::terminal(table)));
    }
    eprintln!("bench: done after {:.0} s", start.elapsed().as_secs_f64());
    Ok(report)
}

/// Runs a process and takes its tables.
fn ask(process: &Process, processor: Option<&str>) -> Result<Vec<Table>> {
    let mut program = env::current_exe()?;
    let mut args = vec!["process", process.name];
    if process.counts_allocations() {
        program.set_file_name("allocations");
        args.remove(0);
    }
    let mut command = match processor.filter(|_| process.is_pinned) {
        Some(processor) => {
            let mut command = Command::new("taskset");
            command.args(["-c", processor]).arg(program);
            command
        }
        None => Command::new(program),
    };
    let output = command.args(args).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("it ended with {}", output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Writes the report beside the build, and into the documentation if that is asked for.
fn keep(report: &Report, asked: &Asked) -> Result<()> {
    let out = &asked.out;
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let page = report::markdown(report);
    fs::write(out.join("report.json"), serde_json::to_string_pretty(report)?)?;
    fs::write(out.join("report.md"), &page)?;
    pictures(report, out)?;
    eprintln!("bench: report.json, report.md and the picture are in {}", out.display());
    if asked.write {
        let before = fs::read_to_string(PAGE)?;
        fs::write(PAGE, report::written_between(&before, &page)?)?;
        pictures(report, Path::new(IMAGES))?;
        eprintln!("bench: docs/performance.md and docs/images are written");
    }
    Ok(())
}

fn pictures(report: &Report, folder: &Path) -> Result<()> {
    for (theme, name) in [(Theme::Light, "bench-light.svg"), (Theme::Dark, "bench-dark.svg")] {
        if let Some(svg) = report::draw(report, theme)? {
            fs::write(folder.join(name), svg)?;
        }
    }
    Ok(())
}

// === impl Asked ===

impl Asked {
    fn read(args: Vec<String>) -> Result<Self> {
        let mut asked = Self { out: PathBuf::from("target/bench"), ..Self::default() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("`{arg}` wants a value"));
            match arg.as_str() {
                "--only" => asked.only.push(value()?),
                "--processor" => asked.processor = Some(value()?),
                "--out" => asked.out = value()?.into(),
                "--from" => asked.from = Some(value()?.into()),
                "--write" => asked.write = true,
                _ => bail!(
                    "cannot read `{arg}`; there are `--only PART`, `--write` and `--from REPORT`"
                ),
            }
        }
        for name in &asked.only {
            if !PARTS.iter().any(|part| part.name == name) {
                let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
                bail!("no part is called `{name}`; there are {}", names.join(", "));
            }
        }
        if asked.write && !asked.only.is_empty() {
            bail!(
                "a part of the figures would be written over all of them; leave `--only` or `--write` out"
            );
        }
        Ok(asked)
    }

    fn wants(&self, part: &Part) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == part.name)
    }
}

//! `cargo xtask corpus`: identity on statements that others wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::steps::Step;
use crate::workspace;

/// What PyPI calls the parser whose tests we read.
const SQLGLOT: &str = "sqlglot";
/// Debian's sources whose tests we read. MariaDB's are in a package of their own.
const SOURCES: [&str; 2] = ["postgresql-15", "sqlite3"];
const MARIADB: &str = "mariadb-test-data";

/// Fetches the statements once, below the build folder, and runs `tools/corpus` over them.
///
/// `--agreement` compares grouping with `pg_query` too, whose build needs libclang and minutes. Other arguments go to
/// the tool.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let folder = cache().join("corpus");
    if !folder.join("complete").exists() {
        fetch(&folder)?;
    }
    let (agreement, rest): (Vec<_>, Vec<_>) = args.iter().partition(|arg| *arg == "--agreement");
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--release", "--manifest-path", "tools/corpus/Cargo.toml"]);
    if !agreement.is_empty() {
        command.args(["--features", "agreement"]);
    }
    let status = command.arg("--").arg(&folder).args(rest).status().context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where builds go, and so what may be removed at any time.
fn cache() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace::root().join("target"), PathBuf::from)
}

fn fetch(folder: &Path) -> Result<()> {
    let step = Step::begin("corpus");
    let raw = folder.join("raw");
    fs::create_dir_all(&raw).with_context(|| format!("cannot make {}", raw.display()))?;
    sqlglot(&raw)?;
    debian(&raw)?;
    take(&raw, SQLGLOT, "tests", &folder.join("sqlglot"))?;
    take(&raw, "postgresql-15-", "src/test/regress/sql", &folder.join("postgresql/regress"))?;
    take(&raw, "postgresql-15-", "contrib", &folder.join("postgresql/contrib"))?;
    take(&raw, "sqlite3-", "test", &folder.join("sqlite3"))?;
    take(&raw, "mariadb", "usr/share/mysql/mysql-test", &folder.join("mariadb"))?;
    fs::write(folder.join("complete"), "")?;
    step.done(folder.display());
    Ok(())
}

fn sqlglot(raw: &Path) -> Result<()> {
    ran(command("pip", raw).args([
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        SQLGLOT,
    ]))?;
    let archive = find(raw, |name| name.starts_with(SQLGLOT) && name.ends_with(".tar.gz"))?;
    ran(command("tar", raw).arg("xzf").arg(archive))
}

/// Sources come from where the machine's packages do, by lists of our own: the machine's may leave sources out.
fn debian(raw: &Path) -> Result<()> {
    let lists = raw.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    let listed = Command::new("apt-get")
        .args(["indextargets", "--format", "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)"])
        .args(["Created-By: Packages", "Origin: Debian"])
        .output()
        .context("cannot run apt-get; the corpus is fetched on Debian")?;
    // The release alone: sources of updates may be gone while their packages are listed still.
    let listed = String::from_utf8_lossy(&listed.stdout);
    let mut sources: Vec<&str> = listed
        .lines()
        .filter(|line| !line.contains("-security") && !line.contains("-updates"))
        .collect();
    sources.dedup();
    let list = raw.join("sources.list");
    fs::write(&list, format!("{}\n", sources.join("\n")))?;
    let apt = |args: &[&str]| {
        let mut command = command("apt-get", raw);
        command.arg("-o").arg(format!("Dir::Etc::sourcelist={}", list.display()));
        command.args(["-o", "Dir::Etc::sourceparts=-", "-o", "APT::Sandbox::User=root"]);
        command.arg("-o").arg(format!("Dir::State::lists={}", lists.display()));
        ran(command.arg("--quiet").args(args))
    };
    apt(&["update"])?;
    apt(&[&["source", "--download-only"][..], &SOURCES].concat())?;
    for source in SOURCES {
        let described = find(raw, |name| name.starts_with(source) && name.ends_with(".dsc"))?;
        ran(command("dpkg-source", raw)
            .args(["--no-check", "--skip-patches", "-x"])
            .arg(described))?;
    }
    ran(command("apt-get", raw).args([
        "-o",
        "APT::Sandbox::User=root",
        "download",
        "--quiet",
        MARIADB,
    ]))?;
    let package = find(raw, |name| name.starts_with(MARIADB) && name.ends_with(".deb"))?;
    ran(command("dpkg-deb", raw).arg("-x").arg(package).arg("mariadb"))
}

/// Moves what a package ships below `part` to where it is read.
fn take(raw: &Path, package: &str, part: &str, to: &Path) -> Result<()> {
    let from = find(raw, |name| {
        name.starts_with(package) && !name.contains(".tar") && !name.contains(".d")
    })?;
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::rename(from.join(part), to)
        .with_context(|| format!("cannot move {part} of {} to {}", from.display(), to.display()))
}

/// The one entry of a folder whose name is like this.
fn find(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&is_wanted) {
            return Ok(entry.path());
        }
    }
    bail!("what was fetched to {} is not as expected; remove it and try again", folder.display())
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

fn ran(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{:?} failed, {status}", command.get_program());
    }
    Ok(())
}

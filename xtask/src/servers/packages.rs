//! What the machine must have, and getting it: Debian's and Ubuntu's packages by `apt-get`, where we may.

use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use super::{ALERTMANAGER_URL, MYSQL_URL, POSTGRES_URL, alertmanager, binaries, given, process};
use crate::steps::Step;

/// Which servers have to be installed here; the client libraries always have to be.
pub(super) struct Wanted {
    postgres: bool,
    mysql: bool,
    alertmanager: bool,
    /// What tests need beside servers: a browser, Prometheus, MySQL's library.
    beside: bool,
}

impl Wanted {
    /// A server whose address is given need not be here.
    pub(super) fn from_environment() -> Self {
        Self {
            postgres: given::url(POSTGRES_URL).is_none(),
            mysql: given::url(MYSQL_URL).is_none(),
            alertmanager: given::url(ALERTMANAGER_URL).is_none(),
            beside: true,
        }
    }

    /// PostgreSQL and its library alone.
    pub(super) fn postgres_from_environment() -> Self {
        let postgres = given::url(POSTGRES_URL).is_none();
        Self { postgres, mysql: false, alertmanager: false, beside: false }
    }
}

/// Something the tests need: how to see that it is there, and the packages that bring it.
struct Part {
    wanted: bool,
    present: fn() -> bool,
    packages: &'static [&'static str],
}

/// What the browser of the page's tests may be called.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Installs what is missing, or says what to install.
pub(super) fn ensure(wanted: Wanted) -> Result<()> {
    let parts = parts(&wanted);
    let missing = missing(&parts);
    if missing.is_empty() {
        return Ok(());
    }
    let step = Step::begin("packages");
    apt_get(&missing)?;
    let still = self::missing(&parts);
    if !still.is_empty() {
        bail!("apt-get installed {} but not all of it is found", still.join(" "));
    }
    step.done(format_args!("installed {}", missing.join(" ")));
    Ok(())
}

/// Installs HypoPG for the PostgreSQL that is here, unless its server's address is given.
pub(super) fn ensure_hypopg() -> Result<()> {
    let Some(folder) = binaries::postgres_folder().filter(|_| given::url(POSTGRES_URL).is_none())
    else {
        return Ok(());
    };
    if folder.join("../lib/hypopg.so").is_file() {
        return Ok(());
    }
    let version = folder.parent().and_then(|one| one.file_name()).unwrap_or_default();
    apt_get(&[&format!("postgresql-{}-hypopg", version.display())])
}

/// Installs what counts the instructions of a program.
pub(super) fn ensure_valgrind() -> Result<()> {
    if binaries::find("valgrind").is_some() { Ok(()) } else { apt_get(&["valgrind"]) }
}

fn parts(wanted: &Wanted) -> [Part; 10] {
    [
        Part {
            wanted: wanted.postgres,
            present: postgres_is_here,
            packages: &["postgresql", "postgresql-contrib"],
        },
        Part { wanted: wanted.mysql, present: mariadb_is_here, packages: &["mariadb-server"] },
        Part {
            wanted: wanted.alertmanager,
            present: || alertmanager::program().is_some(),
            packages: &["prometheus-alertmanager"],
        },
        // The tests of the exporter start one of their own, and let promtool check the rules.
        Part {
            wanted: wanted.beside,
            present: || {
                ["prometheus", "promtool"].iter().all(|name| binaries::find(name).is_some())
            },
            packages: &["prometheus"],
        },
        // The tests of the page look at it in a browser, which node drives.
        Part {
            wanted: wanted.beside,
            present: || BROWSERS.iter().any(|name| binaries::find(name).is_some()),
            packages: &["chromium"],
        },
        Part {
            wanted: wanted.beside,
            present: || binaries::find("node").is_some(),
            packages: &["nodejs"],
        },
        Part {
            wanted: wanted.beside,
            present: || binaries::find("npm").is_some(),
            packages: &["npm"],
        },
        // The build scripts of pq-sys and mysqlclient-sys ask it where the two libraries are.
        Part {
            wanted: true,
            present: || process::succeeds("pkg-config", &["--version"]),
            packages: &["pkg-config"],
        },
        Part {
            wanted: true,
            present: || process::succeeds("pkg-config", &["--exists", "libpq"]),
            packages: &["libpq-dev"],
        },
        // mysqlclient-sys takes either name; Debian's libmariadb-dev has the second.
        Part {
            wanted: wanted.beside,
            present: || {
                process::succeeds("pkg-config", &["--exists", "mysqlclient"])
                    || process::succeeds("pkg-config", &["--exists", "libmariadb"])
            },
            packages: &["libmariadb-dev"],
        },
    ]
}

fn missing(parts: &[Part]) -> Vec<&'static str> {
    parts
        .iter()
        .filter(|part| part.wanted && !(part.present)())
        .flat_map(|part| part.packages)
        .copied()
        .collect()
}

fn postgres_is_here() -> bool {
    binaries::postgres_folder().is_some_and(|folder| {
        // Outside Debian's layout the library may be anywhere; then the start tells.
        let library = folder.join("../lib/pg_stat_statements.so");
        library.is_file() || !folder.starts_with("/usr/lib/postgresql")
    })
}

fn mariadb_is_here() -> bool {
    ["mariadbd", "mariadb-install-db", "mariadb"].iter().all(|name| binaries::find(name).is_some())
}

/// Installs packages as root or through a `sudo` that asks nothing; otherwise says what to type.
fn apt_get(packages: &[&str]) -> Result<()> {
    let typed = format!("apt-get update && apt-get install --yes {}", packages.join(" "));
    if binaries::find("apt-get").is_none() {
        bail!(
            "install what Debian calls {}; there is no apt-get here to do it",
            packages.join(" ")
        );
    }
    let sudo = !geteuid().is_root();
    if sudo && !process::succeeds("sudo", &["-n", "true"]) {
        bail!("packages are missing and installing them takes root; run, as root: {typed}");
    }
    eprintln!("xtask: {typed}");
    // One broken repository fails it as a whole; what we want may still be there.
    if let Err(error) = privileged(sudo, &["update", "--quiet"]) {
        eprintln!("xtask: {error:#}; trying to install nevertheless");
    }
    let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    install.extend(packages);
    privileged(sudo, &install)
}

fn privileged(sudo: bool, args: &[&str]) -> Result<()> {
    // `env` sets the variable behind `sudo` too, which drops the caller's.
    let prefix: &[&str] = if sudo { &["sudo", "-n", "env"] } else { &["env"] };
    let status = Command::new(prefix[0])
        .args(&prefix[1..])
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(args)
        .status()
        .context("cannot run apt-get")?;
    if !status.success() {
        bail!("apt-get {} failed, {status}", args.join(" "));
    }
    Ok(())
}

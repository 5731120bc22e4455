//! How good advice is: `cargo xtask bench --advice [DIR]`. What watching costs is measured by `tools/peers`.

mod advice;
mod rules;

use std::path::Path;

use anyhow::Context;

/// The variable that carries the server's address.
const POSTGRES_URL: &str = "MONITOR_TEST_POSTGRES_URL";
const MYSQL_URL: &str = "MONITOR_TEST_MYSQL_URL";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--advice", rest @ ..] => advise(rest),
        _ => {
            anyhow::bail!("cannot read the arguments; there is `--advice [DIR] [-v] [--only NAME]`")
        }
    }
}

fn server(variable: &str) -> anyhow::Result<String> {
    std::env::var(variable)
        .with_context(|| format!("no server: run `cargo xtask bench --advice`, or set {variable}"))
}

/// How good advice is, of rules and on indexes, system by system. `-v` says why, statement by
/// statement; `--only NAME` runs one suite of indexes on PostgreSQL, or the shop on `mariadb` or
/// `sqlite`.
fn advise(args: &[&str]) -> anyhow::Result<()> {
    let mut asked = advice::Asked::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            "-v" => asked.verbose = true,
            "--only" => asked.only = args.next().map(|name| (*name).to_owned()),
            folder => asked.folder = Some(folder.into()),
        }
    }
    if asked.only.as_deref() == Some("mariadb") {
        return advice::run_mariadb(&server(MYSQL_URL)?, asked.verbose);
    }
    if asked.only.as_deref() == Some("sqlite") {
        return advice::run_sqlite(asked.verbose);
    }
    if asked.only.is_none() {
        rules::run(asked.folder.as_deref().and_then(Path::to_str))?;
        advice::run_sqlite(asked.verbose)?;
        advice::run_mariadb(&server(MYSQL_URL)?, asked.verbose)?;
    }
    advice::run(&server(POSTGRES_URL)?, &asked)
}

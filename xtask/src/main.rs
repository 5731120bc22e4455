//! The project's chores, as `cargo xtask <chore>`.
//!
//! A chore is a module with a `run` that returns the exit code; this file is their table and nothing else.

mod bench;
mod corpus;
mod gate;
mod interrupt;
mod mixin;
mod openapi;
mod page;
mod rules;
mod schemathesis;
mod servers;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask <chore>

  test [args]   run every test on real servers; args go to the test runner
  servers       start the servers the tests use, print their addresses, wait for ctrl-c
  install       install the packages the tests need, and stop there
  bench [--only PART] [--write] [--from REPORT]
                measure what watching costs, beside what others' cost; leave the machine alone meanwhile. --write puts
                figures and pictures into docs, --from takes those of an earlier run
  bench --gate  count the instructions of one observed call, and fail where they are more than they were
  bench --advice [DIR] [-v] [--only NAME]
                score advice on cases whose answer is known, and on the suites in DIR, with throw-away servers
  corpus [--agreement] [--show N]
                run identity over the statements that sqlglot, PostgreSQL, MariaDB and SQLite are tested with
  rules         write docs/rules.md, a page for each rule of advice
  mixin         write the Grafana dashboard and the Prometheus rules; --check only compares
  openapi       write the description of the dashboard's API; --check only compares
  schemathesis  ask the demo's dashboard what its description allows, and what it does not
  assets        write the page's files that come from npm; --check only compares
  tidy          check the rules of ARCHITECTURE.md, and that nothing is left lying about
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let chore = args.next().unwrap_or_default();
    match run(&chore, args.collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask {chore}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &str, args: Vec<String>) -> Result<ExitCode> {
    match chore {
        "test" => test::run(&args),
        "servers" => servers::run(),
        "bench" => bench::run(&args),
        "corpus" => corpus::run(&args),
        "rules" => rules::run(),
        "mixin" => mixin::run(&args),
        "openapi" => openapi::run(&args),
        "schemathesis" => schemathesis::run(&args),
        "assets" => page::run(&args),
        "tidy" => tidy::run(),
        "install" => servers::install(),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        unknown => bail!("unknown chore `{unknown}`\n\n{HELP}"),
    }
}

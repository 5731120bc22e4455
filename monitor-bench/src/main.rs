//! What watching costs: `cargo xtask bench`; and how good advice is: `cargo xtask bench --advice [DIR]`.
//!
//! All variants run in one process, in small blocks, in an order that turns from round to round; the
//! table shows medians over the rounds, and the cost above the empty block of the same round. Two
//! variants that do the same (A/A) show how much of it is noise.

mod advice;
mod calls;
mod rounds;
mod rules;
mod scopes;
mod scrape;
mod variants;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use monitor_core::Monitor;
use monitor_core::capture::{Call, Database, System};
use monitor_core::snapshot::{Rollup, Snapshot};

use rounds::Rounds;
use variants::Variant;

/// The variable that carries the server's address.
const POSTGRES_URL: &str = "MONITOR_TEST_POSTGRES_URL";
const MYSQL_URL: &str = "MONITOR_TEST_MYSQL_URL";
/// Calls of one block: short enough that an interruption spoils one block, not the median.
const BLOCK: u32 = 2_000;
/// Rounds over all variants.
const ROUNDS: usize = 201;
/// Texts and statements of the floods.
const FLOOD: u32 = 200_000;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            measure()?;
            scrape::run()?;
            scopes::run()?;
            calls::run()
        }
        ["--advice", rest @ ..] => advise(rest),
        _ => anyhow::bail!("cannot read the arguments; there is `--advice [DIR] [-v]`, or nothing"),
    }
}

fn server(variable: &str) -> anyhow::Result<String> {
    std::env::var(variable)
        .with_context(|| format!("no server: run `cargo xtask bench --advice`, or set {variable}"))
}

/// How good advice is, of rules and on indexes, system by system. `-v` says why, statement by
/// statement; `--only NAME` runs one suite of indexes on PostgreSQL.
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
    if asked.only.is_none() {
        rules::run(asked.folder.as_deref().and_then(Path::to_str))?;
        advice::run_sqlite(asked.verbose)?;
        advice::run_mariadb(&server(MYSQL_URL)?, asked.verbose)?;
    }
    advice::run(&server(POSTGRES_URL)?, &asked)
}

fn measure() -> Result<(), monitor_core::BuildError> {
    let mut variants = Variant::all()?;
    let rounds = Rounds::run(&mut variants, ROUNDS, BLOCK);
    println!("one call, {ROUNDS} rounds of {BLOCK}, median ns and the middle half of the rounds");
    println!("{:<52} {:>8} {:>17} {:>9}", "", "ns", "", "above");
    for (variant, cost) in variants.iter().zip(rounds.costs()) {
        let spread = format!("{:.1} - {:.1}", cost.quarter, cost.three_quarters);
        println!("{:<52} {:>8.1} {:>17} {:>+9.1}", variant.name, cost.median, spread, cost.above);
    }
    two_threads()?;
    floods()?;
    snapshots()
}

fn monitor() -> Result<Monitor, monitor_core::BuildError> {
    Monitor::builder().beat_by_hand().build()
}

/// The same statement from one thread and from two at once: what they cost each other.
fn two_threads() -> Result<(), monitor_core::BuildError> {
    let monitor = monitor()?;
    let source = monitor.database(Database::of(System::PostgreSql));
    let work = || {
        let start = Instant::now();
        for _ in 0..BLOCK * 500 {
            let mut timer = source.call(black_box(variants::TEXT));
            timer.add_returned(1);
            timer.complete();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(BLOCK * 500)
    };
    let alone = work();
    let both = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mine = work();
        other.join().map_or(mine, |theirs| (mine + theirs) / 2.0)
    });
    println!(
        "\none statement, one thread {alone:.1} ns, two at once {both:.1} ns each: {:.2} times",
        both / alone
    );
    Ok(())
}

/// Texts that were never seen: of one statement, and each its own.
fn floods() -> Result<(), monitor_core::BuildError> {
    for (name, table) in [("new texts of one statement", false), ("new statements", true)] {
        let monitor = monitor()?;
        let source = monitor.database(Database::of(System::PostgreSql));
        let texts: Vec<String> = (0..FLOOD)
            .map(|n| match table {
                true => format!("select * from t{n} where id = 1"),
                false => format!("select * from orders where id = {n}"),
            })
            .collect();
        let start = Instant::now();
        for text in &texts {
            source.record(Call::new(text, Duration::from_micros(50)));
        }
        let each = start.elapsed().as_secs_f64() * 1e9 / f64::from(FLOOD);
        let counted = monitor.snapshot().lifetime.total.calls;
        println!("{FLOOD} {name}: {each:.0} ns each, {counted} counted");
    }
    Ok(())
}

/// What looking costs, with so many statements busy in every window.
fn snapshots() -> Result<(), monitor_core::BuildError> {
    for statements in [1_000u64, 5_000] {
        let monitor = Monitor::builder().beat_by_hand().statements_max(5_000).build()?;
        let source = monitor.database(Database::of(System::PostgreSql));
        for number in 0..statements {
            let text = format!("select * from t{number} where id = $1");
            for call in 0..50 {
                let micros = 40 + call * (number % 1_000);
                source.record(Call::new(&text, Duration::from_micros(micros)));
            }
        }
        let (mut taken, mut read) = (Vec::new(), Vec::new());
        for _ in 0..21 {
            let start = Instant::now();
            let snapshot = monitor.snapshot();
            taken.push(start.elapsed());
            black_box(read_all(&snapshot));
            drop(snapshot);
            read.push(start.elapsed());
        }
        taken.sort();
        read.sort();
        let (taken, read) = (taken[taken.len() / 2], read[read.len() / 2]);
        println!(
            "snapshot of {statements} statements: {taken:.2?}, with every list read {read:.2?}"
        );
    }
    Ok(())
}

/// Has every list of a snapshot put together.
fn read_all(snapshot: &Snapshot) -> usize {
    let windows = snapshot.windows.iter().map(|window| &window.rollup);
    let lists =
        |rollup: &Rollup| rollup.statements.len() + rollup.kinds.len() + rollup.tables.len();
    windows.chain([&snapshot.lifetime]).map(lists).sum()
}

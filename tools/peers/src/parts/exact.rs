//! Ten million calls of two threads, with somebody looking all the while: none is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use monitor_core::Monitor;

use crate::observers::source;
use crate::report::{Cell, Table};

/// How aims find the table, its row and its columns.
pub const TABLE: &str = "exact";
/// The one row.
pub const ROW: &str = "two threads, and one that looks";
/// Calls that were counted.
pub const COUNTED: &str = "counted";
/// Calls that were not.
pub const LOST: &str = "lost";

/// Calls of each of the two.
const CALLS: u64 = 5_000_000;
/// Statements they call in turn.
const STATEMENTS: usize = 100;
/// Time between two looks: ten in a second are more than a page asks for.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn run() -> Result<Vec<Table>> {
    let monitor = Monitor::builder().build()?;
    let source = source(&monitor);
    let texts: Vec<String> =
        (0..STATEMENTS).map(|n| format!("select * from t{n} where id = $1")).collect();
    let work = || {
        let start = Instant::now();
        for (text, _) in texts.iter().cycle().zip(0..CALLS) {
            let mut timer = source.call(text);
            timer.add_returned(1);
            timer.complete();
        }
        start.elapsed()
    };
    let done = AtomicBool::new(false);
    let look = || {
        let mut looks = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let start = Instant::now();
            drop(monitor.snapshot());
            looks.push(start.elapsed());
            std::thread::sleep(PAUSE);
        }
        looks
    };
    let (took, looks) = std::thread::scope(|scope| {
        let looking = scope.spawn(look);
        let other = scope.spawn(work);
        let mine = work();
        let theirs = other.join().unwrap_or(mine);
        done.store(true, Ordering::Relaxed);
        ((mine + theirs) / 2, looking.join().unwrap_or_default())
    });
    let counted = monitor.snapshot().lifetime.total.calls as f64;
    let made = (2 * CALLS) as f64;
    let each = took.as_secs_f64() * 1e9 / CALLS as f64;
    let longest = looks.iter().max().copied().unwrap_or_default().as_secs_f64() * 1e9;
    let mut table = Table::new(
        TABLE,
        "None lost",
        "100 statements in turn, a snapshot ten times a second",
        &["calls", COUNTED, LOST, "each", "snapshots", "the longest"],
    );
    table.row(
        ROW,
        [
            Cell::Count(made),
            Cell::Count(counted),
            Cell::Count(made - counted),
            Cell::Nanos(each),
            Cell::Count(looks.len() as f64),
            Cell::Nanos(longest),
        ]
        .map(Some),
    );
    Ok(vec![table])
}

//! What a snapshot and a scrape cost, and what they cost those who record meanwhile.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use monitor_core::capture::Call;
use monitor_core::snapshot::{Rollup, Snapshot};
use monitor_core::{Monitor, Source};
use monitor_prometheus::{Exporter, Format};

use crate::observers::source;
use crate::report::{Cell, Table};
use crate::rounds::quantile;

/// How aims find the table of snapshots.
pub const SNAPSHOTS: &str = "snapshots";
/// Its row of many statements.
pub const MANY: &str = "snapshot of 5 000 statements";
/// Its column.
pub const MEDIAN: &str = "median";

/// Statements that are busy, all at once.
const STATEMENTS: u64 = 5_000;
/// Calls of each before it is looked, and of every tenth between two looks.
const CALLS: u64 = 20;
/// Time between two calls of the one who records: less than any call of a database takes.
const PACE: Duration = Duration::from_micros(20);
/// Times it is looked.
const LOOKS: usize = 41;
/// How long somebody records while others look.
const RECORDING: Duration = Duration::from_secs(3);

struct World {
    monitor: Monitor,
    source: Source,
    texts: Vec<String>,
}

pub(super) fn run() -> Result<Vec<Table>> {
    let world = World::of(STATEMENTS)?;
    Ok(vec![snapshots(&world)?, scrapes(&world), recorders(&world)])
}

// === impl World ===

impl World {
    fn of(statements: u64) -> Result<Self> {
        let most = STATEMENTS as usize + 1;
        let monitor = Monitor::builder().statements_max(most).build()?;
        let source = source(&monitor);
        let texts = (0..statements).map(|n| format!("select * from t{n} where id = $1")).collect();
        let world = Self { monitor, source, texts };
        (0..CALLS).for_each(|round| world.work(round));
        Ok(world)
    }

    fn work(&self, round: u64) {
        for (text, number) in self.texts.iter().zip(0..) {
            self.source.record(Call::new(text, Duration::from_micros(40 + round * number)));
        }
    }

    /// What happens between two looks.
    fn move_on(&self, round: usize) {
        for text in self.texts.iter().skip(round % 10).step_by(10) {
            self.source.record(Call::new(text, Duration::from_micros(90)));
        }
    }
}

fn snapshots(many: &World) -> Result<Table> {
    let few = World::of(1_000)?;
    let mut table = Table::new(
        SNAPSHOTS,
        "A snapshot",
        "of statements that are busy in every window, a tenth of them since the one before; its lists are put together by who reads them",
        &[MEDIAN, "three quarters below"],
    );
    let look = |world: &World, reads_lists| {
        let snapshot = black_box(world.monitor.snapshot());
        if reads_lists {
            black_box(read_all(&snapshot));
        }
    };
    let ways = [
        ("snapshot of 1 000 statements", &few, false),
        ("the same, every list read", &few, true),
        (MANY, many, false),
        ("of 5 000, every list read", many, true),
    ];
    for (name, world, reads_lists) in ways {
        let times: Vec<f64> = (0..LOOKS)
            .map(|round| {
                world.move_on(round);
                nanos(timed(|| look(world, reads_lists)))
            })
            .collect();
        table.row(name, [0.5, 0.75].map(|q| Some(Cell::Nanos(quantile(times.iter().copied(), q)))));
    }
    Ok(table)
}

/// Has every list of a snapshot put together.
fn read_all(snapshot: &Snapshot) -> usize {
    let windows = snapshot.windows.iter().map(|window| &window.rollup);
    let lists =
        |rollup: &Rollup| rollup.statements.len() + rollup.kinds.len() + rollup.tables.len();
    windows.chain([&snapshot.lifetime]).map(lists).sum()
}

/// One row for each format: the scrape, the rest of it without the snapshot, which is the exporter's own, and its size.
fn scrapes(world: &World) -> Table {
    let mut table = Table::new(
        "scrapes",
        "A scrape of 5 000 statements",
        "medians; with a summary of its own for so many statements",
        &["whole", "without the snapshot", "size"],
    );
    for (summaries, name) in [(Exporter::SUMMARIES_MAX, "default"), (STATEMENTS as usize, "all")] {
        for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
            let exporter = Exporter::with_summaries_max(&world.monitor, summaries);
            table.row(format!("{format:?}, {name}"), scrape(world, &exporter, format).map(Some));
        }
    }
    table
}

fn scrape(world: &World, exporter: &Exporter, format: Format) -> [Cell; 3] {
    let (mut whole, mut own, mut bytes) = (Vec::new(), Vec::new(), 0);
    for round in 0..LOOKS {
        world.move_on(round);
        let snapshot = timed(|| world.monitor.snapshot());
        let scrape = timed(|| bytes = black_box(exporter.scrape(format)).body.len());
        whole.push(nanos(scrape));
        own.push(nanos(scrape.saturating_sub(snapshot)));
    }
    let median = |times: Vec<f64>| Cell::Nanos(quantile(times.into_iter(), 0.5));
    [median(whole), median(own), Cell::Bytes(bytes as f64)]
}

/// How long calls take to be recorded: with nobody looking, and while somebody looks without a pause.
fn recorders(world: &World) -> Table {
    let mut table = Table::new(
        "recorders",
        "Recording while somebody looks",
        "a call every 20 µs, 5 000 statements in turn; the longest is also what else the machine had to do",
        &["half below", "99.9 % below", "99.999 % below", "the longest"],
    );
    let exporter = Exporter::new(&world.monitor);
    let look = || drop(black_box(world.monitor.snapshot()));
    let scrape = || drop(black_box(exporter.scrape(Format::OpenMetrics)));
    let nobody: Option<&(dyn Fn() + Sync)> = None;
    for (name, looking) in [
        ("nobody looks (A)", nobody),
        ("nobody looks (A/A)", nobody),
        ("snapshots without a pause", Some(&look)),
        ("scraped without a pause", Some(&scrape)),
    ] {
        let waits = recorded_while(world, looking);
        let at = |share| Some(Cell::Nanos(quantile(waits.iter().copied(), share)));
        table.row(name, [0.5, 0.999, 0.999_99, 1.0].map(at));
    }
    table
}

fn recorded_while(world: &World, looking: Option<&(dyn Fn() + Sync)>) -> Vec<f64> {
    let done = AtomicBool::new(false);
    let mut waits = Vec::new();
    std::thread::scope(|scope| {
        if let Some(look) = looking {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    look();
                }
            });
        }
        let end = Instant::now() + RECORDING;
        let mut next = world.texts.iter().cycle();
        while Instant::now() < end {
            let Some(text) = next.next() else { break };
            let start = Instant::now();
            while start.elapsed() < PACE {
                std::hint::spin_loop();
            }
            let call = Call::new(text, Duration::from_micros(90));
            waits.push(nanos(timed(|| world.source.record(call))));
        }
        done.store(true, Ordering::Relaxed);
    });
    waits
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    drop(black_box(work()));
    start.elapsed()
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

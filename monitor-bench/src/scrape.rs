//! What a scrape costs, and what it costs those who record meanwhile.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use monitor_core::capture::{Call, Database, System};
use monitor_core::{BuildError, Monitor, Source};
use monitor_prometheus::{Exporter, Format};

/// Statements that are busy.
const STATEMENTS: u64 = 5_000;
/// Calls of each before the first scrape, and of every tenth between two.
const CALLS: u64 = 20;
/// Time between two calls of the one who records: less than any call of a database takes.
const PACE: Duration = Duration::from_micros(20);
/// Scrapes of each format.
const SCRAPES: usize = 41;

/// One row for each format: the scrape, of it the snapshot, and the rest, which is the exporter's own.
pub(crate) fn run() -> Result<(), BuildError> {
    let monitor =
        Monitor::builder().beat_by_hand().statements_max(STATEMENTS as usize + 1).build()?;
    let source = monitor.database(Database::of(System::PostgreSql));
    let texts: Vec<String> =
        (0..STATEMENTS).map(|n| format!("select * from t{n} where id = $1")).collect();
    (0..CALLS).for_each(|round| work(&source, &texts, round));
    println!("\nscrape of {STATEMENTS} statements, {SCRAPES} scrapes, median");
    for (summaries, name) in [(Exporter::SUMMARIES_MAX, "default"), (STATEMENTS as usize, "all")] {
        println!("  {summaries} summaries apart ({name})");
        for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
            let exporter = Exporter::with_summaries_max(&monitor, summaries);
            row(&monitor, &source, &texts, &exporter, format);
        }
    }
    recorders(&monitor, &source, &texts);
    Ok(())
}

fn row(monitor: &Monitor, source: &Source, texts: &[String], exporter: &Exporter, format: Format) {
    let (mut whole, mut own, mut bytes) = (Vec::new(), Vec::new(), 0);
    for round in 0..SCRAPES as u64 {
        let busy: Vec<&String> = texts.iter().skip(round as usize % 10).step_by(10).collect();
        busy.iter().for_each(|text| source.record(Call::new(text, Duration::from_micros(90))));
        let snapshot = timed(|| monitor.snapshot());
        let scrape = Instant::now();
        bytes = black_box(exporter.scrape(format)).body.len();
        let scrape = scrape.elapsed();
        whole.push(scrape);
        own.push(scrape.saturating_sub(snapshot));
    }
    println!(
        "    {:<12} {:>8.2?}, without the snapshot {:>8.2?}, {bytes} bytes",
        format!("{format:?}"),
        median(whole),
        median(own)
    );
}

/// The longest that a call waits to be recorded: with nobody looking, and while somebody scrapes without a pause.
fn recorders(monitor: &Monitor, source: &Source, texts: &[String]) {
    let exporter = Exporter::new(monitor);
    for (name, scraping) in [("nobody scrapes", false), ("scraped without a pause", true)] {
        let done = AtomicBool::new(false);
        let mut waits = Vec::new();
        std::thread::scope(|scope| {
            if scraping {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        drop(black_box(exporter.scrape(Format::OpenMetrics)));
                    }
                });
            }
            let end = Instant::now() + Duration::from_secs(3);
            let mut next = texts.iter().cycle();
            while Instant::now() < end {
                let Some(text) = next.next() else { break };
                let start = Instant::now();
                while start.elapsed() < PACE {
                    std::hint::spin_loop();
                }
                waits.push(timed(|| source.record(Call::new(text, Duration::from_micros(90)))));
            }
            done.store(true, Ordering::Relaxed);
        });
        waits.sort_unstable();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        println!(
            "  recording, {name:<24} p50 {:.2?}, p99.9 {:.2?}, p99.999 {:.2?}, longest {:.2?}",
            at(0.5),
            at(0.999),
            at(0.999_99),
            at(1.0)
        );
    }
}

fn work(source: &Source, texts: &[String], round: u64) {
    for (text, number) in texts.iter().zip(0..) {
        source.record(Call::new(text, Duration::from_micros(40 + round * number)));
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    drop(black_box(work()));
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

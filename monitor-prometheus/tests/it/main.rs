//! monitor-prometheus through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod alertmanager;
mod counters;
mod dashboard;
mod exemplars;
mod formats;
mod listener;
mod metrics;
mod prometheus;
mod real;

use std::collections::BTreeMap;
use std::time::Duration;

use monitor_core::capture::{Clock, Database, Hands, System};
use monitor_core::{Builder, Monitor, Source};
use monitor_prometheus::{Exporter, Format};

/// A monitor whose time is in the test's hands, and its exporter.
struct World {
    monitor: Monitor,
    hands: Hands,
    shop: Source,
    exporter: Exporter,
}

/// Samples by their whole name, labels included.
type Samples = BTreeMap<String, f64>;

impl World {
    fn new() -> Self {
        Self::with(|builder| builder, Exporter::SUMMARIES_MAX)
    }

    fn with(change: impl FnOnce(Builder) -> Builder, summaries_max: usize) -> Self {
        let (clock, hands) = Clock::by_hand();
        let monitor = change(Monitor::builder().clock(clock).beat_by_hand()).build().unwrap();
        let shop = monitor.database(shop());
        let exporter = Exporter::with_summaries_max(&monitor, summaries_max);
        Self { monitor, hands, shop, exporter }
    }

    fn text(&self, format: Format) -> String {
        String::from_utf8(self.exporter.scrape(format).body).unwrap()
    }

    fn samples(&self) -> Samples {
        samples(&self.text(Format::Text))
    }
}

fn samples(text: &str) -> Samples {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn shop() -> Database {
    Database {
        system: System::PostgreSql,
        name: "shop".into(),
        host: "db".into(),
        port: Some(5432),
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

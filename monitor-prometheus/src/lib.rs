//! Prometheus metrics of a database performance monitor.
//!
//! ```
//! use monitor_core::Monitor;
//! use monitor_prometheus::{Exporter, Format};
//!
//! let monitor = Monitor::builder().build()?;
//! let exporter = Exporter::new(&monitor);
//!
//! // In a handler of any web framework; `accept` is the request's header.
//! let accept = Some("application/openmetrics-text; version=1.0.0");
//! let scrape = exporter.scrape(Format::accepted(accept));
//! assert!(scrape.content_type.starts_with("application/openmetrics-text"));
//! assert!(scrape.body.ends_with(b"# EOF\n"));
//! # Ok::<(), monitor_core::BuildError>(())
//! ```
//!
//! Without a web framework, `Listener` (feature `listener`) serves `/metrics` from a thread of its own. With
//! a registry of prometheus-client, `registry.register_collector(Box::new(exporter))` joins it.
//!
//! # Formats
//!
//! Text 0.0.4, OpenMetrics 1.0.0 and, with the feature `protobuf`, delimited protobuf: the only one
//! that carries native histograms. Classic buckets are powers of two, where the monitor's own
//! buckets have bounds too, so their counts are exact; native buckets are the monitor's own. Counts
//! of many instances therefore add up without loss.
//!
//! # Exemplars
//!
//! Where the monitor knows the trace of a call (with an [`Observer`](monitor_core::Observer) that tells it, as
//! `monitor-otel` has), OpenMetrics and protobuf carry the id of one trace for each bucket of calls: the newest of the
//! last five minutes, among those that are sampled, in the slow log and the history of recent calls. Prometheus keeps them
//! with `--enable-feature=exemplar-storage`.
//!
//! # What it does not do
//!
//! No exemplars where it joins a registry: prometheus-client takes them from its own metrics only. No push: let Prometheus
//! scrape. No literal of a statement is in any label; the widest label is the query's summary, of
//! which [`Exporter::SUMMARIES_MAX`] are kept apart.

mod accept;
mod buckets;
mod client;
mod exemplars;
mod families;
mod ledger;
#[cfg(feature = "listener")]
mod listener;
pub mod names;
mod text;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use monitor_core::Monitor;

pub use accept::Format;
#[cfg(feature = "listener")]
pub use listener::Listener;

use exemplars::Traced;
use families::{Family, Scene};
use ledger::Ledger;
use text::Dialect;

/// Turns a monitor's numbers into metrics, as often as somebody asks.
///
/// Make one and keep it: it remembers what it has told, so that no counter ever goes down. Costs
/// nothing between scrapes; a scrape takes a snapshot, and holds no lock that a query needs.
#[derive(Debug)]
pub struct Exporter {
    monitor: Monitor,
    ledger: Mutex<Ledger>,
}

/// What a scraper gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scrape {
    /// The `Content-Type` header to send.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

// === impl Exporter ===

impl Exporter {
    /// Query summaries with series of their own; further ones are exported as `_other`. A summary
    /// has about twenty series in the text formats.
    pub const SUMMARIES_MAX: usize = 300;

    /// An exporter of a monitor's numbers.
    #[must_use]
    pub fn new(monitor: &Monitor) -> Self {
        Self::with_summaries_max(monitor, Self::SUMMARIES_MAX)
    }

    /// The same with another bound than [`SUMMARIES_MAX`](Self::SUMMARIES_MAX).
    #[must_use]
    pub fn with_summaries_max(monitor: &Monitor, summaries_max: usize) -> Self {
        Self { monitor: monitor.clone(), ledger: Mutex::new(Ledger::new(summaries_max)) }
    }

    /// The numbers as they are now.
    #[must_use]
    pub fn scrape(&self, format: Format) -> Scrape {
        let families = self.families();
        let body = match format {
            Format::Text => text::write(&families, Dialect::Text).into_bytes(),
            Format::OpenMetrics => text::write(&families, Dialect::OpenMetrics).into_bytes(),
            #[cfg(feature = "protobuf")]
            Format::Protobuf => client::protobuf(families).unwrap_or_default(),
        };
        Scrape { content_type: format.content_type(), body }
    }

    pub(crate) fn families(&self) -> Vec<Family> {
        // Before the numbers are taken: of two scrapes at once, the later numbers must come later.
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the snapshot, so that every one of them is in its counts.
        let recent = self.monitor.recent_calls(usize::MAX);
        let start = Instant::now();
        let snapshot = self.monitor.snapshot();
        let took = start.elapsed();
        let alerts = self.monitor.alerts();
        let thresholds = self.monitor.thresholds();
        let health = monitor_core::judge::health(&snapshot, &thresholds, &alerts);
        ledger.enter(&snapshot.lifetime);
        let traced = Traced::new(&snapshot, &recent, &ledger);
        let scene = Scene {
            snapshot: &snapshot,
            health: &health,
            alerts: &alerts,
            ledger: &ledger,
            traced: &traced,
            took,
        };
        scene.families()
    }
}

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
//! # What it does not do
//!
//! No exemplars: prometheus-client does not let a collector make them. No push: let Prometheus
//! scrape. No literal of a statement is in any label; the widest label is the query's summary, of
//! which [`Exporter::SUMMARIES_MAX`] are kept apart.

mod accept;
mod buckets;
mod client;
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

use families::{Family, Scene};
use ledger::Ledger;

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
        let (format, body) = match format {
            Format::Text => (format, text::write(&families).into_bytes()),
            Format::OpenMetrics => match client::open_metrics(families) {
                Ok(text) => (format, text.into_bytes()),
                // Writing to a string cannot fail, and every histogram has classic buckets.
                Err(_) => (format, b"# EOF\n".to_vec()),
            },
            #[cfg(feature = "protobuf")]
            Format::Protobuf => (format, client::protobuf(families).unwrap_or_default()),
        };
        Scrape { content_type: format.content_type(), body }
    }

    pub(crate) fn families(&self) -> Vec<Family> {
        // Before the numbers are taken: of two scrapes at once, the later numbers must come later.
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        let snapshot = self.monitor.snapshot();
        let took = start.elapsed();
        let alerts = self.monitor.alerts();
        let thresholds = self.monitor.thresholds();
        let health = monitor_core::judge::health(&snapshot, &thresholds, &alerts);
        ledger.enter(&snapshot.lifetime);
        let scene =
            Scene { snapshot: &snapshot, health: &health, alerts: &alerts, ledger: &ledger, took };
        scene.families()
    }
}

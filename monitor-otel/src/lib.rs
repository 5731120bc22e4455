//! OpenTelemetry spans and metrics of a database performance monitor.
//!
//! Give [`Telemetry`] a meter, a tracer, or both, and give it to the monitor:
//!
//! ```
//! use monitor_core::Monitor;
//! use monitor_otel::{Telemetry, opentelemetry::global};
//!
//! let telemetry = Telemetry::new().metrics(global::meter("shop")).spans(global::tracer("shop"));
//! let monitor = Monitor::builder().observer(telemetry).build()?;
//! // At the end of the service, before the SDK's providers are shut down:
//! monitor.tell_observers();
//! # Ok::<(), monitor_core::BuildError>(())
//! ```
//!
//! Names and attributes are those of the semantic conventions for database clients (1.44, stable
//! part), and of [`names`] where there are none.
//!
//! # What it costs a call
//!
//! With spans, a look at the current context where the call starts, and two allocations if there is
//! a span. Everything else happens on the monitor's own thread, within a second after the call's end:
//! histograms are filled there, and spans are made with the times and the parent that they had.
//!
//! # Which `opentelemetry`
//!
//! Two minor versions of the `opentelemetry` crate do not know each other: what goes into one never
//! comes out of the other, and nobody says so. So meter and tracer are taken by value, which makes a
//! mismatch an error of the compiler, and the version in use is [here](opentelemetry).

mod attributes;
mod metrics;
pub mod names;
mod replay;
mod spans;
mod summaries;
mod telemetry;
#[cfg(feature = "tracing")]
mod tracing_spans;

pub use opentelemetry;
pub use telemetry::Telemetry;
#[cfg(feature = "tracing")]
pub use tracing_spans::TracingSpans;

/// What the guide shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/opentelemetry.md")]
pub struct Guide;

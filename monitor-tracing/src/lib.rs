//! Spans of `tracing` as units of work: requests and jobs that an application has spans for already.
//!
//! ```
//! use monitor_core::Monitor;
//! use monitor_tracing::SpanScopes;
//! use tracing_subscriber::prelude::*;
//!
//! # let monitor = Monitor::off();
//! let spans = SpanScopes::new(&monitor).of_target("tower_http::trace").called("run_job");
//! tracing_subscriber::registry().with(spans.layer()).init();
//! ```
//!
//! Each span of that target, and each that is called `run_job`, is a unit of work from then on. What they came to stands
//! by name in [`Snapshot::scopes`](monitor_core::snapshot::Snapshot::scopes) and in the monitor's report. A call belongs
//! to the unit whose span, or a span in it, is entered where the call is made: across `.await`, and in tasks and threads
//! that are given a span of it, `tokio::spawn(work.in_current_span())`. Units entered otherwise, by `monitor-tower` or
//! [`Monitor::scope`](monitor_core::Monitor::scope), are carried by spans in the same way, as long as they last.
//!
//! # What it is called
//!
//! What the span's field `otel.name` says, or its route, `http.route` or `matched_path`, behind its method,
//! `http.request.method`, `http.method` or `method`; the span's own name where there is neither. A field may be recorded
//! late. Names should be few, so never put an id into these fields: there are
//! [so many](monitor_core::Limits::scope_names_max) names, and the others count as one.
//!
//! # What it costs
//!
//! A span in a unit costs a look into the registry at each poll; spans that are no unit and in none, somewhat less. Spans
//! below INFO that are no unit are not asked for, and so neither made on its behalf nor followed; see
//! [`SpanScopes::follow`].

mod entered;
mod filter;
mod name;
mod scopes;

pub use filter::SpanFilter;
pub use scopes::{ScopeSpans, SpanScopes};

//! Every request of a tower service as a unit of work: what it asked the database, and how long that took.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Router, routing::get};
//! use monitor_core::Monitor;
//! use monitor_tower::ScopeLayer;
//!
//! # let monitor = Monitor::off();
//! let app: Router = Router::new()
//!     .route("/orders/{id}", get(|| async { "an order" }))
//!     .layer(ScopeLayer::new(&monitor));
//! # }
//! ```
//!
//! What requests came to stands by route in [`Snapshot::scopes`](monitor_core::snapshot::Snapshot::scopes) and in the
//! monitor's report. A task that a handler spawns belongs to the request where it is wrapped:
//! `tokio::spawn(Scope::current().wrap(work))`.
//!
//! # What it costs
//!
//! A few allocations a request, and two stores for each poll of its future. No header and no event goes out unless that
//! is asked for, and neither ever holds SQL.

mod body;
mod layer;
mod name;
mod service;

pub use body::ScopedBody;
pub use layer::ScopeLayer;
pub use service::{ResponseFuture, ScopeService};

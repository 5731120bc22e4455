//! The page, the JSON API and the probes of a database performance monitor.
//!
//! Alone, on loopback:
//!
//! ```no_run
//! # async fn demo(monitor: monitor_core::Monitor) -> Result<(), monitor_dashboard::DashboardError> {
//! monitor_dashboard::serve(&monitor, ([127, 0, 0, 1], 9300).into()).await
//! # }
//! ```
//!
//! Or mounted in the application, for whoever has a token:
//!
//! ```
//! use axum::Router;
//! use monitor_core::Monitor;
//! use monitor_dashboard::Dashboard;
//!
//! let monitor = Monitor::builder().build()?;
//! let dashboard = Dashboard::new(&monitor).token("correct horse battery staple".replace(' ', "-"));
//! let app: Router = Router::new().nest("/db", dashboard.router()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | path | answers |
//! |---|---|
//! | `/` | the page |
//! | `/api/v1/...` | JSON; described in `openapi.json`, see [`openapi`] and [`view`] |
//! | `/api/v1/live` | a stream of live updates (server-sent events) |
//! | `/metrics` | Prometheus (feature `prometheus`, on unless switched off) |
//! | `/health`, `/livez`, `/readyz` | probes; open to everybody, so they name no pool and no database |
//!
//! # What looking may do to your service
//!
//! Whoever looks gets numbers that are at most a second old: one snapshot a second is taken, however many look, and none while nobody
//! does. Requests, streams, connections, uploads and times have [`Limits`]. Nothing is sent anywhere: the page asks for nothing
//! but its own files, which are part of the program.

mod api;
mod assets;
mod dashboard;
mod guard;
mod limits;
mod moments;
mod probes;
mod reading;
mod serve;
mod site;
mod state;
pub mod view;

use std::net::SocketAddr;

use axum::Router;
use monitor_core::Monitor;

pub use dashboard::{Dashboard, DashboardError, TOKEN_BYTES_MIN};
pub use limits::Limits;
pub use serve::Serving;
pub use site::openapi;

/// The dashboard of a monitor for this machine only, as a router to be mounted anywhere; see [`Dashboard`] for others.
///
/// Serve the application with [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info), so that it is known
/// where a connection comes from.
///
/// # Errors
///
/// None with these settings.
pub fn router(monitor: &Monitor) -> Result<Router, DashboardError> {
    Dashboard::new(monitor).router()
}

/// Serves the dashboard of a monitor alone, on an address of loopback; see [`Dashboard`] for others.
///
/// # Errors
///
/// When the address is not one of loopback, or cannot be listened on.
pub async fn serve(monitor: &Monitor, address: SocketAddr) -> Result<(), DashboardError> {
    Dashboard::new(monitor).serve(address).await
}

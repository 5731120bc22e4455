//! The page, the JSON API and the probes of a database performance monitor.

mod api;
mod assets;
mod reading;
mod state;
pub mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use monitor_core::Monitor;
use utoipa_axum::router::OpenApiRouter;

use state::Shared;

/// The dashboard of a monitor, to be mounted anywhere.
pub fn router(monitor: &Monitor) -> Router {
    let shared = Arc::new(Shared::new(monitor));
    let (api, _) = OpenApiRouter::new().nest("/api/v1", api::routes()).split_for_parts();
    api.route("/", get(assets::index))
        .route("/assets/{*name}", get(assets::asset))
        .with_state(shared)
}

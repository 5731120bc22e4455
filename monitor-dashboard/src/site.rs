//! All paths in one router: what is answered, and what every request passes before.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::api::{self, Failure};
use crate::dashboard::Dashboard;
use crate::guard::{self, Access};
use crate::limits::Limits;
use crate::state::Shared;
use crate::{assets, probes};

/// Where the API is.
const API: &str = "/api/v1";

/// All paths.
pub(crate) fn router(dashboard: Dashboard, access: Access) -> Router {
    let (api, _) = described(&dashboard.limits);
    let shared = Arc::new(Shared::new(dashboard, access));
    let site = api
        .route("/", get(assets::index))
        .route("/index.html", get(assets::index))
        .route("/assets/{*name}", get(assets::asset))
        .route("/login", get(guard::form).post(guard::enter))
        .route("/logout", post(guard::leave))
        .route("/health", get(probes::health))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz));
    #[cfg(feature = "prometheus")]
    let site = site.route("/metrics", get(probes::metrics));
    site.fallback(async || Failure::not_found("nothing is here; the API is at `api/v1`"))
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "this is not done here")
        })
        .layer(from_fn_with_state(shared.clone(), guard::admit))
        .layer(from_fn(guard::protect))
        .with_state(shared)
}

/// The API with its description.
fn described(limits: &Limits) -> (Router<Arc<Shared>>, OpenApi) {
    OpenApiRouter::with_openapi(api::about()).nest(API, api::routes(limits)).split_for_parts()
}

/// What the API says of itself, as OpenAPI 3.1 in JSON.
///
/// # Errors
///
/// None that the description can cause; the result is serde_json's own.
pub fn openapi() -> serde_json::Result<String> {
    described(&Limits::default()).1.to_pretty_json().map(|text| text + "\n")
}

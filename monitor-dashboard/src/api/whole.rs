//! Questions for everything at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Failure;
use super::answer::ErrorView;
use crate::state::Shared;
use crate::view::{AdviceView, HealthView, Overview, Window};

/// What may be asked of everything.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowQuery {
    /// The time the numbers are about.
    #[serde(default)]
    pub(crate) window: Window,
}

/// Everything in ten seconds.
#[utoipa::path(get, path = "/overview", params(WindowQuery), responses(
    (status = OK, body = Overview),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn overview(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Json<Overview>, Failure> {
    let Query(query) = query?;
    let reading = shared.readings.listed(query.window).await?;
    Ok(Json(Overview::new(&reading, query.window)))
}

/// What to do, what it rests on, and what came of it.
#[utoipa::path(get, path = "/recommendations", responses((status = OK, body = AdviceView)))]
pub(crate) async fn recommendations(
    State(shared): State<Arc<Shared>>,
) -> Result<Json<AdviceView>, Failure> {
    let reading = shared.readings.now().await?;
    Ok(Json(AdviceView::new(&reading.advice)))
}

/// How the databases do, check by check.
#[utoipa::path(get, path = "/health", responses((status = OK, body = HealthView)))]
pub(crate) async fn health(State(shared): State<Arc<Shared>>) -> Result<Json<HealthView>, Failure> {
    let reading = shared.readings.now().await?;
    Ok(Json(HealthView::new(&reading.health)))
}

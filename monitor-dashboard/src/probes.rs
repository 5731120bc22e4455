//! What probes, balancers and scrapers ask for, in the shapes they know.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
#[cfg(feature = "prometheus")]
use axum::http::HeaderMap;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use monitor_core::Monitor;
use monitor_core::judge::Health;
use monitor_core::show::{self, Details, HealthFormat};

use crate::api::Failure;
use crate::state::Shared;

/// Health as `application/health+json`.
pub(crate) async fn health(shared: State<Arc<Shared>>, query: RawQuery) -> Response {
    answer(shared, query, HealthFormat::HealthJson).await
}

/// Kubernetes' `/livez`: takes no snapshot, as it says nothing of databases.
pub(crate) async fn livez(query: RawQuery) -> Response {
    told(&Monitor::off().health(), query, HealthFormat::Livez)
}

/// Kubernetes' `/readyz`.
pub(crate) async fn readyz(shared: State<Arc<Shared>>, query: RawQuery) -> Response {
    answer(shared, query, HealthFormat::Readyz).await
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    query: RawQuery,
    format: HealthFormat,
) -> Response {
    match shared.readings.now().await {
        Ok(reading) => told(&reading.health, query, format),
        Err(error) => Failure::from(error).into_response(),
    }
}

/// Open to everybody, so it names no pool and no database, however it is asked.
fn told(health: &Health, RawQuery(query): RawQuery, format: HealthFormat) -> Response {
    let is_verbose = query.is_some_and(|query| query.split('&').any(|word| word == "verbose"));
    let details = if is_verbose { Details::Checks } else { Details::Word };
    let answer = show::health(health, format, details);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = [
        (header::CONTENT_TYPE, answer.content_type),
        (header::CACHE_CONTROL, answer.cache_control),
    ];
    (status, headers, answer.body).into_response()
}

/// Prometheus' numbers, in the format that the scraper accepts.
#[cfg(feature = "prometheus")]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = monitor_prometheus::Format::accepted(accept);
    let scrape = tokio::task::spawn_blocking(move || shared.exporter.scrape(format)).await;
    match scrape {
        Ok(scrape) => ([(header::CONTENT_TYPE, scrape.content_type)], scrape.body).into_response(),
        Err(error) => Failure::from(error).into_response(),
    }
}

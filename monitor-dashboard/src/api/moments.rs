//! Moments: downloaded, kept, and held against each other.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use monitor_core::snapshot::Snapshot;
use monitor_core::{judge, show};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

use super::Failure;
use super::actions::enabled;
use super::answer::ErrorView;
use crate::moments::NAME_CHARS_MAX;
use crate::reading::Reading;
use crate::state::Shared;
use crate::view::{Comparison, MomentView, Moments};

/// Which two moments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComparisonQuery {
    /// The moment to hold against the other, by its name.
    before: String,
    /// The moment to look at, by its name; the present where it is not said.
    after: Option<String>,
}

/// The whole snapshot as a file, to be kept and compared with later.
#[utoipa::path(get, path = "/snapshot", responses(
    (status = OK, body = serde_json::Value, content_type = "application/json", description = "A snapshot as `show::json` writes it."),
))]
pub(crate) async fn snapshot(State(shared): State<Arc<Shared>>) -> Result<Response, Failure> {
    let reading = shared.readings.now().await?;
    let at = show::moment(reading.snapshot.at).replace([':', '.'], "-");
    let name = format!("attachment; filename=\"databases-{at}.json\"");
    let work = move || show::json(&reading.snapshot, &reading.health);
    let json = tokio::task::spawn_blocking(work)
        .await?
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let headers =
        [(header::CONTENT_TYPE, "application/json".into()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, json).into_response())
}

/// The moments that are kept.
#[utoipa::path(get, path = "/moments", responses((status = OK, body = Moments)))]
pub(crate) async fn moments(State(shared): State<Arc<Shared>>) -> Json<Moments> {
    let all = shared.moments.all();
    let moments = all.iter().map(|(name, reading)| MomentView::new(name, reading)).collect();
    Json(Moments { moments_max: shared.limits.moments_max, moments })
}

/// Keeps the present under a name, for as long as the process lives.
#[utoipa::path(put, path = "/moments/{name}", params(
    ("name" = String, Path, pattern = "^[A-Za-z0-9 ._-]{1,64}$", description = "1 to 64 letters, digits, spaces, dots, lines; not `now`."),
), responses(
    (status = OK, body = MomentView),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = CONFLICT, body = ErrorView, description = "Too many are kept."),
))]
pub(crate) async fn keep(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<MomentView>, Failure> {
    enabled(&shared)?;
    let Path(name) = name?;
    if !is_name(&name) {
        return Err(Failure::bad_request(format!(
            "a moment's name has 1 to {NAME_CHARS_MAX} letters, digits, spaces, dots or lines, and is not `{NOW}`"
        )));
    }
    let reading = shared.readings.now().await?;
    let view = MomentView::new(&name, &reading);
    let max = shared.limits.moments_max;
    let kept = reading.clone();
    // What nobody has read takes more memory than what it comes to.
    tokio::task::spawn_blocking(move || kept.snapshot.put_together()).await?;
    if !shared.moments.keep(&name, reading, max) {
        let message =
            format!("{max} moments are kept already; forget one, or download the snapshot");
        return Err(Failure::new(StatusCode::CONFLICT, message));
    }
    Ok(Json(view))
}

/// Forgets a moment.
#[utoipa::path(delete, path = "/moments/{name}", params(
    ("name" = String, Path, description = "The moment's name."),
), responses(
    (status = NO_CONTENT),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = NOT_FOUND, body = ErrorView),
))]
pub(crate) async fn forget(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Failure> {
    enabled(&shared)?;
    let Path(name) = name?;
    match shared.moments.forget(&name) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&name)),
    }
}

/// What changed from one moment to another.
#[utoipa::path(get, path = "/comparison", params(ComparisonQuery), responses(
    (status = OK, body = Comparison),
    (status = BAD_REQUEST, body = ErrorView),
    (status = NOT_FOUND, body = ErrorView),
    (status = SERVICE_UNAVAILABLE, body = ErrorView, description = "Somebody else compares."),
))]
pub(crate) async fn comparison(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ComparisonQuery>, QueryRejection>,
) -> Result<Json<Comparison>, Failure> {
    let Query(ComparisonQuery { before, after }) = query?;
    let turn = turn(&shared)?;
    let before = find(&shared, &before).await?;
    let after = find(&shared, after.as_deref().unwrap_or(NOW)).await?;
    compared(turn, move || Ok(judge::compare(&before.snapshot, &after.snapshot))).await
}

/// What changed from a downloaded snapshot, which is the body, to the present.
#[utoipa::path(post, path = "/comparison", request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = OK, body = Comparison),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = PAYLOAD_TOO_LARGE, body = ErrorView),
    (status = SERVICE_UNAVAILABLE, body = ErrorView, description = "Somebody else compares."),
))]
pub(crate) async fn comparison_with(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Json<Comparison>, Failure> {
    // Before the body is read: of many at once, one is in memory.
    let turn = turn(&shared)?;
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|rejection| Failure::new(rejection.status(), rejection.body_text()))?;
    let after = shared.readings.now().await?;
    let read = move || {
        let before = loaded(&body)?;
        drop(body);
        Ok(judge::compare(&before, &after.snapshot))
    };
    compared(turn, read).await
}

/// The present, by its name.
const NOW: &str = "now";

fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name != NOW && name.chars().all(is_plain)
}

async fn find(shared: &Shared, name: &str) -> Result<Arc<Reading>, Failure> {
    if name == NOW {
        return Ok(shared.readings.now().await?);
    }
    shared.moments.find(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Failure {
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    Failure::not_found(format!("no moment `{name}` is kept"))
}

fn loaded(body: &[u8]) -> Result<Snapshot, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Failure::bad_request("this is no snapshot; give a downloaded one"))?;
    show::load(text).map_err(|error| Failure::bad_request(error.to_string()))
}

/// The turn of whoever compares: one at a time.
fn turn(shared: &Shared) -> Result<OwnedSemaphorePermit, Failure> {
    shared.comparing.clone().try_acquire_owned().map_err(|_| {
        shared.refused();
        let busy = "somebody else compares at this moment; ask again in a few seconds";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, busy)
    })
}

/// Compares off the runtime's threads.
async fn compared(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<judge::Comparison, Failure> + Send + 'static,
) -> Result<Json<Comparison>, Failure> {
    let view = tokio::task::spawn_blocking(move || {
        let view = work().map(|comparison| Comparison::new(&comparison));
        // The turn lasts as long as the work, even where nobody waits for it any more.
        drop(turn);
        view
    });
    Ok(Json(view.await??))
}

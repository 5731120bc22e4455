//! What changes something. Refused unless actions are enabled.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use monitor_core::judge::Mute;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failure;
use super::answer::ErrorView;
use crate::state::Shared;

/// Which alert nobody wants to hear about, and for how long.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MuteAlert {
    /// The alert's key.
    #[schema(min_length = 1, max_length = 4096)]
    key: String,
    /// For how long; for ever where it is not said. A year at most.
    #[schema(minimum = 1, maximum = 31_536_000)]
    for_seconds: Option<f64>,
}

/// Which alert or recommendation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// Its key.
    #[schema(min_length = 1, max_length = 4096)]
    key: String,
}

/// Bytes of a key.
const KEY_BYTES_MAX: usize = 4096;

/// The longest time of a mute: a year.
const MUTE_SECONDS_MAX: f64 = 31_536_000.0;

/// Tells nobody about an alert any more. It is still kept.
#[utoipa::path(post, path = "/alerts/mute", request_body = MuteAlert, responses(
    (status = NO_CONTENT),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = PAYLOAD_TOO_LARGE, body = ErrorView),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorView),
))]
pub(crate) async fn mute_alert(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<MuteAlert>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    enabled(&shared)?;
    let Json(MuteAlert { key, for_seconds }) = body?;
    check(&key)?;
    let mut mute = Mute::key(key);
    if let Some(seconds) = for_seconds {
        if !(1.0..=MUTE_SECONDS_MAX).contains(&seconds) {
            let message = format!("for_seconds is {seconds}; choose 1 to {MUTE_SECONDS_MAX}");
            return Err(Failure::bad_request(message));
        }
        let clock = shared.monitor.clock();
        mute = mute.until(clock.wall(clock.now()) + Duration::from_secs_f64(seconds));
    }
    forget(&shared, mute.only_key().unwrap_or_default());
    shared.monitor.mute(mute);
    Ok(StatusCode::NO_CONTENT)
}

/// Tells about an alert again that was muted by its key.
#[utoipa::path(post, path = "/alerts/unmute", request_body = Key, responses(
    (status = NO_CONTENT),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = PAYLOAD_TOO_LARGE, body = ErrorView),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorView),
    (status = NOT_FOUND, body = ErrorView),
))]
pub(crate) async fn unmute_alert(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Key>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let key = wanted(&shared, body)?;
    match forget(&shared, &key) {
        0 => Err(Failure::not_found(
            "no mute is for this alert alone; it may be muted by its kind, its statement, its pool or a comment in its SQL",
        )),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Does not give a recommendation any more, until it is unmuted or the process ends.
#[utoipa::path(post, path = "/recommendations/mute", request_body = Key, responses(
    (status = NO_CONTENT),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = PAYLOAD_TOO_LARGE, body = ErrorView),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorView),
    (status = CONFLICT, body = ErrorView, description = "Too many are muted."),
))]
pub(crate) async fn mute_recommendation(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Key>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let key = wanted(&shared, body)?;
    if !shared.monitor.mute_recommendation(&key) {
        let message =
            "too many recommendations are muted; unmute some, or mute them in `AdviceSettings`";
        return Err(Failure::new(StatusCode::CONFLICT, message));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a recommendation again that was muted here.
#[utoipa::path(post, path = "/recommendations/unmute", request_body = Key, responses(
    (status = NO_CONTENT),
    (status = BAD_REQUEST, body = ErrorView),
    (status = FORBIDDEN, body = ErrorView),
    (status = PAYLOAD_TOO_LARGE, body = ErrorView),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorView),
    (status = NOT_FOUND, body = ErrorView),
))]
pub(crate) async fn unmute_recommendation(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Key>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let key = wanted(&shared, body)?;
    match shared.monitor.unmute_recommendation(&key) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Failure::not_found("no such recommendation was muted here")),
    }
}

/// The key an action is about, where there may be actions.
fn wanted(shared: &Shared, body: Result<Json<Key>, JsonRejection>) -> Result<String, Failure> {
    enabled(shared)?;
    let Json(Key { key }) = body?;
    check(&key)?;
    Ok(key)
}

/// Refuses where the dashboard only reads.
pub(super) fn enabled(shared: &Shared) -> Result<(), Failure> {
    let message = "this dashboard only reads; enable `Dashboard::actions`";
    if shared.actions { Ok(()) } else { Err(Failure::new(StatusCode::FORBIDDEN, message)) }
}

fn check(key: &str) -> Result<(), Failure> {
    match key.len() {
        1..=KEY_BYTES_MAX => Ok(()),
        bytes => Err(Failure::bad_request(format!(
            "the key has {bytes} bytes; give that of an alert or a recommendation"
        ))),
    }
}

/// Takes back the mutes of one alert alone; says how many.
fn forget(shared: &Shared, key: &str) -> usize {
    let mutes = shared.monitor.mutes();
    let of_key: Vec<_> = mutes.into_iter().filter(|mute| mute.only_key() == Some(key)).collect();
    for mute in &of_key {
        shared.monitor.unmute(mute);
    }
    of_key.len()
}

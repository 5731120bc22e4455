//! The form that asks people for the token, once a day.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::prefix;
use super::sessions::{COOKIE, Sessions, cookie};
use crate::api::Failure;
use crate::assets;
use crate::state::Shared;

/// Bytes of a filled-in form.
const FORM_BYTES_MAX: usize = 4 * 1024;

/// The empty form.
pub(crate) async fn form() -> Response {
    assets::page("login.html")
}

/// Takes the token, and gives a cookie for it.
pub(crate) async fn enter(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let prefix = prefix(&request);
    let is_https = request.headers().get("x-forwarded-proto").is_some_and(|it| it == "https");
    let Ok(form) = to_bytes(request.into_body(), FORM_BYTES_MAX).await else {
        return Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "this is no filled-in form")
            .into_response();
    };
    let sent = form_urlencoded::parse(&form).find(|(name, _)| name == "token");
    let is_right = sent.is_some_and(|(_, token)| shared.access.is(token.trim().as_bytes()));
    if !is_right {
        let again = assets::page("login-again.html");
        return (StatusCode::UNAUTHORIZED, again).into_response();
    }
    let Some(secret) = shared.begin_session() else {
        let message = "the system has no random numbers for a session; send the token as a header";
        return Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message).into_response();
    };
    let age = Sessions::LASTS.as_secs();
    with_cookie(Redirect::to("index.html").into_response(), &prefix, &secret, age, is_https)
}

/// Ends a session.
pub(crate) async fn leave(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Some(secret) = cookie(request.headers()) {
        shared.sessions.end(secret);
    }
    with_cookie(StatusCode::NO_CONTENT.into_response(), &prefix(&request), "", 0, false)
}

/// For this dashboard only, out of reach of scripts and of other sites.
fn with_cookie(
    mut response: Response,
    prefix: &str,
    secret: &str,
    age_seconds: u64,
    is_https: bool,
) -> Response {
    let secure = if is_https { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={secret}; Path={prefix}; Max-Age={age_seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

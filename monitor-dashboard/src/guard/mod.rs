//! Who may look, and how much at a time. Every request passes here before anything else.

mod access;
mod headers;
mod login;
mod origin;
mod sessions;

use std::sync::Arc;

use axum::extract::{OriginalUri, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::sync::Semaphore;

pub(crate) use access::Access;
pub(crate) use headers::protect;
pub(crate) use login::{enter, form, leave};
pub(crate) use sessions::Sessions;

use crate::api::Failure;
use crate::state::Shared;

/// What everybody may ask who gets here: whether the process lives, and what the login form is made of.
fn is_open(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz" | "/health" | "/login") || path.starts_with("/assets/")
}

/// Lets a request in, or says why not.
pub(crate) async fn admit(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let (open, is_page) = (is_open(path), matches!(path, "/" | "/index.html"));
    let is_alive = path == "/livez";
    if is_page && let Some(folder) = without_slash(&request) {
        return Redirect::permanent(&folder).into_response();
    }
    if let Err(refused) = origin::check(&shared, &request, open) {
        return refused.into_response();
    }
    let room = match shared.access.admits(&shared, &request) {
        // Whoever restarts what does not answer is answered, however busy it is: that costs next to nothing.
        _ if is_alive => return next.run(request).await,
        Ok(()) => &shared.requests,
        Err(_) if open => &shared.strangers,
        Err(refused) => {
            // A person is shown the form; a program is told why.
            let has_form = is_page && request.method() == Method::GET && shared.access.has_form();
            return match has_form {
                true => Redirect::to("login").into_response(),
                false => refused.into_response(),
            };
        }
    };
    bounded(&shared, room, request, next).await
}

/// Answers within the time and the number of requests there may be.
async fn bounded(shared: &Shared, room: &Semaphore, request: Request, next: Next) -> Response {
    let Ok(_turn) = room.try_acquire() else {
        shared.refused();
        let busy = "too many requests at once; ask again in a second";
        return Failure::new(StatusCode::SERVICE_UNAVAILABLE, busy).into_response();
    };
    match tokio::time::timeout(shared.limits.time_max, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let slow = "the answer takes too long; ask for less of it";
            Failure::new(StatusCode::GATEWAY_TIMEOUT, slow).into_response()
        }
    }
}

/// Where the page is, seen from a mounting point that was called without the slash at its end: what the page asks for
/// is found beside it. It has a name, because under `nest` the mounting point with its slash is nobody's path.
fn without_slash(request: &Request) -> Option<String> {
    let original = request.extensions().get::<OriginalUri>()?.path();
    let last = original.rsplit('/').next()?;
    if last.is_empty() || request.uri().path() != "/" {
        return None;
    }
    Some(format!("./{last}/index.html"))
}

/// The path under which the dashboard is mounted, with a slash at its end: where its cookie belongs.
pub(crate) fn prefix(request: &Request) -> String {
    let own = request.uri().path();
    let original = request.extensions().get::<OriginalUri>().map_or(own, |uri| uri.path());
    match original.strip_suffix(own) {
        // A semicolon would end the cookie's path.
        Some(prefix) if !prefix.contains(';') => format!("{}/", prefix.trim_end_matches('/')),
        _ => "/".into(),
    }
}

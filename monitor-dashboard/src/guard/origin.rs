//! Which name a browser called, and whose page made it do so.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};

use crate::api::Failure;
use crate::guard::Access;
use crate::state::Shared;

/// The header that whatever changes something must carry. No form and no other site's script can send it, because no
/// answer to a preflight allows it.
pub(crate) const ACTION: &str = "x-monitor-action";

/// Refuses what another site makes a browser send.
///
/// `open` requests tell nothing but whether the process lives, so any name will do: probes call by address.
pub(super) fn check(shared: &Shared, request: &Request, open: bool) -> Result<(), Failure> {
    let headers = request.headers();
    let host = host(request);
    if !open && !is_known(shared, host.as_ref()) {
        return Err(Failure::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this is not one of the dashboard's names; allow it with `Dashboard::host`",
        ));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if is_from_elsewhere(headers, host.as_ref()) {
        return Err(Failure::new(StatusCode::FORBIDDEN, "another site's page sent this"));
    }
    let is_form = request.uri().path() == "/login";
    if !is_form && !headers.contains_key(ACTION) {
        let message = "what changes something needs the header `X-Monitor-Action: 1`";
        return Err(Failure::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

fn host(request: &Request) -> Option<Authority> {
    // HTTP/2 has no `Host`, but an authority.
    match request.headers().get(header::HOST) {
        Some(host) => Authority::try_from(host.as_bytes()).ok(),
        None => request.uri().authority().cloned(),
    }
}

/// Whether a name is the dashboard's: one of loopback, or one that was allowed.
fn is_known(shared: &Shared, host: Option<&Authority>) -> bool {
    let checks = matches!(shared.access, Access::ThisMachine) || !shared.hosts.is_empty();
    if !checks {
        return true;
    }
    let Some(host) = host else { return false };
    let name = host.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let is_loopback = name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    is_loopback
        || name == "localhost"
        || shared.hosts.iter().any(|known| *known == name || known == host.as_str())
}

fn is_from_elsewhere(headers: &HeaderMap, host: Option<&Authority>) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    match (origin, host) {
        (Some((_, origin)), Some(host)) => !origin.eq_ignore_ascii_case(host.as_str()),
        _ => true,
    }
}

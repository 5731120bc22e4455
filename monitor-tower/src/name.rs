//! What requests are called.

use http::request::Parts;

/// Stands for the route of a request that has none.
const NO_ROUTE: &str = "(no route)";

/// `GET /orders/{id}`: the method, and the template of the route that axum found.
///
/// A path as it came is never taken: it may hold anything, and there is no end of them.
pub(crate) fn by_route(parts: &Parts) -> String {
    format!("{} {}", parts.method, route(parts).unwrap_or(NO_ROUTE))
}

#[cfg(feature = "axum")]
fn route(parts: &Parts) -> Option<&str> {
    parts.extensions.get::<axum::extract::MatchedPath>().map(axum::extract::MatchedPath::as_str)
}

#[cfg(not(feature = "axum"))]
fn route(_: &Parts) -> Option<&str> {
    None
}

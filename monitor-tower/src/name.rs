//! What requests are called.

use http::Method;
use http::request::Parts;

/// Stands for the route of a request that has none.
const NO_ROUTE: &str = "(no route)";

/// Stands for methods that HTTP does not know: anybody can send one, and there is no end of them.
const NO_METHOD: &str = "(other)";

/// `GET /orders/{id}`: the method, and the template of the route that axum found.
///
/// A path as it came is never taken: it may hold anything, and there is no end of them.
pub(crate) fn by_route(parts: &Parts) -> String {
    format!("{} {}", method(&parts.method), route(parts).unwrap_or(NO_ROUTE))
}

/// The method, if it is one of RFC 9110 or PATCH (RFC 5789).
fn method(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::CONNECT,
        Method::PATCH,
        Method::TRACE,
    ];
    if KNOWN.contains(method) { method.as_str() } else { NO_METHOD }
}

#[cfg(feature = "axum")]
fn route(parts: &Parts) -> Option<&str> {
    parts.extensions.get::<axum::extract::MatchedPath>().map(axum::extract::MatchedPath::as_str)
}

#[cfg(not(feature = "axum"))]
fn route(_: &Parts) -> Option<&str> {
    None
}

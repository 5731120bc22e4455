//! What a unit is called after its span's fields.

use std::fmt::{self, Write};
use std::sync::Arc;

use tracing_core::Field;
use tracing_core::field::Visit;

/// The field that holds a name as it is to be, OpenTelemetry's.
const NAME: &str = "otel.name";
/// Fields that hold a route's template. The first is OpenTelemetry's, the second that of axum's examples.
const ROUTES: [&str; 2] = ["http.route", "matched_path"];
/// Fields that hold a request's method: OpenTelemetry's, what that was called before, and tower-http's.
const METHODS: [&str; 3] = ["http.request.method", "http.method", "method"];
/// Methods of RFC 9110 and PATCH (RFC 5789). Anybody can send another, and there is no end of them.
const METHODS_KNOWN: [&str; 9] =
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "PATCH", "TRACE"];
/// Stands for any other.
const METHOD_OTHER: &str = "(other)";
/// Bytes of a name; what is longer is cut.
pub(crate) const NAME_BYTES_MAX: usize = 200;

/// What a span's fields say of its name.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// By the user's word.
    own: Option<String>,
    name: Option<String>,
    route: Option<String>,
    method: Option<String>,
}

/// Hears the fields of a span.
pub(crate) struct Listener<'a> {
    pub(crate) told: &'a mut Told,
    /// Fields that hold a name by the user's word.
    pub(crate) names: &'a [String],
}

/// Keeps the beginning of what is written.
struct Beginning(String);

// === impl Told ===

impl Told {
    /// What was told later.
    pub(crate) fn heed(&mut self, later: Self) {
        let Self { own, name, route, method } = later;
        self.own = own.or(self.own.take());
        self.name = name.or(self.name.take());
        self.route = route.or(self.route.take());
        self.method = method.or(self.method.take());
    }

    /// The name, of a span that is called so itself.
    pub(crate) fn name(&self, span: &'static str) -> Arc<str> {
        if let Some(name) = self.own.as_ref().or(self.name.as_ref()) {
            return name.as_str().into();
        }
        match (&self.route, &self.method) {
            (None, _) => span.into(),
            (Some(route), None) => route.as_str().into(),
            (Some(route), Some(method)) => {
                let method = METHODS_KNOWN.into_iter().find(|known| known == method);
                format!("{} {route}", method.unwrap_or(METHOD_OTHER)).into()
            }
        }
    }
}

// === impl Listener ===

impl Listener<'_> {
    fn hear(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let field = field.name();
        let told = &mut *self.told;
        let place = if self.names.iter().any(|name| name == field) {
            &mut told.own
        } else if field == NAME {
            &mut told.name
        } else if ROUTES.contains(&field) {
            &mut told.route
        } else if METHODS.contains(&field) {
            &mut told.method
        } else {
            return;
        };
        let mut beginning = Beginning(String::new());
        // Ends early where it is cut.
        let _ = beginning.write_fmt(value);
        if !beginning.0.is_empty() {
            *place = Some(beginning.0);
        }
    }
}

impl Visit for Listener<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.hear(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.hear(field, format_args!("{value:?}"));
    }
}

// === impl Beginning ===

impl Write for Beginning {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = NAME_BYTES_MAX - self.0.len();
        let end = part.floor_char_boundary(room);
        self.0.push_str(&part[..end]);
        if end < part.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

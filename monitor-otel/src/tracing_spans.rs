//! Spans through `tracing`, for who bridges from there.

use monitor_core::capture::Outcome;
use monitor_core::{Companion, Ending, Observer, StartingCall};
use tracing::field::Empty;
use tracing::{Level, Span};

use crate::attributes;

/// Makes a `tracing` span of every call, with the fields that `tracing-opentelemetry` reads.
///
/// For a service whose spans all come from `tracing`: it knows no version of OpenTelemetry, and the
/// spans show in logs as well. Use it or [`Telemetry::spans`](crate::Telemetry::spans), not both.
///
/// Spans are of the target `monitor_otel` and the level `INFO`. They live as long as the call, so they
/// are made in its way, which costs what the subscriber makes of it and a short lock that all calls
/// share; without a subscriber that wants them, next to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSpans;

struct CallSpan(Span);

impl Observer for TracingSpans {
    fn accompany(&self, call: &StartingCall<'_>) -> Option<Box<dyn Companion>> {
        if !tracing::span_enabled!(target: "monitor_otel", Level::INFO, "db_call") {
            return None;
        }
        let (text, summary) = call.statement()?;
        let database = call.database();
        let some = |word: &'_ str| (!word.is_empty()).then(|| word.to_owned());
        let name = some(&summary).or_else(|| some(&database.name));
        let span = tracing::info_span!(
            target: "monitor_otel",
            "db_call",
            otel.name = name.as_deref().unwrap_or(database.system.as_str()),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = database.system.as_str(),
            db.namespace = some(&database.name),
            db.query.summary = some(&summary),
            db.query.text = &*text,
            db.response.status_code = Empty,
            db_monitor.outcome = Empty,
            server.address = some(&database.host),
            server.port = attributes::port(database),
            "error.type" = Empty,
        );
        Some(Box::new(CallSpan(span)))
    }
}

impl Companion for CallSpan {
    fn ended(self: Box<Self>, ending: &Ending<'_>) {
        let Self(span) = *self;
        match ending.outcome {
            Outcome::Completed => {}
            Outcome::Failed(failure) => {
                span.record("otel.status_code", "error");
                span.record("error.type", failure.code.unwrap_or(failure.class.as_str()));
                span.record("db.response.status_code", failure.code);
            }
            Outcome::Cancelled => {
                span.record("db_monitor.outcome", "cancelled");
            }
        }
    }
}

//! A span for every call.

use std::fmt;

use monitor_core::capture::{OutcomeKind, TraceContext};
use monitor_core::snapshot::FinishedCall;
use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, TraceState,
    Tracer,
};
use opentelemetry::{Context, KeyValue};

use crate::{attributes, names};

/// Makes spans of calls that have ended.
pub(crate) struct Spans {
    emit: Option<Box<Emit>>,
    pub(crate) wanted: Option<Box<Wanted>>,
    /// Whether a call under no span begins a trace.
    pub(crate) may_begin: bool,
}

/// Which calls get a span.
pub(crate) type Wanted = dyn Fn(&FinishedCall) -> bool + Send + Sync;

/// A tracer, whatever its type.
type Emit = dyn Fn(Draft<'_>) + Send + Sync;

/// A span before the tracer has seen it.
struct Draft<'a> {
    builder: SpanBuilder,
    parent: Context,
    call: &'a FinishedCall,
}

// === impl Spans ===

impl Spans {
    /// No spans, until there is a tracer.
    pub(crate) fn off() -> Self {
        Self { emit: None, wanted: None, may_begin: true }
    }

    pub(crate) fn set_tracer<T>(&mut self, tracer: T)
    where
        T: Tracer + Send + Sync + 'static,
    {
        self.emit = Some(Box::new(move |Draft { builder, parent, call }| {
            let mut span = tracer.build_with_context(builder, &parent);
            if span.is_recording() {
                finish(&mut span, call);
            }
            span.end_with_timestamp(call.record.at);
        }));
    }

    /// The span under which something happens here and now.
    pub(crate) fn here() -> Option<TraceContext> {
        Context::map_current(|context| {
            context.has_active_span().then(|| trace(context.span().span_context())).flatten()
        })
    }

    pub(crate) fn make(&self, call: &FinishedCall) {
        let is_due = match &call.trace {
            Some(trace) => trace.is_sampled(),
            None => self.may_begin,
        };
        let is_wanted = || self.wanted.as_ref().is_none_or(|wanted| wanted(call));
        if let Some(emit) = self.emit.as_ref().filter(|_| is_due && is_wanted()) {
            emit(Draft { builder: builder(call), parent: parent(call), call });
        }
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").field("on", &self.emit.is_some()).finish_non_exhaustive()
    }
}

/// The span as samplers see it.
fn builder(call: &FinishedCall) -> SpanBuilder {
    let record = &call.record;
    let mut attributes = attributes::database(&record.database);
    if !call.summary.is_empty() {
        attributes.push(KeyValue::new(names::QUERY_SUMMARY, call.summary.clone()));
    }
    attributes.push(KeyValue::new(names::QUERY_TEXT, record.statement.clone()));
    SpanBuilder::from_name(name(call))
        .with_kind(SpanKind::Client)
        .with_start_time(call.started)
        .with_attributes(attributes)
}

/// The summary, or else whom the call went to.
fn name(call: &FinishedCall) -> String {
    let database = &call.record.database;
    match (&*call.summary, &*database.name, &*database.host, database.port) {
        ("", "", "", _) => database.system.as_str().to_owned(),
        ("", "", host, Some(port)) => format!("{host}:{port}"),
        ("", "", host, None) => host.to_owned(),
        ("", name, ..) => name.to_owned(),
        (summary, ..) => summary.to_owned(),
    }
}

/// What only a span that is kept needs.
fn finish(span: &mut impl Span, call: &FinishedCall) {
    let record = &call.record;
    if let Some(site) = record.call_site {
        span.set_attributes(attributes::call_site(site));
    }
    match record.outcome {
        OutcomeKind::Completed => {}
        OutcomeKind::Failed => {
            span.set_attributes(attributes::error(record));
            // No description: messages carry data.
            span.set_status(Status::error(""));
        }
        // Not the database's failure, and not known to be the caller's.
        OutcomeKind::Cancelled => {
            span.set_attribute(KeyValue::new(names::OUTCOME, record.outcome.as_str()));
        }
    }
}

fn trace(span: &SpanContext) -> Option<TraceContext> {
    let trace_id = u128::from_be_bytes(span.trace_id().to_bytes());
    let span_id = u64::from_be_bytes(span.span_id().to_bytes());
    let state = span.trace_state().header();
    Some(TraceContext {
        flags: span.trace_flags().to_u8(),
        is_remote: span.is_remote(),
        state: (!state.is_empty()).then(|| state.into()),
        ..TraceContext::new(trace_id, span_id, false)?
    })
}

/// The context a call was made in, as far as it matters to a sampler: the span, by its name only.
fn parent(call: &FinishedCall) -> Context {
    let Some(trace) = &call.trace else { return Context::new() };
    let state = trace.state.as_deref().and_then(|state| state.parse::<TraceState>().ok());
    Context::new().with_remote_span_context(SpanContext::new(
        trace.trace_id.get().into(),
        trace.span_id.get().into(),
        TraceFlags::new(trace.flags),
        trace.is_remote,
        state.unwrap_or_default(),
    ))
}

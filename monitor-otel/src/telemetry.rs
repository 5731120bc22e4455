//! The observer that speaks OpenTelemetry.

use std::sync::{Mutex, PoisonError};

use monitor_core::Observer;
use monitor_core::capture::TraceContext;
use monitor_core::snapshot::{FinishedCall, Losses, SourceActivity};
use opentelemetry::metrics::Meter;
use opentelemetry::trace::Tracer;

use crate::metrics::Metrics;
use crate::spans::Spans;
use crate::summaries::Summaries;

/// Tells OpenTelemetry what a monitor sees; given to
/// [`Builder::observer`](monitor_core::Builder::observer).
///
/// Without a tracer there are no spans, without a meter no metrics. With neither, or either, slow
/// calls in the monitor's own log carry the id of the trace they were part of.
///
/// One is enough for all databases of a service.
#[derive(Debug)]
#[must_use = "it tells nothing until it is given to a monitor's builder"]
pub struct Telemetry {
    metrics: Option<Metrics>,
    spans: Spans,
    summaries: Mutex<Summaries>,
}

// === impl Telemetry ===

impl Telemetry {
    /// Query summaries with metrics of their own, over all databases, unless said otherwise.
    ///
    /// Each is a time series a bucket; the SDK itself folds all beyond 2 000 attribute sets.
    pub const SUMMARIES_MAX: usize = 300;

    /// Neither spans nor metrics.
    pub fn new() -> Self {
        let summaries = Mutex::new(Summaries::new(Self::SUMMARIES_MAX));
        Self { metrics: None, spans: Spans::off(), summaries }
    }

    /// Makes metrics: time and rows of calls, and how pools are.
    ///
    /// Times of calls are recorded one by one. Times of pools are taken from the monitor's own
    /// histograms every five seconds and are up to 9 % off one by one, though true in their number
    /// and their sum.
    pub fn metrics(mut self, meter: Meter) -> Self {
        self.metrics = Some(Metrics::new(&meter));
        self
    }

    /// Makes a span of every call, within a second after its end, with the times it really had.
    ///
    /// Its parent is the span that was current where the call started. Under a span that is not
    /// sampled there is none; under no span the tracer's sampler decides.
    pub fn spans<T>(mut self, tracer: T) -> Self
    where
        T: Tracer + Send + Sync + 'static,
    {
        self.spans.set_tracer(tracer);
        self
    }

    /// Makes spans of some calls only; asked on the monitor's own thread.
    ///
    /// For a pool that something else makes spans of already, or for kinds nobody wants to see:
    ///
    /// ```
    /// # use monitor_otel::Telemetry;
    /// use monitor_core::identify::Kind;
    ///
    /// let telemetry = Telemetry::new()
    ///     .spans_where(|call| call.record.kind != Kind::Transaction)
    ///     .spans_where(|call| call.record.pool.as_deref() != Some("reports"));
    /// ```
    pub fn spans_where(
        mut self,
        wanted: impl Fn(&FinishedCall) -> bool + Send + Sync + 'static,
    ) -> Self {
        let before = self.spans.wanted.take();
        self.spans.wanted = Some(Box::new(move |call| {
            before.as_ref().is_none_or(|before| before(call)) && wanted(call)
        }));
        self
    }

    /// Makes no span of a call that is under none: no traces of a single query.
    pub fn only_in_traces(mut self) -> Self {
        self.spans.may_begin = false;
        self
    }

    /// Query summaries with metrics of their own; those beyond are told together as `_other`, and
    /// counted. Default: [`SUMMARIES_MAX`](Self::SUMMARIES_MAX), 300.
    pub fn summaries_max(mut self, count: usize) -> Self {
        self.summaries = Mutex::new(Summaries::new(count));
        self
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Telemetry {
    fn trace(&self) -> Option<TraceContext> {
        Spans::here()
    }

    fn calls(&self, calls: &[FinishedCall]) {
        if let Some(metrics) = &self.metrics {
            let mut summaries = self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
            calls.iter().for_each(|call| metrics.record(call, &mut summaries));
        }
        calls.iter().for_each(|call| self.spans.make(call));
    }

    fn levels(&self, sources: &[SourceActivity], losses: &Losses) {
        if let Some(metrics) = &self.metrics {
            let summaries = self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
            metrics.levels(sources, losses, summaries.folded());
        }
    }
}

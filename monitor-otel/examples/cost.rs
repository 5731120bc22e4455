//! What telling OpenTelemetry adds to a call: `cargo run --release -p monitor-otel --example cost`.
//!
//! Variants run in turn, in small blocks, and the medians are shown; two that do the same (A/A) show how
//! much of it is noise. What the monitor's own thread pays is shown apart.

use std::hint::black_box;
use std::time::Instant;

use monitor_core::capture::{Database, System};
use monitor_core::{BuildError, Monitor, Source};
use monitor_otel::Telemetry;
use monitor_otel::opentelemetry::metrics::MeterProvider;
use monitor_otel::opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use monitor_otel::opentelemetry::{Context, ContextGuard};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanProcessor};

const TEXT: &str = "select id, customer_id, status, total, created_at from orders \
     where customer_id = $1 and status = $2 order by created_at desc limit $3";

/// Calls of one block; less than are told at once.
const BLOCK: u32 = 2_000;
const ROUNDS: usize = 201;

/// Drops spans when they have ended: what an exporter does with them is its own.
#[derive(Debug)]
struct Nowhere;

struct Variant {
    name: &'static str,
    monitor: Monitor,
    source: Source,
    context: Option<Context>,
    calls: Vec<f64>,
    telling: Vec<f64>,
}

impl SpanProcessor for Nowhere {
    fn on_start(&self, _: &mut Span, _: &Context) {}
    fn on_end(&self, span: opentelemetry_sdk::trace::SpanData) {
        black_box(span);
    }
    fn force_flush(&self) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(
        &self,
        _: std::time::Duration,
    ) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}

impl Variant {
    fn new(
        name: &'static str,
        telemetry: Option<Telemetry>,
        context: Option<Context>,
    ) -> Result<Self, BuildError> {
        let mut builder = Monitor::builder().beat_by_hand();
        if let Some(telemetry) = telemetry {
            builder = builder.observer(telemetry);
        }
        let monitor = builder.build()?;
        let source = monitor.database(Database::of(System::PostgreSql));
        Ok(Self { name, monitor, source, context, calls: Vec::new(), telling: Vec::new() })
    }

    /// A block of calls, and what is told of it.
    fn run(&mut self) {
        let here: Option<ContextGuard> = self.context.clone().map(Context::attach);
        let start = Instant::now();
        for _ in 0..BLOCK {
            let mut timer = self.source.call(black_box(TEXT));
            timer.add_returned(1);
            timer.complete();
        }
        self.calls.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(BLOCK));
        drop(here);
        let start = Instant::now();
        self.monitor.tell_observers();
        self.telling.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(BLOCK));
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), BuildError> {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let tracers = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
        .with_span_processor(Nowhere)
        .build();
    let always = SdkTracerProvider::builder().with_span_processor(Nowhere).build();
    let under = |tracers: &SdkTracerProvider| {
        Some(Context::new().with_span(tracers.tracer("service").start("request")))
    };
    let metrics = || Telemetry::new().metrics(meters.meter("cost"));
    let spans = || Telemetry::new().spans(tracers.tracer("cost"));
    let mut variants = [
        Variant::new("a call, nobody told (A)", None, None)?,
        Variant::new("a call, nobody told (A/A)", None, None)?,
        Variant::new("metrics", Some(metrics()), None)?,
        Variant::new("spans, under none", Some(spans()), None)?,
        Variant::new("spans, under one that is not sampled", Some(spans()), under(&tracers))?,
        Variant::new("spans, under one that is", Some(spans()), under(&always))?,
        Variant::new("both", Some(spans().metrics(meters.meter("cost"))), under(&always))?,
    ];
    for round in 0..ROUNDS {
        for turn in 0..variants.len() {
            let turn = (turn + round) % variants.len();
            variants[turn].run();
        }
    }
    println!("{ROUNDS} rounds of {BLOCK} calls, median ns a call");
    println!("{:<40} {:>12} {:>20}", "", "in its way", "on another thread");
    for variant in &mut variants {
        let (calls, telling) = (median(&mut variant.calls), median(&mut variant.telling));
        println!("{:<40} {calls:>12.1} {telling:>20.1}", variant.name);
    }
    Ok(())
}

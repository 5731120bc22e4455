//! How do I send spans and metrics to OpenTelemetry?

use monitor_core::Monitor;
use monitor_examples::{Outcome, Shop};
use monitor_otel::Telemetry;
use monitor_otel::opentelemetry::Context;
use monitor_otel::opentelemetry::metrics::MeterProvider;
use monitor_otel::opentelemetry::trace::{FutureExt, TraceContextExt, Tracer, TracerProvider};
use monitor_sqlx::MonitoredPool;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

#[tokio::main]
async fn main() -> Outcome {
    // What a service has already: the SDK, here with exporters that only remember. Yours would be
    // those of `opentelemetry-otlp`.
    let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
    let tracers = SdkTracerProvider::builder().with_batch_exporter(spans.clone()).build();
    let reader = PeriodicReader::builder(metrics.clone()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();

    let telemetry = Telemetry::new().metrics(meters.meter("shop")).spans(tracers.tracer("shop"));
    let monitor = Monitor::builder().observer(telemetry).build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);

    // A request under a span of the service's own: its queries are found below it.
    let request = Context::new().with_span(tracers.tracer("shop").start("GET /customers"));
    let handler = async {
        let names = sqlx::query("SELECT name FROM customers WHERE id < ?").bind(10);
        names.fetch_all(&pool).await?;
        let twice = sqlx::query("INSERT INTO customers VALUES (1, 'user1@example.com', 'Ann')");
        if let Err(error) = twice.execute(&pool).await {
            println!("the service sees: {error}");
        }
        Ok::<_, sqlx::Error>(())
    };
    handler.with_context(request.clone()).await?;
    request.span().end();

    // At the end of a service: first the monitor tells what it knows, then the providers send it.
    monitor.tell_observers();
    tracers.force_flush()?;
    meters.force_flush()?;

    for span in spans.get_finished_spans()? {
        println!("\n{} ({:?}) under {}", span.name, span.span_kind, span.parent_span_id);
        for attribute in &span.attributes {
            println!("    {} = {}", attribute.key, attribute.value);
        }
    }
    println!();
    for exported in metrics.get_finished_metrics()? {
        for metric in exported.scope_metrics().flat_map(|scope| scope.metrics()) {
            let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
                println!("{}", metric.name());
                continue;
            };
            for point in histogram.data_points() {
                let (count, sum) = (point.count(), point.sum());
                println!("{}: {count} in {sum:.6} {}", metric.name(), metric.unit());
            }
        }
    }
    Ok(())
}

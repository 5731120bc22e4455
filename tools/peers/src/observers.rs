//! Those who observe one call: ours, and others' counters, histograms and spans.
//!
//! Others are given all they can be spared: labels are made before, and no text is looked up to find them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use metrics_exporter_prometheus::PrometheusBuilder;
use monitor_core::capture::{Call, Clock, Database, System};
use monitor_core::{Monitor, Source};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

use crate::nowhere::Nowhere;

/// What the table of observers is called.
pub const TABLE: &str = "observation";
/// Statements that are observed in turn where there are many.
pub const STATEMENTS: usize = 1_000;
/// How long a call took, for those who are told: 50 µs, in seconds.
const TOOK: f64 = 50e-6;
/// The same in the form that a monitor is told it: everybody is spared the conversion.
const TOOK_AS_DURATION: Duration = Duration::from_micros(50);
/// How often an exporter is asked to tidy up, as its own runtime would.
const UPKEEP: Duration = Duration::from_secs(5);

/// Rows that aims and pictures ask for.
pub mod names {
    /// The way everything is compared with.
    pub const NOTHING: &str = "nothing (A)";
    /// The monitor, as it comes.
    pub const OURS: &str = "ours";
    /// The monitor with a clock it does not read, and two readings of `Instant`.
    pub const OURS_INSTANT: &str = "ours, Instant for a clock";
    /// The monitor, told how long a call took.
    pub const OURS_NO_CLOCK: &str = "ours, told the time";
    /// OpenTelemetry's histogram between two readings of `Instant`.
    pub const OTEL: &str = "OpenTelemetry SDK: histogram";
    /// The same, told how long a call took.
    pub const OTEL_NO_CLOCK: &str = "OpenTelemetry SDK: histogram, told the time";
    /// prometheus' histogram between two readings of `Instant`.
    pub const PROMETHEUS: &str = "prometheus: histogram";
    /// `metrics` between two readings of `Instant`.
    pub const METRICS: &str = "metrics: histogram, Prometheus exporter";
    /// A span, its subscriber keeping no time.
    pub const SPAN: &str = "tracing: span, registry";
}

/// Somebody who observes a call of the statement with this number.
pub struct Observer {
    /// What it is called in tables.
    pub name: &'static str,
    /// One observation.
    pub observe: Box<dyn Fn(usize) + Send + Sync>,
}

/// What is called by each number: made before, and never given back.
pub struct Statements {
    texts: Vec<&'static str>,
    summaries: Vec<&'static str>,
}

// === impl Observer ===

impl Observer {
    fn new(name: &'static str, observe: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { name, observe: Box::new(observe) }
    }
}

// === impl Statements ===

impl Statements {
    /// So many texts of ordinary length.
    pub fn new() -> Self {
        let texts = (0..STATEMENTS).map(|n| {
            format!(
                "select id, customer_id, status, total, created_at from orders_{n} \
                 where customer_id = $1 and status = $2 order by created_at desc limit $3"
            )
        });
        let summaries = (0..STATEMENTS).map(|n| format!("SELECT orders_{n}"));
        Self { texts: texts.map(leaked).collect(), summaries: summaries.map(leaked).collect() }
    }

    /// Five labels, as OpenTelemetry names them.
    fn labels(&self) -> Vec<[(&'static str, &'static str); 5]> {
        let five = |&summary: &&'static str| {
            [
                ("db.system.name", "postgresql"),
                ("db.namespace", "shop"),
                ("db.operation.name", "SELECT"),
                ("server.address", "db.example"),
                ("db.query.summary", summary),
            ]
        };
        self.summaries.iter().map(five).collect()
    }
}

impl Default for Statements {
    fn default() -> Self {
        Self::new()
    }
}

/// Everybody, the empty way first. To be called once in a process: `metrics` and `tracing` have one recorder each.
///
/// # Errors
///
/// When one of them can't be set up.
pub fn all(statements: &Statements) -> Result<Vec<Observer>> {
    let clock = Clock::real();
    let mut all = vec![
        Observer::new(names::NOTHING, |n| {
            black_box(n);
        }),
        Observer::new("nothing (A/A)", |n| {
            black_box(n);
        }),
        Observer::new("two readings of Instant", |_| {
            black_box(timed());
        }),
        Observer::new("two readings of the monitor's clock", move |_| {
            black_box(clock.now().since(black_box(clock.now())));
        }),
    ];
    ours(statements, &mut all)?;
    opentelemetry_sdk(statements, &mut all);
    prometheus(statements, &mut all)?;
    metrics(statements, &mut all)?;
    span(statements, &mut all)?;
    Ok(all)
}

/// A monitor's handle, which keeps it alive.
pub fn source(monitor: &Monitor) -> Source {
    monitor.database(Database::of(System::PostgreSql))
}

fn ours(statements: &Statements, all: &mut Vec<Observer>) -> Result<()> {
    let texts = || statements.texts.clone();
    let by_counter = source(&Monitor::builder().build()?);
    let again = source(&Monitor::builder().build()?);
    for (name, source) in [(names::OURS, by_counter), ("ours (A/A)", again)] {
        let texts = texts();
        all.push(Observer::new(name, move |n| call(&source, texts[n])));
    }
    let (still, _hands) = Clock::by_hand();
    let by_instant = source(&Monitor::builder().clock(still).beat_by_hand().build()?);
    let named = texts();
    all.push(Observer::new(names::OURS_INSTANT, move |n| {
        let start = Instant::now();
        call(&by_instant, named[n]);
        black_box(start.elapsed());
    }));
    let (still, _hands) = Clock::by_hand();
    let told = source(&Monitor::builder().clock(still).beat_by_hand().build()?);
    let named = texts();
    all.push(Observer::new(names::OURS_NO_CLOCK, move |n| {
        told.record(Call::new(black_box(named[n]), black_box(TOOK_AS_DURATION)));
    }));
    Ok(())
}

fn call(source: &Source, text: &str) {
    let mut timer = source.call(black_box(text));
    timer.add_returned(1);
    timer.complete();
}

fn opentelemetry_sdk(statements: &Statements, all: &mut Vec<Observer>) {
    for (name, has_clock) in [(names::OTEL, true), (names::OTEL_NO_CLOCK, false)] {
        // Nothing leaves, and nobody looks while it is measured.
        let reader =
            PeriodicReader::builder(Nowhere).with_interval(Duration::from_hours(1)).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let meter = provider.meter("bench");
        let histogram = meter.f64_histogram("db.client.operation.duration").with_unit("s").build();
        let pair = |(key, value)| KeyValue::new(key, value);
        let labels: Vec<_> = statements.labels().into_iter().map(|five| five.map(pair)).collect();
        all.push(Observer::new(name, move |n| {
            let _alive = &provider;
            histogram.record(seconds(has_clock), &labels[n]);
        }));
    }
}

fn prometheus(statements: &Statements, all: &mut Vec<Observer>) -> Result<()> {
    let named = [(names::PROMETHEUS, true), ("prometheus: histogram, told the time", false)];
    for (name, has_clock) in named {
        let labels = statements.labels();
        let keys = labels[0].map(|(key, _)| key.replace('.', "_"));
        let options = prometheus::HistogramOpts::new("operation_duration", "How long calls took.");
        let histogram =
            prometheus::HistogramVec::new(options, &keys.each_ref().map(String::as_str))?;
        let values: Vec<_> = labels.into_iter().map(|five| five.map(|(_, value)| value)).collect();
        all.push(Observer::new(name, move |n| {
            let took = seconds(has_clock);
            histogram.with_label_values(&values[n]).observe(took);
        }));
    }
    Ok(())
}

fn metrics(statements: &Statements, all: &mut Vec<Observer>) -> Result<()> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    // It keeps every sample until then.
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    });
    let named = [(names::METRICS, true), ("metrics: histogram, told the time", false)];
    for (name, has_clock) in named {
        let summaries = statements.summaries.clone();
        all.push(Observer::new(name, move |n| {
            let took = seconds(has_clock);
            let histogram = metrics::histogram!(
                "operation_duration",
                "db_system_name" => "postgresql",
                "db_namespace" => "shop",
                "db_operation_name" => "SELECT",
                "server_address" => "db.example",
                "db_query_summary" => summaries[n],
            );
            histogram.record(took);
        }));
    }
    Ok(())
}

fn span(statements: &Statements, all: &mut Vec<Observer>) -> Result<()> {
    tracing::subscriber::set_global_default(tracing_subscriber::registry())?;
    let summaries = statements.summaries.clone();
    all.push(Observer::new(names::SPAN, move |n| {
        let span = tracing::info_span!(
            "query",
            db.system.name = "postgresql",
            db.namespace = "shop",
            db.operation.name = "SELECT",
            server.address = "db.example",
            db.query.summary = summaries[n],
        );
        span.in_scope(|| black_box(n));
    }));
    Ok(())
}

/// What is recorded: how long nothing took, or what somebody else has found.
fn seconds(has_clock: bool) -> f64 {
    if has_clock { timed() } else { black_box(TOOK) }
}

fn timed() -> f64 {
    black_box(Instant::now()).elapsed().as_secs_f64()
}

fn leaked(text: String) -> &'static str {
    text.leak()
}

//! OpenTelemetry of real calls on PostgreSQL, MariaDB and SQLite, attribute by attribute.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use diesel::{Connection as _, RunQueryDsl as _};
use monitor_core::Monitor;
use monitor_core::capture::{Database, System};
use monitor_otel::Telemetry;
use monitor_otel::opentelemetry::metrics::MeterProvider as _;
use monitor_otel::opentelemetry::trace::{
    FutureExt, SpanKind, Status, TraceContextExt, Tracer, TracerProvider,
};
use monitor_otel::opentelemetry::{Context, KeyValue};
use monitor_sqlx::MonitoredPool;
use monitor_tests::servers;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor, MySql, Postgres, Sqlite};

/// A monitor, and what the SDK got of it.
struct World {
    monitor: Monitor,
    tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
}

type Attributes = BTreeMap<String, String>;

// === impl World ===

impl World {
    fn new() -> Self {
        let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
        let tracers = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let meters = SdkMeterProvider::builder().with_reader(reader).build();
        let telemetry =
            Telemetry::new().metrics(meters.meter("monitor")).spans(tracers.tracer("monitor"));
        let monitor = Monitor::builder().beat_by_hand().observer(telemetry).build().unwrap();
        Self { monitor, tracers, meters, spans, metrics }
    }

    fn request(&self) -> Context {
        Context::new().with_span(self.tracers.tracer("service").start("request"))
    }

    /// The spans made since the last look.
    fn spans(&self) -> Vec<SpanData> {
        self.monitor.tell_observers();
        let spans = self.spans.get_finished_spans().unwrap();
        self.spans.reset();
        spans
    }

    /// The one span made since the last look.
    #[track_caller]
    fn span(&self) -> SpanData {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }

    /// The attributes under which a metric has values, and how many calls a histogram counts there.
    fn metric(&self, name: &str) -> Vec<(Attributes, u64)> {
        self.monitor.tell_observers();
        self.metrics.reset();
        self.meters.force_flush().unwrap();
        let exported = self.metrics.get_finished_metrics().unwrap();
        let all = exported.iter().flat_map(|exported| exported.scope_metrics());
        let metric = all.flat_map(|scope| scope.metrics()).find(|metric| metric.name() == name);
        match metric.unwrap().data() {
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .map(|point| (attributes(point.attributes()), point.count()))
                .collect(),
            AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                sum.data_points().map(|point| (attributes(point.attributes()), 0)).collect()
            }
            other => panic!("{name} is {other:?}"),
        }
    }
}

/// Attributes as text, for comparing.
fn attributes<'a>(all: impl IntoIterator<Item = &'a KeyValue>) -> Attributes {
    all.into_iter().map(|kv| (kv.key.to_string(), kv.value.to_string())).collect()
}

/// Attributes as a test writes them.
fn expected(all: &[(&str, &str)]) -> Attributes {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What the tests ask of every database, written once: their executors have no common bound.
macro_rules! story {
    ($name:ident, $db:ty, $pool:expr, $known:expr, code: $code:literal, endless: $endless:literal) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let world = World::new();
            let pool: MonitoredPool<$db> = $pool(&world).await;
            let known: Attributes = $known;
            // On one connection, as the table lasts no longer than that.
            let mut connection = pool.acquire().await.unwrap();
            let create =
                "CREATE TEMPORARY TABLE songs (id INT PRIMARY KEY, title VARCHAR(50) UNIQUE)";
            connection.execute(create).await.unwrap();
            drop(world.spans());

            let request = world.request();
            let insert = "INSERT INTO songs (id, title) VALUES (1, 'a secret')";
            connection.execute(insert).with_context(request.clone()).await.unwrap();
            let span = world.span();
            has(&span, &known, "INSERT songs", "insert into songs (id, title) values (?, ?)", &[]);
            assert_eq!(span.status, Status::Unset);
            let parent = request.span().span_context().clone();
            assert_eq!(span.span_context.trace_id(), parent.trace_id());
            assert_eq!(span.parent_span_id, parent.span_id());

            let again = "INSERT INTO songs (id, title) VALUES (2, 'a secret')";
            connection.execute(again).await.unwrap_err();
            let span = world.span();
            let codes = [("db.response.status_code", $code), ("error.type", $code)];
            has(
                &span,
                &known,
                "INSERT songs",
                "insert into songs (id, title) values (?, ?)",
                &codes,
            );
            assert_eq!(span.status, Status::error(""));

            {
                let mut call = connection.execute($endless);
                let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut call).poll(cx))).await;
                assert!(polled.is_pending());
            }
            let span = world.span();
            let outcome = attributes(&span.attributes)["db_monitor.outcome"].clone();
            assert_eq!((outcome.as_str(), &span.status), ("cancelled", &Status::Unset));
            assert!(!attributes(&span.attributes).contains_key("error.type"));

            let durations = world.metric("db.client.operation.duration");
            let failed = durations.iter().filter(|(attributes, _)| {
                attributes.get("error.type").map(String::as_str) == Some($code)
                    && attributes["db.query.summary"] == "INSERT songs"
            });
            assert_eq!(failed.map(|(_, calls)| calls).sum::<u64>(), 1);
            let pools = world.metric("db.client.connection.count");
            assert!(pools.iter().all(|(pool, _)| pool["db.client.connection.pool.name"] == "main"));
            assert_eq!(pools.len(), 2, "idle and used");
        }
    };
}

/// Compares all attributes but the line, which sqlx tells of some calls only.
#[track_caller]
fn has(span: &SpanData, known: &Attributes, summary: &str, text: &str, more: &[(&str, &str)]) {
    let mut told = attributes(&span.attributes);
    told.retain(|key, _| !key.starts_with("code."));
    let mut wanted = known.clone();
    wanted.extend(expected(&[("db.query.summary", summary), ("db.query.text", text)]));
    wanted.extend(expected(more));
    assert_eq!(told, wanted);
    assert_eq!((&*span.name, &span.span_kind), (summary, &SpanKind::Client));
    assert!(span.end_time >= span.start_time);
}

/// Where a server is, as the conventions want it told.
fn place(system: &str, name: &str, host: &str, port: u16, usual: u16) -> Attributes {
    let mut known =
        expected(&[("db.system.name", system), ("db.namespace", name), ("server.address", host)]);
    if port != usual {
        known.insert("server.port".to_owned(), port.to_string());
    }
    known
}

fn postgres_options() -> PgConnectOptions {
    servers::postgres_url().parse().unwrap()
}

async fn postgres(world: &World) -> MonitoredPool<Postgres> {
    let pool =
        PoolOptions::new().max_connections(2).connect_with(postgres_options()).await.unwrap();
    MonitoredPool::builder(pool).name("main").build(&world.monitor)
}

fn postgres_place() -> Attributes {
    let options = postgres_options();
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    place("postgresql", name, options.get_host(), options.get_port(), 5432)
}

fn mysql_options() -> MySqlConnectOptions {
    servers::mysql_url().parse().unwrap()
}

/// sqlx does not know MariaDB from MySQL, so it is told.
async fn mariadb(world: &World) -> MonitoredPool<MySql> {
    let options = mysql_options();
    let database = Database {
        system: System::MariaDb,
        name: options.get_database().unwrap_or_default().to_owned(),
        host: options.get_host().to_owned(),
        port: Some(options.get_port()),
    };
    let pool = PoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    MonitoredPool::builder(pool).name("main").database(database).build(&world.monitor)
}

fn mariadb_place() -> Attributes {
    let options = mysql_options();
    let name = options.get_database().unwrap_or_default();
    place("mariadb", name, options.get_host(), options.get_port(), 3306)
}

async fn sqlite(world: &World) -> MonitoredPool<Sqlite> {
    let options: SqliteConnectOptions = "sqlite::memory:".parse().unwrap();
    let pool = PoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    MonitoredPool::builder(pool).name("main").build(&world.monitor)
}

fn sqlite_place() -> Attributes {
    expected(&[("db.system.name", "sqlite"), ("db.namespace", ":memory:")])
}

story!(on_postgresql, Postgres, postgres, postgres_place(), code: "23505",
    endless: "SELECT pg_sleep(60)");
story!(on_mariadb, MySql, mariadb, mariadb_place(), code: "1062", endless: "SELECT SLEEP(60)");
story!(on_sqlite, Sqlite, sqlite, sqlite_place(), code: "2067",
    endless: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) \
        SELECT count(*) FROM n");

#[test]
fn diesel_has_spans_under_the_span_it_was_called_in() {
    let world = World::new();
    let mut connection = diesel::SqliteConnection::establish(":memory:").unwrap();
    let database = Database { name: ":memory:".into(), ..Database::of(System::Sqlite) };
    let watch = monitor_diesel::instrumentation(&world.monitor).database(database);
    connection.set_instrumentation(watch);
    let request = world.request();
    let parent = request.span().span_context().clone();
    {
        let _here = request.clone().attach();
        let create = "CREATE TABLE songs (id INT PRIMARY KEY, title VARCHAR(50) UNIQUE)";
        diesel::sql_query(create).execute(&mut connection).unwrap();
    }
    let span = world.span();
    let text = "create table songs (id int primary key, title varchar(?) unique)";
    has(&span, &sqlite_place(), "CREATE TABLE songs", text, &[]);
    assert_eq!(span.span_context.trace_id(), parent.trace_id());
    assert_eq!(span.parent_span_id, parent.span_id());

    let insert = "INSERT INTO songs (id, title) VALUES (1, 'a secret')";
    diesel::sql_query(insert).execute(&mut connection).unwrap();
    diesel::sql_query(insert).execute(&mut connection).unwrap_err();
    let spans = world.spans();
    // diesel tells the kind of an error, and no code.
    let text = "insert into songs (id, title) values (?, ?)";
    let kind = [("error.type", "unique_violation")];
    has(&spans[1], &sqlite_place(), "INSERT songs", text, &kind);
    assert_eq!(spans[1].status, Status::error(""));
}

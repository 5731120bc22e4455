//! Whole calls through sqlx 0.9: as they are, by the wrappers and the layer, and through sqlx-otel.

use std::rc::Rc;
use std::str::FromStr;

use anyhow::Result;
use monitor_core::Monitor;
use monitor_sqlx::MonitoredPool;
use opentelemetry_0_32::global;
use opentelemetry_sdk_0_32::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk_0_32::trace::SdkTracerProvider;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, PgPool, SqlitePool};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::layer::SubscriberExt;

use super::calls::{
    BY_KEY, Call, Item, ONE, POSTGRES_MICROS, SETUP, columns, compare, tables, way,
};
use crate::nowhere::Nowhere;
use crate::report::Table;

/// Rows that aims and pictures ask for.
pub mod names {
    /// The monitor's wrapper.
    pub const OURS: &str = "ours: wrapper";
    /// The monitor's layer.
    pub const LAYER: &str = "ours: layer on sqlx's events";
    /// The wrapper where a layer is there too, which has to be kept from counting twice.
    pub const BOTH: &str = "ours: wrapper, and a layer in the process";
    /// sqlx-otel where nobody installed a provider.
    pub const OTEL_NONE: &str = "sqlx-otel, nothing installed";
    /// sqlx-otel with OpenTelemetry's SDK.
    pub const OTEL_SDK: &str = "sqlx-otel, SDK installed";
}

/// What a call takes, for the length of blocks.
const SQLITE_MICROS: u32 = 10;

/// OpenTelemetry's providers and tracing's subscriber are there once in a process.
#[derive(Clone, Copy)]
enum World {
    /// No provider and no subscriber.
    Plain,
    /// The monitor's layer.
    Layer,
    /// OpenTelemetry's SDK.
    Sdk,
}

/// Through the pool each time, or on a connection that is kept.
#[derive(Clone, Copy)]
enum On {
    Pool,
    Held,
}

/// The monitor's wrapper, and sqlx-otel with nothing installed.
pub(super) fn plainly() -> Result<Vec<Table>> {
    run(World::Plain)
}

/// The monitor's layer, alone and beside the wrapper, with a plain call of its own.
pub(super) fn with_layer() -> Result<Vec<Table>> {
    let monitor = Monitor::builder().build()?;
    let subscriber = tracing_subscriber::registry().with(monitor_sqlx::layer(&monitor));
    tracing::subscriber::set_global_default(subscriber)?;
    run(World::Layer)
}

/// sqlx-otel with an SDK, beside a plain call of its own.
pub(super) fn with_sdk() -> Result<Vec<Table>> {
    let reader = PeriodicReader::builder(Nowhere).build();
    global::set_meter_provider(SdkMeterProvider::builder().with_reader(reader).build());
    global::set_tracer_provider(SdkTracerProvider::builder().with_batch_exporter(Nowhere).build());
    run(World::Sdk)
}

/// The ways to make a call, the plain one first.
macro_rules! ways {
    ($runtime:expr, $world:expr, $on:expr, $call:expr, $pool:expr) => {{
        let (runtime, call, pool) = ($runtime, $call, $pool);
        let quiet = || pool(false);
        let ours = || anyhow::Ok(MonitoredPool::new(quiet()?, &Monitor::builder().build()?));
        let otel = || anyhow::Ok(sqlx_otel::PoolBuilder::from(quiet()?).build());
        let held = |logs| anyhow::Ok(runtime.block_on(pool(logs)?.acquire())?);
        match ($world, $on) {
            (World::Plain, On::Pool) => vec![
                way!(sqlx, "plain (A)", runtime, call, quiet()?, |own| &*own),
                way!(sqlx, "plain (A/A)", runtime, call, quiet()?, |own| &*own),
                way!(sqlx, names::OURS, runtime, call, ours()?, |own| &*own),
                way!(sqlx, names::OTEL_NONE, runtime, call, otel()?, |own| &*own),
            ],
            (World::Plain, On::Held) => {
                let ours = runtime.block_on(ours()?.acquire())?;
                let otel = runtime.block_on(otel()?.acquire())?;
                vec![
                    way!(sqlx, "plain (A)", runtime, call, held(false)?, |own| &mut **own),
                    way!(sqlx, "plain (A/A)", runtime, call, held(false)?, |own| &mut **own),
                    way!(sqlx, names::OURS, runtime, call, ours, |own| &mut *own),
                    way!(sqlx, names::OTEL_NONE, runtime, call, otel, |own| &mut *own),
                ]
            }
            (World::Layer, On::Pool) => vec![
                way!(sqlx, "plain, beside the layer", runtime, call, quiet()?, |own| &*own),
                way!(sqlx, "plain there (A/A)", runtime, call, quiet()?, |own| &*own),
                way!(sqlx, names::LAYER, runtime, call, pool(true)?, |own| &*own),
                way!(sqlx, names::BOTH, runtime, call, ours()?, |own| &*own),
            ],
            (World::Layer, On::Held) => {
                let ours = runtime.block_on(ours()?.acquire())?;
                vec![
                    way!(sqlx, "plain, beside the layer", runtime, call, held(false)?, |own| {
                        &mut **own
                    }),
                    way!(sqlx, "plain there (A/A)", runtime, call, held(false)?, |own| {
                        &mut **own
                    }),
                    way!(sqlx, names::LAYER, runtime, call, held(true)?, |own| &mut **own),
                    way!(sqlx, names::BOTH, runtime, call, ours, |own| &mut *own),
                ]
            }
            (World::Sdk, On::Pool) => vec![
                way!(sqlx, "plain, beside the SDK", runtime, call, quiet()?, |own| &*own),
                way!(sqlx, "the same (A/A)", runtime, call, quiet()?, |own| &*own),
                way!(sqlx, names::OTEL_SDK, runtime, call, otel()?, |own| &*own),
            ],
            (World::Sdk, On::Held) => {
                let otel = runtime.block_on(otel()?.acquire())?;
                vec![
                    way!(sqlx, "plain, beside the SDK", runtime, call, held(false)?, |own| {
                        &mut **own
                    }),
                    way!(sqlx, "the same (A/A)", runtime, call, held(false)?, |own| &mut **own),
                    way!(sqlx, names::OTEL_SDK, runtime, call, otel, |own| &mut *own),
                ]
            }
        }
    }};
}

fn run(world: World) -> Result<Vec<Table>> {
    let runtime = Rc::new(Builder::new_current_thread().enable_all().build()?);
    // Connections are given back to their pools by tasks.
    let _entered = runtime.enter();
    let url = super::postgres_url();
    let mut tables = tables();
    for (on, table) in [On::Pool, On::Held].into_iter().zip(&mut tables) {
        for (column, call) in [(columns::SQLITE_ONE, Call::One), (columns::SQLITE_KEY, Call::ByKey)]
        {
            let ways = ways!(&runtime, world, on, call, |logs| sqlite(&runtime, logs));
            compare(table, column, ways, SQLITE_MICROS);
        }
        let Some(url) = &url else { continue };
        for (column, call) in
            [(columns::POSTGRES_ONE, Call::One), (columns::POSTGRES_KEY, Call::ByKey)]
        {
            let ways = ways!(&runtime, world, on, call, |logs| postgres(&runtime, url, logs));
            compare(table, column, ways, POSTGRES_MICROS);
        }
    }
    Ok(tables.into())
}

fn sqlite(runtime: &Runtime, logs: bool) -> Result<SqlitePool> {
    let mut options = SqliteConnectOptions::from_str("sqlite::memory:")?;
    if !logs {
        options = options.disable_statement_logging();
    }
    let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    runtime.block_on(async {
        let pool = one.connect_with(options).await?;
        sqlx::raw_sql(SETUP).execute(&pool).await?;
        Ok(pool)
    })
}

fn postgres(runtime: &Runtime, url: &str, logs: bool) -> Result<PgPool> {
    let mut options = PgConnectOptions::from_str(url)?;
    if !logs {
        options = options.disable_statement_logging();
    }
    let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    runtime.block_on(async {
        let pool = one.connect_with(options).await?;
        sqlx::raw_sql(SETUP).execute(&pool).await?;
        Ok(pool)
    })
}

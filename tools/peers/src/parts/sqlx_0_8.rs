//! Whole calls through sqlx-tracing, which needs sqlx 0.8: beside that version's plain call, on PostgreSQL alone.

use std::rc::Rc;
use std::str::FromStr;

use anyhow::Result;
use sqlx_0_8::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx_0_8::{ConnectOptions, PgPool};
use tokio::runtime::{Builder, Runtime};

use super::calls::{
    BY_KEY, Call, Item, ONE, POSTGRES_MICROS, SETUP, columns, compare, tables, way,
};
use crate::report::Table;

/// The row that pictures ask for.
pub const NAME: &str = "sqlx-tracing, registry";

/// A subscriber that keeps nothing: the least it can cost where somebody listens.
pub(super) fn run() -> Result<Vec<Table>> {
    let Some(url) = super::postgres_url() else { return Ok(Vec::new()) };
    tracing::subscriber::set_global_default(tracing_subscriber::registry())?;
    let runtime = Rc::new(Builder::new_current_thread().enable_all().build()?);
    let _entered = runtime.enter();
    let quiet = || postgres(&runtime, &url);
    let peer = || anyhow::Ok(sqlx_tracing::PoolBuilder::from(quiet()?).build());
    let held = || anyhow::Ok(runtime.block_on(quiet()?.acquire())?);
    let [mut pool, mut kept] = tables();
    for (column, call) in [(columns::POSTGRES_ONE, Call::One), (columns::POSTGRES_KEY, Call::ByKey)]
    {
        let ways = vec![
            way!(sqlx_0_8, "plain, sqlx 0.8", &runtime, call, quiet()?, |own| &*own),
            way!(sqlx_0_8, "plain, sqlx 0.8 (A/A)", &runtime, call, quiet()?, |own| &*own),
            way!(sqlx_0_8, NAME, &runtime, call, peer()?, |own| &*own),
        ];
        compare(&mut pool, column, ways, POSTGRES_MICROS);
        let peer = runtime.block_on(peer()?.acquire())?;
        let ways = vec![
            way!(sqlx_0_8, "plain, sqlx 0.8", &runtime, call, held()?, |own| &mut **own),
            way!(sqlx_0_8, "plain, sqlx 0.8 (A/A)", &runtime, call, held()?, |own| &mut **own),
            way!(sqlx_0_8, NAME, &runtime, call, peer, |own| &mut *own),
        ];
        compare(&mut kept, column, ways, POSTGRES_MICROS);
    }
    Ok(vec![pool, kept])
}

fn postgres(runtime: &Runtime, url: &str) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
    let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    runtime.block_on(async {
        let pool = one.connect_with(options).await?;
        sqlx_0_8::raw_sql(SETUP).execute(&pool).await?;
        Ok(pool)
    })
}

//! Whole calls through diesel: as they are, watched, in precise mode, and beside a peer.

use anyhow::Result;
use diesel::connection::{AnsiTransactionManager, LoadConnection, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_tracing::sqlite::InstrumentedSqliteConnection;
use monitor_core::Monitor;
use monitor_diesel::instrumentation;

use crate::rounds::Rounds;
use crate::variants::Variant;

/// Calls of one block on SQLite, which takes less than a microsecond for one.
const SQLITE_BLOCK: u32 = 400;
/// Calls of one block on PostgreSQL.
#[cfg(feature = "postgres")]
const POSTGRES_BLOCK: u32 = 40;
/// Rounds over all variants of a table.
const ROUNDS: usize = 401;

diesel::table! {
    bench_orders (id) {
        id -> Integer,
        customer_id -> Integer,
        status -> Text,
        total -> Integer,
        note -> Text,
    }
}

/// Filled into a table of the connection's own, so that nothing is left behind.
const COLUMNS: &str = "
    bench_orders (id integer primary key, customer_id integer not null,
        status text not null, total integer not null, note text not null);
    insert into bench_orders values (1, 2, 'shipped', 3, 'none'), (2, 3, 'pending', 4, 'none'),
        (3, 4, 'shipped', 5, 'none'), (4, 5, 'pending', 6, 'none'), (5, 6, 'shipped', 7, 'none');";

type Order = (i32, i32, String, i32, String);

/// A call to be measured on any connection.
#[derive(Clone, Copy)]
enum Call {
    One,
    ByKey,
    Boxed,
}

/// Prints a table for each call on each database.
pub(crate) fn run() -> Result<()> {
    // As an application would have it: the peer does nothing where nobody listens.
    let registry = tracing_subscriber::registry();
    let calls = [
        ("SELECT 1", Call::One),
        ("5 columns by key", Call::ByKey),
        ("the same, boxed", Call::Boxed),
    ];
    tracing::subscriber::with_default(registry, || {
        for (name, call) in calls {
            let variants = sqlite(call)?;
            table(&format!("diesel on SQLite in memory, {name}"), variants, SQLITE_BLOCK);
        }
        #[cfg(feature = "postgres")]
        if let Ok(url) = std::env::var("MONITOR_TEST_POSTGRES_URL") {
            for (name, call) in calls {
                let variants = postgres(call, &url)?;
                table(&format!("diesel on PostgreSQL, {name}"), variants, POSTGRES_BLOCK);
            }
        }
        Ok(())
    })
}

fn table(title: &str, mut variants: Vec<Variant>, block: u32) {
    let rounds = Rounds::run(&mut variants, ROUNDS, block);
    println!("\n{title}: {ROUNDS} rounds of {block}, medians");
    println!("{:<52} {:>8} {:>9} {:>8}", "", "ns", "above", "ratio");
    for (variant, cost) in variants.iter().zip(rounds.costs()) {
        let name = variant.name;
        println!("{name:<52} {:>8.0} {:>+9.0} {:>8.3}", cost.median, cost.above, cost.ratio);
    }
}

/// The ways to watch a connection, beside the connection itself.
macro_rules! variants {
    ($connection:ty, $peer:ty, $url:expr, $create:expr, $call:expr) => {{
        let (call, url) = ($call, $url);
        let setup = format!("{} {COLUMNS}", $create);
        let connect = || -> Result<$connection> {
            let mut conn = <$connection>::establish(url)?;
            conn.batch_execute(&setup)?;
            Ok(conn)
        };
        let monitor = || Monitor::builder().beat_by_hand().build();
        let mut watched = connect()?;
        watched.set_instrumentation(instrumentation(&monitor()?).url(url));
        let mut told = connect()?;
        told.set_instrumentation(diesel_tracing::TracingInstrumentation::new(false));
        let precise = instrumentation(&monitor()?).url(url).wrap(connect()?);
        let off = instrumentation(&Monitor::off()).url(url).wrap(connect()?);
        let mut peer = <$peer>::establish(url)?;
        peer.batch_execute(&setup)?;
        vec![
            variant("plain (A)", connect()?, call),
            variant("plain (A/A)", connect()?, call),
            variant("watched: instrumentation", watched, call),
            variant("precise mode", precise, call),
            variant("precise mode, monitor off", off, call),
            variant("diesel-tracing: connection, registry", peer, call),
            variant("diesel-tracing: instrumentation, registry", told, call),
        ]
    }};
}

fn sqlite(call: Call) -> Result<Vec<Variant>> {
    Ok(variants!(SqliteConnection, InstrumentedSqliteConnection, ":memory:", "create table", call))
}

#[cfg(feature = "postgres")]
fn postgres(call: Call, url: &str) -> Result<Vec<Variant>> {
    Ok(variants!(
        PgConnection,
        diesel_tracing::pg::InstrumentedPgConnection,
        url,
        "create temporary table",
        call
    ))
}

fn variant<C>(name: &'static str, mut conn: C, call: Call) -> Variant
where
    C: LoadConnection<TransactionManager = AnsiTransactionManager> + 'static,
    C: Run,
{
    Variant::new(name, move |n| {
        let key = 1 + (n % 5) as i32;
        // Set up before it is measured, so a failing call would only be too quick; it is not.
        let done = match call {
            Call::One => conn.one(),
            Call::ByKey => conn.by_key(key),
            Call::Boxed => conn.boxed(key),
        };
        assert!(done.is_ok(), "a measured call failed");
    })
}

/// The calls, for each type of connection: bounds of a function for all of them would be longer.
trait Run {
    fn one(&mut self) -> QueryResult<()>;
    fn by_key(&mut self, key: i32) -> QueryResult<()>;
    fn boxed(&mut self, key: i32) -> QueryResult<()>;
}

macro_rules! run {
    ($($connection:ty),*) => {
        $(impl Run for $connection {
            fn one(&mut self) -> QueryResult<()> {
                diesel::select(1.into_sql::<Integer>()).get_result::<i32>(self).map(drop)
            }

            fn by_key(&mut self, key: i32) -> QueryResult<()> {
                bench_orders::table.find(key).first::<Order>(self).map(drop)
            }

            fn boxed(&mut self, key: i32) -> QueryResult<()> {
                let query = bench_orders::table.filter(bench_orders::id.eq(key));
                query.into_boxed().first::<Order>(self).map(drop)
            }
        })*
    };
}

run!(
    SqliteConnection,
    InstrumentedSqliteConnection,
    monitor_diesel::MonitoredConnection<SqliteConnection>
);
#[cfg(feature = "postgres")]
run!(
    PgConnection,
    diesel_tracing::pg::InstrumentedPgConnection,
    monitor_diesel::MonitoredConnection<PgConnection>
);

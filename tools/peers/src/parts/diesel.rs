//! Whole calls through diesel: as they are, watched, in precise mode, and beside diesel-tracing.

use std::fmt::{self, Write as _};

use anyhow::Result;
use diesel::connection::{
    AnsiTransactionManager, Instrumentation, InstrumentationEvent, LoadConnection, SimpleConnection,
};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_tracing::pg::InstrumentedPgConnection;
use diesel_tracing::sqlite::InstrumentedSqliteConnection;
use monitor_core::Monitor;
use monitor_diesel::{MonitoredConnection, instrumentation};

use super::calls::{columns, compare};
use crate::report::Table;
use crate::rounds::Variant;

/// How aims and pictures find the table.
pub const TABLE: &str = "diesel";

/// Rows that aims and pictures ask for.
pub mod names {
    /// An instrumentation that writes a call's SQL down once, and does nothing with it.
    pub const TEXT: &str = "writing the SQL text once";
    /// The monitor's instrumentation.
    pub const WATCHED: &str = "ours: instrumentation";
    /// The monitor's connection.
    pub const PRECISE: &str = "ours: precise mode";
    /// The peer's instrumentation.
    pub const PEER: &str = "diesel-tracing: instrumentation, registry";
}

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

/// The SQL text, and nothing else: what every instrumentation pays that names statements.
struct TextOnly(String);

/// Takes what diesel writes first, the SQL; the values come after it.
struct First<'a>(&'a mut String);

pub(super) fn run() -> Result<Vec<Table>> {
    let mut table = Table::new(
        TABLE,
        "A call through diesel",
        "what each way adds to the plain call; the registry keeps nothing, which is the least a subscriber can do",
        &[],
    );
    // As an application would have it: the peer does nothing where nobody listens.
    tracing::subscriber::with_default(tracing_subscriber::registry(), || {
        for (column, call) in [
            (columns::SQLITE_ONE, Call::One),
            (columns::SQLITE_KEY, Call::ByKey),
            ("SQLite, the same, boxed", Call::Boxed),
        ] {
            compare(&mut table, column, sqlite(call)?, 2);
        }
        let Some(url) = super::postgres_url() else { return Ok(()) };
        for (column, call) in [
            (columns::POSTGRES_ONE, Call::One),
            (columns::POSTGRES_KEY, Call::ByKey),
            ("PostgreSQL, the same, boxed", Call::Boxed),
        ] {
            compare(&mut table, column, postgres(call, &url)?, 15);
        }
        anyhow::Ok(())
    })?;
    Ok(vec![table])
}

/// The ways to watch a connection, beside the connection itself.
macro_rules! ways {
    ($connection:ty, $peer:ty, $url:expr, $create:expr, $call:expr) => {{
        let (call, url) = ($call, $url);
        let setup = format!("{} {COLUMNS}", $create);
        let connect = || -> Result<$connection> {
            let mut conn = <$connection>::establish(url)?;
            conn.batch_execute(&setup)?;
            Ok(conn)
        };
        let monitor = || Monitor::builder().build();
        let mut text = connect()?;
        text.set_instrumentation(TextOnly(String::new()));
        let mut watched = connect()?;
        watched.set_instrumentation(instrumentation(&monitor()?).url(url));
        let mut told = connect()?;
        told.set_instrumentation(diesel_tracing::TracingInstrumentation::new(false));
        let precise = instrumentation(&monitor()?).url(url).wrap(connect()?);
        let off = instrumentation(&Monitor::off()).url(url).wrap(connect()?);
        let mut peer = <$peer>::establish(url)?;
        peer.batch_execute(&setup)?;
        vec![
            way("plain (A)", connect()?, call),
            way("plain (A/A)", connect()?, call),
            way(names::TEXT, text, call),
            way(names::WATCHED, watched, call),
            way(names::PRECISE, precise, call),
            way("ours: precise mode, monitor off", off, call),
            way("diesel-tracing: connection, registry", peer, call),
            way(names::PEER, told, call),
        ]
    }};
}

fn sqlite(call: Call) -> Result<Vec<Variant>> {
    Ok(ways!(SqliteConnection, InstrumentedSqliteConnection, ":memory:", "create table", call))
}

fn postgres(call: Call, url: &str) -> Result<Vec<Variant>> {
    Ok(ways!(PgConnection, InstrumentedPgConnection, url, "create temporary table", call))
}

fn way<C>(name: &'static str, mut conn: C, call: Call) -> Variant
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
    MonitoredConnection<SqliteConnection>,
    PgConnection,
    InstrumentedPgConnection,
    MonitoredConnection<PgConnection>
);

// === impl TextOnly ===

impl Instrumentation for TextOnly {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.clear();
            // It ends with an error on purpose.
            let _ = write!(First(&mut self.0), "{query}");
        }
    }
}

// === impl First ===

impl fmt::Write for First<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        Err(fmt::Error)
    }
}

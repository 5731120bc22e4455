//! Whole calls: a table whose rows are ways to make a call, whose columns are calls, and whose first row is the plain way.

use crate::report::{Cell, Table};
use crate::rounds::{Rounds, Variant};

/// How aims and pictures find the table of sqlx's calls through a pool.
pub const POOL: &str = "sqlx-pool";
/// The table of sqlx's calls on a connection that is kept.
pub const HELD: &str = "sqlx-held";

/// Rounds over all ways.
const ROUNDS: usize = 301;
/// Time of one way's block, more or less: short, so that what else happens spoils few blocks.
const BLOCK_MICROS: u32 = 1_500;

/// Columns that aims and pictures ask for.
pub mod columns {
    /// The smallest call there is.
    pub const SQLITE_ONE: &str = "SQLite, SELECT 1";
    /// A row of five columns.
    pub const SQLITE_KEY: &str = "SQLite, 5 columns by key";
    /// The smallest call there is.
    pub const POSTGRES_ONE: &str = "PostgreSQL, SELECT 1";
    /// A row of five columns.
    pub const POSTGRES_KEY: &str = "PostgreSQL, 5 columns by key";
}

/// A call through any version of sqlx to any database.
#[derive(Clone, Copy)]
pub(super) enum Call {
    One,
    ByKey,
}

/// Fills a table of the connection's own, so that nothing is left behind.
pub(super) const SETUP: &str = "
    create temporary table bench_items (id bigint primary key, name text not null,
        price double precision not null, stock bigint not null, note text not null);
    insert into bench_items values (1, 'cup', 4.5, 3, 'none'), (2, 'plate', 7.25, 4, 'none'),
        (3, 'bowl', 6.5, 5, 'none'), (4, 'jug', 19.5, 6, 'none'), (5, 'pot', 29.5, 7, 'none');";
pub(super) const ONE: &str = "SELECT 1";
pub(super) const BY_KEY: &str =
    "SELECT id, name, price, stock, note FROM bench_items WHERE id = $1";
/// A call through sqlx to PostgreSQL takes as many microseconds, more or less.
pub(super) const POSTGRES_MICROS: u32 = 20;

/// What [`BY_KEY`] returns.
pub(super) type Item = (i64, String, f64, i64, String);

/// A way to call, measured inside the runtime: what it takes to enter that is not a call's.
macro_rules! way {
    ($sqlx:ident, $name:expr, $runtime:expr, $call:expr, $owned:expr, |$own:ident| $executor:expr) => {{
        let (runtime, call, mut owned) = (Rc::clone($runtime), $call, $owned);
        $crate::rounds::Variant::timed($name, move |times| {
            let $own = &mut owned;
            runtime.block_on(async {
                let start = std::time::Instant::now();
                for n in 0..times {
                    let is_done = match call {
                        Call::One => {
                            let query = $sqlx::query_as::<_, (i32,)>(ONE);
                            query.fetch_one($executor).await.is_ok()
                        }
                        Call::ByKey => {
                            let query = $sqlx::query_as::<_, Item>(BY_KEY);
                            query.bind(i64::from(1 + n % 5)).fetch_one($executor).await.is_ok()
                        }
                    };
                    assert!(is_done, "a measured call failed");
                }
                start.elapsed()
            })
        })
    }};
}
pub(super) use way;

/// The two that every process of sqlx adds to: through a pool, and on a connection that is kept.
pub(super) fn tables() -> [Table; 2] {
    let registry = "sqlx-tracing needs sqlx 0.8, whose SQLite cannot be linked beside that of 0.9; each process has a plain call of its own";
    [
        Table::new(
            POOL,
            "A call through an sqlx pool",
            &format!("what each way adds to the plain call, sqlx's own logging off; {registry}"),
            &[],
        ),
        Table::new(
            HELD,
            "A call on a held sqlx connection",
            "the same without a checkout. On SQLite the driver's thread answers, and a caller that comes a little later may find the \
             answer there and need not sleep: what is watched can be the faster",
            &[],
        ),
    ]
}

/// Measures the ways against the first, which is the plain one, and notes what each adds.
pub(super) fn compare(table: &mut Table, column: &str, mut ways: Vec<Variant>, call_micros: u32) {
    let block = (BLOCK_MICROS / call_micros).max(1);
    let rounds = Rounds::run(&mut ways, ROUNDS, block);
    for (place, (way, cost)) in ways.iter().zip(rounds.costs()).enumerate() {
        let cell = match place {
            0 => Cell::Nanos(cost.median),
            _ => Cell::Above { nanos: cost.above, share: cost.ratio - 1.0 },
        };
        table.set(way.name, column, cell);
    }
}

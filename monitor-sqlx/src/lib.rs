//! Watches every sqlx query and every pool checkout, from inside the service.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use monitor_core::Monitor;
//! use monitor_sqlx::MonitoredPool;
//!
//! let monitor = Monitor::builder().build()?;
//! let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
//! let pool = MonitoredPool::new(pool, &monitor);
//!
//! // From here on as before:
//! let two: i64 = sqlx::query_scalar("SELECT 1 + 1").fetch_one(&pool).await?;
//!
//! assert_eq!(two, 2);
//! assert_eq!(&*monitor.snapshot().lifetime.statements[0].text, "select ? + ?");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! [`MonitoredPool`], [`MonitoredConnection`] and [`MonitoredTransaction`] stand in for sqlx's own.
//! `query`, `query_as`, `query_scalar`, the `query!` macros, `raw_sql`, `QueryBuilder`, streams and
//! prepared statements run on them unchanged, `&mut *tx` included. For each call the monitor
//! learns text, rows, time, error code, and whether it was cancelled; the wait for a connection is
//! kept apart from the time of the query, and so is the time a reader of a stream takes.
//!
//! Where a pool cannot be wrapped, [`layer`] watches sqlx's own events.
//!
//! # Is the database there?
//!
//! Calls tell as long as there are any. For quiet hours, [`PoolBuilder::probe`] asks now and then on
//! a connection that nobody needs, and [`MonitoredPool::probe`] asks once. The answer shows in
//! [`Monitor::health`](monitor_core::Monitor::health), and nowhere as a call or a checkout.
//!
//! # Pools and transactions
//!
//! [`MonitoredPoolOptions`] stand in for sqlx's `PoolOptions` and count every connection that is made
//! and closed. Who holds a connection is known while it is out: the line that took it, its last call,
//! whether it is in a transaction. When a checkout times out,
//! [`Monitor::timeouts`](monitor_core::Monitor::timeouts) names all of them and says which of the causes it
//! was. A connection that is given back while the database still works for a caller who has gone
//! shows as draining until the pool can use it again.
//!
//! Of each statement it is known what its calls waited for the pool, how long their first rows took, the rest,
//! and their readers ([`PartSums`](monitor_core::snapshot::PartSums)).
//!
//! Of each transaction it is known how long it was open, what it ran, and between which two lines it ran
//! nothing. Lines are seen wherever a connection or transaction is dereferenced
//! (`query.execute(&mut *tx)`) or a method is called on it; where only sqlx calls us
//! (`query.execute(&pool)`, `query.execute(&mut tx)`), [`MonitoredPool::here`] and
//! [`MonitoredConnection::here`] tell.
//!
//! # What it cannot see
//!
//! - Calls on sqlx's own types, reached by [`MonitoredPool::inner`],
//!   [`MonitoredConnection::as_raw_mut`] or sqlx's [`Acquire`](sqlx::Acquire), which hands out a raw
//!   connection by its definition: migrations, and sqlx's `PgListener` made of [`inner`](MonitoredPool::inner),
//!   whose connection shows in the pool's levels only; `MonitoredPgListener` is seen, but for its reconnecting.
//! - Errors that arise above the executor: a row that does not decode is a completed call to us,
//!   and `RowNotFound` is a call that returned no rows.
//! - `describe`, which is for tools. An explicit `prepare` is a call of its own, named so.
//! - Rows changed by `WITH .. INSERT .. RETURNING` with `fetch_all`, `fetch_one` or
//!   `fetch_optional`, because sqlx keeps that number to itself, and by `INSERT .. RETURNING` read
//!   as a stream on MariaDB, because the server does. On SQLite also those of a text with several
//!   statements that does not begin with a write. How many rows a COPY to the client has.
//! - That a transaction is open which a statement of the application's own began, `execute("BEGIN IMMEDIATE")`: its
//!   calls are seen, its length and its pauses are not. [`MonitoredPool::begin_with`] and
//!   [`MonitoredConnection::begin_with`] begin one that is.
//! - Rows of a query on MySQL or SQLite that was run by `execute`: nobody reads them, and they are unknown.
//! - The server's work after a cancelled call, but for how long the connection stays busy with it once it
//!   was given back.
//! - Of a pool that was there before it was wrapped: connections that no caller of the wrapped pool
//!   waited for. Of any pool: attempts to connect that failed and were made again in time.
//! - How many statements SQLite's connections keep prepared, unless it is
//!   [said](PoolBuilder::statement_cache_capacity); 100 is taken.
//! - Databases other than PostgreSQL, MySQL, MariaDB and SQLite, and sqlx's `Any`.

mod acquire;
mod as_raw;
#[cfg(feature = "asker")]
mod asker;
mod call;
mod checkout;
mod comment;
mod connection;
mod database;
mod error;
mod executor;
mod growth;
mod layer;
mod mark;
mod options;
mod options_read;
mod pool;
mod pool_connection;
mod probe;
mod seat;
mod split;
mod stream;
mod transaction;
mod watch;
mod words;

#[cfg(feature = "postgres")]
mod copy;
#[cfg(feature = "postgres")]
mod copy_on_pool;
#[cfg(feature = "postgres")]
mod listener;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use acquire::UnwatchedConnection;
#[cfg(feature = "asker")]
pub use asker::{SqlxAsker, asker};
pub use connection::MonitoredConnection;
#[cfg(feature = "postgres")]
pub use copy::MonitoredCopyIn;
pub use database::MonitoredDatabase;
pub use layer::{LayerUnheard, QueryEvents, check_layer, layer, layer_for};
#[cfg(feature = "postgres")]
pub use listener::MonitoredPgListener;
pub use options::{MonitoredPoolOptions, NewPool, PoolBuilder};
pub use pool::MonitoredPool;
pub use pool_connection::MonitoredPoolConnection;
pub use transaction::MonitoredTransaction;

/// Stands in for sqlx's `PgPool`.
#[cfg(feature = "postgres")]
pub type MonitoredPgPool = MonitoredPool<sqlx::Postgres>;
/// Stands in for sqlx's `MySqlPool`.
#[cfg(feature = "mysql")]
pub type MonitoredMySqlPool = MonitoredPool<sqlx::MySql>;
/// Stands in for sqlx's `SqlitePool`.
#[cfg(feature = "sqlite")]
pub type MonitoredSqlitePool = MonitoredPool<sqlx::Sqlite>;

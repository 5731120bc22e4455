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
//! # What it cannot see
//!
//! - Calls on sqlx's own types, reached by [`MonitoredPool::inner`],
//!   [`MonitoredConnection::as_raw_mut`] or sqlx's [`Acquire`](sqlx::Acquire): COPY, `PgListener`,
//!   migrations.
//!   A wrapped connection or transaction is no `Acquire` itself: code that asks for one gets
//!   `as_raw_mut()`, which can be seen in a review.
//! - Errors that arise above the executor: a row that does not decode is a completed call to us,
//!   and `RowNotFound` is a call that returned no rows.
//! - Explicit `prepare` and `describe`: not runs of the statement, so no calls. Their checkout is
//!   counted.
//! - Rows changed by `WITH .. INSERT .. RETURNING` with `fetch_all`, `fetch_one` or
//!   `fetch_optional`, because sqlx keeps that number to itself, and by `INSERT .. RETURNING` read
//!   as a stream on MariaDB, because the server does. On SQLite also those of a text with several
//!   statements that does not begin with a write.
//! - The server's work after a cancelled call. It shows as the wait of the next checkout.
//! - Connections made and closed inside the pool, except attempts that failed: their error reached a
//!   caller, or a caller's time ran out though the pool had room.
//! - Databases other than PostgreSQL, MySQL, MariaDB and SQLite, and sqlx's `Any`.

mod acquire;
#[cfg(feature = "asker")]
mod asker;
mod call;
mod checkout;
mod connection;
mod database;
mod error;
mod executor;
mod layer;
mod mark;
mod options;
mod pool;
mod pool_connection;
mod probe;
mod split;
mod stream;
mod transaction;
mod watch;
mod words;

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
pub use database::MonitoredDatabase;
pub use layer::{LayerUnheard, QueryEvents, check_layer, layer, layer_for};
pub use options::PoolBuilder;
pub use pool::MonitoredPool;
pub use pool_connection::MonitoredPoolConnection;
pub use transaction::MonitoredTransaction;

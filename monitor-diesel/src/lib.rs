//! Watches every diesel query, with one line in `main`:
//!
//! ```
//! use diesel::prelude::*;
//! use monitor_core::Monitor;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::builder().build()?;
//! monitor_diesel::install(&monitor)?;
//!
//! // As before: no query, type or function changes.
//! let mut conn = SqliteConnection::establish(":memory:")?;
//! diesel::sql_query("select 1").execute(&mut conn)?;
//!
//! let snapshot = monitor.snapshot();
//! assert_eq!(&*snapshot.lifetime.statements[0].text, "select ?");
//! assert_eq!(snapshot.sources[0].connections.created, 1);
//! # Ok(())
//! # }
//! ```
//!
//! [`install`] covers every connection that is opened later: `PgConnection`, `MysqlConnection`,
//! `SqliteConnection`, and diesel-async's `AsyncPgConnection`, `AsyncMysqlConnection` and
//! `SyncConnectionWrapper`, pooled or not. [`install_with`] keeps another library's instrumentation
//! beside it, [`instrumentation`] watches single connections, and with the feature `r2d2`
//! `r2d2::PoolMonitor` watches a pool.
//!
//! # What is seen
//!
//! Every call with its time and its outcome, transactions, connections made, failed and closed, and
//! how long making one took. Bind values are never formatted, and a connection's URL is not kept, but
//! for system, host, port and database name ([`database_of`]).
//!
//! Everything diesel sends is a call: `BEGIN`, `COMMIT` and savepoints, the look-up of a custom type,
//! r2d2's `SELECT 1`, and what diesel-async sets up on a new connection. Only transactions
//! that diesel opens are followed, and only their outermost level.
//!
//! # What diesel does not tell
//!
//! | | what is recorded instead |
//! |---|---|
//! | rows returned and changed | unknown |
//! | the database's error code | the class of error, where diesel gives one; deadlocks, time-outs and lost MySQL connections are `other` |
//! | SQLite: an error while rows are read (`load`, `get_result`, `first`) | a completed call |
//! | `AsyncPgConnection`: an error while rows are read | a completed call |
//! | `AsyncPgConnection`: the time to read rows | the time until the first could be read, from when the future was made |
//! | when a future was dropped | a cancelled call, recorded a few calls later or when its connection is closed, that lasted until the connection's next call; no time, if that was later than 30 s |
//! | a future that was never polled | a cancelled call |
//! | a value that could not be sent, on some paths | a failed call without time |
//! | SQL that could not be built | a failed call of the statement `unbuildable query` |
//! | the database of a connection made by `try_from` | a database with nothing known; say it with [`instrumentation`] and [`Watch::url`] |
//! | the line that made the call | unknown |
//!
//! A connection count needs the beginning of a connection: one that is watched by
//! [`instrumentation`] after it was opened is counted neither as made nor as closed.
//!
//! # Waiting for an async pool
//!
//! The pools of diesel-async tell nobody how long a caller waited. Where it matters, say it:
//!
//! ```
//! # async fn get() -> Result<(), ()> { Ok(()) }
//! # async fn handler(monitor: &monitor_core::Monitor, url: &str) -> Result<(), ()> {
//! let shop = monitor.pool("shop", monitor_diesel::database_of(url));
//!
//! let waiting = shop.checkout(); // Dropped by a caller that goes away, it counts as cancelled.
//! # async {
//! match get().await {
//!     Ok(connection) => {
//!         let _out = waiting.taken(); // Until this is dropped, the connection is out.
//!         // ..
//!     }
//!     Err(_) => waiting.timed_out(),
//! }
//! # }.await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it costs
//!
//! diesel does not hand its SQL over, so it is built once more for every call. That is most of the
//! cost; it grows with the number of names in the query. A connection's watch is its own: nothing is
//! shared, and nothing waits.

mod adapter;
mod asker;
mod connection;
mod error;
mod install;
mod pairing;
#[cfg(feature = "r2d2")]
mod probe;
#[cfg(feature = "r2d2")]
pub mod r2d2;
mod text;
mod transaction;
mod url;

pub use adapter::Watch;
pub use asker::{DieselAsker, asker};
pub use install::{
    InstallError, MakeInstrumentation, install, install_with, instrumentation, watch_of,
};
pub use url::database_of;

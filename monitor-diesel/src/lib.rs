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
//! beside it, and [`instrumentation`] watches single connections.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `r2d2` | `r2d2::PoolMonitor`: one line where a pool is built |
//! | `deadpool`, `bb8`, `mobc` | a `MonitoredPool` each, around the pools of diesel-async |
//! | `precise` | `MonitoredConnection`: rows, true errors and times, for a connection whose type you can change |
//! | `postgres`, `mysql`, `sqlite` | the same with what diesel wrote for each connection: `save_changes`, `build_transaction`, COPY, `immediate_transaction` |
//! | `async-sqlite` | `CarriesScope`: units of work on the threads where diesel-async runs SQLite |
//! | `async`, `async-postgres`, `async-mysql` | the same for diesel-async, with pipelining and `save_changes` |
//!
//! # What is seen
//!
//! Every call with its time and its outcome; transactions with their depth, and the time they were open
//! and ran nothing; connections made, failed and closed, and how long making one took. Bind values are
//! never formatted (what precise mode makes of them in a unit of work is a hash, see below), and a connection's URL is not kept, but for system, host, port and database name
//! ([`database_of`]).
//!
//! Everything the application makes diesel send is a call: `BEGIN`, `COMMIT` and savepoints, and the
//! look-up of a custom type. What sets up a new connection is a part of making it, also where the application opened it and diesel-async's
//! `try_from` sets it up, and a watched pool's
//! own look at a connection is counted apart. Only transactions that diesel opens are followed.
//!
//! # What diesel does not tell
//!
//! | | what instrumentation makes of it | precise mode |
//! |---|---|---|
//! | rows returned and changed | unknown | known; unknown for `batch_execute`, and for a query of SQLite or MySQL that is run by `execute` |
//! | the database's error code | the class of error, where diesel gives one; deadlocks, time-outs and lost MySQL connections are `other` | the same |
//! | SQLite: an error while rows are read (`load`, `get_result`, `first`) | a completed call | a failed call |
//! | `AsyncPgConnection`: an error while rows are read | a completed call | a failed call |
//! | `AsyncPgConnection`: the time to read rows | the time until the first could be read, from when the future was made | until the last was read, without what the reader takes |
//! | when a future was dropped | a cancelled call, recorded a few calls later or when its connection is closed, that lasted until the connection's next call; no time, if that was later than 30 s | a cancelled call at that moment |
//! | a future that was never polled | a cancelled call | no call |
//! | a value that could not be sent, on some paths | a failed call without time | a failed call |
//! | SQL that could not be built | a failed call of the statement `unbuildable query` | the same |
//! | the database of a connection made by `try_from` | a database with nothing known; say it with [`instrumentation`] and [`Watch::url`] | the same |
//! | the line that made the call | unknown | unknown |
//! | in a unit of work: whether the same was asked before, with the same values | unknown | known, with the feature of its backend |
//!
//! So an error rate of SQLite or async PostgreSQL is a lower bound without precise mode.
//!
//! That a question is the same, precise mode tells by a hash under a key that no other process has; of a value nothing else is kept. It
//! is made of the values as they are sent to the database. Instrumentation is shown them by their `Debug` alone, by which two may look
//! the same, such as those of a type that hides what it holds. It takes the feature `postgres` or `async-postgres`, `mysql` or
//! `async-mysql`, or `sqlite`. Unknown all the same: other backends, values of SQLite that take more than 4 kB to write down, and a
//! query of diesel-async that was built before its unit was entered.
//!
//! A connection count needs the beginning of a connection: one that is watched by
//! [`instrumentation`] after it was opened is counted neither as made nor as closed, unless a watched pool hands it
//! out: that pool counts it from then on.
//!
//! # Waiting for a pool
//!
//! Why a checkout timed out, [`Monitor::timeouts`](monitor_core::Monitor::timeouts) says, as far as
//! the data is there: who held the connections, since when, and running what. A pool without a feature
//! here is told by hand:
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
//! diesel does not hand its SQL over, so instrumentation builds it once more for every call. That is
//! most of the cost; it grows with the number of names in the query. Precise mode knows a query by its
//! type where diesel does, and builds no SQL then; in a unit of work it builds SQL and values once more. A connection's watch is its own: nothing is shared, and
//! nothing waits.

mod adapter;
mod asker;
#[cfg(feature = "bb8")]
pub mod bb8;
#[cfg(feature = "async-sqlite")]
mod carry;
mod connection;
#[cfg(feature = "deadpool")]
pub mod deadpool;
mod error;
mod install;
mod link;
#[cfg(feature = "mobc")]
pub mod mobc;
mod pairing;
#[cfg(any(feature = "bb8", feature = "deadpool", feature = "mobc"))]
mod pools;
#[cfg(feature = "precise")]
mod precise;
#[cfg(feature = "r2d2")]
mod probe;
#[cfg(feature = "r2d2")]
pub mod r2d2;
mod text;
mod transaction;
mod url;

pub use adapter::Watch;
pub use asker::{DieselAsker, asker};
#[cfg(feature = "async-sqlite")]
pub use carry::CarriesScope;
pub use install::{
    InstallError, MakeInstrumentation, install, install_with, instrumentation, watch_of,
};
#[cfg(feature = "async")]
pub use precise::{Executing, Loading, MonitoredStream};
#[cfg(feature = "precise")]
pub use precise::{MonitoredConnection, MonitoredRows};
pub use url::database_of;

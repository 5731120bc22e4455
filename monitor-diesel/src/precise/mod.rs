//! Precise mode: a connection that sees its own calls, where instrumentation is only told of them.

#[cfg(any(feature = "async-postgres", feature = "async-mysql"))]
mod async_drivers;
#[cfg(feature = "async")]
mod asynchronous;
mod blocking;
#[cfg(feature = "async-postgres")]
mod pipelined;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
mod recorder;
mod rows;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
mod save_changes;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "async")]
mod stream;
mod values;

use std::fmt;

use diesel::connection::Instrumentation;

pub use rows::MonitoredRows;
#[cfg(feature = "async")]
pub use stream::{Executing, Loading, MonitoredStream};

use crate::Watch;
use crate::install::{Both, is_ours, watch_of};
use recorder::Recorder;

/// A diesel connection whose calls are seen with their rows, their errors and their times.
///
/// Wraps any connection that uses ANSI transactions: `PgConnection`, `MysqlConnection` and
/// `SqliteConnection`, and with the feature `async` `AsyncPgConnection` and `AsyncMysqlConnection`.
/// It is a connection itself: queries, transactions, migrations, r2d2, `MultiConnection`,
/// `save_changes`, `build_transaction` work as before. For SQLite under diesel-async wrap the inner
/// connection: `SyncConnectionWrapper<MonitoredConnection<SqliteConnection>>`.
///
/// ```
/// use diesel::prelude::*;
/// use monitor_core::Monitor;
/// use monitor_diesel::MonitoredConnection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let monitor = Monitor::builder().build()?;
/// monitor_diesel::install(&monitor)?;
///
/// let mut conn = MonitoredConnection::<SqliteConnection>::establish(":memory:")?;
/// diesel::select(1.into_sql::<diesel::sql_types::Integer>()).get_result::<i32>(&mut conn)?;
/// assert_eq!(monitor.snapshot().lifetime.total.rows_returned, 1);
/// # Ok(())
/// # }
/// ```
///
/// # What is seen
///
/// Rows returned and changed, and every error, also those that diesel's instrumentation is not told
/// of. A call lasts as long as the database worked: the time its reader takes between two rows is not
/// part of it. Dropped futures and streams are cancelled calls at that moment.
///
/// What reaches the inner connection by another road, through [`inner_mut`](Self::inner_mut), is seen
/// by the instrumentation on it, as [`install`](crate::install()) sees it; nothing is seen twice.
///
/// # What it cannot do
///
/// - It does not dereference to the inner connection, as what goes that way would silently be seen
///   less well. Functions that take `&mut PgConnection` get [`inner_mut`](Self::inner_mut).
/// - COPY goes through `copy_from` and `copy_to`, and a SQLite batch insert with `RETURNING` through
///   [`inner_mut`](Self::inner_mut): diesel wrote these for its own connections only.
/// - Notifications of PostgreSQL, and SQLite's own functions, collations and `serialize_database`, are reached through
///   [`inner_mut`](Self::inner_mut) as well.
/// - `immediate_transaction` and `exclusive_transaction` of a `SyncConnectionWrapper` exist in diesel-async for a bare
///   `SqliteConnection` only; around this type, run them on it inside `spawn_blocking`.
/// - Where diesel's feature `r2d2` is on, this crate's has to be, or a derived `MultiConnection` finds no `ping`.
/// - diesel-async keeps the builder of its transactions to itself: no `build_transaction` there.
/// - The database's own error code is still unknown: diesel hides it.
///
/// # What it costs
///
/// A query with a static type is known by that type, and no SQL is built for it; for others it is
/// built once, as by instrumentation. On rows that arrive one by one, two readings of the clock each,
/// but for the first: who asks for one row, as `first` and `get_result` do, has it in one piece.
pub struct MonitoredConnection<C> {
    inner: C,
    recorder: Recorder,
}

// === impl MonitoredConnection ===

impl<C> MonitoredConnection<C> {
    /// The connection itself, for what only looks at it: its `cancel_token`, functions that take `&AsyncPgConnection`.
    /// Its instrumentation sees what is done with it.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    /// The connection itself, for what is written for its type only. Its instrumentation sees what
    /// is done with it.
    pub fn inner_mut(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The connection as it was, still watched by its instrumentation.
    pub fn into_inner(self) -> C {
        self.inner
    }

    /// Around a connection that was just made, whatever instrumentation it has.
    fn around(mut inner: C, instrumentation: fn(&mut C) -> &mut dyn Instrumentation) -> Self {
        let recorder = match watch_of(instrumentation(&mut inner)) {
            Some(watch) => Recorder::beside(watch),
            None => Recorder::off(),
        };
        Self { inner, recorder }
    }
}

/// Our watch and what somebody else wants to be told, so that neither is lost.
enum Told {
    /// It has a watch of ours, which takes the place of the one before.
    Ours(Box<dyn Instrumentation>),
    /// It is somebody else's.
    Theirs(Box<dyn Instrumentation>),
}

impl Told {
    fn of(mut instrumentation: Box<dyn Instrumentation>) -> Self {
        // Boxes in boxes come from whoever had a box at hand.
        while instrumentation.is::<Box<dyn Instrumentation>>() {
            match instrumentation.downcast::<Box<dyn Instrumentation>>() {
                Ok(inner) => instrumentation = *inner,
                Err(same) => return Self::Theirs(same),
            }
        }
        match is_ours(&*instrumentation) {
            true => Self::Ours(instrumentation),
            false => Self::Theirs(instrumentation),
        }
    }

    /// What the connection gets in place of what it has.
    fn beside(self, before: &mut dyn Instrumentation) -> Box<dyn Instrumentation> {
        match (self, watch_of(before)) {
            (Self::Theirs(other), Some(watch)) => Box::new(Both { watch: watch.take(), other }),
            (Self::Theirs(instrumentation) | Self::Ours(instrumentation), _) => instrumentation,
        }
    }
}

/// Shows neither the connection nor where it goes.
impl<C> fmt::Debug for MonitoredConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredConnection").finish_non_exhaustive()
    }
}

impl Watch {
    /// Wraps a connection that is open already, to be watched as this says.
    ///
    /// ```
    /// # use diesel::prelude::*;
    /// # let monitor = monitor_core::Monitor::off();
    /// let conn = SqliteConnection::establish(":memory:")?;
    /// let conn = monitor_diesel::instrumentation(&monitor).url(":memory:").wrap(conn);
    /// # Ok::<(), ConnectionError>(())
    /// ```
    pub fn wrap<C: diesel::Connection>(self, mut connection: C) -> MonitoredConnection<C> {
        connection.set_instrumentation(self);
        MonitoredConnection::around(connection, C::instrumentation)
    }

    /// Wraps a connection of diesel-async that is open already, to be watched as this says.
    #[cfg(feature = "async")]
    pub fn wrap_async<C>(self, mut connection: C) -> MonitoredConnection<C>
    where
        C: diesel_async::AsyncConnection,
    {
        connection.set_instrumentation(self);
        MonitoredConnection::around(connection, C::instrumentation)
    }
}

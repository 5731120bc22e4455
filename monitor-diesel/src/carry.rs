//! Carries the unit of work to the threads where diesel-async runs SQLite.

use std::error::Error;

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::future::BoxFuture;
use monitor_core::Scope;

/// Runs what blocks on tokio's threads for it, in the unit of work in which it was asked for.
///
/// diesel-async's own does not know of units, so calls on SQLite would be in none:
///
/// ```
/// use diesel::SqliteConnection;
/// use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
/// use monitor_diesel::CarriesScope;
///
/// type Connection = SyncConnectionWrapper<SqliteConnection, CarriesScope>;
/// # fn establish(_: Connection) {}
/// ```
///
/// Needs a tokio runtime around it, as the other does not. diesel-async wrote `immediate_transaction` and
/// `exclusive_transaction` for its own way alone: with this one, run them on the connection inside `spawn_blocking`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CarriesScope;

impl SpawnBlocking for CarriesScope {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        let scope = Scope::current();
        let work = tokio::task::spawn_blocking(move || scope.run(task));
        Box::pin(async move { work.await.map_err(Into::into) })
    }

    fn get_runtime() -> Self {
        Self
    }
}

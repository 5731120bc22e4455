//! What diesel wrote for `SqliteConnection` only, for wrapped ones.

use diesel::SqliteConnection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error;

use super::MonitoredConnection;

impl MonitoredConnection<SqliteConnection> {
    /// A transaction that begins with `BEGIN IMMEDIATE`, as `SqliteConnection` has it.
    ///
    /// # Errors
    ///
    /// What `work` returns, and where the transaction cannot begin or end.
    pub fn immediate_transaction<T, E>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.transaction_sql("BEGIN IMMEDIATE", work)
    }

    /// A transaction that begins with `BEGIN EXCLUSIVE`, as `SqliteConnection` has it.
    ///
    /// # Errors
    ///
    /// What `work` returns, and where the transaction cannot begin or end.
    pub fn exclusive_transaction<T, E>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.transaction_sql("BEGIN EXCLUSIVE", work)
    }

    fn transaction_sql<T, E>(
        &mut self,
        begin: &str,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        AnsiTransactionManager::begin_transaction_sql(self, begin)?;
        match work(self) {
            Ok(value) => {
                AnsiTransactionManager::commit_transaction(self)?;
                Ok(value)
            }
            Err(error) => {
                AnsiTransactionManager::rollback_transaction(self)?;
                Err(error)
            }
        }
    }
}

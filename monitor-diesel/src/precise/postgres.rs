//! What diesel wrote for `PgConnection` only, for wrapped ones.

use diesel::associations::HasTable;
use diesel::dsl::Update;
use diesel::expression::{MixedAggregates, ValidGrouping, is_aggregate};
use diesel::pg::TransactionBuilder;
use diesel::query_builder::{AsChangeset, IntoUpdateTarget};
use diesel::query_dsl::UpdateAndFetchResults;
use diesel::query_dsl::methods::LoadQuery;
use diesel::{Connection, PgConnection, QueryResult, RunQueryDsl, Table};

use super::MonitoredConnection;
use crate::install::watch_of;

/// A connection in a `COPY`, whose calls are told when it is over, in whatever way.
struct HeldBack<'a> {
    connection: &'a mut PgConnection,
    /// How it went: failed, unless it is known better.
    result: Result<Option<u64>, ()>,
}

/// `save_changes` where the database hands the changed row back.
impl<'b, Changes, Output> UpdateAndFetchResults<Changes, Output>
    for MonitoredConnection<PgConnection>
where
    Changes: Copy + AsChangeset<Target = <Changes as HasTable>::Table> + IntoUpdateTarget,
    Update<Changes, Changes>: LoadQuery<'b, Self, Output>,
    <Changes::Table as Table>::AllColumns: ValidGrouping<()>,
    <<Changes::Table as Table>::AllColumns as ValidGrouping<()>>::IsAggregate:
        MixedAggregates<is_aggregate::No, Output = is_aggregate::No>,
{
    fn update_and_fetch(&mut self, changeset: Changes) -> QueryResult<Output> {
        diesel::update(changeset).set(changeset).get_result(self)
    }
}

impl MonitoredConnection<PgConnection> {
    /// A transaction with an isolation level or an access mode, as `PgConnection` has it.
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_, Self> {
        TransactionBuilder::new(self)
    }

    /// Runs `COPY .. FROM STDIN`, which diesel wrote for `PgConnection` only, as one call with its
    /// rows.
    ///
    /// ```
    /// # diesel::table! { users (id) { id -> Integer, name -> Text } }
    /// # use diesel::prelude::*;
    /// # #[derive(Insertable)] #[diesel(table_name = users, treat_none_as_default_value = false)]
    /// # struct User<'a> { id: i32, name: &'a str }
    /// # fn load(
    /// #     conn: &mut monitor_diesel::MonitoredConnection<PgConnection>, new_users: &[User<'_>],
    /// # ) -> diesel::QueryResult<usize> {
    /// conn.copy_from(|conn| {
    ///     diesel::copy_from(users::table).from_insertable(new_users).execute(conn)
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What `copy` returns.
    pub fn copy_from<E>(
        &mut self,
        copy: impl FnOnce(&mut PgConnection) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.copy(copy, |rows| Some(*rows as u64))
    }

    /// Runs `COPY .. TO STDOUT`, which diesel wrote for `PgConnection` only, as one call that lasts
    /// until `copy` has read what it wants. Its rows are unknown: they arrive as bytes.
    ///
    /// # Errors
    ///
    /// What `copy` returns.
    pub fn copy_to<T, E>(
        &mut self,
        copy: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.copy(copy, |_| None)
    }

    /// Lets our instrumentation hold back what it sees, and tell it when all is known.
    fn copy<T, E>(
        &mut self,
        copy: impl FnOnce(&mut PgConnection) -> Result<T, E>,
        rows: impl FnOnce(&T) -> Option<u64>,
    ) -> Result<T, E> {
        let mut held_back = HeldBack::new(&mut self.inner);
        let result = copy(held_back.connection);
        held_back.result = result.as_ref().map(rows).map_err(drop);
        result
    }
}

// === impl HeldBack ===

impl<'a> HeldBack<'a> {
    fn new(connection: &'a mut PgConnection) -> Self {
        if let Some(watch) = watch_of(connection.instrumentation()) {
            watch.hold_back();
        }
        Self { connection, result: Err(()) }
    }
}

impl Drop for HeldBack<'_> {
    fn drop(&mut self) {
        if let Some(watch) = watch_of(self.connection.instrumentation()) {
            watch.let_go(self.result);
        }
    }
}

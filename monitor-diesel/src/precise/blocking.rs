//! A wrapped connection in diesel's eyes: a connection.

use diesel::backend::{Backend, DieselReserveSpecialization};
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
    LoadConnection, MultiConnectionHelper, SimpleConnection, WithMetadataLookup,
};
use diesel::expression::QueryMetadata;
use diesel::migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::sql_types::TypeMetadata;
use diesel::{ConnectionResult, QueryResult, RunQueryDsl};

use super::recorder::Recorder;
use super::{MonitoredConnection, MonitoredRows, Told};
use crate::install::watch_of;

impl<C: SimpleConnection> SimpleConnection for MonitoredConnection<C> {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let query_run = self.recorder.text(query);
        let call = self.recorder.start(query_run).taking_step();
        let result = call.covering(|| self.inner.batch_execute(query));
        call.end(result.as_ref().err());
        result
    }
}

impl<C: ConnectionSealed> ConnectionSealed for MonitoredConnection<C> {}

/// Transactions are the wrapper's own, so that `BEGIN` and `COMMIT` go through it like all else.
impl<C> Connection for MonitoredConnection<C>
where
    C: Connection<TransactionManager = AnsiTransactionManager>,
    C::Backend: Default + 'static,
    <C::Backend as Backend>::QueryBuilder: Default,
{
    type Backend = C::Backend;
    type TransactionManager = AnsiTransactionManager;

    fn establish(database_url: &str) -> ConnectionResult<Self> {
        C::establish(database_url).map(|inner| Self::around(inner, C::instrumentation))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Self::Backend> + QueryId,
    {
        let query = self.recorder.query(source);
        let call = self.recorder.start(query);
        let result = call.covering(|| self.inner.execute_returning_count(source));
        call.affected(&result);
        result
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.inner.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    /// Somebody else's instrumentation gets every event beside our own.
    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        let told = Told::of(Box::new(instrumentation));
        let instrumentation = told.beside(self.inner.instrumentation());
        self.inner.set_instrumentation(instrumentation);
        if let Some(watch) = watch_of(self.inner.instrumentation()) {
            self.recorder = Recorder::beside(watch);
        }
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

impl<B, C> LoadConnection<B> for MonitoredConnection<C>
where
    C: LoadConnection<B> + Connection<TransactionManager = AnsiTransactionManager>,
    C::Backend: Default + 'static,
    <C::Backend as Backend>::QueryBuilder: Default,
{
    type Cursor<'conn, 'query>
        = MonitoredRows<'conn, C::Cursor<'conn, 'query>>
    where
        Self: 'conn;
    type Row<'conn, 'query>
        = C::Row<'conn, 'query>
    where
        Self: 'conn;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Self::Backend> + QueryId + 'query,
        Self::Backend: QueryMetadata<T::SqlType>,
    {
        let query = self.recorder.query(&source);
        let Self { inner, recorder } = self;
        let call = recorder.start(query);
        match call.covering(|| inner.load(source)) {
            Ok(rows) => Ok(MonitoredRows::new(rows, call)),
            Err(error) => {
                call.end(Some(&error));
                Err(error)
            }
        }
    }
}

impl<C: WithMetadataLookup> WithMetadataLookup for MonitoredConnection<C>
where
    Self: Connection<Backend = C::Backend>,
{
    fn metadata_lookup(&mut self) -> &mut <C::Backend as TypeMetadata>::MetadataLookup {
        self.inner.metadata_lookup()
    }
}

impl<C: MultiConnectionHelper> MultiConnectionHelper for MonitoredConnection<C>
where
    Self: Connection<Backend = C::Backend>,
    C::Backend: 'static,
{
    fn to_any<'a>(
        lookup: &mut <C::Backend as TypeMetadata>::MetadataLookup,
    ) -> &mut (dyn std::any::Any + 'a) {
        C::to_any(lookup)
    }

    fn from_any(
        lookup: &mut dyn std::any::Any,
    ) -> Option<&mut <C::Backend as TypeMetadata>::MetadataLookup> {
        #[cfg(any(feature = "postgres", feature = "async-postgres"))]
        if let Some(back) = super::values::lookup_of::<C::Backend>(lookup) {
            return back(lookup);
        }
        C::from_any(lookup)
    }
}

impl<C: MigrationConnection> MigrationConnection for MonitoredConnection<C>
where
    Self: Connection<Backend = C::Backend>,
    C::Backend: DieselReserveSpecialization,
{
    fn setup(&mut self) -> QueryResult<usize> {
        diesel::sql_query(CREATE_MIGRATIONS_TABLE).execute(self)
    }
}

#[cfg(feature = "r2d2")]
impl<C: diesel::r2d2::R2D2Connection> diesel::r2d2::R2D2Connection for MonitoredConnection<C>
where
    Self: Connection,
{
    fn ping(&mut self) -> QueryResult<()> {
        if crate::probe::is_on() {
            return self.inner.ping();
        }
        let Self { inner, recorder } = self;
        let check = recorder.check();
        let result = check.covering(|| inner.ping());
        check.end(result.as_ref().err());
        result
    }

    fn is_broken(&mut self) -> bool {
        self.inner.is_broken()
    }
}

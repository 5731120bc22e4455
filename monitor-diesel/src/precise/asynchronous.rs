//! A wrapped connection in diesel-async's eyes: a connection, and a shared one for pipelining.

use diesel::backend::Backend;
use diesel::connection::{CacheSize, Instrumentation};
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection,
};

#[cfg(any(feature = "bb8", feature = "deadpool", feature = "mobc"))]
use {
    diesel::IntoSql,
    diesel::dsl::{AsExprOf, select},
    diesel::query_builder::SqlQuery,
    diesel::sql_types::Integer,
    diesel_async::RunQueryDsl,
    diesel_async::methods::{ExecuteDsl, LoadQuery},
    diesel_async::pooled_connection::{PoolableConnection, RecyclingMethod},
};

use super::recorder::Recorder;
use super::stream::{Executing, Loading, MonitoredStream};
use super::{MonitoredConnection, Told};
use crate::install::watch_of;

impl<C> SimpleAsyncConnection for MonitoredConnection<C>
where
    C: SimpleAsyncConnection + Send,
{
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let query_run = self.recorder.text(query);
        let call = self.recorder.prepare(query_run).start().taking_step();
        let result = call.covering_poll(self.inner.batch_execute(query)).await;
        call.end(result.as_ref().err());
        result
    }
}

impl<C> AsyncConnectionCore for MonitoredConnection<C>
where
    C: AsyncConnectionCore,
    C::Backend: Default + 'static,
    <C::Backend as Backend>::QueryBuilder: Default,
{
    type ExecuteFuture<'conn, 'query> = Executing<C::ExecuteFuture<'conn, 'query>>;
    type LoadFuture<'conn, 'query> = Loading<C::LoadFuture<'conn, 'query>>;
    type Stream<'conn, 'query> = MonitoredStream<C::Stream<'conn, 'query>>;
    type Row<'conn, 'query> = C::Row<'conn, 'query>;
    type Backend = C::Backend;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let source = source.as_query();
        let query = self.recorder.query(&source);
        let call = self.recorder.prepare(query);
        // diesel-async tells of a call when its future is made.
        let inner = call.covering(|| AsyncConnectionCore::load(&mut self.inner, source));
        Loading::new(inner, call)
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let query = self.recorder.query(&source);
        let call = self.recorder.prepare(query);
        let inner = call.covering(|| self.inner.execute_returning_count(source));
        Executing::new(inner, call)
    }
}

impl<C> AsyncConnection for MonitoredConnection<C>
where
    C: AsyncConnection<TransactionManager = AnsiTransactionManager>,
    C::Backend: Default + 'static,
    <C::Backend as Backend>::QueryBuilder: Default,
{
    type TransactionManager = AnsiTransactionManager;

    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        let inner = C::establish(database_url).await?;
        Ok(Self::around(inner, C::instrumentation))
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

/// So that the pools of diesel-async take it. Their look at it is no call of the application's.
#[cfg(any(feature = "bb8", feature = "deadpool", feature = "mobc"))]
impl<C> PoolableConnection for MonitoredConnection<C>
where
    Self: AsyncConnection,
    C: PoolableConnection + 'static,
{
    async fn ping(&mut self, config: &RecyclingMethod<Self>) -> QueryResult<()>
    where
        for<'a> Self: 'a,
        for<'a> select<AsExprOf<i32, Integer>>: LoadQuery<'a, Self, i32>,
        SqlQuery: ExecuteDsl<Self>,
    {
        let _checking = self.recorder.checking();
        match config {
            RecyclingMethod::Fast => Ok(()),
            RecyclingMethod::Verified => {
                diesel::select(1_i32.into_sql::<Integer>()).get_result::<i32>(self).await.map(drop)
            }
            RecyclingMethod::CustomQuery(query) => {
                diesel::sql_query(query.as_ref()).execute(self).await.map(drop)
            }
            RecyclingMethod::CustomFunction(check) => check(self).await,
        }
    }

    fn is_broken(&mut self) -> bool {
        self.inner.is_broken()
    }
}

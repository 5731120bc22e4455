//! A wrapped connection shared by several calls at once: PostgreSQL's pipelining.

use diesel::QueryResult;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};

use super::MonitoredConnection;
use super::stream::{Executing, Loading, MonitoredStream};

impl SimpleAsyncConnection for &MonitoredConnection<AsyncPgConnection> {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let call = self.recorder.prepare_shared_text(query).start().taking_step();
        let mut inner = &self.inner;
        let result = call.covering_poll(inner.batch_execute(query)).await;
        call.end(result.as_ref().err());
        result
    }
}

impl<'a> AsyncConnectionCore for &'a MonitoredConnection<AsyncPgConnection> {
    type ExecuteFuture<'conn, 'query> =
        Executing<<&'a AsyncPgConnection as AsyncConnectionCore>::ExecuteFuture<'conn, 'query>>;
    type LoadFuture<'conn, 'query> =
        Loading<<&'a AsyncPgConnection as AsyncConnectionCore>::LoadFuture<'conn, 'query>>;
    type Stream<'conn, 'query> =
        MonitoredStream<<&'a AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>>;
    type Row<'conn, 'query> = <&'a AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = <&'a AsyncPgConnection as AsyncConnectionCore>::Backend;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let source = source.as_query();
        let call = self.recorder.prepare_shared(&source);
        let mut inner = &self.inner;
        let inner = call.covering_one(|| inner.load(source));
        Loading::new(inner, call)
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let call = self.recorder.prepare_shared(&source);
        let mut inner = &self.inner;
        let inner = call.covering_one(|| inner.execute_returning_count(source));
        Executing::new(inner, call)
    }
}

//! What makes pool, connection and transaction usable wherever sqlx wants an executor.

use std::panic::Location;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::{Database, Describe, Error, Execute, Executor, SqlStr};

use crate::call;
use crate::checkout::take;
use crate::connection::MonitoredConnection;
use crate::database::{Item, MonitoredDatabase};
use crate::pool::MonitoredPool;
use crate::pool_connection::MonitoredPoolConnection;
use crate::split::Split;
use crate::stream::{CallStream, SlotStream};
use crate::transaction::MonitoredTransaction;
use crate::watch::call_site;

/// Takes a connection for one call; the checkout is counted apart, and the call only if there is a
/// connection for it to run on.
impl<'p, DB: MonitoredDatabase> Executor<'p> for &'_ MonitoredPool<DB> {
    type Database = DB;

    #[track_caller]
    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (pool, query, site) = (self.clone(), Split::new(query), call_site(Location::caller()));
        Box::pin(async move {
            let mut lent = take!(&pool, site)?;
            let arrival = lent.arrival(site);
            call::execute::<DB>(lent.seat(&pool.watch), query, arrival).await
        })
    }

    #[track_caller]
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Item<DB>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (pool, query, site) = (self.clone(), Split::new(query), call_site(Location::caller()));
        Box::pin(SlotStream::new(|slot| async move {
            match take!(&pool, site) {
                Ok(mut lent) => {
                    let arrival = lent.arrival(site);
                    CallStream::<DB>::new(lent.seat(&pool.watch), query, arrival)
                        .pour_into(&slot)
                        .await;
                }
                Err(error) => slot.put(Err(error)),
            }
        }))
    }

    #[track_caller]
    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (pool, query, site) = (self.clone(), Split::new(query), call_site(Location::caller()));
        Box::pin(async move {
            let mut lent = take!(&pool, site)?;
            let arrival = lent.arrival(site);
            call::fetch_all::<DB>(lent.seat(&pool.watch), query, arrival).await
        })
    }

    #[track_caller]
    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (pool, query, site) = (self.clone(), Split::new(query), call_site(Location::caller()));
        Box::pin(async move {
            let mut lent = take!(&pool, site)?;
            let arrival = lent.arrival(site);
            call::fetch_optional::<DB>(lent.seat(&pool.watch), query, arrival).await
        })
    }

    #[track_caller]
    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<DB as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let (pool, site) = (self.clone(), call_site(Location::caller()));
        Box::pin(async move {
            let mut lent = take!(&pool, site)?;
            let arrival = lent.arrival(site);
            call::prepare_with::<DB>(lent.seat(&pool.watch), sql, parameters, arrival).await
        })
    }

    #[track_caller]
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let (pool, site) = (self.clone(), call_site(Location::caller()));
        Box::pin(async move {
            let mut lent = take!(&pool, site)?;
            call::describe::<DB>(lent.raw_mut(), sql).await
        })
    }
}

impl<'c, DB: MonitoredDatabase> Executor<'c> for &'c mut MonitoredConnection<DB> {
    type Database = DB;

    #[track_caller]
    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (query, site) = (Split::new(query), call_site(Location::caller()));
        let arrival = self.arrival(site);
        Box::pin(call::execute::<DB>(self.seat(), query, arrival))
    }

    #[track_caller]
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Item<DB>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (query, site) = (Split::new(query), call_site(Location::caller()));
        let arrival = self.arrival(site);
        Box::pin(CallStream::<DB>::new(self.seat(), query, arrival))
    }

    #[track_caller]
    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (query, site) = (Split::new(query), call_site(Location::caller()));
        let arrival = self.arrival(site);
        Box::pin(call::fetch_all::<DB>(self.seat(), query, arrival))
    }

    #[track_caller]
    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (query, site) = (Split::new(query), call_site(Location::caller()));
        let arrival = self.arrival(site);
        Box::pin(call::fetch_optional::<DB>(self.seat(), query, arrival))
    }

    #[track_caller]
    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<DB as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        let arrival = self.arrival(call_site(Location::caller()));
        Box::pin(call::prepare_with::<DB>(self.seat(), sql, parameters, arrival))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        Box::pin(call::describe::<DB>(self.as_raw_mut(), sql))
    }
}

/// What derefs to a watched connection is an executor, as the connection is.
macro_rules! executes_on_its_connection {
    ($of:ty) => {
        impl<'c, DB: MonitoredDatabase> Executor<'c> for &'c mut $of {
            type Database = DB;

            #[track_caller]
            fn execute<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, DB>,
            {
                Executor::execute(unborrowed(self.connection_mut()), query)
            }

            #[track_caller]
            fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Item<DB>>
            where
                'c: 'e,
                E: 'q + Execute<'q, DB>,
            {
                Executor::fetch_many(unborrowed(self.connection_mut()), query)
            }

            #[track_caller]
            fn fetch_all<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, DB>,
            {
                Executor::fetch_all(unborrowed(self.connection_mut()), query)
            }

            #[track_caller]
            fn fetch_optional<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, DB>,
            {
                Executor::fetch_optional(unborrowed(self.connection_mut()), query)
            }

            #[track_caller]
            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [<DB as Database>::TypeInfo],
            ) -> BoxFuture<'e, Result<DB::Statement, Error>>
            where
                'c: 'e,
            {
                Executor::prepare_with(unborrowed(self.connection_mut()), sql, parameters)
            }

            fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
            where
                'c: 'e,
            {
                Executor::describe(self.connection_mut(), sql)
            }
        }
    };
}

/// A connection that was not borrowed for the call: a line from before is not the call's.
fn unborrowed<DB: MonitoredDatabase>(
    connection: &mut MonitoredConnection<DB>,
) -> &mut MonitoredConnection<DB> {
    connection.notes_mut().forget_line();
    connection
}

executes_on_its_connection!(MonitoredPoolConnection<DB>);
executes_on_its_connection!(MonitoredTransaction<'_, DB>);

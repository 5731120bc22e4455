//! The databases that can be watched, and how each driver is called.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use monitor_core::capture;
use monitor_core::inquire::{AskError, Manners};
use sqlx::error::DatabaseError;
use sqlx::{Database, Describe, Either, Error, SqlStr};

use sqlx_core::database::HasStatementCache;

use crate::error::Fault;
use crate::split::Split;

/// A database whose pools and connections can be watched: `Postgres`, `MySql`, `Sqlite`, each with
/// the Cargo feature of its name.
///
/// Closed: the methods are this crate's own. Generic code names it as its only bound.
///
/// ```
/// # use monitor_sqlx::{MonitoredDatabase, MonitoredPool};
/// async fn is_up<DB: MonitoredDatabase>(pool: &MonitoredPool<DB>) -> bool {
///     pool.acquire().await.is_ok()
/// }
/// ```
//
// Why a trait and no `for<'c> &'c mut DB::Connection: Executor<'c>`: that bound, once it stands in
// an impl, makes rustc overflow in code of others which merely has this crate in its build.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be watched by monitor-sqlx as it is built",
    label = "no adapter for this database",
    note = "turn on the feature `postgres`, `mysql` or `sqlite` of monitor-sqlx"
)]
pub trait MonitoredDatabase: Database + HasStatementCache + sealed::Driver {}

/// Rows and results of a running call.
pub(crate) type Item<DB> =
    Result<Either<<DB as Database>::QueryResult, <DB as Database>::Row>, Error>;

pub(crate) mod sealed {
    use super::{
        AskError, BoxFuture, BoxStream, Database, DatabaseError, Describe, Error, Fault, Item,
        Manners, Split, SqlStr, capture,
    };

    /// Options of a driver's connections.
    type Options<DB> = <<DB as Database>::Connection as sqlx::Connection>::Options;

    /// The driver's own methods, called on its own types.
    pub trait Driver: Database {
        /// Whether the driver runs statements on threads of its own.
        const OWN_THREADS: bool;

        /// Whether `rows_affected` of a query is the number of rows it returned, also when nobody
        /// reads them: PostgreSQL's command tag.
        const TAGS_QUERIES: bool;

        /// Whether any error aborts the transaction it happens in, and COMMIT then rolls back and says no word of it.
        const ERRORS_ABORT: bool;

        /// Whether `fetch_optional` reads on behind its row, and ends with the error it finds there.
        const READS_ON: bool;

        /// Whether only the server can say which system it is.
        const ASKS_SYSTEM: bool;

        /// Which system the server is.
        fn system(
            raw: &mut Self::Connection,
        ) -> impl Future<Output = Result<capture::System, Error>> + Send;

        fn execute<'e>(
            raw: &'e mut Self::Connection,
            query: Split<Self>,
        ) -> BoxFuture<'e, Result<Self::QueryResult, Error>>;

        fn fetch_many<'e>(
            raw: &'e mut Self::Connection,
            query: Split<Self>,
        ) -> BoxStream<'e, Item<Self>>;

        fn fetch_all<'e>(
            raw: &'e mut Self::Connection,
            query: Split<Self>,
        ) -> BoxFuture<'e, Result<Vec<Self::Row>, Error>>;

        fn fetch_optional<'e>(
            raw: &'e mut Self::Connection,
            query: Split<Self>,
        ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>>;

        fn prepare_with<'e>(
            raw: &'e mut Self::Connection,
            sql: SqlStr,
            parameters: &'e [Self::TypeInfo],
        ) -> BoxFuture<'e, Result<Self::Statement, Error>>;

        fn describe<'e>(
            raw: &'e mut Self::Connection,
            sql: SqlStr,
        ) -> BoxFuture<'e, Result<Describe<Self>, Error>>;

        /// Adds bound values to a hash; says whether all of them are in it.
        fn hash(values: &Self::Arguments, hasher: &mut capture::ParameterHasher) -> bool;

        /// Rows changed, as far as the driver can be believed.
        fn rows_affected(result: &Self::QueryResult) -> u64;

        /// Whether `rows_affected` says something about a statement that begins like this.
        fn tells_affected(text: &str) -> bool;

        /// Which database these options lead to. Never reads the password.
        fn identify(options: &Options<Self>) -> capture::Database;

        /// Statements that each connection keeps prepared, as far as the options tell.
        fn cache_capacity(options: &Options<Self>) -> Option<usize>;

        /// What an error of the database means.
        fn fault(error: &dyn DatabaseError) -> Fault;

        /// Options for a connection of the monitor's own; `None` where nobody else can get at the database.
        fn asking(options: &Options<Self>, manners: &Manners) -> Option<Options<Self>>;

        /// Options for a private, empty database to try things in, where there is such a thing.
        fn scratch() -> Option<Options<Self>>;

        /// What an error means for the question it answers.
        fn refusal(error: &dyn DatabaseError) -> AskError;

        /// A row as text.
        fn cells(row: &Self::Row) -> Result<Vec<Option<String>>, Error>;
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
macro_rules! driver {
    ($db:ty, $module:path, own_threads: $own_threads:literal, tags_queries: $tags_queries:literal, errors_abort: $errors_abort:literal, reads_on: $reads_on:literal, asks_system: $asks:literal) => {
        impl MonitoredDatabase for $db {}

        impl sealed::Driver for $db {
            const OWN_THREADS: bool = $own_threads;
            const TAGS_QUERIES: bool = $tags_queries;
            const ERRORS_ABORT: bool = $errors_abort;
            const READS_ON: bool = $reads_on;
            const ASKS_SYSTEM: bool = $asks;

            async fn system(raw: &mut Self::Connection) -> Result<capture::System, Error> {
                use $module as driver;
                driver::system(raw).await
            }

            fn execute<'e>(
                raw: &'e mut Self::Connection,
                query: Split<Self>,
            ) -> BoxFuture<'e, Result<Self::QueryResult, Error>> {
                raw.execute(query)
            }

            fn fetch_many<'e>(
                raw: &'e mut Self::Connection,
                query: Split<Self>,
            ) -> BoxStream<'e, Item<Self>> {
                raw.fetch_many(query)
            }

            fn fetch_all<'e>(
                raw: &'e mut Self::Connection,
                query: Split<Self>,
            ) -> BoxFuture<'e, Result<Vec<Self::Row>, Error>> {
                raw.fetch_all(query)
            }

            fn fetch_optional<'e>(
                raw: &'e mut Self::Connection,
                query: Split<Self>,
            ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>> {
                raw.fetch_optional(query)
            }

            fn prepare_with<'e>(
                raw: &'e mut Self::Connection,
                sql: SqlStr,
                parameters: &'e [Self::TypeInfo],
            ) -> BoxFuture<'e, Result<Self::Statement, Error>> {
                raw.prepare_with(sql, parameters)
            }

            fn describe<'e>(
                raw: &'e mut Self::Connection,
                sql: SqlStr,
            ) -> BoxFuture<'e, Result<Describe<Self>, Error>> {
                raw.describe(sql)
            }

            // Encoded values have no accessor; what sqlx derives shows all of them, and a test says so.
            fn hash(
                values: &<Self as Database>::Arguments,
                hasher: &mut capture::ParameterHasher,
            ) -> bool {
                hasher.values_shown(values)
            }

            fn rows_affected(result: &Self::QueryResult) -> u64 {
                result.rows_affected()
            }

            fn tells_affected(text: &str) -> bool {
                use $module as driver;
                driver::tells_affected(text)
            }

            fn identify(
                options: &<Self::Connection as sqlx::Connection>::Options,
            ) -> capture::Database {
                use $module as driver;
                driver::identify(options)
            }

            fn cache_capacity(
                options: &<Self::Connection as sqlx::Connection>::Options,
            ) -> Option<usize> {
                use $module as driver;
                driver::cache_capacity(options)
            }

            fn fault(error: &dyn DatabaseError) -> Fault {
                use $module as driver;
                driver::fault(error)
            }

            fn asking(
                options: &<Self::Connection as sqlx::Connection>::Options,
                manners: &Manners,
            ) -> Option<<Self::Connection as sqlx::Connection>::Options> {
                use $module as driver;
                driver::asking(options, manners)
            }

            fn scratch() -> Option<<Self::Connection as sqlx::Connection>::Options> {
                use $module as driver;
                driver::scratch()
            }

            fn refusal(error: &dyn DatabaseError) -> AskError {
                use $module as driver;
                driver::refusal(error)
            }

            // A text protocol's cells are text, whatever their types; SQLite makes text of any.
            fn cells(row: &Self::Row) -> Result<Vec<Option<String>>, Error> {
                (0..row.len()).map(|at| row.try_get_unchecked(at)).collect()
            }
        }
    };
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use sqlx::{Executor as _, Row as _};

#[cfg(feature = "postgres")]
driver!(sqlx::Postgres, crate::postgres, own_threads: false, tags_queries: true, errors_abort: true, reads_on: true, asks_system: false);
#[cfg(feature = "mysql")]
driver!(sqlx::MySql, crate::mysql, own_threads: false, tags_queries: false, errors_abort: false, reads_on: false, asks_system: true);
#[cfg(feature = "sqlite")]
driver!(sqlx::Sqlite, crate::sqlite, own_threads: true, tags_queries: false, errors_abort: false, reads_on: false, asks_system: false);

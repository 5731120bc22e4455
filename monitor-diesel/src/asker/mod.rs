//! Asks the database about itself, over a connection of the monitor's own.

mod refusal;
mod url;

use std::fmt;

use diesel::backend::Backend;
use diesel::connection::{Connection, LoadConnection};
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::LoadQuery;
use diesel::row::{Field, NamedRow, Row};
use diesel::sql_types::Text;
use monitor_core::Monitor;
use monitor_core::capture::{Database, System};
use monitor_core::inquire::{Answer, AskError, AskErrorKind, Asker, Carrier, Line, Manners};

use crate::{database_of, install};

/// Words that begin a question with rows for an answer. Other statements are sent as a batch, which has none.
const GIVES_ROWS: [&str; 9] =
    ["describe", "desc", "explain", "pragma", "select", "show", "table", "values", "with"];

/// An [`Asker`] over diesel; made by [`asker`].
pub struct DieselAsker<C: Connection>(Line<Driver<C>>);

/// An [`Asker`] for the database that a URL leads to: the application's own, or that of a user with fewer rights.
///
/// ```no_run
/// # #[cfg(any())]
/// let asker = monitor_diesel::asker::<PgConnection>(&monitor, &database_url);
/// ```
///
/// It has one connection, apart from all pools, which opens with the first question and only reads. It is not
/// watched, also where [`install`](crate::install()) watches all others, so its questions are counted nowhere.
///
/// `C` is a synchronous connection, also in a service that uses diesel-async: asking blocks, and belongs on a
/// thread of its own.
///
/// | system | what the asker's user needs | without it |
/// |---|---|---|
/// | PostgreSQL | nothing for tables, indexes and sizes | |
/// | | `USAGE` on the schemas and `SELECT` on the tables (`pg_read_all_data` has both) for column statistics and plans | no statistics of hidden columns; [`Denied`](AskErrorKind::Denied) for plans that read hidden tables |
/// | MariaDB, MySQL | `SELECT` on the application's tables | tables it may not read are not seen at all |
/// | | `SELECT` on `mysql.innodb_table_stats` and `mysql.innodb_index_stats` | sizes from `information_schema` |
/// | SQLite | to read the file, and the `-shm` file beside it in WAL mode | nothing is seen |
///
/// A database in memory that belongs to one connection (`:memory:`) cannot be asked: every question is
/// [`Gone`](AskErrorKind::Gone).
///
/// # What diesel does not tell
///
/// diesel keeps the server's error code to itself. Its message is read instead, where the server speaks English;
/// elsewhere a missing right or a time limit reads as [`Wrong`](AskErrorKind::Wrong). Cells that are not text are
/// read as if they were, so a question casts its columns. MariaDB's and MySQL's own statement `PREPARE` cannot be used.
#[must_use]
pub fn asker<C>(monitor: &Monitor, url: &str) -> DieselAsker<C>
where
    C: LoadConnection + Send + 'static,
    String: FromSql<Text, C::Backend>,
    for<'q> SqlQuery: LoadQuery<'q, C, Cells>,
{
    let manners = Manners::default();
    let database = database_of(url);
    let system = database.system;
    let driver = Driver {
        url: url::asking(url, system, &manners),
        system,
        database,
        manners,
        ask: ask::<C>,
        scratch: scratch::<C>,
    };
    DieselAsker(Line::new(driver, monitor.clock()))
}

type SecondDatabase = Option<Box<dyn Asker>>;
type Ask<C> = fn(&mut C, &str) -> Result<Answer, AskError>;

/// Opens connections and asks over them.
struct Driver<C: Connection> {
    /// Holds a password. `None` where there is no second way to the database.
    url: Option<String>,
    system: System,
    database: Database,
    manners: Manners,
    ask: Ask<C>,
    scratch: fn(System) -> Result<SecondDatabase, AskError>,
}

/// A database of our own, where anything goes.
struct Scratch<C> {
    connection: C,
    ask: Ask<C>,
}

/// A row as text.
#[doc(hidden)]
#[derive(Debug)]
pub struct Cells(Vec<Option<String>>);

// === impl DieselAsker ===

impl<C: Connection + Send + 'static> Asker for DieselAsker<C> {
    fn system(&self) -> System {
        self.0.system()
    }

    fn database(&self) -> Option<Database> {
        self.0.database()
    }

    fn ask(&mut self, question: &str) -> Result<Answer, AskError> {
        self.0.ask(question)
    }

    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        self.0.scratch()
    }

    fn rest(&mut self) {
        self.0.rest();
    }
}

/// Shows the system; the URL holds a password and stays out.
impl<C: Connection + Send> fmt::Debug for DieselAsker<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DieselAsker").finish_non_exhaustive()
    }
}

// === impl Driver ===

impl<C: Connection + Send> Carrier for Driver<C> {
    type Connection = C;

    fn system(&self) -> System {
        self.system
    }

    fn database(&self) -> Option<Database> {
        Some(self.database.clone())
    }

    fn open(&mut self) -> Result<C, AskError> {
        let url = self.url.as_deref().ok_or(AskError::new(AskErrorKind::Gone))?;
        let opened = install::unwatched(|| C::establish(url));
        let mut connection = opened.map_err(|error| refusal::of_connecting(&error))?;
        let ask = self.ask;
        self.system =
            self.manners.settle(self.system, |question| ask(&mut connection, question))?;
        Ok(connection)
    }

    fn ask(&mut self, connection: &mut C, question: &str) -> Result<Answer, AskError> {
        (self.ask)(connection, question)
    }

    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        (self.scratch)(self.system)
    }
}

// === impl Scratch ===

impl<C: Connection + Send> Asker for Scratch<C> {
    fn system(&self) -> System {
        System::Sqlite
    }

    fn ask(&mut self, question: &str) -> Result<Answer, AskError> {
        (self.ask)(&mut self.connection, question)
    }
}

// === impl Cells ===

impl<DB: Backend> QueryableByName<DB> for Cells
where
    String: FromSql<Text, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let cell = |at| {
            let field = Row::get(row, at);
            let value = field.as_ref().and_then(|field| field.value());
            value.map(String::from_sql).transpose()
        };
        Ok(Self((0..row.field_count()).map(cell).collect::<Result<_, _>>()?))
    }
}

fn ask<C>(connection: &mut C, question: &str) -> Result<Answer, AskError>
where
    C: Connection,
    for<'q> SqlQuery: LoadQuery<'q, C, Cells>,
{
    let word = question.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    let gives_rows =
        word.is_some_and(|word| GIVES_ROWS.iter().any(|one| word.eq_ignore_ascii_case(one)));
    let rows: Result<Vec<Cells>, _> = if gives_rows {
        diesel::sql_query(question).load(connection)
    } else {
        connection.batch_execute(question).map(|()| Vec::new())
    };
    let rows = rows.map_err(|error| refusal::of_asking(&error))?;
    Ok(Answer { rows: rows.into_iter().map(|Cells(cells)| cells).collect() })
}

fn scratch<C>(system: System) -> Result<SecondDatabase, AskError>
where
    C: Connection + Send + 'static,
    for<'q> SqlQuery: LoadQuery<'q, C, Cells>,
{
    if system != System::Sqlite {
        return Ok(None);
    }
    let connection = install::unwatched(|| C::establish(":memory:"));
    let connection = connection.map_err(|error| refusal::of_connecting(&error))?;
    Ok(Some(Box::new(Scratch { connection, ask: ask::<C> })))
}

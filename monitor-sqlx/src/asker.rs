//! Asks the database about itself, over a connection of the monitor's own.

use std::fmt;
use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Database, System};
use monitor_core::inquire::{Answer, AskError, AskErrorKind, Asker, Carrier, Line, Manners};
use sqlx::{AssertSqlSafe, Connection, Error, raw_sql};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::database::MonitoredDatabase;

type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

/// How much longer than the server's own limit an answer is waited for, before the connection is given up.
const GRACE: Duration = Duration::from_secs(1);

/// An [`Asker`] over sqlx; made by [`asker`].
pub struct SqlxAsker<DB: MonitoredDatabase>(Line<Driver<DB>>);

/// An [`Asker`] for the database that these options lead to: those of the pool, from
/// [`connect_options`](crate::MonitoredPool::connect_options), or of a user of its own with fewer rights.
///
/// It has one connection, apart from all pools, which opens with the first question and only reads. Its questions are
/// counted nowhere: neither as calls of the application nor by the [`layer`](crate::layer).
///
/// | system | what the asker's user needs | without it |
/// |---|---|---|
/// | PostgreSQL | nothing for tables, indexes and sizes | |
/// | | `USAGE` on the schemas and `SELECT` on the tables (`pg_read_all_data` has both) for column statistics and plans | no statistics of hidden columns; [`Denied`](AskErrorKind::Denied) for plans that read hidden tables |
/// | MariaDB, MySQL | `SELECT` on the application's tables | tables it may not read are not seen at all |
/// | | `SELECT` on `mysql.innodb_table_stats` and `mysql.innodb_index_stats` | sizes from `information_schema` |
/// | SQLite | to read the file, and the `-shm` file beside it in WAL mode | nothing is seen |
///
/// A database in memory that belongs to one connection (`:memory:` as a file's name) cannot be asked: every question
/// is [`Gone`](AskErrorKind::Gone). One opened by a URL (`sqlite::memory:`) can, as long as its pool is open.
///
/// [`ask`](Asker::ask) blocks until the answer is there. It belongs on a thread of its own; where it is called from
/// async code nevertheless, it works on another thread and blocks that one meanwhile.
#[must_use]
pub fn asker<DB: MonitoredDatabase>(monitor: &Monitor, options: &Options<DB>) -> SqlxAsker<DB> {
    let manners = Manners::default();
    let driver = Driver {
        options: DB::asking(options, &manners),
        system: DB::identify(options).system,
        database: DB::identify(options),
        manners,
        runtime: None,
    };
    SqlxAsker(Line::new(driver, monitor.clock()))
}

/// Opens connections and asks over them.
struct Driver<DB: MonitoredDatabase> {
    /// `None` where there is no second way to the database.
    options: Option<Options<DB>>,
    system: System,
    database: Database,
    manners: Manners,
    /// Made when it is needed first.
    runtime: Option<Runtime>,
}

// === impl SqlxAsker ===

impl<DB: MonitoredDatabase> Asker for SqlxAsker<DB> {
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

/// Shows the system; options hold a password and stay out.
impl<DB: MonitoredDatabase> fmt::Debug for SqlxAsker<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlxAsker").field("system", &self.system()).finish_non_exhaustive()
    }
}

// === impl Driver ===

impl<DB: MonitoredDatabase> Driver<DB> {
    fn runtime(&mut self) -> Result<&Runtime, AskError> {
        if self.runtime.is_none() {
            let runtime = Builder::new_current_thread().enable_all().build();
            self.runtime = Some(runtime.map_err(|_| AskError::new(AskErrorKind::Gone))?);
        }
        self.runtime.as_ref().ok_or(AskError::new(AskErrorKind::Gone))
    }
}

impl<DB: MonitoredDatabase> Carrier for Driver<DB> {
    type Connection = DB::Connection;

    fn system(&self) -> System {
        self.system
    }

    fn database(&self) -> Option<Database> {
        Some(self.database.clone())
    }

    fn open(&mut self) -> Result<DB::Connection, AskError> {
        let (manners, system) = (self.manners, self.system);
        let options = self.options.clone().ok_or(AskError::new(AskErrorKind::Gone))?;
        let runtime = self.runtime()?;
        let open = DB::Connection::connect_with(&options);
        let mut connection = within::<DB, _>(runtime, manners.connect_max, open)?;
        let limit = manners.statement_max + GRACE;
        let ask = |question: &str| ask::<DB>(runtime, limit, &mut connection, question);
        self.system = manners.settle(system, ask)?;
        Ok(connection)
    }

    fn ask(&mut self, connection: &mut DB::Connection, question: &str) -> Result<Answer, AskError> {
        let limit = self.manners.statement_max + GRACE;
        ask::<DB>(self.runtime()?, limit, connection, question)
    }

    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        let Some(options) = DB::scratch() else { return Ok(None) };
        Ok(Some(Box::new(Scratch::<DB>::open(options)?)))
    }
}

impl<DB: MonitoredDatabase> Drop for Driver<DB> {
    fn drop(&mut self) {
        // Waiting for it to end is what async code may not do.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A database of our own, where anything goes.
struct Scratch<DB: MonitoredDatabase> {
    connection: DB::Connection,
    runtime: Option<Runtime>,
}

// === impl Scratch ===

impl<DB: MonitoredDatabase> Scratch<DB> {
    /// Longer than anything takes that is done there; a schema of ten thousand tables takes a second.
    const LIMIT: Duration = Duration::from_secs(30);

    fn open(options: Options<DB>) -> Result<Self, AskError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| AskError::new(AskErrorKind::Gone))?;
        let open = DB::Connection::connect_with(&options);
        let connection = within::<DB, _>(&runtime, Self::LIMIT, open)?;
        Ok(Self { connection, runtime: Some(runtime) })
    }
}

impl<DB: MonitoredDatabase> Asker for Scratch<DB> {
    fn system(&self) -> System {
        System::Sqlite
    }

    fn ask(&mut self, question: &str) -> Result<Answer, AskError> {
        let runtime = self.runtime.as_ref().ok_or(AskError::new(AskErrorKind::Gone))?;
        ask::<DB>(runtime, Self::LIMIT, &mut self.connection, question)
    }
}

impl<DB: MonitoredDatabase> Drop for Scratch<DB> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn ask<DB: MonitoredDatabase>(
    runtime: &Runtime,
    limit: Duration,
    connection: &mut DB::Connection,
    question: &str,
) -> Result<Answer, AskError> {
    // As it stands, without parameters: the text protocol. It is the monitor's own question.
    let question = crate::split::Split::new(raw_sql(AssertSqlSafe(question.to_owned())));
    let rows = within::<DB, _>(runtime, limit, DB::fetch_all(connection, question))?;
    let rows: Result<_, _> = rows.iter().map(DB::cells).collect();
    Ok(Answer { rows: rows.map_err(|error| refusal::<DB>(&error))? })
}

/// Runs driver code to its end, or up to a limit of time.
fn within<DB: MonitoredDatabase, T: Send>(
    runtime: &Runtime,
    limit: Duration,
    work: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, AskError> {
    let run = || runtime.block_on(async { tokio::time::timeout(limit, work).await });
    // Inside async code a thread may not block on a runtime.
    let done = if Handle::try_current().is_ok() {
        std::thread::scope(|scope| scope.spawn(run).join())
            .map_err(|_| AskError::new(AskErrorKind::Gone))?
    } else {
        run()
    };
    match done {
        Ok(done) => done.map_err(|error| refusal::<DB>(&error)),
        // The answer may still come, so the connection is of no more use.
        Err(_) => Err(AskError { kind: AskErrorKind::Gone, code: Some("timeout".into()) }),
    }
}

/// What an error means; its text, which may quote data, stays here.
fn refusal<DB: MonitoredDatabase>(error: &Error) -> AskError {
    match error {
        Error::Database(error) => DB::refusal(&**error),
        Error::Decode(_) | Error::ColumnDecode { .. } | Error::Encode(_) => {
            AskError::new(AskErrorKind::Wrong)
        }
        _ => AskError::new(AskErrorKind::Gone),
    }
}

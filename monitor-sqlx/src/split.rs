//! A query taken apart, so that its text can be read before the driver gets it.

use monitor_core::CallTimer;
use sqlx::error::BoxDynError;
use sqlx::{Database, Execute, SqlStr};

use crate::database::MonitoredDatabase;
use crate::watch::{Arrival, Watch};

/// What a query consists of.
///
/// `Execute::sql` consumes the query, so the text cannot be looked at and passed on as well. This
/// takes all four parts out, and is itself a query that hands them to the driver, moved rather
/// than copied.
pub struct Split<DB: Database> {
    sql: SqlStr,
    statement: Option<DB::Statement>,
    arguments: Option<Result<Option<DB::Arguments>, BoxDynError>>,
    persistent: bool,
}

// === impl Split ===

impl<DB: Database> Split<DB> {
    pub(crate) fn new<'q>(mut query: impl Execute<'q, DB>) -> Self {
        let statement = query.statement().cloned();
        let arguments = Some(query.take_arguments());
        // After the arguments are taken, as the drivers do it: `Map` answers by what is left.
        let persistent = query.persistent();
        Self { sql: query.sql(), statement, arguments, persistent }
    }

    /// Starts timing its call: now. In a unit of work its values are told as a hash.
    pub(crate) fn start<'w>(&self, watch: &'w Watch, arrival: Arrival) -> CallTimer<'w>
    where
        DB: MonitoredDatabase,
    {
        watch.start(self.text(), arrival).with_parameters(|hasher| {
            hasher.text(self.text());
            match &self.arguments {
                Some(Ok(Some(values))) => DB::hash(values, hasher),
                Some(Ok(None)) => true,
                Some(Err(_)) | None => false,
            }
        })
    }

    pub(crate) fn text(&self) -> &str {
        self.sql.as_str()
    }
}

impl<DB: Database> Execute<'_, DB> for Split<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        self.arguments.take().unwrap_or(Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

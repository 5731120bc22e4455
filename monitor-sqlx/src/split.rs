//! A query taken apart, so that its text can be read before the driver gets it.

use monitor_core::capture::ParameterHasher;
use sqlx::error::BoxDynError;
use sqlx::{AssertSqlSafe, Database, Execute, SqlSafeStr, SqlStr};

use crate::database::MonitoredDatabase;

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

    /// Tells its values, for a hash; `false` where they cannot be told.
    pub(crate) fn tell_values(&self, hasher: &mut ParameterHasher) -> bool
    where
        DB: MonitoredDatabase,
    {
        hasher.text(self.text());
        match &self.arguments {
            Some(Ok(Some(values))) => DB::hash(values, hasher),
            Some(Ok(None)) => true,
            Some(Err(_)) | None => false,
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.sql.as_str()
    }

    /// Whether the connection is to keep it prepared.
    pub(crate) fn is_kept(&self) -> bool {
        self.persistent && matches!(self.arguments, Some(Ok(Some(_))))
    }

    /// The same query with the comment that all texts of its pool end with.
    pub(crate) fn commented(self, comment: Option<&str>) -> Self {
        Self { sql: commented(self.sql, comment), ..self }
    }
}

/// A text with a comment behind it, unless it has that already: the text of a statement that was
/// prepared here.
pub(crate) fn commented(sql: SqlStr, comment: Option<&str>) -> SqlStr {
    match comment {
        Some(comment) if !sql.as_str().ends_with(comment) => {
            AssertSqlSafe([sql.as_str(), comment].concat()).into_sql_str()
        }
        _ => sql,
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

//! Whose trouble it is.

use std::fmt;
use std::sync::Arc;

use crate::capture::Database;
use crate::identify::Fingerprint;
use crate::snapshot::{
    RepeatedCalls, RunningCall, ScopeActivity, SourceActivity, StatementActivity,
};

/// Whom a finding is about. Two findings of one kind and one subject are the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Subject {
    /// Everything the monitor sees.
    AllCalls,
    /// One database.
    Database(Arc<Database>),
    /// One statement on one database.
    Statement {
        /// Its operations and tables in a few words.
        summary: Arc<str>,
        /// Its identity; `None` for calls of statements that gave up their place.
        fingerprint: Option<Fingerprint>,
        /// Where it runs.
        database: Arc<Database>,
    },
    /// One table of one database.
    Table {
        /// Its name.
        table: Arc<str>,
        /// The database it is in.
        database: Arc<Database>,
    },
    /// Several statements at once, told as one.
    Statements,
    /// One pool, or the connections to a database made without one.
    Source {
        /// The pool's name, or the database's.
        name: Arc<str>,
        /// The database behind it.
        database: Arc<Database>,
        /// Whether it is a pool.
        is_pool: bool,
    },
    /// Units of work of one name, or what they do with one statement.
    Scope {
        /// Their name.
        name: Arc<str>,
        /// The statement, where it is about one: its summary, its fingerprint and its database.
        statement: Option<(Arc<str>, Fingerprint, Arc<Database>)>,
    },
    /// The monitor itself.
    Monitor,
    /// Whatever a rule of the application's own is about.
    Other(Arc<str>),
}

// === impl Subject ===

impl Subject {
    pub(super) fn statement(statement: &StatementActivity) -> Self {
        Self::Statement {
            summary: statement.summary.clone(),
            fingerprint: statement.fingerprint,
            database: statement.database.clone(),
        }
    }

    pub(super) fn running(call: &RunningCall) -> Self {
        Self::Statement {
            summary: call.summary.clone(),
            fingerprint: call.fingerprint,
            database: call.database.clone(),
        }
    }

    pub(super) fn in_scope(scope: &ScopeActivity, repeated: &RepeatedCalls) -> Self {
        let RepeatedCalls { summary, fingerprint, database, .. } = repeated;
        let statement = Some((summary.clone(), *fingerprint, database.clone()));
        Self::Scope { name: scope.name.clone(), statement }
    }

    pub(super) fn source(source: &SourceActivity) -> Self {
        Self::Source {
            name: source.name.clone(),
            database: source.database.clone(),
            is_pool: source.pool.is_some(),
        }
    }

    /// The statement's identity, where it is one.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Statement { fingerprint, .. } => *fingerprint,
            Self::Scope { statement, .. } => statement.as_ref().map(|(_, id, _)| *id),
            _ => None,
        }
    }

    /// The name of the units of work concerned, where it is about such.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        match self {
            Self::Scope { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The database concerned, where it is one.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        match self {
            Self::Database(database)
            | Self::Statement { database, .. }
            | Self::Table { database, .. }
            | Self::Source { database, .. }
            | Self::Scope { statement: Some((_, _, database)), .. } => Some(database),
            Self::AllCalls
            | Self::Statements
            | Self::Scope { .. }
            | Self::Monitor
            | Self::Other(_) => None,
        }
    }

    /// The pool's name, where it is one.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        match self {
            Self::Source { name, is_pool: true, .. } => Some(name),
            _ => None,
        }
    }
}

/// A name to read, which tells subjects of one kind apart.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllCalls => f.write_str("all calls"),
            Self::Database(database) => write!(f, "{database}"),
            Self::Statement { summary, fingerprint: Some(id), database } => {
                write!(f, "{summary} ({id}) on {database}")
            }
            Self::Statement { summary, fingerprint: None, database } => {
                write!(f, "{summary} on {database}")
            }
            Self::Table { table, database } => write!(f, "table {table} on {database}"),
            Self::Statements => f.write_str("several statements"),
            Self::Source { database, is_pool: false, .. } => write!(f, "{database} (no pool)"),
            Self::Source { name, database, .. } if **name == *database.to_string() => {
                f.write_str(name)
            }
            Self::Source { name, database, .. } => write!(f, "{name} on {database}"),
            Self::Scope { name, statement: None } => write!(f, "work {name}"),
            Self::Scope { name, statement: Some((summary, id, database)) } => {
                write!(f, "{summary} ({id}) on {database} in work {name}")
            }
            Self::Monitor => f.write_str("the monitor"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

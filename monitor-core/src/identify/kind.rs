//! What a statement does, in one word.

use std::fmt;

/// What a statement does.
///
/// The word of the main verb: a query that reads from a common table expression is a `select`, unless that expression
/// writes; then it is that write. A few values for all of SQL, so that it can label a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Reads rows: `SELECT`, `VALUES`, `TABLE`.
    Select,
    /// Adds rows: `INSERT`, `REPLACE`.
    Insert,
    /// Changes rows: `UPDATE`.
    Update,
    /// Removes rows: `DELETE`.
    Delete,
    /// Adds, changes and removes rows: `MERGE`.
    Merge,
    /// Changes what exists: `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `RENAME`, `COMMENT ON`, `GRANT`, `REVOKE`.
    Ddl,
    /// Opens, closes or marks a transaction: `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT`, `SET TRANSACTION`.
    Transaction,
    /// Speaks to the server: `EXPLAIN`, `SHOW`, `SET`, `PRAGMA`, `VACUUM`, `CALL`, `COPY`, `LISTEN`.
    Utility,
    /// Several statements in one text.
    Batch,
    /// Nothing, or nothing we know.
    Unknown,
}

impl Kind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 10] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Merge,
        Self::Ddl,
        Self::Transaction,
        Self::Utility,
        Self::Batch,
        Self::Unknown,
    ];

    /// The word for labels and pages, lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Merge => "merge",
            Self::Ddl => "ddl",
            Self::Transaction => "transaction",
            Self::Utility => "utility",
            Self::Batch => "batch",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is known to change rows.
    ///
    /// What a batch, a call or a change of the schema does to rows can't be told from here, so these say no.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Delete | Self::Merge)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

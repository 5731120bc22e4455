//! The accent a text is written in.

/// Whose SQL a text is.
///
/// The dialects disagree on where a string ends, so this decides what may be shown and what must be hidden. A wrong
/// dialect can group statements oddly; [`Dialect::Generic`] hides more rather than guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Not known. What two dialects read differently is hidden.
    #[default]
    Generic,
    /// PostgreSQL: `"names"`, `$tag$strings$tag$`, nested comments, operators of any spelling.
    PostgreSql,
    /// MySQL and MariaDB: `` `names` ``, `"strings"`, backslash escapes, `#` comments.
    MySql,
    /// SQLite: names in three kinds of quotes, one of which may also hold a string.
    Sqlite,
}

impl Dialect {
    /// Every dialect, in the order of declaration.
    pub const ALL: [Self; 4] = [Self::Generic, Self::PostgreSql, Self::MySql, Self::Sqlite];

    /// The quote a name keeps in the normalised text, when it keeps one.
    ///
    /// Outside PostgreSQL `"x"` may be a string, so the one quote that never is stands in for all.
    pub(super) const fn name_quote(self) -> u8 {
        match self {
            Self::PostgreSql => b'"',
            Self::Generic | Self::MySql | Self::Sqlite => b'`',
        }
    }
    /// Whether `value (1, 2), (3, 4)` may stand for `values`.
    pub(super) const fn says_value(self) -> bool {
        matches!(self, Self::Generic | Self::MySql)
    }
}

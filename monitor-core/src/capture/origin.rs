//! Where a call comes from.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::TraceContext;

/// The database system on the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum System {
    /// PostgreSQL and what speaks its protocol.
    PostgreSql,
    /// MySQL, or MariaDB where the driver cannot tell them apart.
    MySql,
    /// MariaDB.
    MariaDb,
    /// SQLite.
    Sqlite,
    /// Some SQL database; which one is not known.
    #[default]
    OtherSql,
}

/// One database a service talks to.
///
/// Two pools, or a pool and a lone connection, that give equal values here count as one database.
/// Never holds a password: adapters take host, port and name out of a URL and drop the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Database {
    /// The system.
    pub system: System,
    /// The database's name (`db.namespace`); for SQLite the file's name, without its folder.
    pub name: String,
    /// Host name, address or socket folder; empty where there is none or it is not known.
    pub host: String,
    /// TCP port, where there is one.
    pub port: Option<u16>,
}

/// A line of the application's source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallSite(&'static Location<'static>);

/// On whose behalf calls run. Made once and shared by all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The user (or tenant). Shows in histories, never in metrics.
    pub user: Option<Box<str>>,
    /// Any further word: a route, a job's name.
    pub tag: Option<Box<str>>,
}

/// What is known about one call beside its statement. Everything is optional, and free when absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// A number that tells connections of one process apart.
    pub connection: Option<u64>,
    /// The user (or tenant) on whose behalf the call runs. Shows in histories, never in metrics.
    pub user: Option<&'a str>,
    /// Any further word: a route, a job's name.
    pub tag: Option<&'a str>,
    /// The line that made the call.
    pub call_site: Option<CallSite>,
    /// The span the call is made under; an [observer](crate::Observer) that knows it need not be told.
    pub trace: Option<&'a TraceContext>,
}

// === impl System ===

impl System {
    /// Every system.
    pub const ALL: [Self; 5] =
        [Self::PostgreSql, Self::MySql, Self::MariaDb, Self::Sqlite, Self::OtherSql];

    /// OpenTelemetry's `db.system.name`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::Sqlite => "sqlite",
            Self::OtherSql => "other_sql",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Database ===

impl Database {
    /// A database of a system, with nothing else known.
    #[must_use]
    pub fn of(system: System) -> Self {
        Self { system, ..Self::default() }
    }
}

/// `host:port/name` with what is missing left out; the system's name where nothing is known.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.is_empty() && self.name.is_empty() {
            return f.write_str(self.system.as_str());
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if !self.name.is_empty() {
            if !self.host.is_empty() {
                f.write_str("/")?;
            }
            f.write_str(&self.name)?;
        }
        Ok(())
    }
}

// === impl CallSite ===

impl CallSite {
    /// The line that calls this function, or the one that calls its caller where that is
    /// `#[track_caller]` too.
    #[track_caller]
    #[must_use]
    pub fn here() -> Self {
        Self(Location::caller())
    }

    /// The file, as the compiler names it.
    #[must_use]
    pub fn file(self) -> &'static str {
        self.0.file()
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(self) -> u32 {
        self.0.line()
    }

    /// Where the compiler put it: tells lines apart at the cost of a word.
    #[inline]
    pub(crate) fn address(self) -> usize {
        std::ptr::from_ref(self.0).addr()
    }
}

impl From<&'static Location<'static>> for CallSite {
    fn from(location: &'static Location<'static>) -> Self {
        Self(location)
    }
}

impl fmt::Display for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.line())
    }
}

impl fmt::Debug for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

// === impl Labels ===

impl Labels {
    /// The same labels with this user, or with none.
    #[must_use]
    pub fn with_user(self, user: Option<&str>) -> Self {
        Self { user: user.map(Box::from), ..self }
    }

    /// The same labels with this tag, or with none.
    #[must_use]
    pub fn with_tag(self, tag: Option<&str>) -> Self {
        Self { tag: tag.map(Box::from), ..self }
    }

    /// Labels that are shared already, as ones to change.
    #[must_use]
    pub fn of(shared: Option<&Arc<Self>>) -> Self {
        shared.map_or_else(Self::default, |labels| Self::clone(labels))
    }

    /// To be shared by many calls; `None` where nothing is said.
    #[must_use]
    pub fn shared(self) -> Option<Arc<Self>> {
        (self.user.is_some() || self.tag.is_some()).then(|| Arc::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_reads_as_an_address() {
        let database = |host: &str, port, name: &str| Database {
            system: System::PostgreSql,
            name: name.into(),
            host: host.into(),
            port,
        };
        assert_eq!(database("db", Some(5432), "shop").to_string(), "db:5432/shop");
        assert_eq!(database("", None, "shop").to_string(), "shop");
        assert_eq!(database("db", None, "").to_string(), "db");
        assert_eq!(Database::of(System::Sqlite).to_string(), "sqlite");
    }
}

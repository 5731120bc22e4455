//! How a connection of the monitor's own behaves: it only reads, waits for nobody, and says who it is.

use std::time::Duration;

use super::{Answer, AskError, AskErrorKind};
use crate::capture::System;

/// What a connection for questions may do to the server at most.
///
/// Every connection is read-only, whatever is set here.
///
/// PostgreSQL is told when the connection begins and asked back once, and never by `SET`: behind a pooler that
/// lends one session to many clients, a `SET` would reach the application's own statements. Such a pooler
/// refuses the settings, or drops them; there is no asking then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manners {
    /// How long a question waits for a lock. Default 200 ms. MariaDB and MySQL count whole seconds,
    /// so it is rounded up there.
    pub lock_wait_max: Duration,
    /// How long a question runs. Default 2 s. SQLite has no such limit.
    pub statement_max: Duration,
    /// How long making a connection takes. Default 5 s. diesel cannot limit it on MariaDB and MySQL.
    pub connect_max: Duration,
}

// === impl Manners ===

impl Manners {
    /// What the connection calls itself, where a server keeps such a name (PostgreSQL).
    pub const APPLICATION_NAME: &'static str = "monitor (asks about plans and statistics)";

    /// The settings with which a connection to PostgreSQL begins.
    #[must_use]
    pub fn postgres_settings(&self) -> [(&'static str, String); 4] {
        [
            ("default_transaction_read_only", "on".to_owned()),
            ("lock_timeout", millis(self.lock_wait_max)),
            ("statement_timeout", millis(self.statement_max)),
            ("idle_in_transaction_session_timeout", millis(self.statement_max * 5)),
        ]
    }

    /// Puts a fresh connection on its manners; returns the system, MariaDB told apart from MySQL.
    ///
    /// # Errors
    ///
    /// When the server does not know a setting, or did not take it: then the connection must not be used.
    pub fn settle(
        &self,
        system: System,
        mut ask: impl FnMut(&str) -> Result<Answer, AskError>,
    ) -> Result<System, AskError> {
        match system {
            System::PostgreSql => {
                let answer = ask("show default_transaction_read_only")?;
                let took =
                    answer.rows.first().and_then(|row| row.first()) == Some(&Some("on".into()));
                let refused = AskError { kind: AskErrorKind::Denied, code: Some("pooler".into()) };
                if took { Ok(system) } else { Err(refused) }
            }
            System::MySql | System::MariaDb => {
                let answer = ask("select version()")?;
                let version = answer.rows.first().and_then(|row| row.first()?.as_deref());
                let is_maria = version.is_some_and(|v| v.to_ascii_lowercase().contains("mariadb"));
                let system = if is_maria { System::MariaDb } else { System::MySql };
                for setting in self.mysql_settings(system) {
                    ask(&setting)?;
                }
                Ok(system)
            }
            System::Sqlite => {
                for setting in self.sqlite_settings() {
                    ask(&setting)?;
                }
                Ok(system)
            }
            System::OtherSql => Err(AskError::new(AskErrorKind::Wrong)),
        }
    }

    fn mysql_settings(&self, system: System) -> [String; 4] {
        let seconds = whole_seconds(self.lock_wait_max);
        [
            "set session transaction read only".to_owned(),
            format!("set session lock_wait_timeout = {seconds}"),
            format!("set session innodb_lock_wait_timeout = {seconds}"),
            match system {
                System::MariaDb => {
                    format!("set session max_statement_time = {}", self.statement_max.as_secs_f64())
                }
                _ => format!("set session max_execution_time = {}", self.statement_max.as_millis()),
            },
        ]
    }

    fn sqlite_settings(&self) -> [String; 3] {
        [
            "pragma query_only = 1".to_owned(),
            format!("pragma busy_timeout = {}", self.lock_wait_max.as_millis()),
            // In a shared cache a reader's lock would stop the application's writers.
            "pragma read_uncommitted = 1".to_owned(),
        ]
    }
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            lock_wait_max: Duration::from_millis(200),
            statement_max: Duration::from_secs(2),
            connect_max: Duration::from_secs(5),
        }
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

//! Whose trouble it is.

use monitor_core::judge::Subject;
use serde::Serialize;
use utoipa::ToSchema;

/// Whom an alert, a finding or a check is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SubjectView {
    /// A name to read.
    pub name: String,
    /// The statement's fingerprint, where it is one with a page.
    pub fingerprint: Option<String>,
    /// The pool's name, where it is one.
    pub pool: Option<String>,
    /// The table's name, where it is one.
    pub table: Option<String>,
    /// The database, where it is of one.
    pub database: Option<String>,
}

// === impl SubjectView ===

impl SubjectView {
    pub(crate) fn new(subject: &Subject) -> Self {
        let table = match subject {
            Subject::Table { table, .. } => Some(table.to_string()),
            _ => None,
        };
        Self {
            name: subject.to_string(),
            fingerprint: subject.fingerprint().map(|fingerprint| fingerprint.to_string()),
            pool: subject.pool().map(str::to_owned),
            table,
            database: subject.database().map(ToString::to_string),
        }
    }
}

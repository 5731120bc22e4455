//! Numbers of one series on their way out of the books.

use std::sync::Arc;

use super::slowness::Slowness;
use super::sources::Source;
use super::statement::Statement;
use crate::identify::{Kind, ListSize, Wording};
use crate::snapshot::{Activity, ListActivity, OriginalText, StatementActivity};

/// Numbers of one series, copied out of the books.
pub(super) struct Reading<T> {
    pub(super) numbers: T,
    pub(super) source: u16,
    pub(super) who: Who,
}

/// Whose numbers they are.
pub(super) enum Who {
    Statement(Arc<Statement>, ListSize, Slowness, Wording),
    Other(Kind),
}

// === impl Reading ===

impl<T> Reading<T> {
    pub(super) fn split(self) -> (Reading<()>, T) {
        (Reading { numbers: (), source: self.source, who: self.who }, self.numbers)
    }

    /// The statement with some of its numbers.
    pub(super) fn with(&self, sources: &[Arc<Source>], activity: Activity) -> StatementActivity {
        let database = sources[usize::from(self.source)].database.clone();
        let (statement, size, slowness, wording) = match &self.who {
            Who::Statement(statement, size, slowness, wording) => {
                (statement, *size, *slowness, *wording)
            }
            Who::Other(kind) => return StatementActivity::other(*kind, database, activity),
        };
        let by_list_size = match size {
            ListSize::None => Vec::new(),
            size => vec![ListActivity { size, activity: activity.clone() }],
        };
        StatementActivity {
            fingerprint: Some(statement.fingerprint),
            text: statement.text.clone(),
            summary: statement.summary.clone(),
            kind: statement.kind(),
            tables: statement.tables(),
            wording,
            sample: statement.sample.clone().map(OriginalText::new),
            database,
            slow_after: slowness.slow_after(),
            very_slow_after: slowness.very_slow_after(),
            muted: statement.is_muted(),
            activity,
            by_list_size,
        }
    }
}

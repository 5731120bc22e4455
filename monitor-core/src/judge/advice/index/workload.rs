//! What a database has to do: statements, how often each runs, and how much is written.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::capture::{Database, System};
use crate::identify::{Dialect, Fingerprint, Kind, ListSize, Wording, identify};
use crate::snapshot::{Rollup, StatementActivity};

/// What one database has to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    /// The statements.
    pub statements: Vec<Statement>,
    /// Rows written an hour, by table; a table's name as statements write it, in lower case.
    pub writes: BTreeMap<String, WriteRate>,
    /// Rows written an hour by everybody, this program among them, where the server counts them.
    pub counted: BTreeMap<TableName, WriteRate>,
    /// How long it was observed.
    pub observed: Duration,
    /// Time of all calls together in an hour, those of statements left out here included.
    pub time_per_hour: Duration,
}

/// A statement, and how it was seen to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Its normalised text.
    pub text: String,
    /// Its text with literals, where somebody chose to give it. Constants in it make partial indexes possible; without it
    /// only those of NULL and of truths are.
    pub sample: Option<String>,
    /// Calls that were observed.
    pub calls: u64,
    /// Calls in an hour.
    pub calls_per_hour: f64,
    /// Mean time of a call.
    pub mean: Duration,
    /// Mean rows a call gave or changed, where the driver tells.
    pub rows: Option<f64>,
    /// How many values its lists have, where that is known.
    pub list_len: Option<usize>,
    /// How the patterns of its `like` begin, where somebody knows more than `wording`.
    pub pattern: Pattern,
    /// What its literals tell without being kept.
    pub wording: Wording,
}

/// How a `like` pattern that is not in the text begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Nobody knows. Then no index is advised for it: it is of no use where a wildcard comes first.
    #[default]
    Unknown,
    /// With text.
    Prefix,
    /// With a wildcard.
    Wildcard,
}

/// A table of the catalogue, by its schema and name.
pub type TableName = (String, String);

/// Rows of a table written in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WriteRate {
    /// Rows inserted.
    pub inserted: f64,
    /// Rows updated.
    pub updated: f64,
    /// Rows deleted.
    pub deleted: f64,
}

// === impl Workload ===

impl Workload {
    /// The workload of one database, from what was counted in a time.
    #[must_use]
    pub fn of(rollup: &Rollup, covered: Duration, database: &Database) -> Self {
        let per_hour = 3600.0 / covered.as_secs_f64().max(1.0);
        let mut workload = Self { observed: covered, ..Self::default() };
        let mut time = Duration::ZERO;
        for reading in rollup.statements.iter().filter(|one| *one.database == *database) {
            time += reading.activity.time;
            workload.add_writes(reading, per_hour);
            workload.statements.extend(Statement::of(reading, per_hour));
        }
        workload.time_per_hour = time.mul_f64(per_hour);
        workload
    }

    fn add_writes(&mut self, reading: &StatementActivity, per_hour: f64) {
        let activity = &reading.activity;
        let known = activity.completed().saturating_sub(activity.rows_unknown);
        // A write whose rows the driver did not tell changed one, for all we know.
        let rows =
            activity.rows_affected as f64 + activity.completed().saturating_sub(known) as f64;
        let Some(table) = reading.tables.written.first() else { return };
        let rate = self.writes.entry(table.clone()).or_default();
        match reading.kind {
            Kind::Insert => rate.inserted += rows * per_hour,
            Kind::Update | Kind::Merge => rate.updated += rows * per_hour,
            Kind::Delete => rate.deleted += rows * per_hour,
            _ => {}
        }
    }
}

// === impl WriteRate ===

impl WriteRate {
    /// Of each sort of writing the larger number.
    pub(super) fn larger(self, other: Self) -> Self {
        Self {
            inserted: self.inserted.max(other.inserted),
            updated: self.updated.max(other.updated),
            deleted: self.deleted.max(other.deleted),
        }
    }
}

// === impl Statement ===

impl Statement {
    fn of(reading: &StatementActivity, per_hour: f64) -> Option<Self> {
        let activity = &reading.activity;
        let told = activity.completed().saturating_sub(activity.rows_unknown);
        let rows = (activity.rows_returned + activity.rows_affected) as f64;
        Some(Self {
            fingerprint: reading.fingerprint?,
            text: reading.text.to_string(),
            sample: constants(reading),
            calls: activity.calls,
            calls_per_hour: activity.calls as f64 * per_hour,
            mean: activity.mean(),
            rows: (told > 0).then(|| rows / told as f64),
            list_len: list_len(reading),
            pattern: Pattern::Unknown,
            wording: reading.wording,
        })
    }

    /// A statement that was not counted by a monitor, from any text of it.
    #[must_use]
    pub fn of_text(text: &str, dialect: Dialect) -> Self {
        let identity = identify(text, dialect);
        Self {
            fingerprint: identity.fingerprint,
            text: identity.text,
            sample: None,
            calls: 0,
            calls_per_hour: 0.0,
            mean: Duration::ZERO,
            rows: None,
            list_len: usual_len(identity.list_size),
            pattern: Pattern::Unknown,
            wording: identity.wording,
        }
    }
}

/// The statement with its constants, where such texts are kept. A literal that differs from call to call is somebody's
/// value, which should have been bound, and no constant.
fn constants(reading: &StatementActivity) -> Option<String> {
    let is_constant = reading.wording.literal_variants() == 1;
    reading.sample.as_ref().filter(|_| is_constant).map(|sample| sample.reveal().to_owned())
}

/// The usual length of a statement's lists: that of the class most calls fall in.
fn list_len(reading: &StatementActivity) -> Option<usize> {
    let most = reading.by_list_size.iter().max_by_key(|list| list.activity.calls)?;
    usual_len(most.size)
}

/// A length from the lower middle of a class, as short lists are more frequent.
fn usual_len(size: ListSize) -> Option<usize> {
    match size {
        ListSize::None => None,
        ListSize::One => Some(1),
        ListSize::UpTo10 => Some(4),
        ListSize::UpTo100 => Some(30),
        ListSize::More => Some(200),
    }
}

/// Whose SQL a system speaks.
#[must_use]
pub fn dialect_of(system: System) -> Dialect {
    match system {
        System::PostgreSql => Dialect::PostgreSql,
        System::MySql | System::MariaDb => Dialect::MySql,
        System::Sqlite => Dialect::Sqlite,
        _ => Dialect::Generic,
    }
}

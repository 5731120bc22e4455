//! Lists of statements, kinds and tables.

use monitor_core::judge::{Direction, Measure};
use monitor_core::snapshot::{KindActivity, StatementActivity, TableActivity};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Numbers, Scope, cut};
use super::course::Spark;
use crate::reading::Courses;

/// One page of a list of statements.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Statements {
    /// What the numbers are about.
    pub scope: Scope,
    /// Statements that match, on all pages.
    pub total: usize,
    /// This page, from 1.
    pub page: usize,
    /// Statements on a full page.
    pub page_size: usize,
    /// Database time of all calls of the window, those of other statements included: what shares are shares of.
    pub time_seconds: f64,
    /// When each minute of the spark lines ended.
    pub minutes_ended_at: Vec<String>,
    /// The statements of this page.
    pub statements: Vec<StatementRow>,
}

/// One statement on one database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementRow {
    /// Its identity; `null` for the calls of statements that gave up their place ("other").
    pub fingerprint: Option<String>,
    /// The beginning of its normalised text, at most 300 characters.
    pub text: String,
    /// Whether that is not all of it.
    pub is_cut: bool,
    /// Operations and tables in a few words.
    pub summary: String,
    /// Its kind, such as `select`.
    pub kind: &'static str,
    /// The tables it reads.
    pub tables_read: Vec<String>,
    /// The tables it writes.
    pub tables_written: Vec<String>,
    /// The database it runs on.
    pub database: String,
    /// A comment in its SQL says `monitor:mute`.
    pub muted: bool,
    /// Its time as a share of all database time.
    pub time_share: f64,
    /// Rows per call, returned and affected; `null` where the driver tells none.
    pub rows_per_call: Option<f64>,
    /// Where its mean time goes: `rising`, `falling`, `steady`, `too_soon`.
    pub trend: &'static str,
    /// Its numbers.
    pub numbers: Numbers,
    /// Its last hour.
    pub spark: Spark,
}

/// Statements by kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Kinds {
    /// What the numbers are about.
    pub scope: Scope,
    /// Database time of all calls: what shares are shares of.
    pub time_seconds: f64,
    /// The kinds seen, most time first.
    pub kinds: Vec<KindRow>,
}

/// All statements of one kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KindRow {
    /// The kind.
    pub kind: &'static str,
    /// Its time as a share of all database time.
    pub time_share: f64,
    /// Its numbers.
    pub numbers: Numbers,
}

/// One page of a list of tables.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tables {
    /// What the numbers are about.
    pub scope: Scope,
    /// Tables that match, on all pages.
    pub total: usize,
    /// This page, from 1.
    pub page: usize,
    /// Tables on a full page.
    pub page_size: usize,
    /// Database time of all calls: what shares are shares of. A call that touches two tables counts for both.
    pub time_seconds: f64,
    /// The tables of this page.
    pub tables: Vec<TableRow>,
}

/// One table of one database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TableRow {
    /// Its name as statements write it, lower-cased.
    pub table: String,
    /// The database it is in.
    pub database: String,
    /// Calls that read it.
    pub reads: u64,
    /// Calls that write it; a call may do both.
    pub writes: u64,
    /// Time of its calls as a share of all database time.
    pub time_share: f64,
    /// The numbers of its calls.
    pub numbers: Numbers,
}

/// Characters of a text in a list.
const TEXT_CHARS_MAX: usize = 300;

/// Characters of a name.
pub(crate) const NAME_CHARS_MAX: usize = 200;

/// Tables named of one statement.
pub(crate) const TABLES_MAX: usize = 50;

// === impl StatementRow ===

impl StatementRow {
    pub(crate) fn new(
        statement: &StatementActivity,
        courses: &Courses,
        scope: &Scope,
        time_seconds: f64,
    ) -> Self {
        let (text, is_cut) = cut(&statement.text, TEXT_CHARS_MAX);
        let course = match statement.fingerprint {
            Some(fingerprint) => courses.statement(fingerprint, &statement.database),
            None => vec![None; courses.minutes.len()],
        };
        let numbers = Numbers::new(&statement.activity, scope);
        Self {
            fingerprint: statement.fingerprint.map(|fingerprint| fingerprint.to_string()),
            text,
            is_cut,
            summary: cut(&statement.summary, NAME_CHARS_MAX).0,
            kind: statement.kind.as_str(),
            tables_read: names(&statement.tables.read),
            tables_written: names(&statement.tables.written),
            database: statement.database.to_string(),
            muted: statement.muted,
            time_share: share(numbers.time_seconds, time_seconds),
            rows_per_call: rows_per_call(statement),
            trend: trend(statement, courses).as_str(),
            numbers,
            spark: Spark::of_statement(courses, &course),
        }
    }
}

/// The first [`TABLES_MAX`] names.
pub(crate) fn names(names: &[String]) -> Vec<String> {
    names.iter().take(TABLES_MAX).map(|name| cut(name, NAME_CHARS_MAX).0).collect()
}

fn trend(statement: &StatementActivity, courses: &Courses) -> Direction {
    let of = |fingerprint| {
        let mut trends = courses.trends_of(fingerprint, &statement.database);
        trends.find(|trend| trend.measure == Measure::MeanTime).map(|trend| trend.direction)
    };
    statement.fingerprint.and_then(of).unwrap_or(Direction::TooSoon)
}

/// Rows per call, over the calls of which they are known.
pub(crate) fn rows_per_call(statement: &StatementActivity) -> Option<f64> {
    let activity = &statement.activity;
    let known = activity.calls.saturating_sub(activity.rows_unknown);
    let rows = activity.rows_returned.saturating_add(activity.rows_affected);
    (known > 0).then(|| rows as f64 / known as f64)
}

/// A part of a whole, from 0 to 1.
pub(crate) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}

// === impl KindRow ===

impl KindRow {
    pub(crate) fn new(kind: &KindActivity, scope: &Scope, time_seconds: f64) -> Self {
        let numbers = Numbers::new(&kind.activity, scope);
        Self {
            kind: kind.kind.as_str(),
            time_share: share(numbers.time_seconds, time_seconds),
            numbers,
        }
    }
}

// === impl TableRow ===

impl TableRow {
    pub(crate) fn new(table: &TableActivity, scope: &Scope, time_seconds: f64) -> Self {
        let numbers = Numbers::new(&table.activity, scope);
        Self {
            table: cut(&table.table, NAME_CHARS_MAX).0,
            database: table.database.to_string(),
            reads: table.reads,
            writes: table.writes,
            time_share: share(numbers.time_seconds, time_seconds),
            numbers,
        }
    }
}

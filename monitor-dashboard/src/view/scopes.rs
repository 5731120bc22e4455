//! Units of work: requests, jobs, tests, by name.

use monitor_core::show;
use monitor_core::snapshot::{
    RepeatedCalls, RowHistogram, ScopeActivity, ScopeExample, ScopeStatement,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{cut, quantile, seconds};
use super::statements::NAME_CHARS_MAX;

/// One page of the units of work, by name. Their numbers count since the monitor started.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Scopes {
    /// When the numbers were taken.
    pub at: String,
    /// The time they cover.
    pub covered_seconds: f64,
    /// Names that match, on all pages.
    pub total: usize,
    /// This page, from 1.
    pub page: usize,
    /// Names on a full page.
    pub page_size: usize,
    /// The names of this page.
    pub scopes: Vec<ScopeRow>,
}

/// All units of work of one name that have ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScopeRow {
    /// A route, a job, a test. `(other)` for names beyond the limit.
    pub name: String,
    /// Units that have ended.
    pub units: u64,
    /// Calls they made.
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls of one unit, on average.
    pub calls_mean: f64,
    /// The most calls one unit made.
    pub calls_max: u64,
    /// How many calls each unit made.
    pub calls_histogram: Vec<CallsBucket>,
    /// Statements of each unit, counted once however often it called them, on average.
    pub distinct_mean: f64,
    /// Time from the beginning of each unit to its end, together.
    pub time_seconds: f64,
    /// The median of it; `null` without a unit.
    pub time_p50_seconds: Option<f64>,
    /// The 95th percentile.
    pub time_p95_seconds: Option<f64>,
    /// The database's time, together; calls that ran at once add up.
    pub database_time_seconds: f64,
    /// The median of a unit; `null` without one.
    pub database_time_p50_seconds: Option<f64>,
    /// The 95th percentile.
    pub database_time_p95_seconds: Option<f64>,
    /// Time in which at least one call ran, together.
    pub busy_seconds: f64,
    /// That, as a share of all time.
    pub busy_share: f64,
    /// Waits for connections, together.
    pub pool_wait_seconds: f64,
    /// Time in transactions that have ended, together.
    pub transaction_seconds: f64,
    /// Calls of a statement that the same unit had called before.
    pub repeated: u64,
    /// Reads that the same unit had made before, with nothing written in between.
    pub duplicates: u64,
    /// The time those took.
    pub duplicate_seconds: f64,
    /// Reads that began while the same read with the same values ran, in this unit or another.
    pub at_once: u64,
    /// The time those took.
    pub at_once_seconds: f64,
    /// Reads that waited for another read without need.
    pub waited_needlessly: u64,
    /// What running them together would have saved.
    pub needless_wait_seconds: f64,
    /// The most calls a unit should make; `null` without a budget.
    pub calls_budget: Option<u64>,
    /// The most time of the database it should take; `null` without a budget.
    pub time_budget_seconds: Option<f64>,
    /// Units beyond their budget.
    pub over_budget: u64,
    /// When the last of them ended.
    pub over_budget_at: Option<String>,
    /// Statements that units call again and again, most time saved first.
    pub repeats: Vec<RepeatView>,
    /// The unit that took most of the database's time.
    pub worst: Option<ScopeExampleView>,
}

/// Units of work that made so many calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallsBucket {
    /// This many calls or fewer; `null` where there is no bound.
    pub to_calls: Option<u64>,
    /// How many units.
    pub count: u64,
}

/// A statement that one line calls again and again within one unit of work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RepeatView {
    /// In which way: `loop`, `fan_out`, `writes`, `duplicate`, `at_once`.
    pub kind: &'static str,
    /// The statement's identity.
    pub fingerprint: String,
    /// The beginning of its normalised text, at most 300 characters.
    pub text: String,
    /// Operations and tables in a few words.
    pub summary: String,
    /// The database it runs on.
    pub database: String,
    /// The line that calls it.
    pub call_site: Option<String>,
    /// The statement that was called before, which may have given the list; at most 300 characters.
    pub behind: Option<String>,
    /// The line that called that one.
    pub behind_call_site: Option<String>,
    /// Units in which this was seen.
    pub units: u64,
    /// The most calls in one of them.
    pub calls_max: u64,
    /// Calls in all of them.
    pub calls: u64,
    /// The time they took.
    pub time_seconds: f64,
    /// What one call in the place of many would have saved.
    pub saved_seconds: f64,
    /// When this was seen last.
    pub last_at: String,
    /// Whether a comment in the statement, or the rule of the name, mutes it.
    pub muted: bool,
}

/// One unit of work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScopeExampleView {
    /// When it ended.
    pub at: String,
    /// How long it took.
    pub took_seconds: f64,
    /// Calls it made.
    pub calls: u64,
    /// The database's time.
    pub database_time_seconds: f64,
    /// Waits for connections.
    pub pool_wait_seconds: f64,
    /// The statements that took most of it; at most 10.
    pub statements: Vec<ScopeStatementView>,
}

/// A statement's share of a unit of work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScopeStatementView {
    /// The beginning of its normalised text, at most 300 characters; `(other)` where it has lost its place meanwhile.
    pub text: String,
    /// Calls of it.
    pub calls: u64,
    /// The time they took.
    pub time_seconds: f64,
    /// The line that called it first.
    pub call_site: Option<String>,
}

/// Characters of a statement's text.
const TEXT_CHARS_MAX: usize = 300;

/// Statements of one unit.
const STATEMENTS_MAX: usize = 10;

fn name(name: &str) -> String {
    cut(name, NAME_CHARS_MAX).0
}

fn text(text: &str) -> String {
    cut(text, TEXT_CHARS_MAX).0
}

// === impl ScopeRow ===

impl ScopeRow {
    pub(crate) fn new(scope: &ScopeActivity) -> Self {
        Self {
            name: name(&scope.name),
            units: scope.units,
            calls: scope.calls,
            failed: scope.failed,
            calls_mean: scope.calls_mean(),
            calls_max: scope.calls_max,
            calls_histogram: CallsBucket::all(&scope.calls_each),
            distinct_mean: scope.distinct as f64 / scope.units.max(1) as f64,
            time_seconds: scope.time.as_secs_f64(),
            time_p50_seconds: quantile(&scope.times, 0.5),
            time_p95_seconds: quantile(&scope.times, 0.95),
            database_time_seconds: scope.database_time.as_secs_f64(),
            database_time_p50_seconds: quantile(&scope.database_times, 0.5),
            database_time_p95_seconds: quantile(&scope.database_times, 0.95),
            busy_seconds: scope.busy_time.as_secs_f64(),
            busy_share: scope.database_share(),
            pool_wait_seconds: scope.pool_wait.as_secs_f64(),
            transaction_seconds: scope.transaction_time.as_secs_f64(),
            repeated: scope.repeated,
            duplicates: scope.duplicates,
            duplicate_seconds: scope.duplicate_time.as_secs_f64(),
            at_once: scope.at_once,
            at_once_seconds: scope.at_once_time.as_secs_f64(),
            waited_needlessly: scope.waited_needlessly,
            needless_wait_seconds: scope.needless_wait.as_secs_f64(),
            calls_budget: scope.calls_budget,
            time_budget_seconds: seconds(scope.time_budget),
            over_budget: scope.over_budget,
            over_budget_at: scope.over_budget_at.map(show::moment),
            repeats: scope.repeats.iter().map(RepeatView::new).collect(),
            worst: scope.worst.as_ref().map(ScopeExampleView::new),
        }
    }
}

// === impl CallsBucket ===

impl CallsBucket {
    fn all(histogram: &RowHistogram) -> Vec<Self> {
        histogram.buckets().map(|(to_calls, count)| Self { to_calls, count }).collect()
    }
}

// === impl RepeatView ===

impl RepeatView {
    fn new(repeat: &RepeatedCalls) -> Self {
        Self {
            kind: repeat.kind.as_str(),
            fingerprint: repeat.fingerprint.to_string(),
            text: text(&repeat.text),
            summary: name(&repeat.summary),
            database: repeat.database.to_string(),
            call_site: repeat.call_site.as_deref().map(name),
            behind: repeat.behind.as_deref().map(text),
            behind_call_site: repeat.behind_call_site.as_deref().map(name),
            units: repeat.units,
            calls_max: repeat.calls_max,
            calls: repeat.calls,
            time_seconds: repeat.time.as_secs_f64(),
            saved_seconds: repeat.saved.as_secs_f64(),
            last_at: show::moment(repeat.last_at),
            muted: repeat.muted,
        }
    }
}

// === impl ScopeExampleView ===

impl ScopeExampleView {
    fn new(example: &ScopeExample) -> Self {
        let statements = example.statements.iter().take(STATEMENTS_MAX);
        Self {
            at: show::moment(example.at),
            took_seconds: example.took.as_secs_f64(),
            calls: example.calls,
            database_time_seconds: example.database_time.as_secs_f64(),
            pool_wait_seconds: example.pool_wait.as_secs_f64(),
            statements: statements.map(ScopeStatementView::new).collect(),
        }
    }
}

// === impl ScopeStatementView ===

impl ScopeStatementView {
    fn new(statement: &ScopeStatement) -> Self {
        Self {
            text: text(&statement.text),
            calls: statement.calls,
            time_seconds: statement.time.as_secs_f64(),
            call_site: statement.call_site.as_deref().map(name),
        }
    }
}

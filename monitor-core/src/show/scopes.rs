//! Units of work: in the report, as JSON, and read back from there.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::saved::{SavedDatabase, buckets, moment, rows_buckets, seconds};
use super::table::{Listing, STATEMENT_CHARS_MAX, listing, section};
use super::words::{count, cut, duration, instant, percent};
use crate::identify::Fingerprint;
use crate::snapshot::{
    Histogram, RepeatKind, RepeatedCalls, RowHistogram, ScopeActivity, ScopeExample, ScopeStatement,
};

/// Characters of a unit's name in the report.
const NAME_CHARS_MAX: usize = 48;

/// Adds the tables on units of work, where there are any.
pub(super) fn text(report: &mut String, scopes: &[ScopeActivity]) {
    let mut by_time: Vec<_> = scopes.iter().collect();
    by_time.sort_by_key(|scope| std::cmp::Reverse(scope.database_time));
    section(report, "units of work, most database time first", units(&by_time));
    section(report, "called again and again within one unit of work", repeats(&by_time));
    section(report, "the unit of each name that took most", worst(&by_time));
}

fn units(scopes: &[&ScopeActivity]) -> Option<Listing> {
    let head = [
        "work",
        "units",
        "calls",
        "each",
        "most",
        "p95",
        "in database",
        "pool wait",
        "in tx",
        "same again",
        "duplicates",
        "at once",
        "waits",
        "over budget",
    ];
    let rows = scopes.iter().map(|scope| {
        let p95 = scope.times.quantile(0.95).map_or_else(|| "-".into(), duration);
        let has_budget = scope.calls_budget.is_some() || scope.time_budget.is_some();
        vec![
            cut(&scope.name, NAME_CHARS_MAX),
            count(scope.units),
            count(scope.calls),
            format!("{:.1}", scope.calls_mean()),
            count(scope.calls_max),
            p95,
            percent(scope.database_share()),
            duration(scope.pool_wait),
            duration(scope.transaction_time),
            count(scope.repeated),
            count(scope.duplicates),
            count(scope.at_once),
            count(scope.waited_needlessly),
            if has_budget { count(scope.over_budget) } else { "-".into() },
        ]
    });
    listing(&head, rows)
}

fn repeats(scopes: &[&ScopeActivity]) -> Option<Listing> {
    let head = ["statement", "work", "how", "units", "most", "time", "saves", "at", "behind"];
    let or_unknown = |line: &Option<Arc<str>>| line.as_deref().unwrap_or("?").to_owned();
    let all = scopes.iter().flat_map(|scope| scope.repeats.iter().map(move |one| (scope, one)));
    let mut all: Vec<_> = all.filter(|(_, repeated)| !repeated.muted).collect();
    all.sort_by_key(|(_, repeated)| std::cmp::Reverse(repeated.saved));
    let rows = all.into_iter().map(|(scope, repeated)| {
        vec![
            cut(&repeated.text, STATEMENT_CHARS_MAX),
            cut(&scope.name, NAME_CHARS_MAX),
            repeated.kind.to_string(),
            count(repeated.units),
            count(repeated.calls_max),
            duration(repeated.time),
            duration(repeated.saved),
            or_unknown(&repeated.call_site),
            or_unknown(&repeated.behind_call_site),
        ]
    });
    listing(&head, rows)
}

fn worst(scopes: &[&ScopeActivity]) -> Option<Listing> {
    let head = ["statement", "work", "calls", "time", "of", "at"];
    let of_scope = |scope: &&ScopeActivity| {
        let name = cut(&scope.name, NAME_CHARS_MAX);
        let worst = scope.worst.as_ref()?;
        let first = worst.statements.first()?;
        Some(vec![
            cut(&first.text, STATEMENT_CHARS_MAX),
            name,
            count(first.calls),
            duration(first.time),
            duration(worst.database_time),
            first.call_site.as_deref().unwrap_or("?").to_owned(),
        ])
    };
    let rows: Vec<_> = scopes.iter().filter_map(of_scope).collect();
    listing(&head, rows.into_iter())
}

/// The units of one name, as they are written and read.
#[derive(Serialize, Deserialize)]
pub(super) struct ScopeDocument {
    name: Arc<str>,
    units: u64,
    calls: u64,
    failed: u64,
    calls_mean: f64,
    calls_max: u64,
    #[serde(serialize_with = "write_rows", deserialize_with = "rows_buckets")]
    calls_buckets: RowHistogram,
    #[serde(with = "length")]
    time_seconds: Duration,
    #[serde(serialize_with = "write_buckets", deserialize_with = "buckets")]
    time_buckets: Histogram,
    #[serde(with = "length")]
    database_seconds: Duration,
    #[serde(serialize_with = "write_buckets", deserialize_with = "buckets")]
    database_buckets: Histogram,
    #[serde(with = "length")]
    busy_seconds: Duration,
    #[serde(with = "length")]
    pool_wait_seconds: Duration,
    #[serde(with = "length")]
    transaction_seconds: Duration,
    distinct_statements: u64,
    repeated_calls: u64,
    duplicate_calls: u64,
    #[serde(with = "length")]
    duplicate_seconds: Duration,
    #[serde(default)]
    at_once_calls: u64,
    #[serde(default, with = "length")]
    at_once_seconds: Duration,
    needless_waits: u64,
    #[serde(with = "length")]
    needless_wait_seconds: Duration,
    calls_budget: Option<u64>,
    time_budget_seconds: Option<f64>,
    over_budget: u64,
    over_budget_at: Option<Moment>,
    repeats: Vec<RepeatDocument>,
    worst: Option<ExampleDocument>,
}

#[derive(Serialize, Deserialize)]
struct RepeatDocument {
    kind: String,
    fingerprint: String,
    text: Arc<str>,
    summary: Arc<str>,
    #[serde(flatten)]
    database: SavedDatabase,
    call_site: Option<Arc<str>>,
    behind: Option<Arc<str>>,
    behind_call_site: Option<Arc<str>>,
    units: u64,
    calls_max: u64,
    calls: u64,
    #[serde(with = "length")]
    time_seconds: Duration,
    #[serde(with = "length")]
    saved_seconds: Duration,
    last_at: Moment,
    muted: bool,
}

#[derive(Serialize, Deserialize)]
struct ExampleDocument {
    at: Moment,
    #[serde(with = "length")]
    took_seconds: Duration,
    calls: u64,
    #[serde(with = "length")]
    database_seconds: Duration,
    #[serde(with = "length")]
    pool_wait_seconds: Duration,
    statements: Vec<StatementDocument>,
}

#[derive(Serialize, Deserialize)]
struct StatementDocument {
    text: Arc<str>,
    calls: u64,
    #[serde(with = "length")]
    time_seconds: Duration,
    call_site: Option<Arc<str>>,
}

/// A moment by RFC 3339.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Moment(#[serde(serialize_with = "write_moment", deserialize_with = "moment")] SystemTime);

/// A duration in seconds.
mod length {
    use std::time::Duration;

    pub(super) use super::seconds as deserialize;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: serde::Serializer>(
        time: &Duration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_f64(time.as_secs_f64())
    }
}

fn write_buckets<S: serde::Serializer>(histogram: &Histogram, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(histogram.buckets())
}

fn write_rows<S: serde::Serializer>(histogram: &RowHistogram, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(histogram.buckets())
}

fn write_moment<S: serde::Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&instant(*at))
}

// === impl ScopeDocument ===

impl From<&ScopeActivity> for ScopeDocument {
    fn from(scope: &ScopeActivity) -> Self {
        Self {
            name: scope.name.clone(),
            units: scope.units,
            calls: scope.calls,
            failed: scope.failed,
            calls_mean: scope.calls_mean(),
            calls_max: scope.calls_max,
            calls_buckets: scope.calls_each.clone(),
            time_seconds: scope.time,
            time_buckets: scope.times.clone(),
            database_seconds: scope.database_time,
            database_buckets: scope.database_times.clone(),
            busy_seconds: scope.busy_time,
            pool_wait_seconds: scope.pool_wait,
            transaction_seconds: scope.transaction_time,
            distinct_statements: scope.distinct,
            repeated_calls: scope.repeated,
            duplicate_calls: scope.duplicates,
            duplicate_seconds: scope.duplicate_time,
            at_once_calls: scope.at_once,
            at_once_seconds: scope.at_once_time,
            needless_waits: scope.waited_needlessly,
            needless_wait_seconds: scope.needless_wait,
            calls_budget: scope.calls_budget,
            time_budget_seconds: scope.time_budget.map(|budget| budget.as_secs_f64()),
            over_budget: scope.over_budget,
            over_budget_at: scope.over_budget_at.map(Moment),
            repeats: scope.repeats.iter().map(Into::into).collect(),
            worst: scope.worst.as_ref().map(Into::into),
        }
    }
}

impl From<ScopeDocument> for ScopeActivity {
    fn from(read: ScopeDocument) -> Self {
        let budget = |seconds| Duration::try_from_secs_f64(seconds).ok();
        Self {
            name: read.name,
            units: read.units,
            calls: read.calls,
            failed: read.failed,
            calls_each: read.calls_buckets,
            calls_max: read.calls_max,
            time: read.time_seconds,
            times: read.time_buckets,
            database_time: read.database_seconds,
            database_times: read.database_buckets,
            busy_time: read.busy_seconds,
            pool_wait: read.pool_wait_seconds,
            transaction_time: read.transaction_seconds,
            distinct: read.distinct_statements,
            repeated: read.repeated_calls,
            duplicates: read.duplicate_calls,
            duplicate_time: read.duplicate_seconds,
            at_once: read.at_once_calls,
            at_once_time: read.at_once_seconds,
            waited_needlessly: read.needless_waits,
            needless_wait: read.needless_wait_seconds,
            calls_budget: read.calls_budget,
            time_budget: read.time_budget_seconds.and_then(budget),
            over_budget: read.over_budget,
            over_budget_at: read.over_budget_at.map(|at| at.0),
            repeats: read.repeats.into_iter().filter_map(RepeatDocument::read).collect(),
            worst: read.worst.map(Into::into),
        }
    }
}

// === impl RepeatDocument ===

impl From<&RepeatedCalls> for RepeatDocument {
    fn from(repeated: &RepeatedCalls) -> Self {
        Self {
            kind: repeated.kind.to_string(),
            fingerprint: repeated.fingerprint.to_string(),
            text: repeated.text.clone(),
            summary: repeated.summary.clone(),
            database: SavedDatabase::from(&*repeated.database),
            call_site: repeated.call_site.clone(),
            behind: repeated.behind.clone(),
            behind_call_site: repeated.behind_call_site.clone(),
            units: repeated.units,
            calls_max: repeated.calls_max,
            calls: repeated.calls,
            time_seconds: repeated.time,
            saved_seconds: repeated.saved,
            last_at: Moment(repeated.last_at),
            muted: repeated.muted,
        }
    }
}

impl RepeatDocument {
    /// `None` for a kind that a later version has found.
    fn read(self) -> Option<RepeatedCalls> {
        Some(RepeatedCalls {
            kind: RepeatKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind)?,
            fingerprint: self.fingerprint.parse::<Fingerprint>().ok()?,
            text: self.text,
            summary: self.summary,
            database: Arc::new(self.database.into()),
            call_site: self.call_site,
            behind: self.behind,
            behind_call_site: self.behind_call_site,
            units: self.units,
            calls_max: self.calls_max,
            calls: self.calls,
            time: self.time_seconds,
            saved: self.saved_seconds,
            last_at: self.last_at.0,
            muted: self.muted,
        })
    }
}

// === impl ExampleDocument ===

impl From<&ScopeExample> for ExampleDocument {
    fn from(example: &ScopeExample) -> Self {
        let statement = |statement: &ScopeStatement| StatementDocument {
            text: statement.text.clone(),
            calls: statement.calls,
            time_seconds: statement.time,
            call_site: statement.call_site.clone(),
        };
        Self {
            at: Moment(example.at),
            took_seconds: example.took,
            calls: example.calls,
            database_seconds: example.database_time,
            pool_wait_seconds: example.pool_wait,
            statements: example.statements.iter().map(statement).collect(),
        }
    }
}

impl From<ExampleDocument> for ScopeExample {
    fn from(read: ExampleDocument) -> Self {
        let statement = |read: StatementDocument| ScopeStatement {
            text: read.text,
            calls: read.calls,
            time: read.time_seconds,
            call_site: read.call_site,
        };
        Self {
            at: read.at.0,
            took: read.took_seconds,
            calls: read.calls,
            database_time: read.database_seconds,
            pool_wait: read.pool_wait_seconds,
            statements: read.statements.into_iter().map(statement).collect(),
        }
    }
}

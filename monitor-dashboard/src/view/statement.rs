//! All that is known of one statement.

use std::collections::BTreeMap;

use monitor_core::judge;
use monitor_core::snapshot::{CallRecord, RowHistogram, StatementActivity};
use serde::Serialize;
use utoipa::ToSchema;

use super::advice::Recommendation;
use super::calls::{Call, RunningCall};
use super::common::{Bucket, Errors, Numbers, Scope, cut};
use super::course::{HeatMap, MinuteView};
use super::statements::{NAME_CHARS_MAX, names, rows_per_call, share};
use crate::reading::Reading;

/// One statement on one database, with all that is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Statement {
    /// What the numbers are about. Minutes, calls and advice have their own times.
    pub scope: Scope,
    /// Its identity.
    pub fingerprint: String,
    /// Its normalised text, at most 20 000 characters.
    pub text: String,
    /// Whether that is not all of it.
    pub is_cut: bool,
    /// Operations and tables in a few words.
    pub summary: String,
    /// Its kind, such as `select`.
    pub kind: &'static str,
    /// Whose SQL it is: `postgresql`, `mysql`, `mariadb`, `sqlite`, `other_sql`.
    pub system: &'static str,
    /// The tables it reads.
    pub tables_read: Vec<String>,
    /// The tables it writes.
    pub tables_written: Vec<String>,
    /// The database it runs on.
    pub database: String,
    /// Other databases it runs on; ask for one with `database`.
    pub other_databases: Vec<String>,
    /// A comment in its SQL says `monitor:mute`.
    pub muted: bool,
    /// From how long on its calls are slow; `null` where none ever is.
    pub slow_after_seconds: Option<f64>,
    /// From how long on its calls are very slow; `null` where none ever is.
    pub very_slow_after_seconds: Option<f64>,
    /// Its time as a share of all database time.
    pub time_share: f64,
    /// Rows per call, returned and affected; `null` where the driver tells none.
    pub rows_per_call: Option<f64>,
    /// Its numbers.
    pub numbers: Numbers,
    /// How its calls' times are spread.
    pub histogram: Vec<Bucket>,
    /// How its rows per call are spread.
    pub rows_histogram: Vec<RowBucket>,
    /// How its calls failed.
    pub errors: Vec<Errors>,
    /// Its calls by the length of their longest list; empty where it has no list.
    pub by_list_size: Vec<ListSize>,
    /// How it went, minute by minute.
    pub minutes: Vec<MinuteView>,
    /// How its times were spread, minute by minute.
    pub heatmap: HeatMap,
    /// What rises or falls, of each measure.
    pub trends: Vec<TrendView>,
    /// Who calls it, as far as the newest calls and the slow log tell, most time first.
    pub callers: Vec<Caller>,
    /// Its slow calls that are kept, slowest first.
    pub slow_calls: Vec<Call>,
    /// Its calls that run now, for longer than is good.
    pub running: Vec<RunningCall>,
    /// What to do about it, with plans where the database was asked.
    pub recommendations: Vec<Recommendation>,
}

/// Calls that returned so many rows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowBucket {
    /// This many rows or fewer; `null` where there is no bound.
    pub to_rows: Option<u64>,
    /// How many.
    pub count: u64,
}

/// Calls with lists of one size.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ListSize {
    /// The size class of the longest list, such as `2-10`.
    pub list_size: &'static str,
    /// Their numbers.
    pub numbers: Numbers,
}

/// Where one measure goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrendView {
    /// `calls_per_second`, `mean_time`, `p95`, `error_rate`, `slow_share`, `pool_wait`, `pool_usage`.
    pub measure: &'static str,
    /// `rising`, `falling`, `steady`, `too_soon`.
    pub direction: &'static str,
    /// Before the last five minutes: calls per second, seconds, or a share, as the measure has it.
    pub before: f64,
    /// In the last five minutes.
    pub now: f64,
}

/// A line of the application, or a part of it, that makes calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Caller {
    /// The line, as file and number, where it is known.
    pub call_site: Option<String>,
    /// The tag its calls carried, where there was one.
    pub tag: Option<String>,
    /// The pool they came through.
    pub pool: Option<String>,
    /// Calls of it among those that are kept.
    pub calls: u64,
    /// Their time together.
    pub time_seconds: f64,
    /// The longest of them.
    pub max_seconds: f64,
}

/// Characters of a text on its own page.
const TEXT_CHARS_MAX: usize = 20_000;

/// Callers of one statement.
const CALLERS_MAX: usize = 50;

/// Slow calls of one statement.
const SLOW_CALLS_MAX: usize = 50;

// === impl Statement ===

impl Statement {
    /// A statement of a reading. `others` are the databases it runs on beside this one.
    pub(crate) fn new(
        statement: &StatementActivity,
        others: Vec<String>,
        reading: &Reading,
        scope: Scope,
        time_seconds: f64,
    ) -> Self {
        let (text, is_cut) = cut(&statement.text, TEXT_CHARS_MAX);
        let fingerprint = statement.fingerprint.map(|id| id.to_string()).unwrap_or_default();
        let course = statement
            .fingerprint
            .map(|id| reading.courses.statement(id, &statement.database))
            .unwrap_or_default();
        let numbers = Numbers::new(&statement.activity, &scope);
        let kept = kept_calls(statement, reading);
        let lists = statement.by_list_size.iter().map(|list| ListSize {
            list_size: list.size.as_str(),
            numbers: Numbers::new(&list.activity, &scope),
        });
        let running = reading.snapshot.running.iter().filter(|call| {
            call.fingerprint == statement.fingerprint && call.database == statement.database
        });
        Self {
            text,
            is_cut,
            summary: cut(&statement.summary, NAME_CHARS_MAX).0,
            kind: statement.kind.as_str(),
            system: statement.database.system.as_str(),
            tables_read: names(&statement.tables.read),
            tables_written: names(&statement.tables.written),
            database: statement.database.to_string(),
            other_databases: others,
            muted: statement.muted,
            slow_after_seconds: statement.slow_after.map(|after| after.as_secs_f64()),
            very_slow_after_seconds: statement.very_slow_after.map(|after| after.as_secs_f64()),
            time_share: share(numbers.time_seconds, time_seconds),
            rows_per_call: rows_per_call(statement),
            numbers,
            histogram: Bucket::all(&statement.activity.histogram),
            rows_histogram: RowBucket::all(&statement.activity.rows_histogram),
            errors: Errors::all(&statement.activity),
            by_list_size: lists.collect(),
            minutes: MinuteView::of_statement(&reading.courses, &course),
            heatmap: HeatMap::of_statement(&reading.courses, &course),
            trends: trends(statement, reading),
            callers: Caller::of(&kept),
            slow_calls: slow_calls(kept),
            running: running.map(RunningCall::new).collect(),
            recommendations: Recommendation::about(&reading.advice, &fingerprint),
            fingerprint,
            scope,
        }
    }
}

/// Every call of a statement that is kept somewhere, each once.
fn kept_calls<'a>(statement: &StatementActivity, reading: &'a Reading) -> Vec<&'a CallRecord> {
    let snapshot = &reading.snapshot;
    let all = reading.recent.iter().chain(&snapshot.slow_newest).chain(&snapshot.slow);
    let mine = all.filter(|call| {
        Some(call.fingerprint) == statement.fingerprint && call.database == statement.database
    });
    let mut kept: Vec<&CallRecord> = mine.collect();
    let order = |call: &&CallRecord| (call.at, call.duration, call.connection);
    kept.sort_by_key(order);
    kept.dedup_by_key(|call| order(&&**call));
    kept
}

fn slow_calls(mut kept: Vec<&CallRecord>) -> Vec<Call> {
    kept.retain(|call| call.slow.is_some());
    kept.sort_by_key(|call| std::cmp::Reverse((call.duration, call.at)));
    kept.into_iter().take(SLOW_CALLS_MAX).map(Call::new).collect()
}

fn trends(statement: &StatementActivity, reading: &Reading) -> Vec<TrendView> {
    let of = |id| reading.courses.trends_of(id, &statement.database).map(TrendView::new).collect();
    statement.fingerprint.map(of).unwrap_or_default()
}

// === impl RowBucket ===

impl RowBucket {
    fn all(histogram: &RowHistogram) -> Vec<Self> {
        histogram.buckets().map(|(to_rows, count)| Self { to_rows, count }).collect()
    }
}

// === impl TrendView ===

impl TrendView {
    pub(crate) fn new(trend: &judge::Trend) -> Self {
        Self {
            measure: trend.measure.as_str(),
            direction: trend.direction.as_str(),
            before: trend.before,
            now: trend.now,
        }
    }
}

// === impl Caller ===

impl Caller {
    fn of(calls: &[&CallRecord]) -> Vec<Self> {
        let mut callers = BTreeMap::new();
        for call in calls {
            let who = (call.call_site, call.tag.clone(), call.pool.clone());
            let caller = callers.entry(who).or_insert_with(|| Self {
                call_site: call.call_site.map(|site| site.to_string()),
                tag: call.tag.as_deref().map(|tag| cut(tag, NAME_CHARS_MAX).0),
                pool: call.pool.as_deref().map(str::to_owned),
                calls: 0,
                time_seconds: 0.0,
                max_seconds: 0.0,
            });
            let took = call.duration.as_secs_f64();
            caller.calls += 1;
            caller.time_seconds += took;
            caller.max_seconds = caller.max_seconds.max(took);
        }
        let mut callers: Vec<_> = callers.into_values().collect();
        callers.sort_by(|a, b| b.time_seconds.total_cmp(&a.time_seconds));
        callers.truncate(CALLERS_MAX);
        callers
    }
}

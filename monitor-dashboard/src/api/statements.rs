//! Questions about statements.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use monitor_core::identify::{Fingerprint, Tables};
use monitor_core::show;
use monitor_core::snapshot::{Activity, StatementActivity};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failure;
use super::answer::{ErrorView, Page, contains};
use crate::state::Shared;
use crate::view::{Statement, StatementRow, Statements, Window};

/// What may be asked of the list of statements.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementsQuery {
    /// The time the numbers are about.
    #[serde(default)]
    window: Window,
    /// What to sort by.
    #[serde(default)]
    sort: Sort,
    /// The largest first, or the smallest.
    #[serde(default)]
    order: Order,
    /// Only statements whose text, summary or fingerprint contains this, whatever the case.
    search: Option<String>,
    /// Only statements of this kind, such as `select`.
    kind: Option<String>,
    /// Only statements that read or write this table; `orders` finds `shop.orders` too.
    table: Option<String>,
    /// Only statements on this database, by its name or its address.
    database: Option<String>,
    /// Only statements with calls of this sort.
    having: Option<Having>,
    /// The page, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Statements on a page: 50, or what is asked for here.
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<usize>,
}

/// What lists of calls are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    /// Time of all calls together.
    #[default]
    Time,
    /// How many calls.
    Calls,
    /// Mean time of a call.
    Mean,
    /// The median.
    P50,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// The longest call.
    Max,
    /// Failed calls.
    Failed,
    /// Failed calls as a share of all.
    ErrorRate,
    /// Slow calls.
    Slow,
    /// Rows returned and affected.
    Rows,
    /// The name: a statement's summary, or a table's name.
    Name,
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// The largest.
    #[default]
    Desc,
    /// The smallest.
    Asc,
}

/// A sort of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Having {
    /// Slow ones.
    Slow,
    /// Failed ones.
    Failed,
    /// Cancelled ones.
    Cancelled,
}

/// What may be asked of one statement.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementQuery {
    /// The time the numbers are about.
    #[serde(default)]
    window: Window,
    /// The database, where the statement runs on several; that on which it takes most time otherwise.
    database: Option<String>,
}

/// Statements, ranked by share of total time or as asked.
#[utoipa::path(get, path = "/statements", params(StatementsQuery), responses(
    (status = OK, body = Statements),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn statements(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<StatementsQuery>, QueryRejection>,
) -> Result<Json<Statements>, Failure> {
    let Query(query) = query?;
    let page = Page::new(query.page, query.page_size)?;
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let reading = shared.readings.listed(query.window).await?;
    let part = query.window.of(&reading.snapshot);
    let admitted = part.rollup.statements.iter().filter(|one| query.admits(one, &search));
    let mut found: Vec<_> = admitted.collect();
    found.sort_by(|a, b| {
        let both = ((&a.activity, &*a.summary), (&b.activity, &*b.summary));
        query.order.of(query.sort.compare(both.0, both.1)).then_with(|| a.text.cmp(&b.text))
    });
    let time_seconds = part.rollup.total.time.as_secs_f64();
    let courses = &reading.courses;
    let rows = page.of(&found).iter();
    Ok(Json(Statements {
        total: found.len(),
        page: page.page,
        page_size: page.page_size,
        time_seconds,
        minutes_ended_at: courses
            .minutes
            .iter()
            .map(|minute| show::moment(courses.ended_at(minute)))
            .collect(),
        statements: rows
            .map(|one| StatementRow::new(one, courses, &part.scope, time_seconds))
            .collect(),
        scope: part.scope,
    }))
}

/// All that is known of one statement.
#[utoipa::path(get, path = "/statements/{fingerprint}", params(
    ("fingerprint" = String, Path, pattern = "^[0-9a-f]{16}$", description = "The statement's identity: 16 hexadecimal digits."),
    StatementQuery,
), responses(
    (status = OK, body = Statement),
    (status = BAD_REQUEST, body = ErrorView),
    (status = NOT_FOUND, body = ErrorView),
))]
pub(crate) async fn statement(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<StatementQuery>, QueryRejection>,
) -> Result<Json<Statement>, Failure> {
    let (Path(name), Query(query)) = (path?, query?);
    let fingerprint: Fingerprint = name.parse().map_err(|_| {
        Failure::bad_request("this is no fingerprint; a fingerprint has 16 hexadecimal digits")
    })?;
    let reading = shared.readings.listed(query.window).await?;
    let part = query.window.of(&reading.snapshot);
    let is_it = |one: &&StatementActivity| one.fingerprint == Some(fingerprint);
    // Not called lately is no reason to be unknown.
    let lifetime = reading.snapshot.lifetime.statements.iter().filter(is_it);
    let all: Vec<_> = lifetime.filter(|one| query.is_on(one)).collect();
    let Some(known) = all.first() else {
        return Err(Failure::not_found(format!(
            "no statement {fingerprint} is known; it may have given up its place to newer ones"
        )));
    };
    let within = part.rollup.statements.iter();
    let within = within.filter(is_it).find(|one| one.database == known.database);
    let mut silent = (*known).clone();
    silent.activity = Activity::default();
    silent.by_list_size.clear();
    let others = reading.snapshot.lifetime.statements.iter().filter(is_it);
    let others = others.filter(|one| one.database != known.database);
    Ok(Json(Statement::new(
        within.unwrap_or(&silent),
        others.map(|one| one.database.to_string()).collect(),
        &reading,
        part.scope,
        part.rollup.total.time.as_secs_f64(),
    )))
}

// === impl StatementsQuery ===

impl StatementsQuery {
    fn admits(&self, one: &StatementActivity, search: &str) -> bool {
        let fingerprint = || one.fingerprint.is_some_and(|id| contains(&id.to_string(), search));
        let is_found = search.is_empty()
            || contains(&one.text, search)
            || contains(&one.summary, search)
            || fingerprint();
        is_found
            && self.kind.as_deref().is_none_or(|kind| kind == one.kind.as_str())
            && self.table.as_deref().is_none_or(|table| touches(&one.tables, table))
            && self.database.as_deref().is_none_or(|name| is_on(one, name))
            && self.having.is_none_or(|having| having.admits(&one.activity))
    }
}

fn touches(tables: &Tables, wanted: &str) -> bool {
    let mut names = tables.read.iter().chain(&tables.written);
    names.any(|name| name == wanted || name.rsplit('.').next() == Some(wanted))
}

fn is_on(one: &StatementActivity, database: &str) -> bool {
    one.database.name == database || one.database.to_string() == database
}

// === impl StatementQuery ===

impl StatementQuery {
    fn is_on(&self, one: &StatementActivity) -> bool {
        self.database.as_deref().is_none_or(|name| is_on(one, name))
    }
}

// === impl Sort ===

impl Sort {
    /// The smaller first, names in their order last to first.
    pub(crate) fn compare(self, a: (&Activity, &str), b: (&Activity, &str)) -> Ordering {
        let by = |key: fn(&Activity) -> u128| key(a.0).cmp(&key(b.0));
        match self {
            Self::Time => by(|one| one.time.as_nanos()),
            Self::Calls => by(|one| one.calls.into()),
            Self::Mean => by(|one| one.mean().as_nanos()),
            Self::P50 => by(|one| one.p50().as_nanos()),
            Self::P95 => by(|one| one.p95().as_nanos()),
            Self::P99 => by(|one| one.p99().as_nanos()),
            Self::Max => by(|one| one.time_max.as_nanos()),
            Self::Failed => by(|one| one.failed.into()),
            Self::ErrorRate => a.0.error_rate().total_cmp(&b.0.error_rate()),
            Self::Slow => by(|one| one.slow.into()),
            Self::Rows => by(|one| u128::from(one.rows_returned) + u128::from(one.rows_affected)),
            Self::Name => a.1.cmp(b.1),
        }
    }
}

// === impl Order ===

impl Order {
    /// An ascending order, turned round where the largest comes first.
    pub(crate) fn of(self, ascending: Ordering) -> Ordering {
        match self {
            Self::Asc => ascending,
            Self::Desc => ascending.reverse(),
        }
    }
}

// === impl Having ===

impl Having {
    fn admits(self, activity: &Activity) -> bool {
        0 < match self {
            Self::Slow => activity.slow,
            Self::Failed => activity.failed,
            Self::Cancelled => activity.cancelled,
        }
    }
}

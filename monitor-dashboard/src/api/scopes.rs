//! Questions about units of work.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use monitor_core::show;
use monitor_core::snapshot::ScopeActivity;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failure;
use super::answer::{ErrorView, Page, contains};
use super::statements::Order;
use crate::state::Shared;
use crate::view::{ScopeRow, Scopes};

/// What may be asked of the units of work.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopesQuery {
    /// What to sort by.
    #[serde(default)]
    sort: ScopeSort,
    /// The largest first, or the smallest.
    #[serde(default)]
    order: Order,
    /// Only names that contain this, whatever the case.
    search: Option<String>,
    /// Only names with such units.
    having: Option<ScopeHaving>,
    /// The page, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Names on a page: 50, or what is asked for here.
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<usize>,
}

/// What units of work are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScopeSort {
    /// The database's time.
    #[default]
    DatabaseTime,
    /// All time.
    Time,
    /// Units.
    Units,
    /// Calls of a unit, on average.
    CallsMean,
    /// The most calls of one unit.
    CallsMax,
    /// The 95th percentile of units' times.
    P95,
    /// Failed calls.
    Failed,
    /// Waits for connections.
    PoolWait,
    /// Reads made again for nothing.
    Duplicates,
    /// What one call in the place of many would have saved.
    Saved,
    /// Units beyond their budget.
    OverBudget,
    /// The name.
    Name,
}

/// A sort of units of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScopeHaving {
    /// Those that call a statement again and again, and are not muted.
    Repeats,
    /// Those that read the same twice.
    Duplicates,
    /// Those beyond their budget.
    OverBudget,
    /// Those with failed calls.
    Failed,
}

/// Units of work by name, by the database's time or as asked.
#[utoipa::path(get, path = "/scopes", params(ScopesQuery), responses(
    (status = OK, body = Scopes),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn scopes(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ScopesQuery>, QueryRejection>,
) -> Result<Json<Scopes>, Failure> {
    let Query(query) = query?;
    let page = Page::new(query.page, query.page_size)?;
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let reading = shared.readings.now().await?;
    let snapshot = &reading.snapshot;
    let mut found: Vec<_> =
        snapshot.scopes.iter().filter(|scope| query.admits(scope, &search)).collect();
    found
        .sort_by(|a, b| query.order.of(query.sort.compare(a, b)).then_with(|| a.name.cmp(&b.name)));
    Ok(Json(Scopes {
        at: show::moment(snapshot.at),
        covered_seconds: snapshot.uptime.as_secs_f64(),
        total: found.len(),
        page: page.page,
        page_size: page.page_size,
        scopes: page.of(&found).iter().map(|scope| ScopeRow::new(scope)).collect(),
    }))
}

// === impl ScopesQuery ===

impl ScopesQuery {
    fn admits(&self, scope: &ScopeActivity, search: &str) -> bool {
        (search.is_empty() || contains(&scope.name, search))
            && self.having.is_none_or(|having| having.has(scope))
    }
}

// === impl ScopeHaving ===

impl ScopeHaving {
    fn has(self, scope: &ScopeActivity) -> bool {
        match self {
            Self::Repeats => scope.repeats.iter().any(|repeat| !repeat.muted),
            Self::Duplicates => scope.duplicates > 0,
            Self::OverBudget => scope.over_budget > 0,
            Self::Failed => scope.failed > 0,
        }
    }
}

// === impl ScopeSort ===

impl ScopeSort {
    fn compare(self, a: &ScopeActivity, b: &ScopeActivity) -> Ordering {
        let both = (a, b);
        let by = |key: fn(&ScopeActivity) -> u64| key(both.0).cmp(&key(both.1));
        match self {
            Self::DatabaseTime => a.database_time.cmp(&b.database_time),
            Self::Time => a.time.cmp(&b.time),
            Self::Units => by(|scope| scope.units),
            Self::CallsMean => a.calls_mean().total_cmp(&b.calls_mean()),
            Self::CallsMax => by(|scope| scope.calls_max),
            Self::P95 => a.times.quantile(0.95).cmp(&b.times.quantile(0.95)),
            Self::Failed => by(|scope| scope.failed),
            Self::PoolWait => a.pool_wait.cmp(&b.pool_wait),
            Self::Duplicates => by(|scope| scope.duplicates),
            Self::Saved => saved(a).cmp(&saved(b)),
            Self::OverBudget => by(|scope| scope.over_budget),
            Self::Name => a.name.cmp(&b.name),
        }
    }
}

/// What one call in the place of many would have saved, of all statements that nobody muted.
fn saved(scope: &ScopeActivity) -> Duration {
    scope.repeats.iter().filter(|repeat| !repeat.muted).map(|repeat| repeat.saved).sum()
}

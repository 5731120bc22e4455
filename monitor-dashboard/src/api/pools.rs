//! Questions about pools and transactions.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};

use super::Failure;
use super::answer::ErrorView;
use super::whole::WindowQuery;
use crate::state::Shared;
use crate::view::{Pool, Pools, SourceTransactions, Transactions, counted};

/// Pools: who holds what, who waits, and why checkouts timed out.
#[utoipa::path(get, path = "/pools", params(WindowQuery), responses(
    (status = OK, body = Pools),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn pools(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Json<Pools>, Failure> {
    let Query(query) = query?;
    let reading = shared.readings.now().await?;
    let part = query.window.of(&reading.snapshot);
    let thresholds = shared.monitor.thresholds();
    let pools = reading.snapshot.pools();
    let mut pools: Vec<_> = pools
        .map(|pool| {
            let within = counted(pool.0, part.sources);
            Pool::new(pool, within, &part.scope, &reading.courses, &thresholds)
        })
        .collect();
    pools.sort_by(|a, b| {
        let usage = |pool: &Pool| pool.usage.unwrap_or(0.0);
        (b.checkouts.waiting.cmp(&a.checkouts.waiting)).then(usage(b).total_cmp(&usage(a)))
    });
    let leak_after_seconds = thresholds.leak_after.as_secs_f64();
    Ok(Json(Pools { leak_after_seconds, pools, scope: part.scope }))
}

/// Transactions by source: how many, how long, and those that are open.
#[utoipa::path(get, path = "/transactions", params(WindowQuery), responses(
    (status = OK, body = Transactions),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn transactions(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Json<Transactions>, Failure> {
    let Query(query) = query?;
    let reading = shared.readings.now().await?;
    let part = query.window.of(&reading.snapshot);
    let sources = part.sources.iter().map(|one| SourceTransactions::new(one, &part.scope));
    let sources = sources.collect();
    let long_after_seconds = shared.monitor.thresholds().transaction_time.as_secs_f64();
    Ok(Json(Transactions { long_after_seconds, sources, scope: part.scope }))
}

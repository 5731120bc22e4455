//! Questions about kinds and tables.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use monitor_core::snapshot::TableActivity;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Failure;
use super::answer::{ErrorView, Page, contains};
use super::statements::{Order, Sort};
use super::whole::WindowQuery;
use crate::state::Shared;
use crate::view::{KindRow, Kinds, TableRow, Tables, Window};

/// What may be asked of the list of tables.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TablesQuery {
    /// The time the numbers are about.
    #[serde(default)]
    window: Window,
    /// What to sort by.
    #[serde(default)]
    sort: Sort,
    /// The largest first, or the smallest.
    #[serde(default)]
    order: Order,
    /// Only tables whose name contains this, whatever the case.
    search: Option<String>,
    /// Only tables of this database, by its name or its address.
    database: Option<String>,
    /// The page, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Tables on a page: 50, or what is asked for here.
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<usize>,
}

/// Statements by kind.
#[utoipa::path(get, path = "/kinds", params(WindowQuery), responses(
    (status = OK, body = Kinds),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn kinds(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Json<Kinds>, Failure> {
    let Query(query) = query?;
    let reading = shared.readings.listed(query.window).await?;
    let part = query.window.of(&reading.snapshot);
    let time_seconds = part.rollup.total.time.as_secs_f64();
    let mut kinds: Vec<_> = part.rollup.kinds.iter().collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.activity.time));
    let kinds = kinds.into_iter().map(|kind| KindRow::new(kind, &part.scope, time_seconds));
    Ok(Json(Kinds { time_seconds, kinds: kinds.collect(), scope: part.scope }))
}

/// Tables, by the time of the calls that touch them or as asked.
#[utoipa::path(get, path = "/tables", params(TablesQuery), responses(
    (status = OK, body = Tables),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn tables(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<TablesQuery>, QueryRejection>,
) -> Result<Json<Tables>, Failure> {
    let Query(query) = query?;
    let page = Page::new(query.page, query.page_size)?;
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let reading = shared.readings.listed(query.window).await?;
    let part = query.window.of(&reading.snapshot);
    let admitted = part.rollup.tables.iter().filter(|table| query.admits(table, &search));
    let mut found: Vec<_> = admitted.collect();
    found.sort_by(|a, b| {
        let both = ((&a.activity, &*a.table), (&b.activity, &*b.table));
        query.order.of(query.sort.compare(both.0, both.1)).then_with(|| a.table.cmp(&b.table))
    });
    let time_seconds = part.rollup.total.time.as_secs_f64();
    let rows = page.of(&found).iter();
    Ok(Json(Tables {
        total: found.len(),
        page: page.page,
        page_size: page.page_size,
        time_seconds,
        tables: rows.map(|table| TableRow::new(table, &part.scope, time_seconds)).collect(),
        scope: part.scope,
    }))
}

// === impl TablesQuery ===

impl TablesQuery {
    fn admits(&self, table: &TableActivity, search: &str) -> bool {
        let is_on = |name: &str| table.database.name == name || table.database.to_string() == name;
        (search.is_empty() || contains(&table.table, search))
            && self.database.as_deref().is_none_or(is_on)
    }
}

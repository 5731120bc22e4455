//! Questions about alerts.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use monitor_core::judge::{self, AlertState};
use monitor_core::show;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failure;
use super::answer::{ErrorView, Page};
use crate::state::Shared;
use crate::view::{Alert, Alerts, Sink};

/// What may be asked of alerts. Filters are for every list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsQuery {
    /// Only alerts of this severity or worse.
    severity: Option<Severity>,
    /// Only alerts of this kind, such as `slow_query`.
    kind: Option<String>,
    /// Only muted alerts, or only those that are not.
    muted: Option<bool>,
    /// The page of the history, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Alerts on a page of the history: 50, or what is asked for here.
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<usize>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Worth knowing.
    Info,
    /// Look at it today.
    Warning,
    /// Users feel it.
    Error,
    /// The service is going down, or is down.
    Critical,
}

/// Alerts listed of those that are there.
const ALERTS_MAX: usize = 200;

/// Alerts that are there, those that are over, and who was told.
#[utoipa::path(get, path = "/alerts", params(AlertsQuery), responses(
    (status = OK, body = Alerts),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn alerts(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<AlertsQuery>, QueryRejection>,
) -> Result<Json<Alerts>, Failure> {
    let Query(query) = query?;
    let page = Page::new(query.page, query.page_size)?;
    let reading = shared.readings.now().await?;
    let found: Vec<_> = reading.alerts.iter().filter(|alert| query.admits(alert)).collect();
    let all = |state| found.iter().copied().filter(move |alert| alert.state == state);
    let open = |state| all(state).take(ALERTS_MAX).map(Alert::new).collect();
    let history: Vec<_> = all(AlertState::Resolved).collect();
    Ok(Json(Alerts {
        at: show::moment(reading.snapshot.at),
        firing: open(AlertState::Firing),
        pending: open(AlertState::Pending),
        history: page.of(&history).iter().map(|alert| Alert::new(alert)).collect(),
        history_total: history.len(),
        page: page.page,
        page_size: page.page_size,
        sinks: reading.snapshot.sinks.iter().map(Sink::new).collect(),
    }))
}

// === impl AlertsQuery ===

impl AlertsQuery {
    fn admits(&self, alert: &judge::Alert) -> bool {
        let finding = &alert.finding;
        self.severity.is_none_or(|least| finding.severity >= least.into())
            && self.kind.as_deref().is_none_or(|kind| kind == finding.kind.as_str())
            && self.muted.is_none_or(|muted| muted == alert.muted)
    }
}

// === impl Severity ===

impl From<Severity> for judge::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
            Severity::Critical => Self::Critical,
        }
    }
}

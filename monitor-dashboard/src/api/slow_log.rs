//! Questions about single calls.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use monitor_core::capture::OutcomeKind;
use monitor_core::identify::{Fingerprint, Kind};
use monitor_core::show;
use monitor_core::snapshot::SlowFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failure;
use super::answer::{ErrorView, Page};
use crate::state::Shared;
use crate::view::{Call, RunningCall, SlowLog};

/// What may be asked of the slow log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlowLogQuery {
    /// The newest call first, or the slowest.
    #[serde(default)]
    order: SlowOrder,
    /// Only calls of this statement, by its fingerprint.
    #[param(pattern = "^[0-9a-f]{16}$")]
    fingerprint: Option<String>,
    /// Only calls of this kind of statement, such as `select`.
    #[param(
        pattern = "^(select|insert|update|delete|merge|ddl|transaction|utility|batch|unknown)$"
    )]
    kind: Option<String>,
    /// Only calls that touch this table.
    table: Option<String>,
    /// Only calls on this database, by its name or its address.
    database: Option<String>,
    /// Only calls through this pool.
    pool: Option<String>,
    /// Only calls for this user.
    user: Option<String>,
    /// Only calls with this tag.
    tag: Option<String>,
    /// Only calls that ended like this: `completed`, `failed`, `cancelled`.
    #[param(pattern = "^(completed|failed|cancelled)$")]
    outcome: Option<String>,
    /// Only calls that took this many seconds or longer.
    #[param(minimum = 0, maximum = 1_000_000)]
    duration_min_seconds: Option<f64>,
    /// Only calls that were very slow.
    #[serde(default)]
    very_slow: bool,
    /// The page, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Calls on a page: 50, or what is asked for here.
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<usize>,
}

/// Which call comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SlowOrder {
    /// The one that ended last.
    #[default]
    Newest,
    /// The one that took longest.
    Slowest,
}

/// The longest duration that may be asked for: eleven days.
const DURATION_MIN_SECONDS_MAX: f64 = 1_000_000.0;

/// Running calls listed.
const RUNNING_MAX: usize = 100;

/// The slow log: the slowest call of each statement, and the newest slow calls.
#[utoipa::path(get, path = "/slow-log", params(SlowLogQuery), responses(
    (status = OK, body = SlowLog),
    (status = BAD_REQUEST, body = ErrorView),
))]
pub(crate) async fn slow_log(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<SlowLogQuery>, QueryRejection>,
) -> Result<Json<SlowLog>, Failure> {
    let Query(query) = query?;
    let page = Page::new(query.page, query.page_size)?;
    let filter = query.filter()?;
    let reading = shared.readings.now().await?;
    let snapshot = &reading.snapshot;
    let found = filter.choose(shared.monitor.slow_log(&filter));
    let running = snapshot.running.iter().take(RUNNING_MAX);
    Ok(Json(SlowLog {
        at: show::moment(snapshot.at),
        total: found.len(),
        page: page.page,
        page_size: page.page_size,
        calls: page.of(&found).iter().map(Call::new).collect(),
        running: running.map(RunningCall::new).collect(),
    }))
}

// === impl SlowLogQuery ===

impl SlowLogQuery {
    fn filter(&self) -> Result<SlowFilter, Failure> {
        let mut filter = SlowFilter::new();
        if self.order == SlowOrder::Slowest {
            filter = filter.slowest_first();
        }
        if let Some(name) = &self.fingerprint {
            let fingerprint: Fingerprint = name
                .parse()
                .map_err(|_| unknown("fingerprint", name, &["16 hexadecimal digits"]))?;
            filter = filter.statement(fingerprint);
        }
        if let Some(word) = &self.kind {
            let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
            let words = Kind::ALL.map(|kind| kind.as_str());
            filter = filter.kind(kind.ok_or_else(|| unknown("kind", word, &words))?);
        }
        if let Some(word) = &self.outcome {
            let outcome = OUTCOMES.into_iter().find(|outcome| outcome.as_str() == word);
            let words = OUTCOMES.map(|outcome| outcome.as_str());
            filter = filter.outcome(outcome.ok_or_else(|| unknown("outcome", word, &words))?);
        }
        if let Some(seconds) = self.duration_min_seconds {
            if !(0.0..=DURATION_MIN_SECONDS_MAX).contains(&seconds) {
                let known = ["0 to 1000000"];
                return Err(unknown("duration_min_seconds", &seconds.to_string(), &known));
            }
            filter = filter.at_least(Duration::from_secs_f64(seconds));
        }
        if self.very_slow {
            filter = filter.only_very_slow();
        }
        Ok(self.named(filter))
    }

    fn named(&self, mut filter: SlowFilter) -> SlowFilter {
        type Named = fn(SlowFilter, &str) -> SlowFilter;
        let names: [(&Option<String>, Named); 5] = [
            (&self.table, SlowFilter::table),
            (&self.database, SlowFilter::database),
            (&self.pool, SlowFilter::pool),
            (&self.user, SlowFilter::user),
            (&self.tag, SlowFilter::tag),
        ];
        for (name, with) in names {
            if let Some(name) = name {
                filter = with(filter, name);
            }
        }
        filter
    }
}

const OUTCOMES: [OutcomeKind; 3] =
    [OutcomeKind::Completed, OutcomeKind::Failed, OutcomeKind::Cancelled];

/// A word nobody knows, and those that are known.
fn unknown(name: &str, word: &str, known: &[&str]) -> Failure {
    let word: String = word.chars().take(50).collect();
    Failure::bad_request(format!("{name} is `{word}`; choose {}", known.join(", ")))
}

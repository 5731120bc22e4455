//! Connections are opened and closed all the time.
//!
//! **What was seen.** More than one connection a second is opened and closed again, over the last minute and in the time before it; or connections live for less than a
//! minute. Each costs a few milliseconds to open, and on PostgreSQL a process.
//!
//! **What to do.** Keep connections: `min_connections` near what is used, `max_lifetime` of half an hour or longer, `idle_timeout` of minutes. Without a pool, use one.
//!
//! **When it is wrong.** At start-up and after a failover; those are over within a minute.

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::SourceActivity;
use std::time::Duration;

pub(super) struct ConnectionChurn;

/// New connections a second.
const RATE_MIN: f64 = 1.0;
/// Connections are meant to live longer than this.
const LIFETIME_MIN: Duration = Duration::from_secs(60);
/// From which on a short life is told.
const SHORT_RATE_MIN: f64 = 0.2;
/// Time before the last minute that is needed to tell it from a start.
const BEFORE_MIN: Duration = Duration::from_secs(30);

impl Rule for ConnectionChurn {
    fn name(&self) -> &'static str {
        "connection-churn"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let windows = &seen.snapshot.windows;
        let Some((recent, longest)) = windows.first().zip(windows.last()) else { return };
        let before_for = longest.covered.saturating_sub(recent.covered);
        for now in recent.sources.iter().filter(|source| source.connections.created > 0) {
            let Some(all) = longest.sources.iter().find(|all| all.is_same(now)) else { continue };
            if before_for < BEFORE_MIN {
                say.too_soon(&*now.name, "a start opens connections as well");
                continue;
            }
            let before = all.connections.created.saturating_sub(now.connections.created);
            let before = before as f64 / before_for.as_secs_f64();
            // Those that are still there may all be new: what was opened beyond them was closed again.
            let size = size(now);
            let rate = rate(now.connections.created.saturating_sub(size), recent.covered);
            let lifetime = Duration::try_from_secs_f64(size as f64 / rate).unwrap_or(Duration::MAX);
            let is_short = rate >= SHORT_RATE_MIN && before >= SHORT_RATE_MIN && lifetime < LIFETIME_MIN;
            if is_short || (rate > RATE_MIN && before > RATE_MIN) {
                say.found(&now.name, None, advice(now, rate));
            } else {
                say.quiet(&*now.name, format!("{rate:.1} connections replaced a second, {before:.1} before"));
            }
        }
    }
}

/// Connections that are there now; none where nobody says.
fn size(source: &SourceActivity) -> u64 {
    let levels = source.pool.as_ref().and_then(|pool| pool.levels);
    levels.map_or(0, |levels| levels.size.into())
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1.0)
}

fn advice(source: &SourceActivity, rate: f64) -> Found {
    let remedy = match source.pool {
        Some(_) => "keep them: `min_connections` near what is used, `max_lifetime` of half an hour, `idle_timeout` of minutes",
        None => "use a pool",
    };
    let mut evidence = Evidence::default().fact("new connections a second", format!("{rate:.1}"));
    if let Some(p95) = source.connections.create_time.quantile(0.95) {
        evidence = evidence.fact("p95 to open one", format!("{p95:.1?}"));
    }
    Found {
        category: Category::Pool,
        effort: Effort::Small,
        confidence: Confidence::Observed,
        risk: Some(Priority::Medium),
        saves: None,
        title: format!("{} opens {rate:.0} connections a second", source.name),
        meaning: "opening one costs milliseconds, and on PostgreSQL a process, before any statement runs".into(),
        remedy: vec![remedy.into()],
        evidence,
    }
}

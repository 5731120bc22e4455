//! Connections are opened and closed all the time.
//!
//! **What was seen.** More than one new connection a second, over the last minute and in the time before it, though the pool is not at its limit. A connection costs a few
//! milliseconds to open, and on PostgreSQL a process.
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
            let rate = rate(now.connections.created, recent.covered);
            let before = before as f64 / before_for.as_secs_f64();
            if rate <= RATE_MIN || before <= RATE_MIN {
                say.quiet(&*now.name, format!("{rate:.1} new connections a second, {before:.1} before"));
            } else if is_at_limit(now) {
                say.quiet(&*now.name, "the pool is at its limit");
            } else {
                say.found(&now.name, None, advice(now, rate));
            }
        }
    }
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1.0)
}

fn is_at_limit(source: &SourceActivity) -> bool {
    let levels = source.pool.as_ref().and_then(|pool| pool.levels);
    levels.is_some_and(|levels| levels.max.is_some_and(|max| levels.size >= max))
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

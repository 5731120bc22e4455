//! The pools may open more connections than the server has, or than anybody uses.
//!
//! **What was seen.** Either the largest size of the pool times the instances of the service is more than the server allows, less a tenth for others: on a busy day some instances
//! get no connection at all. Or over a whole day never more than a quarter of the pool was in use: each idle connection costs the server memory.
//!
//! **What to do.** A smaller `max_connections`; a pooler such as PgBouncer between many instances and the server.
//!
//! **When it is wrong.** Where a peak is planned that was not seen yet. The server's limit and the number of instances are told in the settings, as the monitor cannot see them.

use super::Rule;
use super::pool_too_small::RESERVE;
use super::seen::{Found, Say, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, PoolPeak, Priority};
use std::time::Duration;

pub(super) struct PoolTooLarge;

/// A day, less what a sampling may miss at its ends.
const WATCHED_MIN: Duration = Duration::from_secs(23 * 3600);
const USED_MIN: f64 = 0.25;
/// A pool of this size costs nobody anything.
const SIZE_MIN: u32 = 10;

impl Rule for PoolTooLarge {
    fn name(&self) -> &'static str {
        "pool-too-large"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let around = &seen.story.surroundings;
        for peak in &seen.story.peaks {
            let Some(max) = peak.max else {
                say.cannot_tell(&*peak.pool, "the pool does not tell its limit");
                continue;
            };
            let over = around.server_connections_max.zip(around.instances).filter(|(server, instances)| {
                f64::from(max) * f64::from(*instances) > f64::from(*server) * (1.0 - RESERVE)
            });
            if let Some((server, instances)) = over {
                say.found(&peak.pool, None, too_many(peak, max, server, instances));
            } else if peak.watched < WATCHED_MIN {
                say.too_soon(&*peak.pool, "what a pool needs at most shows within a day");
            } else if max >= SIZE_MIN && f64::from(peak.in_use) < USED_MIN * f64::from(max) {
                say.found(&peak.pool, None, unused(peak, max));
            } else {
                say.quiet(&*peak.pool, format!("up to {} of {max} were in use", peak.in_use));
            }
        }
    }
}

fn advice(title: String, meaning: &str, remedy: Vec<String>, risk: Priority) -> Found {
    Found {
        category: Category::Pool,
        effort: Effort::Small,
        confidence: Confidence::Observed,
        risk: Some(risk),
        saves: None,
        title,
        meaning: meaning.into(),
        remedy,
        evidence: Evidence::default(),
    }
}

fn too_many(peak: &PoolPeak, max: u32, server: u32, instances: u32) -> Found {
    let fitting = (f64::from(server) * (1.0 - RESERVE) / f64::from(instances.max(1))).floor();
    let found = advice(
        format!("{instances} instances with {max} connections each are more than the server's {server}"),
        "when all pools fill up, some instances get no connection at all",
        vec![
            format!("`max_connections({})` or less", fitting.max(1.0)),
            "or put a pooler between the instances and the server".into(),
        ],
        Priority::High,
    );
    found.fact("most in use", peak.in_use)
}

fn unused(peak: &PoolPeak, max: u32) -> Found {
    let enough = (f64::from(peak.in_use) * 2.0).max(f64::from(SIZE_MIN) / 2.0);
    let found = advice(
        format!("never more than {} of {max} connections of {} were in use", peak.in_use, peak.pool),
        "each open connection costs the server memory, also while it is idle",
        vec![format!("`max_connections({enough})` leaves twice what was needed")],
        Priority::Low,
    );
    found.fact("watched for", format!("{:.0} h", peak.watched.as_secs_f64() / 3600.0))
}

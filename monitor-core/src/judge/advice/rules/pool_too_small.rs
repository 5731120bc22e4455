//! Callers wait for connections though the database has time.
//!
//! **What was seen.** All connections were in use and callers waited for a minute or longer. The wait is more than twice as long as the statements, which are as quick as
//! ever: the queue is at the pool, not at the database.
//!
//! **What to do.** Raise `max_connections` a little and look again. Little's law says how many are needed: connections taken a second, times how long each is held, and a third more for bursts.
//! The sum over all instances has to stay below what the server allows, and beyond about twice its cores more connections do not get more done.
//!
//! **When it is wrong.** A slow statement, a leak, units of work that hold one connection and wait for another, or a busy database look the same from the pool; those are looked for first, and
//! then nothing is said here.

use super::Rule;
use super::pressure::{FULL_FOR, Full, filling_statement, full_pools};
use super::seen::{Found, Say, Seen};
use super::{connection_held_idle, nested_acquire};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::{Activity, Rollup, Window};
use std::time::Duration;

pub(super) struct PoolTooSmall;

/// What Little's law is asked about.
struct Needed {
    /// Connections asked for a second.
    asked: f64,
    /// How long one is held, on average.
    held: Duration,
}

/// Beyond this the database has no time to spare, and more connections make it slower.
const CPU_MAX: f64 = 0.7;
/// The wait has to be so many times as long as the statements.
const WAIT_TIMES: f64 = 2.0;
/// Statements that take so many times as long as before are what holds the connections.
const SLOWER_MAX: f64 = 2.0;
/// Room for bursts above what Little's law asks for.
const HEADROOM: f64 = 1.3;
/// Share of the server's connections that is left for others.
pub(super) const RESERVE: f64 = 0.1;

impl Rule for PoolTooSmall {
    fn name(&self) -> &'static str {
        "pool-too-small"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        if seen.story.levels.is_empty() {
            return say.cannot_tell("", "no pool tells how full it is");
        }
        for full in full_pools(seen) {
            match judge(seen, &full) {
                Ok(found) => {
                    let waited = full.samples.iter().filter_map(|sample| sample.wait_p95).max();
                    let found = found.fact("longest p95 of the wait", format!("{:.0?}", waited.unwrap_or_default()));
                    say.found(&full.pool, None, found);
                }
                Err(why) => say.quiet(&*full.pool, why),
            }
        }
    }
}

fn judge(seen: &Seen<'_>, full: &Full<'_>) -> Result<Found, String> {
    if full.lasted < FULL_FOR {
        return Err(format!("it was full for {:.0?}, which is a burst", full.lasted));
    }
    if nested_acquire::are_nested(seen) {
        return Err("those who wait hold a connection already: see nested-acquire".into());
    }
    if connection_held_idle::is_idle(seen, &full.pool) {
        return Err("connections are held and not used: see connection-held-idle".into());
    }
    if filling_statement(seen, &full.pool).is_some() {
        return Err("one slow statement fills it: see slow-query".into());
    }
    let total = calls_of(seen.snapshot.windows.last(), &seen.snapshot.lifetime, &full.pool);
    if total.calls == 0 {
        return Err("no call was made meanwhile, so nothing would go faster".into());
    }
    if seen.story.surroundings.database_cpu.is_some_and(|cpu| cpu >= CPU_MAX) {
        return Err("the database has no time to spare".into());
    }
    if slowed_down(seen, &full.pool) {
        return Err("statements became slower: the queue is at the database".into());
    }
    let statements = total.p95();
    match full.wait_p95 {
        Some(wait) if wait.as_secs_f64() <= WAIT_TIMES * statements.as_secs_f64() => {
            Err(format!("the wait of {wait:.1?} is short beside statements of {statements:.1?}"))
        }
        wait => Ok(advice(seen, full, wait.map_or("?".into(), |wait| format!("{wait:.0?}")), statements)),
    }
}

/// The calls made over a pool's connections; all calls where its own are not seen.
fn calls_of<'a>(window: Option<&'a Window>, all: &'a Rollup, pool: &str) -> &'a Activity {
    let own = window.and_then(|window| window.sources.iter().find(|source| *source.name == *pool));
    let own = own.map(|source| &source.activity).filter(|own| own.calls > 0);
    own.unwrap_or(window.map_or(&all.total, |window| &window.rollup.total))
}

/// Whether the median call of the last minute takes much longer than before.
fn slowed_down(seen: &Seen<'_>, pool: &str) -> bool {
    let windows = &seen.snapshot.windows;
    let Some((first, last)) = windows.first().zip(windows.last()) else { return false };
    let now = calls_of(Some(first), &first.rollup, pool);
    let before = calls_of(Some(last), &last.rollup, pool).since(now);
    before.calls > 0 && now.p50().as_secs_f64() > SLOWER_MAX * before.p50().as_secs_f64()
}

fn advice(seen: &Seen<'_>, full: &Full<'_>, wait: String, statements: Duration) -> Found {
    let needed = Needed::of(seen, &full.pool);
    let size = wanted_size(seen, full, needed.as_ref());
    let found = Found {
        category: Category::Pool,
        effort: Effort::Small,
        confidence: Confidence::Observed,
        risk: Some(Priority::High),
        saves: None,
        title: format!("all {} connections of {} are in use, and callers wait", full.max, full.pool),
        meaning: "statements are as quick as ever, so the time goes into waiting for a connection".into(),
        remedy: vec![
            format!("`max_connections({size})`, then look again"),
            "hold connections for a shorter time: do outside calls before or after".into(),
        ],
        evidence: Evidence::default()
            .fact("full for", format!("{:.0?}", full.lasted))
            .fact("callers waiting", format!("{:.0}", full.waiting))
            .fact("p95 of the wait", wait)
            .fact("p95 of the statements", format!("{statements:.1?}")),
    };
    match needed {
        Some(needed) => found
            .fact("connections asked for a second", format!("{:.1}", needed.asked))
            .fact("mean time one is held", format!("{:.1?}", needed.held))
            .fact("connections needed at once, on average", format!("{:.1}", needed.at_once())),
        None => found,
    }
}

/// What Little's law asks for where checkouts are seen, else half as many again; never more than the server has for
/// this instance.
fn wanted_size(seen: &Seen<'_>, full: &Full<'_>, needed: Option<&Needed>) -> u32 {
    let half_more = f64::from(full.max) * 1.5;
    let wanted = needed.map_or(half_more, |needed| (needed.at_once() * HEADROOM).max(half_more));
    let around = &seen.story.surroundings;
    let budget = around.server_connections_max.map(|max| {
        f64::from(max) * (1.0 - RESERVE) / f64::from(around.instances.unwrap_or(1).max(1))
    });
    wanted.min(budget.unwrap_or(f64::MAX)).ceil().clamp(1.0, f64::from(u32::MAX)) as u32
}

// === impl Needed ===

impl Needed {
    fn of(seen: &Seen<'_>, pool: &str) -> Option<Self> {
        let window = seen.snapshot.windows.first()?;
        let source = window.sources.iter().find(|source| *source.name == *pool)?;
        let checkouts = &source.pool.as_ref()?.checkouts;
        let asked = (checkouts.taken + checkouts.timed_out + checkouts.cancelled) as f64;
        // Little's law is about the mean: a few long holds take up more of a pool than many short ones.
        let back = u32::try_from(checkouts.hold.count()).ok().filter(|back| *back > 0)?;
        let seconds = window.covered.as_secs_f64();
        (seconds > 0.0).then(|| Self { asked: asked / seconds, held: checkouts.hold_time / back })
    }

    /// How many are asked for a second, times how long each is held.
    fn at_once(&self) -> f64 {
        self.asked * self.held.as_secs_f64()
    }
}

//! Prepared statements push each other out of the cache.
//!
//! **What was seen.** Connections keep so many texts prepared (sqlx: 100), the application runs more different ones, and at least one call in twenty, a hundred or more of them, ran a text that was not kept any more. Each such
//! call prepares its text again, which is a trip to the server and a plan of its own.
//!
//! **What to do.** Most often a few statements have a text for every length of a list: bind one array instead, `= any($1)` on PostgreSQL, or run them without keeping them (`persistent(false)` in sqlx). Where all texts are
//! needed, raise `statement_cache_capacity`; each costs memory on every connection, here and on the server.
//!
//! **When it is wrong.** Statements that run once in a while do no harm by being prepared anew.

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::StatementCacheActivity;

pub(super) struct StatementCacheThrash;

/// The share of calls that find their text gone, from which it is worth a word.
const MISSED_SHARE_MIN: f64 = 0.05;
/// Such calls that are needed to say so.
const MISSED_MIN: u64 = 100;
/// Statements named.
const NAMED_MAX: usize = 3;

impl Rule for StatementCacheThrash {
    fn name(&self) -> &'static str {
        "statement-cache-thrash"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for (source, _) in seen.snapshot.pools() {
            let lately = seen.source_lately(source).unwrap_or(source);
            let cache = lately.pool.as_ref().and_then(|pool| pool.statement_cache.as_ref());
            let Some(cache) = cache else { continue };
            let missed = cache.missed as f64 / cache.looked_up.max(1) as f64;
            if missed < MISSED_SHARE_MIN {
                let why = format!("{} of {} calls missed their text", cache.missed, cache.looked_up);
                say.quiet(&*source.name, why);
            } else if cache.missed < MISSED_MIN {
                let why = format!("{} calls missed their text, which has to be {MISSED_MIN}", cache.missed);
                say.too_soon(&*source.name, why);
            } else {
                say.found(&source.name, None, advice(cache, missed));
            }
        }
    }
}

fn advice(cache: &StatementCacheActivity, missed: f64) -> Found {
    let mut evidence = Evidence::default()
        .fact("texts a connection keeps", cache.capacity)
        .fact("calls that missed their text", format!("{:.0} %", missed * 100.0));
    for one in cache.offenders.iter().take(NAMED_MAX) {
        evidence = evidence.fact("missed", format!("{} times `{}`", one.missed, one.statement));
    }
    Found {
        category: Category::Query,
        effort: Effort::Small,
        confidence: Confidence::Observed,
        risk: Some(Priority::Medium),
        saves: None,
        title: "prepared statements push each other out of the cache".into(),
        meaning: format!(
            "connections keep {} texts and more different ones are run, so {:.0} % of calls prepare theirs again",
            cache.capacity,
            missed * 100.0
        ),
        remedy: vec![
            "give these statements one text: bind one array in place of a list, or run them with `persistent(false)`".into(),
            "if every text is needed, raise `statement_cache_capacity`".into(),
        ],
        evidence,
    }
}

//! One slow statement fills the pool.
//!
//! **What was seen.** All connections were in use and callers waited for a minute or longer, and half of the database's time or more went into one statement whose calls
//! take 200 ms and longer. The others wait behind it.
//!
//! **What to do.** Mend the statement: see what else is advised on it, ask for its plan, give it a time limit. A larger pool would send more of the same to a database that
//! is busy with it already.
//!
//! **When it is wrong.** Where the pool was always meant to run such calls, give them a pool of their own.

use super::Rule;
use super::pressure::{FULL_FOR, filling_statement, full_pools};
use super::seen::{Found, Say, Seen, percent};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};

pub(super) struct SlowQuery;

impl Rule for SlowQuery {
    fn name(&self) -> &'static str {
        "slow-query"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let full = full_pools(seen);
        let Some(pool) = full.iter().find(|full| full.lasted >= FULL_FOR) else {
            return say.quiet("", "no pool was full for a minute");
        };
        let statement = filling_statement(seen).and_then(|fingerprint| seen.statement(fingerprint));
        let Some(statement) = statement else {
            return say.quiet(&*pool.pool, "no slow statement takes half of the time");
        };
        let all = seen.lately().total.time.as_secs_f64().max(f64::MIN_POSITIVE);
        let share = statement.activity.time.as_secs_f64() / all;
        let mut evidence = Evidence::default()
            .fact("pool", &pool.pool)
            .fact("full for", format!("{:.0?}", pool.lasted))
            .fact("callers waiting", format!("{:.0}", pool.waiting))
            .fact("p95", format!("{:.0?}", statement.activity.p95()));
        if let Some((now, before)) = statement.fingerprint.and_then(|id| seen.recent_and_older(id)) {
            evidence = evidence
                .fact("median before the last minute", format!("{:.2?}", before.p50()))
                .fact("median in the last minute", format!("{:.2?}", now.p50()));
        }
        say.found_in(statement, Found {
            category: Category::Query,
            effort: Effort::Medium,
            confidence: Confidence::Observed,
            risk: Some(Priority::High),
            saves: Some(share),
            title: format!("it fills the pool, with {} of all database time", percent(share)),
            meaning: "its calls hold the connections, and all others wait behind them; a larger pool would send more of them".into(),
            remedy: vec![
                "mend the statement: see what else is advised on it, and ask for its plan with `explain`".into(),
                "give it a time limit, or a small pool of its own".into(),
            ],
            evidence,
        });
    }
}

//! One slow statement fills the pool.
//!
//! **What was seen.** All connections were in use and callers waited for a minute or longer, and half of the time of the pool's database or more went into one statement whose calls
//! take 200 ms and longer. The others wait behind it.
//!
//! **What to do.** Mend the statement: see what else is advised on it, ask for its plan, give it a time limit. A larger pool would send more of the same to a database that
//! is busy with it already.
//!
//! **When it is wrong.** Where the pool was always meant to run such calls, give them a pool of their own.

use super::Rule;
use super::pressure::{Full, filling_statement, long_full};
use super::seen::{Found, Say, Seen, percent};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::StatementActivity;

pub(super) struct SlowQuery;

impl Rule for SlowQuery {
    fn name(&self) -> &'static str {
        "slow-query"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let mut full = long_full(seen).peekable();
        if full.peek().is_none() {
            return say.quiet("", "no pool was full for a minute");
        }
        for pool in full {
            match filling_statement(seen, &pool.pool) {
                Some((statement, share)) => fills(seen, say, &pool, statement, share),
                None => say.quiet(&*pool.pool, "no slow statement takes half of its database's time"),
            }
        }
    }
}

fn fills(seen: &Seen<'_>, say: &mut Say<'_>, pool: &Full<'_>, statement: &StatementActivity, share: f64) {
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
        title: format!("it fills the pool {}, with {} of its database's time", pool.pool, percent(share)),
        meaning: "its calls hold the connections, and all others wait behind them; a larger pool would send more of them".into(),
        remedy: vec![
            "mend the statement: see what else is advised on it, and ask for its plan with `explain`".into(),
            "give it a time limit, or a small pool of its own".into(),
        ],
        evidence,
    });
}

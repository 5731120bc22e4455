//! Connections are taken and not used.
//!
//! **What was seen.** Connections were out for five seconds and longer, and the database worked for less than a tenth of that time: somebody does something else meanwhile, or
//! forgot to give them back. The pool runs dry though the database has nothing to do.
//!
//! **What to do.** Give the connection back before calling anybody else, and take it again after. One that is never given back is held by the line named in the evidence, if the adapter saw it.
//!
//! **When it is wrong.** A connection that listens for notifications, holds an advisory lock or feeds a `copy` is idle on purpose; give it a pool of its own. A single such connection is not told.

use super::Rule;
use super::idle::{Idle, connections, transactions};
use super::seen::{Found, Say, Seen};
use crate::judge::advice::Category;
use crate::snapshot::SourceActivity;

pub(super) struct ConnectionHeldIdle;

/// Share of the idle time that was spent in idle transactions, from which on those are the reason.
const IN_TRANSACTION_MIN: f64 = 0.5;

impl Rule for ConnectionHeldIdle {
    fn name(&self) -> &'static str {
        "connection-held-idle"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for source in seen.snapshot.sources.iter().filter(|source| source.pool.is_some()) {
            match connections(seen, source) {
                Ok(idle) if is_in_transactions(seen, source, &idle) => {
                    say.quiet(&*source.name, "they are in transactions: see idle-in-transaction");
                }
                Ok(idle) => say.found(&source.name, None, advice(&source.name, &idle)),
                Err(why) => say.quiet(&*source.name, why),
            }
        }
    }
}

/// Whether connections of a pool are held and not used.
pub(super) fn is_idle(seen: &Seen<'_>, pool: &str) -> bool {
    let mut sources = seen.snapshot.sources.iter();
    sources.any(|source| *source.name == *pool && connections(seen, source).is_ok())
}

fn is_in_transactions(seen: &Seen<'_>, source: &SourceActivity, idle: &Idle) -> bool {
    transactions(seen, source)
        .is_ok_and(|inside| inside.time.as_secs_f64() >= IN_TRANSACTION_MIN * idle.time.as_secs_f64())
}

fn advice(pool: &str, idle: &Idle) -> Found {
    idle.advice(
        Category::Pool,
        format!("connections of {pool} are held and not used"),
        "the pool runs dry though the database has nothing to do",
        vec![
            "give the connection back before calling anybody else, and take it again after".into(),
            "see that every path gives it back, also the one where something fails".into(),
        ],
    )
}

//! Transactions are open and do nothing.
//!
//! **What was seen.** Transactions lasted five seconds and longer, and the database worked for less than a tenth of that time: something else was waited for inside them. Their
//! locks keep others waiting, and on PostgreSQL dead rows cannot be cleaned up meanwhile.
//!
//! **What to do.** Do the outside call before the transaction or after it. Let the server end those that are forgotten: `idle_in_transaction_session_timeout` on PostgreSQL,
//! `idle_transaction_timeout` on MariaDB.
//!
//! **When it is wrong.** A cursor read slowly on purpose. A single such transaction is not told.

use super::Rule;
use super::connection_held_idle::{Idle, idle_pools};
use super::seen::{Found, Say, Seen};
use crate::judge::advice::Category;

pub(super) struct IdleInTransaction;

impl Rule for IdleInTransaction {
    fn name(&self) -> &'static str {
        "idle-in-transaction"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for idle in idle_pools(seen) {
            match idle {
                Ok(idle) if idle.in_transaction => say.found(&idle.pool.clone(), None, advice(&idle)),
                Ok(idle) => say.quiet(idle.pool, "they are not in transactions: see connection-held-idle"),
                Err((pool, why)) => say.quiet(pool, why),
            }
        }
    }
}

fn advice(idle: &Idle) -> Found {
    let found = idle.advice(
        format!("transactions on {} are open and do nothing", idle.pool),
        "their locks keep others waiting, and what they may still read cannot be cleaned up",
        vec![
            "do outside calls before the transaction or after it, not in it".into(),
            "let the server end forgotten ones: `idle_in_transaction_session_timeout`, on MariaDB `idle_transaction_timeout`".into(),
        ],
    );
    Found { category: Category::Transaction, ..found }
}

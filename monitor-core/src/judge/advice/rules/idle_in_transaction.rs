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
use super::idle::{Idle, transactions};
use super::seen::{Found, Say, Seen};
use crate::judge::advice::Category;

pub(super) struct IdleInTransaction;

impl Rule for IdleInTransaction {
    fn name(&self) -> &'static str {
        "idle-in-transaction"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for source in &seen.snapshot.sources {
            match transactions(seen, source) {
                Ok(idle) => say.found(&source.name, None, advice(&source.name, &idle)),
                Err(why) => say.quiet(&*source.name, why),
            }
        }
    }
}

fn advice(source: &str, idle: &Idle) -> Found {
    idle.advice(
        Category::Transaction,
        format!("transactions on {source} are open and do nothing"),
        "their locks keep others waiting, and what they may still read cannot be cleaned up",
        vec![
            "do outside calls before the transaction or after it, not in it".into(),
            "let the server end forgotten ones: `idle_in_transaction_session_timeout`, on MariaDB `idle_transaction_timeout`".into(),
        ],
    )
}

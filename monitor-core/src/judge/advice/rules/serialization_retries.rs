//! Transactions get in each other's way and have to be tried again.
//!
//! **What was seen.** One call in a hundred of a statement, or more, ended in a deadlock, a serialisation failure or a lock that did not come in time (40001 and 40P01 on
//! PostgreSQL, 1213 and 1205 on MySQL, "busy" on SQLite). Each one is work thrown away and done again.
//!
//! **What to do.** Take locks in one fixed order, by key; keep transactions short, with no outside call in them; wait a little and longer each time before trying again. On SQLite begin
//! writing transactions with `begin immediate` and set `busy_timeout`.
//!
//! **When it is wrong.** A few conflicts are the price of the isolation level that somebody chose; fewer than three are not told.

use super::Rule;
use super::seen::{Found, Say, Seen, percent};
use crate::capture::{ErrorClass, System};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::StatementActivity;

pub(super) struct SerializationRetries;

const CONFLICTS_MIN: u64 = 3;
const SHARE_MIN: f64 = 0.01;

impl Rule for SerializationRetries {
    fn name(&self) -> &'static str {
        "serialization-retries"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for statement in &seen.lately().statements {
            let conflicts = statement.activity.errors.iter().filter(|error| error.class == ErrorClass::Conflict);
            let conflicts: u64 = conflicts.map(|error| error.count).sum();
            let share = conflicts as f64 / statement.activity.calls.max(1) as f64;
            if conflicts >= CONFLICTS_MIN && share >= SHARE_MIN {
                say.found_in(statement, advice(statement, conflicts, share));
            } else if conflicts > 0 {
                say.quiet(&*statement.text, format!("{conflicts} conflicts are few"));
            }
        }
    }
}

fn advice(statement: &StatementActivity, conflicts: u64, share: f64) -> Found {
    let first = match statement.database.system {
        System::Sqlite => "begin transactions that write with `begin immediate`, and set `busy_timeout`",
        _ => "take locks in one fixed order, by key",
    };
    let codes = statement.activity.errors.iter().filter(|error| error.class == ErrorClass::Conflict);
    let codes: Vec<_> = codes.filter_map(|error| error.code.clone()).collect();
    Found {
        category: Category::Transaction,
        effort: Effort::Medium,
        confidence: Confidence::Observed,
        risk: Some(if share >= 0.1 { Priority::High } else { Priority::Medium }),
        saves: Some(share),
        title: format!("{} of the calls end in a conflict with others", percent(share)),
        meaning: "transactions wait for each other's locks, and what was done is thrown away and done again".into(),
        remedy: vec![
            first.into(),
            "keep transactions short, with no outside call in them".into(),
            "before trying again wait, and longer each time".into(),
        ],
        evidence: Evidence::default().fact("conflicts", conflicts).fact("codes", codes.join(", ")),
    }
}

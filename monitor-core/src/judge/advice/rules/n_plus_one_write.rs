//! Rows are changed one by one in a loop.
//!
//! **What was seen.** Within one request or job, one line ran the same `update` or `delete` twenty times or more with different parameters and nothing in
//! between. Each one waits for a round trip, and without a transaction around them for a commit as well.
//!
//! **What to do.** One statement for all of them: `where id = any($1)`, or `update t set x = v.x from unnest($1, $2) as v (id, x) where t.id = v.id`. At the least, one transaction
//! around the loop.
//!
//! **When it is wrong.** Where the loop waits on purpose so that others get a turn; a pause of more than 200 ms between calls is taken for that. Calls that
//! change hundreds of rows each are batches already.

use super::Rule;
use super::repeated::by_statement;
use super::row_by_row_insert::is_row_by_row;
use super::seen::{Say, Seen};
use super::units::{self, runs};
use crate::capture::System;
use crate::identify::{Fingerprint, Kind};

pub(super) struct NPlusOneWrite;

/// How all rows are changed at once; each may have a value of its own.
fn at_once(seen: &Seen<'_>, fingerprint: Fingerprint) -> &'static str {
    let system = seen.statement(fingerprint).map(|statement| statement.database.system);
    match system {
        Some(System::PostgreSql) => {
            "change all of them in one statement: `where id = any($1)`; for a value each, `update t set x = v.x from unnest($1, $2) as v (id, x) where t.id = v.id`"
        }
        _ => "change all of them in one statement: `where id in (?, ?, ...)`; for a value each, `set x = case id when ? then ? ... end` with that list",
    }
}

impl Rule for NPlusOneWrite {
    fn name(&self) -> &'static str {
        "n-plus-one-write"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        if !units::are_known(seen) {
            return say.cannot_tell("", "calls carry no unit of work");
        }
        let writes = runs(seen, |call| matches!(call.kind, Kind::Update | Kind::Delete));
        let found: Vec<_> = writes.into_iter().filter(|run| is_row_by_row(run, say)).collect();
        for repeated in by_statement(&found) {
            let title = format!("rows are changed one by one, {} in one unit of work", repeated.most());
            repeated.say(seen, say, &title, "each call waits for a round trip of its own", vec![
                at_once(seen, repeated.fingerprint).into(),
                "at the least, put one transaction around the loop".into(),
            ]);
        }
    }
}

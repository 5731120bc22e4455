//! Rows are inserted one by one in a loop.
//!
//! **What was seen.** Within one request or job, one line ran the same `insert` of one row twenty times or more with nothing in between. Each one waits
//! for a round trip.
//!
//! **What to do.** Insert many rows with one statement: `values (..), (..)`, or `insert into t select * from unnest($1, $2)` on PostgreSQL; for
//! thousands of rows `copy`, on MySQL `load data`.
//!
//! **When it is wrong.** Where the loop waits on purpose; a pause of more than 200 ms between calls is taken for that.

use super::Rule;
use super::repeated::by_statement;
use super::seen::{Say, Seen};
use super::units::{self, Least, Run, RunVerdict, runs};
use crate::capture::System;
use crate::identify::{Kind, ListSize};

pub(super) struct RowByRowInsert;

/// Calls that insert one row, as a share of all calls of the statement.
const SINGLE_MIN: f64 = 0.8;

impl Rule for RowByRowInsert {
    fn name(&self) -> &'static str {
        "row-by-row-insert"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        if !units::are_known(seen) {
            return say.cannot_tell("", "calls carry no unit of work");
        }
        let inserts = runs(seen, |call| call.kind == Kind::Insert && inserts_one_row(seen, call.fingerprint));
        let found: Vec<_> = inserts.into_iter().filter(|run| is_row_by_row(run, say)).collect();
        for repeated in by_statement(&found) {
            let system = seen.statement(repeated.fingerprint).map(|statement| statement.database.system);
            let title = format!("rows are inserted one by one, {} in one unit of work", repeated.most());
            repeated.say(seen, say, &title, "each row waits for a round trip of its own", vec![
                many(system, "insert many rows with one statement: `values (..), (..)`", ", or `select * from unnest($1, $2)`", ""),
                many(system, "for thousands of rows ", "`copy`", match system {
                    Some(System::MySql | System::MariaDb) => "`load data`",
                    _ => "one transaction around all of them",
                }),
            ]);
        }
    }
}

/// A sentence with what PostgreSQL has to add to it, or others.
fn many(system: Option<System>, what: &str, postgres: &str, others: &str) -> String {
    format!("{what}{}", if system == Some(System::PostgreSql) { postgres } else { others })
}

fn inserts_one_row(seen: &Seen<'_>, fingerprint: crate::identify::Fingerprint) -> bool {
    let is_plain = seen.shape(fingerprint).is_none_or(|shape| shape.plain_insert);
    let Some(statement) = seen.statement(fingerprint) else { return false };
    let single = statement.by_list_size.iter().filter(|list| list.size == ListSize::One);
    let single: u64 = single.map(|list| list.activity.calls).sum();
    is_plain && single as f64 >= SINGLE_MIN * statement.activity.calls as f64
}

/// Whether a run of writes is a loop over rows; says why it is none.
pub(super) fn is_row_by_row(run: &Run<'_>, say: &mut Say<'_>) -> bool {
    let Some(first) = run.calls.first() else { return false };
    match run.judge_writes(&Least::default()) {
        RunVerdict::Yes => return true,
        RunVerdict::No(why) => say.quiet(&*first.text, why),
        RunVerdict::Unknown(why) => say.cannot_tell(&*first.text, why),
    }
    false
}

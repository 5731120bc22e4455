//! A row is looked for, not found, and inserted, and somebody else was quicker.
//!
//! **What was seen.** A `select` that finds no row, and behind it in the same unit of work an `insert` into the same table, which now and then violates a unique
//! key: between the two somebody else inserted the row.
//!
//! **What to do.** One statement that does both: `insert .. on conflict (key) do nothing` or `do update`, on MySQL `on duplicate key update`.
//!
//! **When it is wrong.** Where a duplicate is the user's mistake and has to be told, and nobody looked first, nothing is said.

use std::time::Duration;

use super::Rule;
use super::seen::{Found, Say, Seen};
use super::units;
use crate::capture::{ErrorClass, System};
use crate::identify::Kind;
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority, StoryCall};
use crate::snapshot::StatementActivity;

pub(super) struct UseUpsert;

/// Looks without a row, followed by an insert.
const PAIRS_MIN: usize = 5;
/// Time between the two.
const WITHIN: Duration = Duration::from_secs(1);

impl Rule for UseUpsert {
    fn name(&self) -> &'static str {
        "use-upsert"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for statement in seen.lately().statements.iter().filter(|one| one.kind == Kind::Insert) {
            let violations = statement.activity.errors.iter();
            let violations: u64 =
                violations.filter(|error| error.class == ErrorClass::UniqueViolation).map(|error| error.count).sum();
            if violations == 0 {
                continue;
            }
            if !units::are_known(seen) {
                say.cannot_tell(&*statement.text, "calls carry no unit of work");
                continue;
            }
            match pairs(seen, statement) {
                pairs if pairs >= PAIRS_MIN => say.found_in(statement, advice(statement, violations, pairs)),
                pairs => say.quiet(&*statement.text, format!("only {pairs} times was the row looked for first")),
            }
        }
    }
}

/// How often a look without a row came before this insert in its unit of work.
fn pairs(seen: &Seen<'_>, insert: &StatementActivity) -> usize {
    let is_insert = |call: &&StoryCall| Some(call.fingerprint) == insert.fingerprint;
    let looked = |at: &StoryCall| {
        seen.story.calls.iter().any(|call| {
            call.scope.is_some()
                && call.scope == at.scope
                && call.kind == Kind::Select
                && call.rows.returned == Some(0)
                && call.start <= at.start
                && at.start - call.start <= WITHIN
                && reads(seen, call, insert)
        })
    };
    seen.story.calls.iter().filter(is_insert).filter(|call| looked(call)).count()
}

fn reads(seen: &Seen<'_>, call: &StoryCall, insert: &StatementActivity) -> bool {
    let tables = seen.statement(call.fingerprint).map(|statement| statement.tables.clone());
    tables.is_some_and(|tables| tables.read.iter().any(|table| insert.tables.written.contains(table)))
}

fn advice(statement: &StatementActivity, violations: u64, pairs: usize) -> Found {
    let remedy = match statement.database.system {
        System::MySql | System::MariaDb => "`insert .. on duplicate key update`, in the place of both statements",
        _ => "`insert .. on conflict (key) do nothing` or `do update`, in the place of both statements",
    };
    Found {
        category: Category::Query,
        effort: Effort::Medium,
        confidence: Confidence::Observed,
        risk: Some(Priority::Medium),
        saves: None,
        title: "a row is looked for first, and inserted by somebody else meanwhile".into(),
        meaning: "between the look and the insert another call inserts the same key, and this one fails".into(),
        remedy: vec![remedy.into()],
        evidence: Evidence::default().fact("unique violations", violations).fact("looked for first", pairs),
    }
}

//! A small table is read over and over, and hardly ever written.
//!
//! **What was seen.** A hundred reads or more for each write, and four fifths of the reads ask for the same hundred things or fewer, of a table below 100 MB.
//!
//! **What to do.** Keep the answers in the service for a while, in a cache with a time to live, such as moka's. Where that is too stale, drop them when told: `listen` and `notify` on PostgreSQL.
//!
//! **When it is wrong.** Reads inside a transaction are meant to see what it sees, and are not counted. It cannot tell without a hash of parameters and the table's size.

use std::collections::BTreeMap;

use super::Rule;
use super::seen::{Found, Say, Seen, percent, scaled};
use crate::identify::Kind;
use crate::judge::advice::{Category, Confidence, Effort, Evidence, StoryCall};
use crate::snapshot::{StatementActivity, TableActivity};

pub(super) struct CacheCandidate;

const READS_MIN: usize = 200;
const READS_PER_WRITE_MIN: u64 = 100;
/// So many answers fit any cache.
const ANSWERS: usize = 100;
const REUSE_MIN: f64 = 0.8;
const BYTES_MAX: u64 = 100 * 1024 * 1024;
/// Reads inside transactions, as a share, from which on they are meant to see the database.
const IN_TRANSACTION_MAX: f64 = 0.2;

impl Rule for CacheCandidate {
    fn name(&self) -> &'static str {
        "cache-candidate"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for table in &seen.lately().tables {
            let reads: Vec<_> = seen.story.calls.iter().filter(|call| reads(seen, call, table)).collect();
            if table.reads < READS_MIN as u64 {
                continue;
            }
            if table.reads < READS_PER_WRITE_MIN * table.writes {
                say.quiet(&*table.table, format!("{} reads for {} writes", table.reads, table.writes));
            } else if reads.len() < READS_MIN || reads.iter().any(|call| call.parameters.is_none()) {
                say.cannot_tell(&*table.table, "what is asked for, by parameters, is not known of enough calls");
            } else {
                judge(seen, say, table, &reads);
            }
        }
    }
}

/// Whether a call reads this table and no other.
fn reads(seen: &Seen<'_>, call: &StoryCall, table: &TableActivity) -> bool {
    call.kind == Kind::Select && seen.statement(call.fingerprint).is_some_and(|statement| is_read_of(statement, table))
}

/// Whether a statement reads this table and no other: a cache of its rows spares nothing of a join.
fn is_read_of(statement: &StatementActivity, table: &TableActivity) -> bool {
    statement.kind == Kind::Select
        && statement.database == table.database
        && statement.tables.read.as_slice() == [table.table.as_str()]
}

fn judge(seen: &Seen<'_>, say: &mut Say<'_>, table: &TableActivity, reads: &[&StoryCall]) {
    let name = &table.table;
    let mut answers = BTreeMap::<_, usize>::new();
    for call in reads {
        *answers.entry((call.fingerprint, call.parameters)).or_default() += 1;
    }
    let mut counts: Vec<_> = answers.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let again: usize = counts.iter().take(ANSWERS).map(|count| count - 1).sum();
    let reuse = again as f64 / reads.len() as f64;
    if reuse < REUSE_MIN {
        return say.quiet(&**name, format!("{} of the reads ask for what was asked before", percent(reuse)));
    }
    let inside = reads.iter().filter(|call| call.transaction.is_some()).count();
    if inside as f64 > IN_TRANSACTION_MAX * reads.len() as f64 {
        return say.quiet(&**name, "the reads are part of transactions");
    }
    let bytes = seen.catalogue_for(&table.database).and_then(|catalogue| catalogue.table(name)?.bytes);
    match bytes {
        None => say.cannot_tell(&**name, "its size is not known: let the monitor ask the database"),
        Some(bytes) if bytes > BYTES_MAX => say.quiet(&**name, "the table is large"),
        Some(bytes) => {
            let found = Found {
                category: Category::Workload,
                effort: Effort::Medium,
                confidence: Confidence::Observed,
                risk: None,
                saves: None,
                title: format!("{name} is read over and over, and hardly ever written"),
                meaning: format!("{} of the reads ask for what was asked before, and nothing changed", percent(reuse)),
                remedy: vec![
                    "keep the answers in the service, with a time to live (moka's `time_to_live`)".into(),
                    "where that is too stale, drop them on write: `listen` and `notify` on PostgreSQL".into(),
                ],
                evidence: Evidence::default()
                    .fact("reads", table.reads)
                    .fact("writes", table.writes)
                    .fact("different questions seen", counts.len())
                    .fact("bytes of the table", bytes),
            };
            let time = seen.lately().statements.iter().filter(|one| is_read_of(one, table)).map(|one| one.activity.time).sum();
            say.found(name, Some(scaled(time, reuse)), found);
        }
    }
}

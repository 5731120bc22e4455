//! The primary is busy with reads that a replica could answer.
//!
//! **What was seen.** The database's processors are busy for four fifths of the time or more, nine calls in ten are reads outside transactions, and those are quick, as reads by an
//! index are: there is nothing left to mend in the statements.
//!
//! **What to do.** A read replica, and a second pool for what may be a little late.
//!
//! **When it is wrong.** Reads that must see the caller's own writes stay on the primary. What can be saved by an index, by batching or by a cache is cheaper; do that first.

use super::Rule;
use super::seen::{Found, Say, Seen, percent};
use crate::identify::Kind;
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use std::time::Duration;

pub(super) struct ReadReplicaCandidate;

const CPU_MIN: f64 = 0.8;
const READS_MIN: f64 = 0.9;
const CALLS_MIN: u64 = 1_000;
/// Reads that take longer have something to mend.
const QUICK_MAX: Duration = Duration::from_millis(50);
/// Share of calls in transactions up to which reads are taken to be outside.
const IN_TRANSACTION_MAX: f64 = 0.1;

impl Rule for ReadReplicaCandidate {
    fn name(&self) -> &'static str {
        "read-replica-candidate"
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["cache-candidate", "duplicate-query", "latency-regression", "n-plus-one", "slow-query"]
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let around = &seen.story.surroundings;
        let Some(cpu) = around.database_cpu else {
            return say.cannot_tell("", "how busy the database is, is not known");
        };
        if cpu < CPU_MIN {
            return say.quiet("", format!("the database is busy for {} of the time", percent(cpu)));
        }
        let lately = seen.lately();
        let writes: u64 = lately.kinds.iter().filter(|kind| kind.kind.is_write()).map(|kind| kind.activity.calls).sum();
        let reads = lately.kind(Kind::Select);
        let calls = reads.calls + writes;
        let share = reads.calls as f64 / calls.max(1) as f64;
        let inside = seen.story.calls.iter().filter(|call| call.transaction.is_some()).count();
        if calls < CALLS_MIN {
            say.too_soon("", format!("{calls} calls are few"));
        } else if share < READS_MIN {
            say.quiet("", format!("{} of the calls are reads", percent(share)));
        } else if inside as f64 > IN_TRANSACTION_MAX * seen.story.calls.len() as f64 {
            say.quiet("", "reads are part of transactions");
        } else if reads.p95() > QUICK_MAX {
            say.quiet("", format!("reads take up to {:.0?}: mend those first", reads.p95()));
        } else if around.replicas.is_some_and(|replicas| replicas > 0) {
            say.quiet("", "there is a replica already");
        } else {
            say.found("database", None, advice(cpu, share));
        }
    }
}

fn advice(cpu: f64, share: f64) -> Found {
    Found {
        category: Category::Workload,
        effort: Effort::Large,
        confidence: Confidence::Observed,
        risk: Some(Priority::Medium),
        saves: None,
        title: "the primary is busy with reads that a replica could answer".into(),
        meaning: format!("{} of the calls are quick reads, and the database is busy for {} of the time", percent(share), percent(cpu)),
        remedy: vec![
            "first follow what else is advised, which is cheaper".into(),
            "then add a read replica, and a second pool for reads that may be a little late".into(),
        ],
        evidence: Evidence::default().fact("reads", percent(share)).fact("processors busy", percent(cpu)),
    }
}

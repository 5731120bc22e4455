//! Indexes nobody looks into: what counts for that, and for how long it has to be counted.
//!
//! A counter that says 0 proves little by itself. It may be young, as counters are emptied by a crash, an upgrade and by
//! hand; the index may be younger; a replica may use it and count for itself; and a report may run once a month. Each of
//! these is an answer of its own.

use std::time::{Duration, SystemTime};

use super::upkeep::{is_redundant, key_of, may_go, serves, with_sizes};
use super::words::drop_statements;
use crate::capture::System;
use crate::inquire::{Catalogue, Index, KeyOf, Table};
use crate::judge::advice::{
    Category, Confidence, Effort, Impact, Priority, Recommendation, RuleAnswer, Verdict,
};

/// The rule's name.
const RULE: &str = "unused-index";
/// How long use has to be counted before an index counts as unused: longer than from one month's report to the next.
pub const UNUSED_AFTER: Duration = Duration::from_secs(35 * DAY);
/// Bytes below which an unused index is nobody's trouble.
pub const UNUSED_BYTES_MIN: u64 = 10_000_000;
/// Rows that have to be written meanwhile. They show that the index was there, and without them it costs only its room.
pub const UNUSED_WRITES_MIN: f64 = 1_000.0;

const DAY: u64 = 86_400;

/// An answer on one index: why nothing is said, or for how long nobody looked into it.
type Opinion = Result<Duration, (Verdict, String)>;

/// Advice on indexes nobody uses, and why the others are left alone.
pub(super) fn unused(catalogue: &Catalogue, now: SystemTime) -> (Vec<Recommendation>, RuleAnswer) {
    let mut answer = RuleAnswer::of(RULE);
    let mut all = Vec::new();
    if let Some(why) = unknowable(catalogue) {
        answer.add(Verdict::CannotTell, String::new(), why);
        return (all, answer);
    }
    for table in &catalogue.tables {
        for index in table.indexes.iter().filter(|index| may_go(index)) {
            if index.scans != Some(0) || is_redundant(table, index, catalogue.system) {
                continue;
            }
            match opinion(table, index, catalogue, now) {
                Ok(counted) => all.push(recommendation(table, index, catalogue, counted, now)),
                Err((verdict, why)) => answer.add(verdict, index.name.clone(), why),
            }
        }
    }
    if !all.is_empty() {
        answer.verdict = Verdict::Found;
    }
    (all, answer)
}

/// Why nothing can be told of any index.
fn unknowable(catalogue: &Catalogue) -> Option<String> {
    let mut indexes = catalogue.tables.iter().flat_map(|table| &table.indexes).peekable();
    if indexes.peek().is_none() || indexes.any(|index| index.scans.is_some()) {
        return None;
    }
    Some(
        match catalogue.system {
            System::Sqlite => "SQLite does not count how often an index is used",
            System::MariaDb => {
                "the server does not count how often an index is used: performance_schema or userstat would have to be on from its start"
            }
            System::MySql => {
                "the server does not count how often an index is used, or the user may not read performance_schema"
            }
            _ => "the server does not tell how often an index is used",
        }
        .to_owned(),
    )
}

fn opinion(table: &Table, index: &Index, catalogue: &Catalogue, now: SystemTime) -> Opinion {
    let quiet = |why: &str| Err((Verdict::Quiet, why.to_owned()));
    if index.bytes.is_none_or(|bytes| bytes < UNUSED_BYTES_MIN) {
        return quiet("it is small");
    }
    if catalogue.foreign_keys_of(table).any(|key| serves(index, &key.columns)) {
        return quiet("a foreign key needs it where rows are deleted that others refer to");
    }
    if index.key.iter().any(|part| matches!(part.of, KeyOf::Expression(_))) {
        return quiet("the planner takes statistics from its expression, used or not");
    }
    let unknown = |why: String| Err((Verdict::CannotTell, why));
    if catalogue.is_replica {
        return unknown("this server is a replica, and the others count for themselves".into());
    }
    if let Some(count) = catalogue.replicas.filter(|count| *count > 0) {
        return unknown(format!("{count} replicas count for themselves, and may use it"));
    }
    let counted =
        catalogue.counting_since.map(|since| index.since.map_or(since, |own| own.max(since)));
    let Some(counted) = counted.and_then(|since| now.duration_since(since).ok()) else {
        return unknown("since when its use is counted is not known".into());
    };
    if counted < UNUSED_AFTER {
        return Err((Verdict::TooSoon, too_soon(counted)));
    }
    was_there(table, index).map(|()| counted)
}

fn too_soon(counted: Duration) -> String {
    format!(
        "nobody used it in the {} days that were counted; {} would take in a monthly report",
        days(counted),
        days(UNUSED_AFTER)
    )
}

/// Whether an index was there all the time, as far as the server tells: every row written touches it.
fn was_there(table: &Table, index: &Index) -> Result<(), (Verdict, String)> {
    // Who tells when it was made leaves nothing to find out.
    let (Some(touched), None) = (index.touched, index.since) else { return Ok(()) };
    let writes = table.writes.unwrap_or_default();
    let written = writes.inserted + (writes.updated - writes.hot.unwrap_or(0.0)).max(0.0);
    if written < UNUSED_WRITES_MIN {
        let why =
            "its table is hardly written: it costs only its room, and nothing tells how old it is";
        return Err((Verdict::CannotTell, why.to_owned()));
    }
    // A partial one is only written for its own rows, and of those nobody keeps count.
    if index.predicate.is_none() && touched < written {
        let why = format!(
            "it is younger than the count: {written:.0} rows were written, and it was touched {touched:.0} times"
        );
        return Err((Verdict::TooSoon, why));
    }
    match index.predicate {
        Some(_) if touched < UNUSED_WRITES_MIN => {
            let why =
                "few rows are its own: it costs only its room, and nothing tells how old it is";
            Err((Verdict::CannotTell, why.to_owned()))
        }
        _ => Ok(()),
    }
}

fn days(time: Duration) -> u64 {
    time.as_secs() / DAY
}

fn recommendation(
    table: &Table,
    index: &Index,
    catalogue: &Catalogue,
    counted: Duration,
    now: SystemTime,
) -> Recommendation {
    let mut evidence = with_sizes(index)
        .fact("index", format!("{} ({})", index.name, key_of(index)))
        .fact("days counted", days(counted));
    if let Some(writes) = table.writes {
        let written = writes.inserted + writes.updated + writes.deleted;
        evidence = evidence.fact("rows written meanwhile", format!("{written:.0}"));
    }
    Recommendation {
        rule: RULE,
        category: Category::Index,
        priority: Priority::Low,
        effort: Effort::Small,
        confidence: Confidence::Observed,
        title: format!("{}: nobody used {} in {} days", table.name, index.name, days(counted)),
        meaning: "every write keeps it; no replica was seen, and what runs less often than once a month would not show"
            .to_owned(),
        impact: Impact::default(),
        evidence,
        remedy: drop_statements(table, index, catalogue),
        key: format!("unused-index:{}.{}", table.name, index.name),
        first_seen: now,
        last_seen: now,
    }
}

//! Advice on indexes in words, and the statements that follow it.

use std::time::{Duration, SystemTime};

use super::merge::Wish;
use super::workload::Workload;
use crate::capture::System;
use crate::identify::Fingerprint;
use crate::inquire::{Catalogue, Index, IndexDraft, KeyOf, Table, TableKind, quoted};
use crate::judge::advice::{
    Category, Confidence, Effort, Evidence, Impact, Priority, Recommendation,
};

/// The longest name an index gets, in bytes: PostgreSQL's limit.
const NAME_BYTES_MAX: usize = 63;
/// How many digits tell two names apart that begin alike.
const HASH_DIGITS: usize = 6;
/// How many statements stand as evidence at most, the heaviest first.
const STATEMENTS_MAX: usize = 10;

/// One piece of advice for each index that a statement was promised.
pub(super) fn recommendations(
    wishes: &[Wish<'_>],
    workload: &Workload,
    catalogue: &Catalogue,
    confidence: Confidence,
    now: SystemTime,
) -> Vec<Recommendation> {
    let mut drafts: Vec<&IndexDraft> = wishes.iter().flat_map(|(_, found)| &found.drafts).collect();
    drafts.sort();
    drafts.dedup();
    let mut all: Vec<Recommendation> = drafts
        .into_iter()
        .map(|draft| recommendation(draft, wishes, workload, catalogue, confidence, now))
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.impact.time_per_hour));
    all
}

fn recommendation(
    draft: &IndexDraft,
    wishes: &[Wish<'_>],
    workload: &Workload,
    catalogue: &Catalogue,
    confidence: Confidence,
    now: SystemTime,
) -> Recommendation {
    let mut served: Vec<(Duration, &Wish<'_>)> = wishes
        .iter()
        .filter(|(_, found)| found.drafts.contains(draft))
        .map(|wish| (saved_per_hour(draft, wish), wish))
        .collect();
    served.sort_by_key(|(saved, _)| std::cmp::Reverse(*saved));
    let time: Duration = served.iter().map(|(saved, _)| *saved).sum();
    let share = match workload.time_per_hour {
        Duration::ZERO => None,
        whole => Some((time.as_secs_f64() / whole.as_secs_f64()).min(1.0)),
    };
    let key = draft.key_sql();
    let table = &draft.table;
    Recommendation {
        rule: "missing-index",
        category: Category::Index,
        priority: Priority::of_share(share.unwrap_or(0.0)),
        effort: Effort::Small,
        confidence,
        title: {
            let method = draft.method.map(|method| format!("{method} ")).unwrap_or_default();
            format!("{table} has no {method}index on ({key}){}", beyond_key(draft))
        },
        meaning: meaning(&served, draft, confidence),
        impact: Impact { time_per_hour: Some(time), share },
        evidence: evidence(draft, &served, catalogue),
        remedy: create_statements(draft, catalogue),
        key: format!("missing-index:{}", subject_of(draft)),
        first_seen: now,
        last_seen: now,
    }
}

/// What one index saves of a statement's time: its part of what all of them save.
fn saved_per_hour(draft: &IndexDraft, (subject, found): &Wish<'_>) -> Duration {
    let time = subject.statement.mean.as_secs_f64() * subject.statement.calls_per_hour;
    let saved = (1.0 - found.after / found.before.max(1.0)).clamp(0.0, 1.0);
    let all: f64 = found.worth.iter().map(|worth| worth.max(1.0)).sum();
    let at = found.drafts.iter().position(|one| one == draft);
    let own = at.and_then(|at| found.worth.get(at)).map_or(0.0, |worth| worth.max(1.0));
    Duration::try_from_secs_f64(time * saved * own / all.max(1.0)).unwrap_or_default()
}

fn meaning(served: &[(Duration, &Wish<'_>)], draft: &IndexDraft, confidence: Confidence) -> String {
    let table = &draft.table;
    let statements = match served.len() {
        1 => "1 statement reads".to_owned(),
        n => format!("{n} statements read"),
    };
    let by = match confidence {
        _ if draft.method.is_some() => {
            "what they ask for lies inside a value, where only an inverted index finds it; nothing tried this one out, so build it \
             on a copy first and look at the plan"
        }
        Confidence::Verified => "the database's planner would use the index",
        _ => "by the table's statistics the index would find them at once",
    };
    format!("{statements} more of {table} than the rows asked for; {by}")
}

fn evidence(
    draft: &IndexDraft,
    served: &[(Duration, &Wish<'_>)],
    catalogue: &Catalogue,
) -> Evidence {
    let mut evidence = Evidence {
        statements: served
            .iter()
            .take(STATEMENTS_MAX)
            .map(|(_, (subject, _))| {
                (subject.statement.fingerprint, subject.statement.text.clone())
            })
            .collect(),
        ..Evidence::default()
    };
    if let Some((_, (subject, found))) = served.first() {
        let statement = subject.statement;
        evidence = evidence
            .fact("calls per hour", format!("{:.0}", statement.calls_per_hour))
            .fact("mean", format!("{:.2} ms", statement.mean.as_secs_f64() * 1e3));
        if let Some(rows) = statement.rows {
            evidence = evidence.fact("rows a call", format!("{rows:.0}"));
        }
        evidence = evidence
            .fact("cost now", format!("{:.0}", found.before))
            .fact("cost with it", format!("{:.0}", found.after));
        evidence.plan_before = subject.first().asked.as_ref().map(|(_, plan)| plan.outline(&[]));
        evidence.plan_after = found.plan_after.as_ref().map(|plan| plan.outline(&found.drafts));
    }
    match table_of(draft, catalogue) {
        Some(table) => with_table(evidence, table),
        None => evidence,
    }
}

fn with_table(mut evidence: Evidence, table: &Table) -> Evidence {
    if let Some(rows) = table.rows {
        evidence = evidence.fact("rows in the table", format!("{rows:.0}"));
    }
    if let Some(bytes) = table.bytes {
        evidence = evidence.fact("size of the table", format!("{:.1} MB", bytes as f64 / 1e6));
    }
    for index in &table.indexes {
        let key: Vec<&str> = index
            .key
            .iter()
            .map(|part| match &part.of {
                KeyOf::Column(name) | KeyOf::Expression(name) => name.as_str(),
            })
            .collect();
        evidence = evidence.fact("existing index", format!("{} ({})", index.name, key.join(", ")));
    }
    evidence
}

fn table_of<'a>(draft: &IndexDraft, catalogue: &'a Catalogue) -> Option<&'a Table> {
    catalogue.tables.iter().find(|table| table.name == draft.table && table.schema == draft.schema)
}

/// Names the index's subject: table and key.
fn subject_of(draft: &IndexDraft) -> String {
    let schema = match draft.schema.as_str() {
        "" => String::new(),
        schema => format!("{schema}."),
    };
    let method = draft.method.map(|method| format!(" using {method} ")).unwrap_or_default();
    format!("{schema}{}{method}({}){}", draft.table, draft.key_sql(), beyond_key(draft))
}

/// What an index has beside its key: columns and a condition.
fn beyond_key(draft: &IndexDraft) -> String {
    let beside = match draft.include.as_slice() {
        [] => String::new(),
        columns => format!(" include ({})", columns.join(", ")),
    };
    let predicate = draft.predicate.as_ref().map(|one| format!(" where {one}")).unwrap_or_default();
    beside + &predicate
}

/// The name an index gets: table and key, and the same every time.
#[must_use]
pub fn index_name(draft: &IndexDraft) -> String {
    let words = draft.key_sql();
    let words =
        words.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let mut name = draft.table.clone();
    words.for_each(|word| {
        name.push('_');
        name.push_str(word);
    });
    if let Some(method) = draft.method {
        name = format!("{name}_{method}");
    }
    // What does not stand in the name, or not for long, is told apart by its hash.
    let is_plain = draft.predicate.is_none() && draft.include.is_empty();
    if is_plain && name.len() + "_idx".len() <= NAME_BYTES_MAX {
        return name + "_idx";
    }
    let whole = format!("{name} {:?} {:?}", draft.include, draft.predicate);
    let hash = Fingerprint::of_normalised(&whole).to_string();
    let kind = if draft.predicate.is_some() { "_partial" } else { "" };
    let ending = format!("{kind}_{}_idx", &hash[..HASH_DIGITS.min(hash.len())]);
    let mut end = name.len().min(NAME_BYTES_MAX - ending.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name + &ending
}

/// The statements that make an index, in order, without stopping those who write meanwhile where the system can.
///
/// On PostgreSQL they must run outside a transaction, one by one.
#[must_use]
pub fn create_statements(draft: &IndexDraft, catalogue: &Catalogue) -> Vec<String> {
    let name = index_name(draft);
    match catalogue.system {
        System::PostgreSql => postgres(draft, &name, catalogue),
        System::MySql | System::MariaDb => vec![format!(
            "ALTER TABLE {} ADD INDEX {} ({}), ALGORITHM=INPLACE, LOCK=NONE;",
            backticked(&draft.table),
            backticked(&name),
            key(draft, backticked),
        )],
        _ => vec![
            format!(
                "CREATE INDEX {} ON {} ({}){};",
                quoted(&name),
                quoted(&draft.table),
                key(draft, quoted),
                condition(draft),
            ),
            // Of a large table a thousand rows tell enough, and reading all of it would take its time.
            "PRAGMA analysis_limit = 1000;".to_owned(),
            format!("ANALYZE {};", quoted(&draft.table)),
        ],
    }
}

/// The statements that drop an index, in order; first the way to try it out, where the system has one.
#[must_use]
pub fn drop_statements(table: &Table, index: &Index, catalogue: &Catalogue) -> Vec<String> {
    let change = |what: &str| {
        let (table, index) = (backticked(&table.name), backticked(&index.name));
        format!("ALTER TABLE {table} ALTER INDEX {index} {what};")
    };
    let dropped =
        || format!("DROP INDEX {} ON {};", backticked(&index.name), backticked(&table.name));
    match catalogue.system {
        System::PostgreSql => {
            let is_found =
                table.schema.is_empty() || catalogue.search_path.first() == Some(&table.schema);
            let how = if table.kind == TableKind::Partitioned { "" } else { "CONCURRENTLY " };
            let schema =
                if is_found { String::new() } else { format!("{}.", quoted(&table.schema)) };
            vec![
                "-- outside a transaction".to_owned(),
                "SET lock_timeout = '5s';".to_owned(),
                format!("DROP INDEX {how}{schema}{};", quoted(&index.name)),
            ]
        }
        System::MariaDb => vec![change("IGNORED"), dropped()],
        System::MySql => vec![change("INVISIBLE"), dropped()],
        _ => vec![format!("DROP INDEX {};", quoted(&index.name))],
    }
}

fn postgres(draft: &IndexDraft, name: &str, catalogue: &Catalogue) -> Vec<String> {
    let is_found = catalogue.search_path.first() == Some(&draft.schema);
    let is_partitioned =
        table_of(draft, catalogue).is_some_and(|table| table.kind == TableKind::Partitioned);
    // PostgreSQL builds none concurrently on the whole of a partitioned table.
    let (how, note) = match is_partitioned {
        true => ("", "-- writers wait while it is built on all partitions"),
        false => {
            let note =
                "-- outside a transaction; if it fails, drop the invalid index and try again";
            ("CONCURRENTLY ", note)
        }
    };
    let table = match draft.schema.as_str() {
        "" => quoted(&draft.table),
        _ if is_found => quoted(&draft.table),
        schema => format!("{}.{}", quoted(schema), quoted(&draft.table)),
    };
    let include = match draft.include.as_slice() {
        [] => String::new(),
        columns => {
            let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            format!(" INCLUDE ({})", columns.join(", "))
        }
    };
    let predicate = condition(draft);
    let method = draft.method.map(|method| format!("USING {method} ")).unwrap_or_default();
    let mut steps = vec![
        note.to_owned(),
        "SET lock_timeout = '5s';".to_owned(),
        format!(
            "CREATE INDEX {how}{} ON {table} {method}({}){include}{predicate};",
            quoted(name),
            key(draft, quoted),
        ),
    ];
    // Only then does the planner know how the expression's values are spread.
    if draft.key.iter().any(|part| part.column_name().is_none()) {
        steps.push(format!("ANALYZE {table};"));
    }
    steps
}

fn condition(draft: &IndexDraft) -> String {
    draft.predicate.as_ref().map(|one| format!(" WHERE {one}")).unwrap_or_default()
}

fn key(draft: &IndexDraft, quote: impl Fn(&str) -> String) -> String {
    let parts = draft.key.iter().map(|part| {
        let of = match &part.of {
            KeyOf::Column(name) => quote(name),
            KeyOf::Expression(sql) => format!("({sql})"),
        };
        let class = part.operator_class.as_ref().map(|class| format!(" {class}"));
        format!("{of}{}{}", class.unwrap_or_default(), if part.descending { " DESC" } else { "" })
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn backticked(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

//! Indexes of only those rows that everything they serve asks for.
//!
//! The whole index was chosen and weighed; the partial one does no less for the same statements, as they say the same of
//! the rows left out. It is smaller, and a row that is none of its own costs nothing to write. What is bound at run time is
//! never part of it: a plan without values could not use it.

use super::candidates::{order, table_of};
use super::merge::Wish;
use super::subject::Subject;
use crate::capture::System;
use crate::inquire::{Catalogue, Column, IndexDraft, KeyOf, KeyPart, quoted};
use crate::judge::advice::query::{Filter, Operand, Test};

/// Share of a table's rows from which on an index of them is about as large as one of all.
pub const PARTIAL_SHARE_MAX: f64 = 0.15;

/// What all statements say of the rows they want.
#[derive(Clone, Debug, PartialEq)]
struct Condition {
    sql: String,
    column: String,
    /// Whether it leaves the column one value, so that a key has no use for it.
    fixes: bool,
    share: f64,
}

/// Makes partial what may be: where all statements that an index was chosen for ask for the same few rows.
pub(super) fn make_partial(wishes: &mut [Wish<'_>], catalogue: &Catalogue) {
    if !matches!(catalogue.system, System::PostgreSql | System::Sqlite) {
        return;
    }
    let mut drafts: Vec<IndexDraft> =
        wishes.iter().flat_map(|(_, found)| found.drafts.iter().cloned()).collect();
    drafts.sort();
    drafts.dedup();
    for draft in &drafts {
        let Some(partial) = partial(draft, wishes, catalogue) else { continue };
        let is_twice = wishes.iter().any(|(_, found)| found.drafts.contains(&partial));
        let own = wishes.iter_mut().flat_map(|(_, found)| &mut found.drafts);
        for one in own.filter(|one| *one == draft && !is_twice) {
            one.clone_from(&partial);
        }
    }
}

fn partial(draft: &IndexDraft, wishes: &[Wish<'_>], catalogue: &Catalogue) -> Option<IndexDraft> {
    let served: Vec<&Subject<'_>> = wishes
        .iter()
        .filter(|(_, found)| found.drafts.contains(draft))
        .map(|(subject, _)| subject)
        .collect();
    let (first, others) = served.split_first()?;
    let all: Vec<Vec<Condition>> =
        others.iter().map(|subject| conditions(subject, draft, catalogue)).collect();
    let shared = conditions(first, draft, catalogue).into_iter().filter(|condition| {
        let is_said = |one: &Vec<Condition>| one.iter().any(|other| other.sql == condition.sql);
        condition.share <= PARTIAL_SHARE_MAX && all.iter().all(is_said)
    });
    let chosen = shared.min_by(|a, b| a.share.total_cmp(&b.share))?;
    let key = key(draft, &chosen, &served);
    Some(IndexDraft { key, predicate: Some(chosen.sql), ..draft.clone() })
}

/// The key without what the condition says already. Where nothing is left: the order that is wanted.
fn key(draft: &IndexDraft, condition: &Condition, served: &[&Subject<'_>]) -> Vec<KeyPart> {
    let is_fixed =
        |part: &&KeyPart| condition.fixes && part.column_name() == Some(condition.column.as_str());
    let rest: Vec<KeyPart> = draft.key.iter().filter(|part| !is_fixed(part)).cloned().collect();
    if !rest.is_empty() {
        return rest;
    }
    let mut orders = served.iter().map(|subject| {
        subject.only_relation(draft).map(|at| order(&subject.reading, at)).unwrap_or_default()
    });
    let first = orders.next().unwrap_or_default();
    let is_same = orders.all(|other| other == first);
    if is_same && !first.is_empty() { first } else { draft.key.clone() }
}

/// What a statement always asks of the one relation that is of a draft's table, where an index can be limited to it.
fn conditions(subject: &Subject<'_>, draft: &IndexDraft, catalogue: &Catalogue) -> Vec<Condition> {
    let reading = &subject.reading;
    let Some(at) = subject.only_relation(draft) else { return Vec::new() };
    let Some(table) = table_of(reading, catalogue, at) else { return Vec::new() };
    let shares = &subject.first().guess.shares;
    let own = reading.filters.iter().zip(shares);
    let own = own.filter(|(filter, _)| filter.relation == at && filter.arm.is_none());
    let mut all = Vec::new();
    for (filter, share) in own {
        let Some(column) = filter.column().and_then(|name| table.column(name)) else { continue };
        // What is told without a text may be a number as well as a truth; the column says which.
        let may_be = subject.statement.sample.is_some() || is_truth(column);
        if may_be || !is_number(&filter.operand) {
            all.extend(condition(filter, *share, column, catalogue.system));
        }
        all.extend(not_null(filter, column, draft));
    }
    all
}

fn condition(filter: &Filter, share: f64, column: &Column, system: System) -> Option<Condition> {
    let name = quoted(&column.name);
    let (sql, fixes) = match filter.test {
        Test::IsNull => (format!("{name} IS NULL"), true),
        Test::NotNull => (format!("{name} IS NOT NULL"), false),
        Test::Equal => (format!("{name} = {}", constant(&filter.operand, column, system)?), true),
        _ => return None,
    };
    // Without statistics nobody knows how few they are.
    column.spread.as_ref()?;
    Some(Condition { sql, column: column.name.clone(), fixes, share })
}

/// Whatever is compared is not NULL, and a planner knows: where nearly all rows are, an index can do without them.
fn not_null(filter: &Filter, column: &Column, draft: &IndexDraft) -> Option<Condition> {
    use Test::{Between, Equal, Greater, In, Less};
    let is_strict = matches!(filter.test, Equal | In | Less | Greater | Between);
    let is_key = draft.key.iter().any(|part| part.column_name() == Some(column.name.as_str()));
    let share = 1.0 - column.spread.as_ref()?.nulls;
    (is_strict && is_key && column.nullable).then(|| Condition {
        sql: format!("{} IS NOT NULL", quoted(&column.name)),
        column: column.name.clone(),
        fixes: false,
        share,
    })
}

/// A constant of the text that means the same in the condition of an index: a number, a plain text, a truth.
fn constant<'f>(operand: &'f Operand, column: &Column, system: System) -> Option<&'f str> {
    let [one] = operand.constants.as_deref()? else { return None };
    let type_name = column.type_name.to_ascii_lowercase();
    // `'now'` is another moment each time.
    let is_time = ["time", "date", "interval"].iter().any(|word| type_name.contains(word));
    let is_text = one.starts_with('\'') && !one.contains(|c: char| c == '\\' || c.is_control());
    let is_number = one.parse::<f64>().is_ok_and(f64::is_finite);
    let is_truth = system == System::PostgreSql && matches!(one.as_str(), "true" | "false");
    // Written otherwise, as `is true`, it is not what the planner looks for.
    let is_compared = !operand.sql.is_empty();
    (is_compared && !is_time && (is_text || is_number || is_truth)).then_some(one)
}

/// Whether a column holds truths as numbers: nothing but 0 and 1, as far as its statistics tell.
fn is_truth(column: &Column) -> bool {
    let Some(spread) = &column.spread else { return false };
    !spread.common.is_empty()
        && spread.distinct <= 2.0
        && spread.common.iter().all(|(value, _)| matches!(value.as_str(), "0" | "1"))
}

fn is_number(operand: &Operand) -> bool {
    let mut constants = operand.constants.iter().flatten();
    constants.any(|one| one.parse::<f64>().is_ok())
}

/// Whether a draft has anything to do with a column, by its name in lower case: what an update of it would touch.
pub(super) fn names_column(draft: &IndexDraft, column: &str) -> bool {
    let of_predicate = draft.predicate.as_deref().unwrap_or_default().to_ascii_lowercase();
    let words = |sql: &str| {
        sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == column)
    };
    words(&of_predicate)
        || draft.include.iter().any(|one| one.eq_ignore_ascii_case(column))
        || draft.key.iter().any(|part| match &part.of {
            KeyOf::Column(name) => name.eq_ignore_ascii_case(column),
            KeyOf::Expression(sql) => words(&sql.to_ascii_lowercase()),
        })
}

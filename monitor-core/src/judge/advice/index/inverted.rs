//! Indexes of what is inside a value: words of a text, elements of an array, keys and values of a document.
//!
//! Only PostgreSQL has them as ordinary indexes (GIN). MariaDB and MySQL refuse a `match .. against` without its FULLTEXT
//! index, so there is none to be missed; SQLite keeps a table of its own. HypoPG cannot try a GIN index out, and no
//! statistics tell how often what is looked for occurs. So the rows that a statement was seen to return have to tell, and
//! the advice says that nothing tried it out.

use super::candidates::table_of;
use super::existing::{is_inverted, is_same};
use super::gates::{COST_MIN, MODEL_SAVING_MIN, is_small};
use super::merge::Wish;
use super::pages::bitmap_cost;
use super::search::Found;
use super::subject::Subject;
use super::{Engine, Quiet};
use crate::capture::System;
use crate::inquire::{Column, IndexDraft, KeyOf, KeyPart, Table};
use crate::judge::advice::query::{Filter, Test};

/// How it is built.
const METHOD: &str = "gin";
/// The operator class for documents that are only asked with `@>`: smaller, and quicker.
const PATHS_ONLY: &str = "jsonb_path_ops";
/// Cost of finding the entries, for some of them: a few pages each.
const DESCENT_COST: f64 = 25.0;
/// Bytes of a value for each entry it makes, about.
///
/// Measured on PostgreSQL 15 over 30 000 rows: an index entry of a B-tree 2.2 microseconds a row; GIN 12 for four tags of 56
/// bytes, 14 for `jsonb_path_ops` and 35 for `jsonb_ops` over five keys of 65 bytes, 60 for 38 words of 460 bytes.
const ENTRY_BYTES: f64 = 12.0;
/// The fewest entries of a value, and those of one nothing is known of.
const ENTRIES_MIN: f64 = 4.0;
const ENTRIES_UNKNOWN: f64 = 50.0;
/// Share of the rows that the other conditions have to leave: with less, the rows returned tell nothing of this one.
const OTHERS_SHARE_MIN: f64 = 0.1;
/// Types of an array's elements that have an operator class for GIN by default; every type with an order has.
const NEVER: [&str; 6] = ["json", "xml", "point", "box", "polygon", "circle"];

/// The index for what a statement looks for inside a value; `None` where it does not look there.
pub(super) fn best(subject: &Subject<'_>, engine: &Engine<'_>) -> Option<Result<Found, Quiet>> {
    if engine.catalogue.system != System::PostgreSql {
        return None;
    }
    let reading = &subject.reading;
    reading.filters.iter().enumerate().find_map(|(at, filter)| {
        let table = table_of(reading, engine.catalogue, filter.relation)?;
        let part = part(filter, table).filter(|_| filter.arm.is_none())?;
        Some(judged(subject, engine, table, (at, filter), part))
    })
}

/// The part of a key that serves a test, where the type of its column allows it.
fn part(filter: &Filter, table: &Table) -> Option<KeyPart> {
    let column = table.column(filter.columns.first()?)?;
    let type_name = column.type_name.to_ascii_lowercase();
    match &filter.of {
        KeyOf::Expression(sql) => {
            let is_text = ["text", "char"].iter().any(|word| type_name.contains(word));
            (filter.test == Test::Matches && is_text && is_search_of(sql, &filter.columns))
                .then(|| KeyPart::expression(sql.clone()))
        }
        KeyOf::Column(name) => {
            let element = type_name.strip_suffix("[]");
            let is_sorted = |element: &str| !NEVER.contains(&element.trim_end_matches("[]"));
            match (filter.test, element, type_name.as_str()) {
                (Test::Contains | Test::Overlaps, Some(element), _) if is_sorted(element) => {}
                (Test::Matches, None, "tsvector") | (Test::HasKey, None, "jsonb") => {}
                (Test::Contains, None, "jsonb") => {
                    let class = Some(PATHS_ONLY.to_owned());
                    return Some(KeyPart { operator_class: class, ..KeyPart::column(name) });
                }
                _ => return None,
            }
            Some(KeyPart::column(name))
        }
    }
}

/// Whether an expression is `to_tsvector('simple', body)`: without its configuration it is not the same for ever.
fn is_search_of(sql: &str, columns: &[String]) -> bool {
    let inner = sql.strip_prefix("to_tsvector('").and_then(|rest| rest.strip_suffix(')'));
    let Some((configuration, text)) = inner.and_then(|inner| inner.split_once("', ")) else {
        return false;
    };
    let is_word = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    is_word(configuration) && columns.len() == 1 && text.trim_matches('"') == columns[0]
}

fn judged(
    subject: &Subject<'_>,
    engine: &Engine<'_>,
    table: &Table,
    (at, filter): (usize, &Filter),
    part: KeyPart,
) -> Result<Found, Quiet> {
    if is_small(table) {
        return Err(Quiet::SmallTables);
    }
    if let Some(name) = served_by(table, &part, filter.test) {
        return Err(Quiet::Covered(name.to_owned()));
    }
    let before = subject.first().asked.as_ref().and_then(|(_, plan)| plan.cost);
    let before = before.filter(|before| *before >= COST_MIN).ok_or(Quiet::Cheap)?;
    let rows = rows_inside(subject, table, at).ok_or(Quiet::RowsUnknown)?;
    let after = DESCENT_COST + bitmap_cost(table, rows);
    let saved = before - after;
    if saved < MODEL_SAVING_MIN * before {
        return Err(Quiet::SavesLittle((saved / before).max(0.0)));
    }
    let entries = filter.columns.first().and_then(|name| table.column(name)).map_or(0.0, entries);
    let draft = IndexDraft {
        schema: table.schema.clone(),
        table: table.name.clone(),
        key: vec![part],
        method: Some(METHOD),
        ..IndexDraft::default()
    };
    let calls = subject.statement.calls_per_hour;
    if !engine.is_worth_writes(&draft, saved / entries.max(1.0), calls) {
        return Err(Quiet::TooManyWrites);
    }
    Ok(Found { drafts: vec![draft], before, after, worth: vec![saved], plan_after: None })
}

/// The index that finds the same already.
fn served_by<'a>(table: &'a Table, part: &KeyPart, test: Test) -> Option<&'a str> {
    let whole = KeyPart { operator_class: None, ..part.clone() };
    let serves = |own: &KeyPart| {
        is_same(own, part) || is_same(own, &whole) || (own.of == part.of && test == Test::Matches)
    };
    let found =
        table.indexes.iter().find(|index| is_inverted(index) && index.key.iter().any(serves));
    found.map(|index| index.name.as_str())
}

/// How many rows have what is looked for, by the rows that were returned.
fn rows_inside(subject: &Subject<'_>, table: &Table, at: usize) -> Option<f64> {
    let reading = &subject.reading;
    if !reading.rows_tell || reading.relations.len() != 1 {
        return None;
    }
    // What else is asked took some of them away.
    let shares = subject.first().guess.shares.iter().enumerate();
    let others: f64 = shares.filter(|(other, _)| *other != at).map(|(_, share)| share).product();
    let rows = subject.statement.rows?.max(1.0) / others.max(OTHERS_SHARE_MIN);
    (others >= OTHERS_SHARE_MIN).then_some(rows.min(table.rows?))
}

/// How many entries a value makes.
fn entries(column: &Column) -> f64 {
    let width = column.spread.as_ref().and_then(|spread| spread.width);
    width.map_or(ENTRIES_UNKNOWN, |width| (width / ENTRY_BYTES).max(ENTRIES_MIN))
}

/// Makes one index of two that differ only in what they leave out.
pub(super) fn make_one(wishes: &mut [Wish<'_>]) {
    let all: Vec<IndexDraft> =
        wishes.iter().flat_map(|(_, found)| found.drafts.iter().cloned()).collect();
    for draft in wishes.iter_mut().flat_map(|(_, found)| &mut found.drafts) {
        let mut whole = draft.clone();
        whole.key.iter_mut().for_each(|part| part.operator_class = None);
        if all.contains(&whole) {
            *draft = whole;
        }
    }
}

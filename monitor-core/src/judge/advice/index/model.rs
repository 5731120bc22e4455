//! What an index would save, by a small model of costs: where no planner can try it out.
//!
//! Only what is sure is said: one look-up by what has to be equal, or a narrow range, in a table that is read whole. Of
//! joins it knows nothing. On the shop this finds two indexes of three, on TPC-H next to none, and advises none in vain.

use super::candidates::{candidates, table_of};
use super::existing;
use super::search::Found;
use super::subject::Subject;
use crate::inquire::{Access, Catalogue, IndexDraft, KeyOf, PlanNode, Table};
use crate::judge::advice::query::{Filter, Test};

/// Cost of going down an index to its first entry: two pages out of order at PostgreSQL's `random_page_cost` of 4.
const DESCENT_COST: f64 = 8.0;
/// Cost of each row met on the way: `cpu_tuple_cost` + `cpu_index_tuple_cost`.
const ROW_COST: f64 = 0.015;
/// Cost of each row of a table that is read whole: `cpu_tuple_cost` + `cpu_operator_cost`.
const SCAN_ROW_COST: f64 = 0.0125;
/// Cost of a page out of order; one in order costs 1.
const RANDOM_PAGE_COST: f64 = 4.0;
/// A lookup has to cost less than this share of the scan it replaces.
const LOOKUP_SHARE_MAX: f64 = 0.60;
/// A look-up has to find fewer of the rows: with more, a wrong guess at the value turns the scales.
const SHARE_MAX: f64 = 0.10;
/// More relations than the model understands.
const RELATIONS_MAX: usize = 2;

/// The index the model is sure of, if any.
pub(super) fn model(
    subject: &Subject<'_>,
    catalogue: &Catalogue,
    is_allowed: &dyn Fn(&IndexDraft) -> bool,
) -> Option<Found> {
    let relations = subject.reading.relations.len();
    // What an outer join lets a filter keep, it does not know either.
    let is_outer = subject.reading.relations.iter().any(|relation| relation.nullable);
    if relations > RELATIONS_MAX || is_outer {
        return None;
    }
    let whole = subject.first().asked.as_ref().and_then(|(_, plan)| plan.cost);
    let scans: Vec<f64> =
        (0..relations).map(|relation| scan_cost(subject, catalogue, relation)).collect();
    let before = whole.unwrap_or_else(|| scans.iter().sum());
    let mut best: Option<(f64, IndexDraft)> = None;
    for draft in candidates(&subject.reading, catalogue, &subject.first().guess) {
        let Some(relation) = subject.reading.relations.iter().position(|one| {
            catalogue.tables.get(one.table).is_some_and(|table| table.name == draft.table)
        }) else {
            continue;
        };
        let Some(table) = table_of(&subject.reading, catalogue, relation) else { continue };
        if !is_allowed(&draft) {
            continue;
        }
        let Some(lookup) = lookup_cost(subject, table, relation, &draft) else { continue };
        let saved = scans[relation] - lookup;
        let is_sure = lookup < LOOKUP_SHARE_MAX * scans[relation];
        if is_sure && best.as_ref().is_none_or(|(known, _)| saved > known * 1.02 + 1.0) {
            best = Some((saved, draft));
        }
    }
    let (saved, draft) = best?;
    let after = (before - saved).max(1.0);
    Some(Found { drafts: vec![draft], before, after, worth: vec![saved], plan_after: None })
}

/// What reading a relation whole costs; nothing where the plan does not.
fn scan_cost(subject: &Subject<'_>, catalogue: &Catalogue, relation: usize) -> f64 {
    let Some(table) = table_of(&subject.reading, catalogue, relation) else { return 0.0 };
    let own = table.pages.unwrap_or(0.0) + table.rows.unwrap_or(0.0) * SCAN_ROW_COST;
    let Some((_, plan)) = &subject.first().asked else { return own };
    let alias = &subject.reading.relations[relation].alias;
    let is_its = |node: &&PlanNode| {
        let name = node.alias.as_ref().or(node.table.as_ref());
        name.is_some_and(|name| name.eq_ignore_ascii_case(alias))
    };
    match plan.nodes.iter().find(is_its) {
        Some(node) if node.access == Some(Access::Full) => node.cost.unwrap_or(own),
        // Read by an index, or as the bitmap of one.
        Some(_) => 0.0,
        None => own,
    }
}

/// What looking up by a draft costs, where all of its key is used: equalities, and a range or order at the end.
fn lookup_cost(
    subject: &Subject<'_>,
    table: &Table,
    relation: usize,
    draft: &IndexDraft,
) -> Option<f64> {
    let mut share = 1.0;
    let mut ended = false;
    for part in &draft.key {
        if ended {
            return None;
        }
        let (filter, own) = filter_of(subject, relation, &part.of)?;
        ended = !filter.test.is_equality();
        share *= own;
        // An open range keeps nobody knows what.
        let is_guess = matches!(filter.test, Test::Less | Test::Greater | Test::Between)
            && filter.operand.is_open
            && !subject.reading.rows_tell;
        if is_guess {
            return None;
        }
    }
    if share > SHARE_MAX {
        return None;
    }
    // A key that begins an existing index or goes on from one that finds few rows brings little.
    if existing::covering(table, draft).is_some() {
        return None;
    }
    let rows = (table.rows? * share).max(1.0);
    Some(DESCENT_COST + heap_cost(table, rows, draft) + rows * ROW_COST)
}

/// What fetching rows from a table costs, the pages one after the other where they are in the order of the index.
fn heap_cost(table: &Table, rows: f64, draft: &IndexDraft) -> f64 {
    let pages = table.pages.unwrap_or(1.0).max(1.0);
    let per_page = (table.rows.unwrap_or(1.0) / pages).max(1.0);
    let correlation = draft
        .key
        .first()
        .and_then(|part| table.column(part.column_name()?)?.spread.as_ref()?.correlation)
        .unwrap_or(0.0);
    let in_order = (rows / per_page).max(1.0);
    // Mackert and Lohman's formula for pages met by rows spread at random, as PostgreSQL has it.
    let spread = (2.0 * pages * rows / (2.0 * pages + rows)).min(pages);
    let each = RANDOM_PAGE_COST - (RANDOM_PAGE_COST - 1.0) * (spread / pages).sqrt();
    let correlated = correlation * correlation;
    correlated * in_order + (1.0 - correlated) * spread * each
}

fn filter_of<'s>(
    subject: &'s Subject<'_>,
    relation: usize,
    of: &KeyOf,
) -> Option<(&'s Filter, f64)> {
    let reading = &subject.reading;
    let all = reading.filters.iter().zip(subject.first().guess.shares.iter().copied());
    let of_it = all.filter(|(filter, _)| {
        filter.relation == relation && filter.of == *of && filter.arm.is_none()
    });
    of_it.min_by(|a, b| a.1.total_cmp(&b.1))
}

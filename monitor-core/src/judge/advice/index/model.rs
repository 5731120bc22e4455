//! What a statement costs with one set of indexes and another, by a small model: where no planner can try them out.
//!
//! Each relation is read whole, or by the index that finds its rows cheapest; joins start where the fewest rows are and
//! go on by look-ups or by hashing; an index in the order that is wanted ends early. The units are PostgreSQL's.

use super::candidates::table_of;
use super::existing::{is_whole, keys};
use super::pages::{ROW_COST, correlation, spread_pages};
use super::subject::{Case, Subject};
use crate::capture::System;
use crate::inquire::{Catalogue, IndexDraft, KeyOf, KeyPart, Plan, PlanNode, Table, UsedIndex};
use crate::judge::advice::query::{Reading, Sort, Test};

/// Cost of going down an index to its first entry: two pages out of order at PostgreSQL's `random_page_cost` of 4.
const DESCENT_COST: f64 = 8.0;
/// Cost of each further descent of the same index, whose upper pages are at hand by then.
const NEXT_DESCENT_COST: f64 = 0.5;
/// Cost of each row of a table that is read whole: `cpu_tuple_cost` + `cpu_operator_cost`.
const SCAN_ROW_COST: f64 = 0.0125;
/// Cost of a row looked up by its primary key in InnoDB, where it lies in the key's own tree (`inquire/cost.rs`).
const KEYED_ROW_COST: f64 = 0.13;
/// Cost of each row that is hashed or looked up in a hash.
const HASH_ROW_COST: f64 = 0.015;
/// Cost of each row that is sorted, for each doubling of the rows kept: twice `cpu_operator_cost`.
const SORT_COST: f64 = 0.005;
/// A look-up has to find fewer of the rows, unless they lie in its order: with more, a wrong guess turns the scales.
const SHARE_MAX: f64 = 0.15;
/// Correlation from which rows lie in the order of a column.
const IN_ORDER_MIN: f64 = 0.9;
/// Bytes of an entry of an index, about.
const ENTRY_BYTES: f64 = 24.0;
/// Different values of a column nothing is known of; PostgreSQL's `DEFAULT_NUM_DISTINCT`.
const DISTINCT: f64 = 200.0;

/// The model of one statement with one guess at its values.
pub(super) struct Model<'a> {
    reading: &'a Reading,
    case: &'a Case,
    catalogue: &'a Catalogue,
    limit: Option<f64>,
}

/// A way to some rows.
#[derive(Clone, Debug, Default)]
struct Way {
    cost: f64,
    rows: f64,
    /// Places of the drafts it uses.
    used: Vec<usize>,
}

// === impl Model ===

impl<'a> Model<'a> {
    pub(super) fn of(subject: &'a Subject<'_>, case: &'a Case, catalogue: &'a Catalogue) -> Self {
        Self { reading: &subject.reading, case, catalogue, limit: subject.limit() }
    }

    /// The plan with some drafts; its nodes name the drafts that are used.
    pub(super) fn plan(&self, drafts: &[IndexDraft]) -> Plan {
        let mut whole = Way::default();
        for part in self.parts() {
            let way = self.part(&part, drafts);
            whole.cost += way.cost;
            whole.used.extend(way.used);
        }
        let node =
            |at: usize| PlanNode { index: Some(UsedIndex::Draft(at)), ..PlanNode::default() };
        Plan { cost: Some(whole.cost), nodes: whole.used.into_iter().map(node).collect() }
    }

    /// The relations, those together that are joined.
    fn parts(&self) -> Vec<Vec<usize>> {
        let count = self.reading.relations.len();
        let mut part: Vec<usize> = (0..count).collect();
        for join in &self.reading.joins {
            let (from, to) = (part[join.left.relation], part[join.right.relation]);
            part.iter_mut().filter(|one| **one == from).for_each(|one| *one = to);
        }
        let of = |number: usize| (0..count).filter(|&at| part[at] == number).collect::<Vec<_>>();
        (0..count).map(of).filter(|part| !part.is_empty()).collect()
    }

    /// The cheapest way through joined relations.
    fn part(&self, part: &[usize], drafts: &[IndexDraft]) -> Way {
        let scope = |at: &usize| self.reading.relations[*at].scope;
        let outermost = part.iter().map(scope).min().unwrap_or_default();
        let is_first =
            |at: &&usize| scope(at) == outermost && !self.reading.relations[**at].nullable;
        let mut best: Option<Way> = None;
        for &first in part.iter().filter(is_first) {
            for (start, is_ordered) in self.starts(first, drafts) {
                let way = self.joined(first, start, part, drafts);
                let way = self.ended(way, first, is_ordered);
                if best.as_ref().is_none_or(|known| way.cost < known.cost) {
                    best = Some(way);
                }
            }
        }
        best.unwrap_or_default()
    }

    /// Ways to the rows of the first relation, each with whether they come in the order wanted.
    fn starts(&self, first: usize, drafts: &[IndexDraft]) -> Vec<(Way, bool)> {
        let mut starts = vec![(self.alone(first, drafts), false)];
        let Some(table) = self.table(first) else { return starts };
        if let Some(sort) = self.order_of(first) {
            for (draft, key, _) in keys(table, drafts) {
                starts.extend(self.in_order(first, table, sort, key, draft).map(|way| (way, true)));
            }
        }
        starts
    }

    /// Only the first rows are wanted: what need not be sorted ends early.
    fn ended(&self, way: Way, first: usize, is_ordered: bool) -> Way {
        let scope = self.reading.relations[first].scope;
        let Some(limit) = self.limit.filter(|_| scope == 0) else { return way };
        let is_grouped = self.reading.groups.iter().any(|group| group.scope == scope);
        let is_sorted = self.reading.sorts.iter().any(|sort| sort.scope == scope);
        let rows = way.rows.max(1.0);
        if is_grouped || (is_sorted && !is_ordered) {
            let kept = rows.min(limit + 1.0).max(2.0);
            return Way { cost: way.cost + rows * kept.log2() * SORT_COST, ..way };
        }
        Way { cost: DESCENT_COST.min(way.cost) + way.cost * (limit / rows).min(1.0), ..way }
    }

    /// Joins the others, each time the one that costs least.
    fn joined(&self, first: usize, start: Way, part: &[usize], drafts: &[IndexDraft]) -> Way {
        let mut way = start;
        let mut done = vec![first];
        while done.len() < part.len() {
            let next = part.iter().filter(|at| !done.contains(at) && self.is_joined(**at, &done));
            let next = next.map(|&at| (at, self.step(&way, at, &done, drafts)));
            let next = next.min_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
            let Some((at, step)) = next else { break };
            way = Way {
                cost: way.cost + step.cost,
                rows: step.rows,
                used: way.used.into_iter().chain(step.used).collect(),
            };
            done.push(at);
        }
        way
    }

    fn is_joined(&self, at: usize, done: &[usize]) -> bool {
        self.join_keys(at, done).next().is_some()
    }

    /// The columns of a relation that equal one of those done, each with the other side's different values.
    fn join_keys<'s>(
        &'s self,
        at: usize,
        done: &'s [usize],
    ) -> impl Iterator<Item = (&'s str, f64)> + 's {
        self.reading.joins.iter().filter_map(move |join| {
            let (own, other) = match (join.left.relation, join.right.relation) {
                (left, right) if left == at && done.contains(&right) => (&join.left, &join.right),
                (left, right) if right == at && done.contains(&left) => (&join.right, &join.left),
                _ => return None,
            };
            Some((own.column.as_str(), self.distinct(other.relation, &other.column)))
        })
    }

    /// Going on from some rows to a relation.
    fn step(&self, outer: &Way, at: usize, done: &[usize], drafts: &[IndexDraft]) -> Way {
        let joins: Vec<(&str, f64)> = self.join_keys(at, done).collect();
        let alone = self.alone(at, drafts);
        let match_share: f64 = joins
            .iter()
            .map(|(own, others)| 1.0 / self.distinct(at, own).max(*others).max(1.0))
            .product();
        let is_inner = self.reading.relations[at].scope > 0 || self.reading.relations[at].nullable;
        let rows = outer.rows * alone.rows * match_share;
        let rows = if is_inner { rows.max(outer.rows) } else { rows };
        // MariaDB hashes nothing unless told to, and reads the relation again and again, as in `inquire/cost.rs`; its join
        // buffer spares it the reading, but comparing a pair took 0.1 microseconds, as much. A subquery's rows are kept.
        let is_kept = self.reading.relations[at].scope > 0;
        let cost = match self.is_innodb() && !is_kept {
            true => outer.rows.max(1.0) * alone.cost,
            false => alone.cost + (outer.rows + alone.rows) * HASH_ROW_COST,
        };
        let hashed = Way { cost, rows, used: alone.used.clone() };
        let Some(table) = self.table(at) else { return hashed };
        let looked_up = keys(table, drafts).filter_map(|(draft, key, is_unique)| {
            let share = self.look_up_share(at, key, &joins, is_unique)?;
            let found = (table.rows.unwrap_or(1.0) * share).max(f64::MIN_POSITIVE);
            let all = outer.rows * found;
            let leaves = table.rows.unwrap_or(1.0) * ENTRY_BYTES / Table::PAGE_BYTES;
            let cost = DESCENT_COST
                + outer.rows * NEXT_DESCENT_COST
                + spread_pages(leaves, outer.rows)
                + all * ROW_COST
                + self.heap_cost((at, table), all, (key, key));
            Some(Way { cost, rows, used: draft.into_iter().collect() })
        });
        looked_up.chain([hashed]).min_by(|a, b| a.cost.total_cmp(&b.cost)).unwrap_or_default()
    }

    /// The share of its rows that one look-up by a joined column finds.
    fn look_up_share(
        &self,
        at: usize,
        key: &[KeyPart],
        joins: &[(&str, f64)],
        is_unique: bool,
    ) -> Option<f64> {
        let mut share = 1.0;
        let mut is_join = false;
        let mut parts = 0;
        for part in key {
            let joined = part
                .column_name()
                .filter(|name| joins.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
            if let Some(name) = joined {
                share /= self.distinct(at, name).max(1.0);
                is_join = true;
            } else {
                let Some((own, goes_on)) = self.share_of(at, part, None) else { break };
                share *= own;
                if !goes_on {
                    break;
                }
            }
            parts += 1;
        }
        if is_unique && parts == key.len() {
            share = share.min(1.0 / self.table(at)?.rows.unwrap_or(1.0).max(1.0));
        }
        is_join.then_some(share)
    }

    /// The cheapest way to what a relation's own filters let through.
    fn alone(&self, at: usize, drafts: &[IndexDraft]) -> Way {
        let Some(table) = self.table(at) else {
            return Way { cost: 1.0, rows: 1.0, used: Vec::new() };
        };
        let all = table.rows.unwrap_or(DISTINCT).max(1.0);
        let rows = all * self.kept_share(at);
        let whole = table.pages.unwrap_or(0.0) + all * SCAN_ROW_COST;
        let mut best = Way { cost: whole, rows, used: Vec::new() };
        let mut arms: Vec<((usize, usize), Option<Way>)> =
            self.filters(at).filter_map(|(filter, _)| filter.arm).map(|arm| (arm, None)).collect();
        arms.dedup_by_key(|(arm, _)| *arm);
        for (draft, key, is_unique) in keys(table, drafts) {
            let used: Vec<usize> = draft.into_iter().collect();
            if let Some(cost) = self.search_cost(at, table, key, is_unique, None)
                && cost < best.cost
            {
                best = Way { cost, rows, used: used.clone() };
            }
            for (arm, way) in &mut arms {
                if let Some(cost) = self.search_cost(at, table, key, is_unique, Some(*arm))
                    && way.as_ref().is_none_or(|known| cost < known.cost)
                {
                    *way = Some(Way { cost, rows, used: used.clone() });
                }
            }
        }
        // An OR is served where each of its arms is; nothing is made of several.
        let is_one =
            arms.iter().all(|((or, _), _)| Some(*or) == arms.first().map(|((or, _), _)| *or));
        let served: Option<Vec<Way>> = arms.into_iter().map(|(_, way)| way).collect();
        if let Some(served) = served.filter(|all| is_one && !all.is_empty()) {
            let cost = served.iter().map(|way| way.cost).sum();
            if cost < best.cost {
                let used = served.into_iter().flat_map(|way| way.used).collect();
                best = Way { cost, rows, used };
            }
        }
        best
    }

    /// What it costs to look up by what a key begins with; `None` where nothing asks for that.
    fn search_cost(
        &self,
        at: usize,
        table: &Table,
        key: &[KeyPart],
        is_unique: bool,
        arm: Option<(usize, usize)>,
    ) -> Option<f64> {
        let mut share = 1.0;
        let mut parts = 0;
        let mut equal = 0;
        for part in key {
            let Some((own, goes_on)) = self.share_of(at, part, arm) else { break };
            share *= own;
            parts += 1;
            equal += usize::from(goes_on);
            if !goes_on {
                break;
            }
        }
        if share > SHARE_MAX && correlation(table, key).abs() < IN_ORDER_MIN {
            return None;
        }
        let all = table.rows?;
        let unique = is_unique && equal == key.len();
        let rows = if unique { 1.0 } else { (all * share).max(1.0) };
        (parts > 0)
            .then(|| DESCENT_COST + rows * ROW_COST + self.heap_cost((at, table), rows, (key, key)))
    }

    /// What a filter on a part of a key keeps, and whether the key can go on behind it.
    fn share_of(
        &self,
        at: usize,
        part: &KeyPart,
        arm: Option<(usize, usize)>,
    ) -> Option<(f64, bool)> {
        let own = self.filters(at).filter(|(filter, _)| {
            filter.of == part.of
                && filter.arm == arm
                && (filter.test.is_equality() || filter.test.is_range())
        });
        let own: Vec<_> = own.collect();
        let equal = own.iter().filter(|(filter, _)| filter.test.is_equality());
        if let Some((_, share)) = equal.min_by(|a, b| a.1.total_cmp(&b.1)) {
            return Some((*share, true));
        }
        // Both bounds of a range keep what the narrower one is said to.
        let range = own.iter().map(|(_, share)| *share).reduce(f64::min)?;
        Some((range, false))
    }

    /// The rows of the first relation in the order wanted, by a key.
    fn in_order(
        &self,
        at: usize,
        table: &Table,
        sort: &Sort,
        key: &[KeyPart],
        draft: Option<usize>,
    ) -> Option<Way> {
        let mut share = 1.0;
        let mut rest = key;
        let wanted = &sort.columns.first()?.0.column;
        while let Some((part, behind)) = rest.split_first() {
            if part.column_name().is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
                break;
            }
            let (own, _) = self.share_of(at, part, None).filter(|(_, goes_on)| *goes_on)?;
            if self.catalogue.system == System::PostgreSql && self.is_null(at, part) {
                return None;
            }
            share *= own;
            rest = behind;
        }
        let leading = rest.first()?;
        let in_row = rest.iter().zip(&sort.columns).take_while(|(part, (column, _))| {
            part.column_name().is_some_and(|name| name.eq_ignore_ascii_case(&column.column))
        });
        let in_row = in_row.count();
        let is_whole = in_row == sort.columns.len();
        let sorts_rest =
            self.catalogue.system == System::PostgreSql && self.catalogue.version.0 >= 13;
        if !is_whole && !sorts_rest {
            return None;
        }
        let (first, is_mixed) =
            (sort.columns[0].1, sort.columns.iter().any(|(_, d)| *d != sort.columns[0].1));
        if is_mixed && is_whole && !rest.iter().any(|part| part.descending) && first {
            return None;
        }
        if let Some((range, false)) = self.share_of(at, leading, None) {
            share *= range;
        }
        let all = (table.rows? * share).max(1.0);
        // What the rest of the key tells of a row, nobody need look up.
        let told = rest[in_row..].iter().filter_map(|part| self.share_of(at, part, None));
        let looked_up = all * told.map(|(share, _)| share).product::<f64>();
        let cost = DESCENT_COST
            + all * ROW_COST
            + self.heap_cost((at, table), looked_up, (&key[key.len() - rest.len()..], key));
        let rows = table.rows? * self.kept_share(at);
        Some(Way { cost, rows, used: draft.into_iter().collect() })
    }

    /// Whether a part of a key has to be NULL. PostgreSQL does not take that for a constant, behind which an order
    /// goes on.
    fn is_null(&self, at: usize, part: &KeyPart) -> bool {
        let mut own = self.filters(at).filter(|(filter, _)| filter.of == part.of);
        own.any(|(filter, _)| filter.test == Test::IsNull && filter.arm.is_none())
    }

    /// The order that is wanted where only the first rows are, if it is all of one relation.
    fn order_of(&self, at: usize) -> Option<&Sort> {
        let scope = self.reading.relations[at].scope;
        let is_grouped = self.reading.groups.iter().any(|group| group.scope == scope);
        let sort = self.reading.sorts.iter().find(|sort| sort.scope == scope && sort.limited)?;
        let is_own = sort.columns.iter().all(|(column, _)| column.relation == at);
        (is_own && !is_grouped && !sort.columns.is_empty()).then_some(sort)
    }

    fn table(&self, at: usize) -> Option<&'a Table> {
        table_of(self.reading, self.catalogue, at)
    }

    fn filters(
        &self,
        at: usize,
    ) -> impl Iterator<Item = (&'a crate::judge::advice::query::Filter, f64)> {
        let shares = self.case.guess.shares.iter().copied();
        self.reading.filters.iter().zip(shares).filter(move |(filter, _)| filter.relation == at)
    }

    /// The share of a relation's rows that its filters keep.
    fn kept_share(&self, at: usize) -> f64 {
        let mut always: Vec<(&KeyOf, f64)> = Vec::new();
        let mut arms: Vec<((usize, usize), f64)> = Vec::new();
        for (filter, share) in self.filters(at) {
            match filter.arm {
                Some(arm) => match arms.iter_mut().find(|(known, _)| *known == arm) {
                    Some((_, known)) => *known *= share,
                    None => arms.push((arm, share)),
                },
                // Two bounds of one column are one range.
                None => match always.iter_mut().find(|(of, _)| *of == &filter.of) {
                    Some((_, known)) => *known = known.min(share),
                    None => always.push((&filter.of, share)),
                },
            }
        }
        let any: f64 = arms.iter().map(|(_, share)| share).sum();
        let any = if arms.is_empty() { 1.0 } else { any.min(1.0) };
        always.iter().map(|(_, share)| share).product::<f64>() * any
    }

    /// Different values of a column.
    fn distinct(&self, at: usize, column: &str) -> f64 {
        let Some(table) = self.table(at) else { return DISTINCT };
        let rows = table.rows.unwrap_or(DISTINCT);
        let is_key = table.indexes.iter().any(|index| {
            index.unique
                && is_whole(index)
                && index.key.len() == 1
                && index.leading_columns().any(|name| name.eq_ignore_ascii_case(column))
        });
        if is_key {
            return rows;
        }
        let spread = table.column(column).and_then(|column| column.spread.as_ref());
        spread.map_or(DISTINCT.min(rows), |spread| spread.distinct)
    }

    fn is_innodb(&self) -> bool {
        matches!(self.catalogue.system, System::MySql | System::MariaDb)
    }

    /// What fetching rows from a table costs, the pages one after the other where they are in the order of the key, whose
    /// part that sorts them and whose whole are given; little where that holds all that is looked at.
    fn heap_cost(
        &self,
        (at, table): (usize, &Table),
        rows: f64,
        (sorting, key): (&[KeyPart], &[KeyPart]),
    ) -> f64 {
        let looked_up = if self.holds_all(at, table, key) {
            let visible = if self.is_innodb() { 1.0 } else { table.all_visible.unwrap_or(0.0) };
            1.0 - visible.clamp(0.0, 1.0)
        } else {
            1.0
        };
        if self.is_innodb() {
            return rows * KEYED_ROW_COST * looked_up;
        }
        let pages = table.pages.unwrap_or(1.0).max(1.0);
        let per_page = (table.rows.unwrap_or(1.0) / pages).max(1.0);
        let correlation = correlation(table, sorting);
        let in_order = (rows / per_page).max(1.0);
        let correlated = correlation * correlation;
        let all = correlated * in_order + (1.0 - correlated) * spread_pages(pages, rows);
        all * looked_up
    }

    /// Whether a key holds all columns that are looked at, so that the table need not be. On InnoDB it ends with the
    /// primary key.
    fn holds_all(&self, at: usize, table: &Table, key: &[KeyPart]) -> bool {
        let relation = &self.reading.relations[at];
        let primary = table.primary_key().filter(|_| self.is_innodb());
        let primary = primary.into_iter().flat_map(|index| &index.key);
        let holds = |name: &String| {
            let mut parts = key.iter().chain(primary.clone());
            parts.any(|part| part.column_name().is_some_and(|own| own.eq_ignore_ascii_case(name)))
        };
        !relation.all_used && !relation.written && relation.used.iter().all(holds)
    }
}

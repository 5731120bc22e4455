//! Indexes that might help a statement: many, as the planner chooses among them.
//!
//! A key holds what has to be equal first, the most selective in front, then an order or a range. What only saves a look
//! into the table comes last. Width is at most [`KEY_WIDTH_MAX`].

use super::immutable::is_immutable;
use super::values::Guess;
use super::width;
use crate::inquire::{Catalogue, IndexDraft, KeyOf, KeyPart, Table, TableKind};
use crate::judge::advice::query::{Filter, Reading, Test};

/// How many parts a key has at most; a fourth hardly ever pays for what it costs to keep.
pub(super) const KEY_WIDTH_MAX: usize = 3;
/// How many candidates one relation gets at most.
const PER_RELATION_MAX: usize = 60;
/// How many candidates a statement gets at most.
pub(super) const PER_STATEMENT_MAX: usize = 200;
/// An equality that keeps more of the rows is no use at the front of a key.
const EQUALITY_SHARE_MAX: f64 = 0.4;
/// A range that keeps more of the rows is no use.
const RANGE_SHARE_MAX: f64 = 0.6;
/// How many other columns a relation may use for candidates that hold them all.
const USED_MAX: usize = 6;

/// Candidates for every relation of a statement, each once.
pub(super) fn candidates(
    reading: &Reading,
    catalogue: &Catalogue,
    guess: &Guess,
) -> Vec<IndexDraft> {
    let mut all: Vec<IndexDraft> = Vec::new();
    for relation in 0..reading.relations.len() {
        let Some(table) = table_of(reading, catalogue, relation) else { continue };
        let parts = Parts::of(reading, guess, relation, catalogue);
        let keys = parts.keys().into_iter().filter(|key| width::fits(key, table, catalogue.system));
        for key in keys.take(PER_RELATION_MAX) {
            let draft = IndexDraft {
                schema: table.schema.clone(),
                table: table.name.clone(),
                key,
                ..IndexDraft::default()
            };
            if !all.contains(&draft) && all.len() < PER_STATEMENT_MAX {
                all.push(draft);
            }
        }
    }
    all
}

/// The table of a relation, if it can have indexes.
pub(super) fn table_of<'a>(
    reading: &Reading,
    catalogue: &'a Catalogue,
    relation: usize,
) -> Option<&'a Table> {
    let table = catalogue.tables.get(reading.relations.get(relation)?.table)?;
    let can_have = matches!(
        table.kind,
        TableKind::Ordinary | TableKind::Partitioned | TableKind::Materialised
    ) || table.kind == TableKind::WithoutRowId;
    can_have.then_some(table)
}

/// What a key for one relation can be made of.
#[derive(Default)]
struct Parts {
    /// What has to equal something known, the most selective first.
    equal: Vec<KeyPart>,
    /// Those of them that have to be NULL.
    nulls: Vec<KeyPart>,
    /// What has to equal something of another relation.
    join: Vec<KeyPart>,
    /// What lies in a range, the most selective first.
    range: Vec<KeyPart>,
    /// The order that is wanted, where only the first rows are.
    order: Vec<KeyPart>,
    /// What stands in the arms of an OR.
    arms: Vec<Vec<KeyPart>>,
    /// Every other column that is looked at, where they are few.
    used: Vec<KeyPart>,
}

impl Parts {
    fn of(reading: &Reading, guess: &Guess, relation: usize, catalogue: &Catalogue) -> Self {
        let mut parts = Self::default();
        let mut filters: Vec<(&Filter, f64)> = reading
            .filters
            .iter()
            .zip(guess.shares.iter().copied())
            .filter(|(filter, _)| filter.relation == relation)
            .collect();
        filters.sort_by(|a, b| a.1.total_cmp(&b.1));
        for (filter, share) in &filters {
            let Some(part) = key_part(filter, catalogue, reading) else { continue };
            let wanted = is_selective(filter, *share);
            match filter.arm {
                None if wanted && filter.operand.is_computed => push(&mut parts.join, part),
                None if wanted && filter.test.is_equality() => {
                    if filter.test == Test::IsNull {
                        push(&mut parts.nulls, part.clone());
                    }
                    push(&mut parts.equal, part);
                }
                None if wanted => push(&mut parts.range, part),
                _ => {}
            }
        }
        let system = catalogue.system;
        let table = table_of(reading, catalogue, relation);
        let column = |name: &str| table.and_then(|table| table.column(name));
        for name in reading.join_columns(relation) {
            if column(name).is_some_and(|one| width::is_key(one, system)) {
                push(&mut parts.join, KeyPart::column(name));
            }
        }
        parts.arms = arms(&filters, catalogue, reading);
        parts.order = order(reading, relation);
        let is_key = |part: &KeyPart| {
            part.column_name().and_then(column).is_some_and(|one| width::is_key(one, system))
        };
        if !parts.order.iter().all(is_key) {
            parts.order.clear();
        }
        let relation = &reading.relations[relation];
        if !relation.all_used && relation.used.len() <= USED_MAX {
            let used = relation.used.iter();
            let used = used.filter(|name| column(name).is_some_and(width::is_short));
            parts.used = used.map(KeyPart::column).collect();
        }
        parts
    }

    fn keys(&self) -> Vec<Vec<KeyPart>> {
        let mut keys = Keys::default();
        let best = |parts: &[KeyPart], n: usize| parts.get(..n.min(parts.len())).map(<[_]>::to_vec);
        let equal_2 = best(&self.equal, 2).unwrap_or_default();
        let equal_3 = best(&self.equal, 3).unwrap_or_default();
        // Singles first: they are never cut off by the limit.
        for part in self.equal.iter().chain(&self.join).chain(&self.range) {
            keys.add([part]);
        }
        self.arms.iter().for_each(|arm| keys.add(arm));
        keys.add(&equal_2);
        keys.add(&equal_3);
        keys.add(equal_2.iter().chain(&self.order));
        keys.add(self.equal.iter().take(1).chain(&self.order));
        // PostgreSQL sees no order behind a column that is NULL, so that one comes last.
        let (nulls, pinned): (Vec<_>, Vec<_>) =
            self.equal.iter().partition(|part| self.nulls.contains(part));
        if !nulls.is_empty() && !self.order.is_empty() {
            for width in [1, 2] {
                let ordered = pinned.iter().take(width).copied().chain(&self.order);
                keys.add(ordered.clone());
                keys.add(ordered.chain(nulls.iter().copied()));
            }
        }
        keys.add(&self.order);
        for range in &self.range {
            keys.add(self.equal.iter().take(1).chain([range]));
            keys.add(equal_2.iter().chain([range]));
        }
        for (one, other) in pairs(&self.range) {
            keys.add([one, other]);
        }
        for (one, other) in pairs(&self.equal) {
            keys.add([one, other]);
        }
        for join in &self.join {
            for filter in self.equal.iter().chain(&self.range) {
                keys.add([join, filter]);
                keys.add([filter, join]);
            }
            keys.add(equal_2.iter().chain([join]));
            keys.add([join].into_iter().chain(&equal_2));
            keys.add([join].into_iter().chain(&self.order));
        }
        for (one, other) in pairs(&self.join) {
            keys.add([one, other]);
        }
        self.add_whole(&mut keys);
        keys.0
    }

    /// Keys that hold all that is looked at, so that the table need not be; and keys that hold one thing more.
    fn add_whole(&self, keys: &mut Keys) {
        for first in self.join.iter().chain(&self.equal).chain(&self.range) {
            let others: Vec<&KeyPart> = self.used.iter().filter(|one| *one != first).collect();
            for other in &others {
                keys.add([first, *other]);
            }
            if others.len() == 2 {
                keys.add([first, others[0], others[1]]);
                keys.add([first, others[1], others[0]]);
            }
        }
    }
}

/// Keys, each once.
#[derive(Default)]
struct Keys(Vec<Vec<KeyPart>>);

impl Keys {
    fn add<'a>(&mut self, parts: impl IntoIterator<Item = &'a KeyPart>) {
        let mut key: Vec<KeyPart> = Vec::new();
        for part in parts {
            if key.len() < KEY_WIDTH_MAX && !key.iter().any(|known| known.of == part.of) {
                key.push(part.clone());
            }
        }
        if !key.is_empty() && !self.0.contains(&key) {
            self.0.push(key);
        }
    }
}

fn push(parts: &mut Vec<KeyPart>, part: KeyPart) {
    if !parts.contains(&part) {
        parts.push(part);
    }
}

/// All ordered pairs of different parts.
fn pairs(parts: &[KeyPart]) -> impl Iterator<Item = (&KeyPart, &KeyPart)> {
    parts.iter().flat_map(move |one| {
        parts.iter().filter(move |other| *other != one).map(move |other| (one, other))
    })
}

fn is_selective(filter: &Filter, share: f64) -> bool {
    match filter.test {
        test if test.is_equality() => share < EQUALITY_SHARE_MAX,
        test if test.is_range() => share < RANGE_SHARE_MAX,
        _ => false,
    }
}

/// The part of a key a filter can use.
pub(super) fn key_part(
    filter: &Filter,
    catalogue: &Catalogue,
    reading: &Reading,
) -> Option<KeyPart> {
    let table = table_of(reading, catalogue, filter.relation)?;
    match &filter.of {
        KeyOf::Column(name) => {
            let column = table.column(name)?;
            if !width::is_key(column, catalogue.system) {
                return None;
            }
            let mut part = KeyPart::column(name);
            let collation = column.collation.as_ref().or(catalogue.collation.as_ref());
            let is_plain = collation.is_some_and(|name| name == "C" || name == "POSIX");
            if filter.test == Test::LikePrefix
                && catalogue.system == crate::capture::System::PostgreSql
                && !is_plain
            {
                part.operator_class = Some("text_pattern_ops".to_owned());
            }
            Some(part)
        }
        KeyOf::Expression(sql) => {
            let is_key = |name: &String| {
                table.column(name).is_some_and(|one| width::is_key(one, catalogue.system))
            };
            (is_immutable(sql, reading.dialect) && filter.columns.iter().all(is_key))
                .then(|| KeyPart::expression(sql.clone()))
        }
    }
}

/// For each arm of each OR, what it asks of the relation.
fn arms(filters: &[(&Filter, f64)], catalogue: &Catalogue, reading: &Reading) -> Vec<Vec<KeyPart>> {
    let mut arms: Vec<((usize, usize), Vec<KeyPart>)> = Vec::new();
    let equalities = filters.iter().filter(|(filter, _)| filter.test.is_equality());
    let ranges = filters.iter().filter(|(filter, _)| !filter.test.is_equality());
    for (filter, share) in equalities.chain(ranges) {
        let Some(arm) = filter.arm else { continue };
        if !is_selective(filter, *share) {
            continue;
        }
        let Some(part) = key_part(filter, catalogue, reading) else { continue };
        match arms.iter_mut().find(|(known, _)| *known == arm) {
            Some((_, parts)) => push(parts, part),
            None => arms.push((arm, vec![part])),
        }
    }
    let mut keys: Vec<Vec<KeyPart>> = Vec::new();
    for (_, parts) in &arms {
        keys.extend(parts.iter().map(|part| vec![part.clone()]));
    }
    keys.extend(arms.into_iter().map(|(_, parts)| parts));
    keys.dedup();
    keys
}

/// The order that is wanted of one relation, where only its first rows are.
pub(super) fn order(reading: &Reading, relation: usize) -> Vec<KeyPart> {
    let scope = reading.relations[relation].scope;
    let Some(sort) = reading.sorts.iter().find(|sort| sort.scope == scope && sort.limited) else {
        return Vec::new();
    };
    let is_own = sort.columns.iter().all(|(column, _)| column.relation == relation);
    if !is_own {
        return Vec::new();
    }
    // Read backwards an index gives the opposite order, so only mixed directions have to be written.
    let first = sort.columns.first().is_some_and(|(_, descends)| *descends);
    let is_mixed = sort.columns.iter().any(|(_, descends)| *descends != first);
    let parts = sort.columns.iter().map(|(column, descends)| KeyPart {
        descending: is_mixed && *descends,
        ..KeyPart::column(&column.column)
    });
    parts.collect()
}

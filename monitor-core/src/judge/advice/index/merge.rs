//! One set of indexes for the whole workload: what ten statements want is often four indexes.

use std::collections::BTreeMap;

use super::search::{Found, Oracle, Trials, found, is_useful, one_for_each, thin};
use super::subject::Subject;
use crate::inquire::{AskError, IndexDraft};

/// How many new indexes a table gets at most. What it costs to keep each is weighed for itself.
pub const PER_TABLE_MAX: usize = 10;
/// The share of what all statements save that may be lost for one index less.
const LOSS_MAX: f64 = 0.01;
/// The share of its own saving that a statement may lose for that.
const OWN_LOSS_MAX: f64 = 0.03;
/// How many times as much as with its own indexes a statement may cost for that, ...
const OWN_FACTOR_MAX: f64 = 1.2;
/// ... a few units aside. Values are guessed, and with the true ones a difference may be larger than it looks.
const OWN_UNITS: f64 = 20.0;

/// A statement, and the indexes found for it.
pub(super) type Wish<'a> = (Subject<'a>, Found);

/// Gives every statement what serves it best from as few indexes as possible, and takes back the rest.
pub(super) fn merge(wishes: &mut [Wish<'_>], oracle: &mut Oracle<'_>) -> Result<(), AskError> {
    let mut set: Vec<IndexDraft> =
        wishes.iter().flat_map(|(_, found)| found.drafts.iter().cloned()).collect();
    set.sort();
    set.dedup();
    let mut costs = Costs { wishes, oracle, known: BTreeMap::new() };
    drop_beginnings(&mut costs, &mut set)?;
    drop_dispensable(&mut costs, &mut set)?;
    cap(&mut costs, &mut set)?;
    costs.settle(&set)
}

/// What statements cost with sets of indexes.
struct Costs<'w, 'a, 'p, 'o> {
    wishes: &'w mut [Wish<'a>],
    oracle: &'p mut Oracle<'o>,
    known: BTreeMap<(usize, Vec<IndexDraft>), f64>,
}

impl Costs<'_, '_, '_, '_> {
    /// What one statement costs with those of the set that are on its tables.
    fn of(&mut self, wish: usize, set: &[IndexDraft]) -> Result<f64, AskError> {
        let drafts = self.on_its_tables(wish, set);
        let key = (wish, drafts);
        if let Some(cost) = self.known.get(&key) {
            return Ok(*cost);
        }
        let cost = Trials::of(self.oracle, &self.wishes[wish].0)?.cost(&key.1)?;
        self.known.insert(key, cost);
        Ok(cost)
    }

    fn on_its_tables(&self, wish: usize, set: &[IndexDraft]) -> Vec<IndexDraft> {
        let own = &self.wishes[wish].1.drafts;
        let is_its = |draft: &&IndexDraft| {
            own.iter().any(|one| one.table == draft.table && one.schema == draft.schema)
        };
        set.iter().filter(is_its).cloned().collect()
    }

    /// What all statements save in an hour that a change from one set to another may concern.
    fn loss(
        &mut self,
        set: &[IndexDraft],
        other: &[IndexDraft],
        concerned: &[usize],
    ) -> Result<Option<f64>, AskError> {
        let mut sum = 0.0;
        for &wish in concerned {
            let (with, without) = (self.of(wish, set)?, self.of(wish, other)?);
            let loss = without - with;
            let (subject, found) = &self.wishes[wish];
            let saved = found.before - found.after;
            let is_felt = without > found.after * OWN_FACTOR_MAX + OWN_UNITS;
            if loss > 0.0 && (loss > saved * OWN_LOSS_MAX || is_felt) {
                return Ok(None);
            }
            sum += loss.max(0.0) * subject.statement.calls_per_hour;
        }
        Ok(Some(sum))
    }

    /// The statements that have found an index on the table of a draft.
    fn concerned(&self, draft: &IndexDraft) -> Vec<usize> {
        let on_it = |found: &Found| {
            found.drafts.iter().any(|one| one.table == draft.table && one.schema == draft.schema)
        };
        (0..self.wishes.len()).filter(|&wish| on_it(&self.wishes[wish].1)).collect()
    }

    /// Everything all statements save in an hour.
    fn saved(&self) -> f64 {
        let each = self.wishes.iter().map(|(subject, found)| {
            (found.before - found.after).max(0.0) * subject.statement.calls_per_hour
        });
        each.sum()
    }

    /// Gives each statement its own of what is left.
    fn settle(&mut self, set: &[IndexDraft]) -> Result<(), AskError> {
        for wish in 0..self.wishes.len() {
            let drafts = self.on_its_tables(wish, set);
            let subject = &self.wishes[wish].0;
            let mut trials = Trials::of(self.oracle, subject)?;
            let mut used = trials.used(&drafts)?;
            one_for_each(subject, &mut trials, &mut used)?;
            thin(&mut trials, &mut used)?;
            let result = found(&mut trials, used)?;
            self.wishes[wish].1 = result;
        }
        Ok(())
    }
}

/// Drops what is the beginning of another.
fn drop_beginnings(
    costs: &mut Costs<'_, '_, '_, '_>,
    set: &mut Vec<IndexDraft>,
) -> Result<(), AskError> {
    let mut at = 0;
    while at < set.len() {
        let is_beginning = set.iter().any(|other| begins(&set[at], other));
        let mut smaller = set.clone();
        let draft = smaller.remove(at);
        if is_beginning {
            let concerned = costs.concerned(&draft);
            if costs.loss(set, &smaller, &concerned)?.is_some() {
                *set = smaller;
                continue;
            }
        }
        at += 1;
    }
    Ok(())
}

fn begins(short: &IndexDraft, long: &IndexDraft) -> bool {
    short.table == long.table
        && short.schema == long.schema
        && short.predicate == long.predicate
        && short.key.len() < long.key.len()
        && short.key.iter().zip(&long.key).all(|(a, b)| a == b)
}

/// Drops, one by one, what others make up for.
fn drop_dispensable(
    costs: &mut Costs<'_, '_, '_, '_>,
    set: &mut Vec<IndexDraft>,
) -> Result<(), AskError> {
    let allowed = costs.saved() * LOSS_MAX;
    let mut at = 0;
    while at < set.len() {
        let mut smaller = set.clone();
        let draft = smaller.remove(at);
        let concerned = costs.concerned(&draft);
        match costs.loss(set, &smaller, &concerned)? {
            Some(loss) if loss <= allowed => *set = smaller,
            _ => at += 1,
        }
    }
    Ok(())
}

/// Keeps the most useful of each table.
fn cap(costs: &mut Costs<'_, '_, '_, '_>, set: &mut Vec<IndexDraft>) -> Result<(), AskError> {
    loop {
        let crowded = set.iter().position(|draft| {
            let on_it = set.iter().filter(|one| one.table == draft.table).count();
            on_it > PER_TABLE_MAX
        });
        let Some(first) = crowded else { return Ok(()) };
        let table = set[first].table.clone();
        let mut least: Option<(usize, f64)> = None;
        for at in 0..set.len() {
            if set[at].table != table {
                continue;
            }
            let worth = worth_of(costs, set, at)?;
            if least.is_none_or(|(_, known)| worth < known) {
                least = Some((at, worth));
            }
        }
        set.remove(least.map_or(first, |(at, _)| at));
    }
}

/// What one index saves in an hour, beside the others.
fn worth_of(
    costs: &mut Costs<'_, '_, '_, '_>,
    set: &[IndexDraft],
    at: usize,
) -> Result<f64, AskError> {
    let mut smaller = set.to_vec();
    let draft = smaller.remove(at);
    let mut sum = 0.0;
    for wish in costs.concerned(&draft) {
        let (with, without) = (costs.of(wish, set)?, costs.of(wish, &smaller)?);
        if is_useful(without - with, with, costs.wishes[wish].1.before) {
            sum += (without - with) * costs.wishes[wish].0.statement.calls_per_hour;
        }
    }
    Ok(sum)
}

//! The best indexes for one statement, by its planner's own word.

use std::collections::BTreeMap;

use super::gates::{MODEL_SAVING_MIN, SAVING_MIN};
use super::model::Model;
use super::subject::{Case, Subject};
use crate::capture::System;
use crate::inquire::{AskError, Catalogue, IndexDraft, Plan, Planner};

/// An index stays only if the statement costs this share of its cost now more without it ...
const USE_MIN: f64 = 0.07;
/// The same in a wide join, ...
const WIDE_USE_MIN: f64 = 0.10;
/// ... or this many times as much as with it, and ...
const USE_FACTOR: f64 = 1.8;
/// ... at least so many units more.
const USE_UNITS: f64 = 30.0;
/// A narrower index is taken if it costs no more than this share of the cost now ...
const NARROW_SHARE: f64 = 0.01;
/// ... and no more than this many times as much as the wider one, ...
const NARROW_FACTOR: f64 = 1.05;
/// ... a few units aside.
const NARROW_UNITS: f64 = 5.0;

/// An index in the order that is wanted may cost this share of the cost now more than the cheapest.
const ORDER_SHARE: f64 = 0.03;

/// The model is believed where it says of things as they are what the database says, up to this factor.
const MODEL_FIT: f64 = 3.0;

/// The same upwards where the planner knows nothing of how values are spread, and so joins in an order that the model
/// would not.
const ROUGH_FIT: f64 = 10.0;

/// Indexes for a statement, and what they bring.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) drafts: Vec<IndexDraft>,
    pub(super) before: f64,
    pub(super) after: f64,
    /// For each draft, what the statement would cost more without it.
    pub(super) worth: Vec<f64>,
    pub(super) plan_after: Option<Plan>,
}

/// Who says what a statement would cost.
pub(super) enum Oracle<'p> {
    /// A planner that tries indexes out.
    Planner(&'p mut dyn Planner),
    /// The model, where there is none.
    Model(&'p Catalogue),
}

impl Oracle<'_> {
    fn plan(
        &mut self,
        subject: &Subject<'_>,
        case: &Case,
        drafts: &[IndexDraft],
    ) -> Result<Plan, AskError> {
        match (self, &case.asked) {
            (Self::Planner(planner), Some((explainable, _))) => planner.plan(explainable, drafts),
            (Self::Planner(_), None) => Ok(Plan::default()),
            (Self::Model(catalogue), _) => Ok(Model::of(subject, case, catalogue).plan(drafts)),
        }
    }

    /// The share of a statement's cost that its indexes have to save.
    pub(super) fn saving_min(&self) -> f64 {
        match self {
            Self::Planner(_) => SAVING_MIN,
            Self::Model(_) => MODEL_SAVING_MIN,
        }
    }
}

/// Asks what one statement costs with one set of indexes and another; asks each thing once.
///
/// Where nobody knows its values, what counts is the cost that falls least: an index for values that may not be meant
/// is none.
pub(super) struct Trials<'t, 'p> {
    oracle: &'t mut Oracle<'p>,
    subject: &'t Subject<'t>,
    /// For each case what it costs now, and what the oracle's costs are to be multiplied by; 0 where it cannot be told
    /// whether those mean anything.
    cases: Vec<(f64, f64)>,
    /// Whether it is a join of so many tables that a plan says little whatever the values.
    is_wide: bool,
    known: BTreeMap<Vec<IndexDraft>, Vec<f64>>,
}

impl<'t, 'p> Trials<'t, 'p> {
    pub(super) fn of(
        oracle: &'t mut Oracle<'p>,
        subject: &'t Subject<'t>,
    ) -> Result<Self, AskError> {
        let mut cases = Vec::new();
        for case in &subject.cases {
            let known = case.asked.as_ref().and_then(|(_, plan)| plan.cost);
            cases.push(match oracle {
                Oracle::Planner(_) => (known.unwrap_or(0.0), 1.0),
                Oracle::Model(_) => {
                    let own = oracle.plan(subject, case, &[])?.cost.unwrap_or(0.0).max(1.0);
                    match &case.asked {
                        // A plan without a cost: nothing to hold the model against.
                        Some((_, Plan { cost: None, .. })) => (own, 0.0),
                        _ => (known.unwrap_or(own), known.unwrap_or(own) / own),
                    }
                }
            });
        }
        let is_wide = subject.is_wide();
        Ok(Self { oracle, subject, cases, is_wide, known: BTreeMap::new() })
    }

    /// What it costs now, with the values that fit best.
    pub(super) fn before(&self) -> f64 {
        self.cases.first().map_or(0.0, |(before, _)| *before)
    }

    /// Whether the oracle explains what the database says it costs now.
    pub(super) fn explains(&self) -> bool {
        let most = match &self.oracle {
            Oracle::Model(catalogue) if has_rough_planner(catalogue.system) => ROUGH_FIT,
            _ => MODEL_FIT,
        };
        self.cases.iter().all(|(_, scale)| (1.0 / MODEL_FIT..=most).contains(scale))
    }

    /// Whether it is a planner that says what it costs.
    pub(super) fn is_planner(&self) -> bool {
        matches!(self.oracle, Oracle::Planner(_))
    }

    /// The plan with the values that fit best; of the model's there is nothing to show.
    pub(super) fn plan(&mut self, drafts: &[IndexDraft]) -> Result<Option<Plan>, AskError> {
        match self.oracle {
            Oracle::Planner(_) => {
                self.oracle.plan(self.subject, self.subject.first(), drafts).map(Some)
            }
            Oracle::Model(_) => Ok(None),
        }
    }

    /// The drafts that are used with any values.
    pub(super) fn used(&mut self, drafts: &[IndexDraft]) -> Result<Vec<IndexDraft>, AskError> {
        let mut used: Vec<usize> = Vec::new();
        for case in &self.subject.cases {
            used.extend(self.oracle.plan(self.subject, case, drafts)?.drafts_used());
        }
        used.sort_unstable();
        used.dedup();
        Ok(used.into_iter().filter_map(|at| drafts.get(at).cloned()).collect())
    }

    /// The costs, one for each case.
    fn costs(&mut self, drafts: &[IndexDraft]) -> Result<Vec<f64>, AskError> {
        let mut key = drafts.to_vec();
        key.sort();
        if let Some(costs) = self.known.get(&key) {
            return Ok(costs.clone());
        }
        let mut costs = Vec::new();
        for (case, (_, scale)) in self.subject.cases.iter().zip(&self.cases) {
            let plan = self.oracle.plan(self.subject, case, drafts)?;
            costs.push(plan.cost.unwrap_or(f64::INFINITY) * scale);
        }
        self.known.insert(key, costs.clone());
        Ok(costs)
    }

    /// The cost with the values for which it falls least, in proportion to the cost now; of a wide join the mean.
    pub(super) fn cost(&mut self, drafts: &[IndexDraft]) -> Result<f64, AskError> {
        let costs = self.costs(drafts)?;
        let shares =
            costs.iter().zip(&self.cases).map(|(cost, (before, _))| cost / before.max(1.0));
        let share = match self.is_wide {
            true => shares.sum::<f64>() / self.cases.len().max(1) as f64,
            false => shares.fold(0.0, f64::max),
        };
        Ok(share * self.before().max(1.0))
    }

    /// For each draft, what the statement costs more without it.
    pub(super) fn worth(&mut self, drafts: &[IndexDraft]) -> Result<Vec<f64>, AskError> {
        let with = self.cost(drafts)?;
        (0..drafts.len()).map(|at| Ok(self.cost(&without(drafts, at))? - with)).collect()
    }

    /// Whether, whatever the values are, some drafts cost no more than others and this share of the cost now.
    fn is_near_in_all(
        &mut self,
        drafts: &[IndexDraft],
        others: &[IndexDraft],
        share: f64,
    ) -> Result<bool, AskError> {
        let (costs, others) = (self.costs(drafts)?, self.costs(others)?);
        let mut all = costs.iter().zip(&others).zip(&self.cases);
        Ok(all.all(|((cost, other), (before, _))| *cost <= other + share * before))
    }

    /// Whether a draft earns its place beside the others, whatever the values are.
    fn is_useful(&mut self, drafts: &[IndexDraft], at: usize) -> Result<bool, AskError> {
        let with = self.costs(drafts)?;
        let others = self.costs(&without(drafts, at))?;
        let mut all = with.iter().zip(&others).zip(&self.cases);
        let is_wide = self.is_wide;
        Ok(all.all(|((with, without), (before, _))| {
            is_useful(without - with, *with, *before)
                && (!is_wide || without - with > WIDE_USE_MIN * before)
        }))
    }
}

/// The indexes that a planner picks from the candidates, as few and as narrow as will do. Empty if it picks none.
///
/// All candidates are offered at once: what the plan then uses is close to the best set there is. The rest is taking
/// away.
pub(super) fn search(
    subject: &Subject<'_>,
    candidates: &[IndexDraft],
    oracle: &mut Oracle<'_>,
    is_allowed: &dyn Fn(&IndexDraft) -> bool,
) -> Result<Option<Found>, AskError> {
    let mut trials = Trials::of(oracle, subject)?;
    if !trials.explains() {
        return Ok(None);
    }
    let before = trials.before();
    let mut drafts = trials.used(candidates)?;
    if drafts.is_empty() {
        return Ok(None);
    }
    if trials.cases.len() < 2 {
        thin(&mut trials, &mut drafts)?;
    }
    one_for_each(subject, &mut trials, &mut drafts)?;
    exchange(&mut trials, &mut drafts, candidates)?;
    thin(&mut trials, &mut drafts)?;
    narrow(&mut trials, &mut drafts, before, is_allowed)?;
    thin(&mut trials, &mut drafts)?;
    prefer_order(subject, &mut trials, &mut drafts, candidates)?;
    found(&mut trials, drafts).map(Some)
}

/// What a set of indexes brings.
pub(super) fn found(
    trials: &mut Trials<'_, '_>,
    drafts: Vec<IndexDraft>,
) -> Result<Found, AskError> {
    let worth = trials.worth(&drafts)?;
    let (before, after) = (trials.before(), trials.cost(&drafts)?);
    Ok(Found { before, after, worth, plan_after: trials.plan(&drafts)?, drafts })
}

/// Where several cases are to be served: puts in the place of each index the candidate that serves all of them best.
fn exchange(
    trials: &mut Trials<'_, '_>,
    drafts: &mut [IndexDraft],
    candidates: &[IndexDraft],
) -> Result<(), AskError> {
    if trials.cases.len() < 2 {
        return Ok(());
    }
    for at in 0..drafts.len() {
        let mut best = trials.cost(drafts)?;
        for candidate in candidates {
            if !is_same_table(candidate, &drafts[at]) || drafts.contains(candidate) {
                continue;
            }
            let mut others = drafts.to_vec();
            others[at] = candidate.clone();
            let cost = trials.cost(&others)?;
            if cost < best {
                best = cost;
                drafts[at] = candidate.clone();
            }
        }
    }
    Ok(())
}

/// Takes away, one by one, the index that is missed least, while it is missed little.
pub(super) fn thin(
    trials: &mut Trials<'_, '_>,
    drafts: &mut Vec<IndexDraft>,
) -> Result<(), AskError> {
    while !drafts.is_empty() {
        let worth = trials.worth(drafts)?;
        let mut order: Vec<usize> = (0..drafts.len()).collect();
        order.sort_by(|&a, &b| worth[a].total_cmp(&worth[b]));
        let mut useless = None;
        for at in order {
            if !trials.is_useful(drafts, at)? {
                useless = Some(at);
                break;
            }
        }
        match useless {
            Some(at) => drafts.remove(at),
            None => break,
        };
    }
    Ok(())
}

/// Whether an index whose loss costs `worth` more than `with` all earns its place.
pub(super) fn is_useful(worth: f64, with: f64, before: f64) -> bool {
    worth > USE_MIN * before || (worth + with > USE_FACTOR * with && worth > USE_UNITS)
}

/// Leaves one index to a table that is named once and without an OR.
///
/// A planner may read two and keep what both find. One index over both columns does better where they are selective,
/// and where they are not, the second one's use hangs on values that are guessed.
pub(super) fn one_for_each(
    subject: &Subject<'_>,
    trials: &mut Trials<'_, '_>,
    drafts: &mut Vec<IndexDraft>,
) -> Result<(), AskError> {
    loop {
        let crowded = drafts.iter().position(|draft| {
            let on_it = drafts.iter().filter(|one| is_same_table(one, draft)).count();
            on_it > 1 && !subject.may_combine(draft)
        });
        let Some(first) = crowded.map(|at| drafts[at].clone()) else { return Ok(()) };
        let worth = trials.worth(drafts)?;
        let on_it = (0..drafts.len()).filter(|&at| is_same_table(&drafts[at], &first));
        let least = on_it.min_by(|&a, &b| worth[a].total_cmp(&worth[b]));
        drafts.remove(least.unwrap_or_default());
    }
}

fn is_same_table(one: &IndexDraft, other: &IndexDraft) -> bool {
    one.table == other.table && one.schema == other.schema
}

/// Replaces each index by the shortest beginning of its key that does nearly as well.
fn narrow(
    trials: &mut Trials<'_, '_>,
    drafts: &mut Vec<IndexDraft>,
    before: f64,
    is_allowed: &dyn Fn(&IndexDraft) -> bool,
) -> Result<(), AskError> {
    let best = trials.cost(drafts)?;
    for at in 0..drafts.len() {
        for width in 1..drafts[at].key.len() {
            let mut narrower = drafts.clone();
            narrower[at].key.truncate(width);
            let is_twice =
                narrower.iter().enumerate().any(|(n, one)| n != at && *one == narrower[at]);
            if is_twice || !is_allowed(&narrower[at]) {
                continue;
            }
            if is_near(trials.cost(&narrower)?, best, before) {
                *drafts = narrower;
                break;
            }
        }
    }
    Ok(())
}

/// Where only the first rows of an order are wanted, prefers an index that gives that order to one that costs about the
/// same without.
///
/// Values are guessed, and some have far more rows than an ordinary one: the ordered index still reads only the first
/// of them, the other reads and sorts them all.
fn prefer_order(
    subject: &Subject<'_>,
    trials: &mut Trials<'_, '_>,
    drafts: &mut [IndexDraft],
    candidates: &[IndexDraft],
) -> Result<(), AskError> {
    // The model knows an order's cost too roughly to choose by a few units.
    if !trials.is_planner() {
        return Ok(());
    }
    for at in 0..drafts.len() {
        let own = drafts[at].clone();
        if subject.gives_order(&own) {
            continue;
        }
        let mut best = f64::INFINITY;
        for candidate in candidates {
            let begins_alike = candidate.key.first() == own.key.first();
            if !is_same_table(candidate, &own) || !begins_alike || !subject.gives_order(candidate) {
                continue;
            }
            let mut others = drafts.to_vec();
            others[at] = candidate.clone();
            let cost = trials.cost(&others)?;
            if cost < best
                && trials.is_near_in_all(&others, drafts, ORDER_SHARE)?
                && trials.used(&others)?.contains(candidate)
            {
                best = cost;
                drafts[at] = candidate.clone();
            }
        }
    }
    Ok(())
}

/// Whether a cost is as good as another, for a statement that costs `before` now.
pub(super) fn is_near(cost: f64, best: f64, before: f64) -> bool {
    cost - best <= NARROW_SHARE * before && cost <= best * NARROW_FACTOR + NARROW_UNITS
}

/// Whether a planner has no statistics of columns without an index, unless somebody asked for them.
fn has_rough_planner(system: System) -> bool {
    matches!(system, System::MySql | System::MariaDb)
}

fn without(drafts: &[IndexDraft], at: usize) -> Vec<IndexDraft> {
    let others = drafts.iter().enumerate().filter(|(n, _)| *n != at);
    others.map(|(_, draft)| draft.clone()).collect()
}

//! One statement made ready: read, with values, in a form its system explains.

use super::candidates::{order, table_of};
use super::gates::{CALLS_MIN, MEAN_MIN, OBSERVED_MIN, is_small};
use super::lean::Lean;
use super::values::{Guess, Guesser, LIMIT_ROWS};
use super::workload::{Pattern, Statement, Workload, dialect_of};
use super::{Answer, Quiet};
use crate::inquire::{
    AskError, AskErrorKind, Catalogue, Estimates, Explainable, FilterEstimate, IndexDraft, KeyPart,
    Plan, Planner,
};
use crate::judge::advice::query::{Filling, Reading, Test, ValueUse, read, read_as_told, render};

/// How many relations a statement may have that is planned with values. With more, wrong guesses add up: on suites of
/// many joins plans made without values were better; on TPC-H it made no difference.
const VALUES_RELATIONS_MAX: usize = 3;
/// How often the values of ranges are fitted to the rows that were seen.
const FITTINGS: usize = 3;
/// A plan's rows that are off by less fit.
const FIT: f64 = 2.0;
/// What to put where nothing is known of a value; the first the server understands.
const STAND_INS: [&str; 3] = ["'1'", "1", "null"];

/// A statement that may want an index.
pub(super) struct Subject<'a> {
    /// Its place in the workload.
    pub(super) place: usize,
    pub(super) statement: &'a Statement,
    pub(super) reading: Reading,
    /// What its values may be. The first fits best, and the others as well as nobody can tell; never empty.
    pub(super) cases: Vec<Case>,
}

/// A statement with values that it may have.
#[derive(Clone, Default)]
pub(super) struct Case {
    pub(super) guess: Guess,
    /// What its planner is asked, and what it says as things are; `None` where no planner can be asked.
    pub(super) asked: Option<(Explainable, Plan)>,
}

/// Whether a statement is worth a thought, before anything is read.
pub(super) fn worth(statement: &Statement, workload: &Workload) -> Result<(), Answer> {
    if workload.observed < OBSERVED_MIN || statement.calls < CALLS_MIN {
        return Err(Answer::TooSoon);
    }
    if statement.mean < MEAN_MIN {
        return Err(Answer::Quiet(Quiet::Quick));
    }
    Ok(())
}

impl<'a> Subject<'a> {
    /// Reads a statement and finds forms that its system explains.
    pub(super) fn of(
        place: usize,
        statement: &'a Statement,
        catalogue: &Catalogue,
        planner: Option<&mut (dyn Planner + '_)>,
    ) -> Result<Self, Answer> {
        let reading = understood(statement, catalogue)?;
        let mut subject = Self { place, statement, reading, cases: Vec::new() };
        match planner {
            Some(planner) => subject.ask(catalogue, planner)?,
            None => {
                let guess = subject.guesser(catalogue, Lean::default(), 1.0).values();
                subject.cases.push(Case { guess, asked: None });
            }
        }
        Ok(subject)
    }

    /// The values that fit best, and the plan with them.
    pub(super) fn first(&self) -> &Case {
        &self.cases[0]
    }

    /// Whether a statement can have use for several indexes of a draft's table: it names the table more than once, or
    /// asks for one thing or another.
    pub(super) fn may_combine(&self, draft: &IndexDraft) -> bool {
        let relations = self.reading.relations.iter();
        let named = relations.filter(|relation| relation.name.eq_ignore_ascii_case(&draft.table));
        named.count() != 1 || self.reading.filters.iter().any(|filter| filter.arm.is_some())
    }

    /// The one relation that is of a draft's table; `None` where it is named more than once.
    pub(super) fn only_relation(&self, draft: &IndexDraft) -> Option<usize> {
        let relations = self.reading.relations.iter().enumerate();
        let mut named =
            relations.filter(|(_, relation)| relation.name.eq_ignore_ascii_case(&draft.table));
        named.next().map(|(at, _)| at).filter(|_| named.next().is_none())
    }

    /// Whether a draft gives the rows of its table in the order that is wanted, where only the first are.
    pub(super) fn gives_order(&self, draft: &IndexDraft) -> bool {
        let reading = &self.reading;
        let Some(at) = self.only_relation(draft) else { return false };
        let order = order(reading, at);
        let is_pinned = |part: &&KeyPart| {
            let mut own = reading.filters_of(at).filter(|filter| filter.of == part.of);
            own.any(|filter| filter.test == Test::Equal)
        };
        let pinned = draft.key.iter().take_while(is_pinned).count();
        !order.is_empty() && draft.key[pinned..].starts_with(&order)
    }

    /// Whether it has more relations than values are of use for.
    pub(super) fn is_wide(&self) -> bool {
        self.reading.relations.len() > VALUES_RELATIONS_MAX
    }

    fn guesser<'s>(
        &'s self,
        catalogue: &'s Catalogue,
        lean: Lean,
        range_scale: f64,
    ) -> Guesser<'s> {
        Guesser { catalogue, reading: &self.reading, statement: self.statement, range_scale, lean }
    }

    /// Asks for plans with values that keep many rows or few, where nothing tells which are meant.
    fn ask(&mut self, catalogue: &Catalogue, planner: &mut dyn Planner) -> Result<(), Answer> {
        let is_wide = self.is_wide();
        if is_wide {
            let guess = self.guesser(catalogue, Lean::default(), 1.0).bounds_only();
            self.cases.extend(self.explain(&guess.filling.clone(), guess, catalogue, planner)?);
        }
        for lean in Lean::ALL {
            let Some(case) = self.fitted(lean, catalogue, planner)? else { continue };
            let is_open = case.guess.is_open;
            let text = |case: &Case| case.asked.as_ref().map(|(asked, _)| asked.text.clone());
            if self.cases.iter().all(|known| text(known) != text(&case)) {
                self.cases.push(case);
            }
            if !is_wide && !is_open {
                break;
            }
        }
        self.keep_fitting();
        if self.cases.is_empty() { Err(Answer::Quiet(Quiet::NotExplained)) } else { Ok(()) }
    }

    /// Keeps the cases that explain the rows seen, the best first, where those tell.
    fn keep_fitting(&mut self) {
        let Some(seen) = self.statement.rows.filter(|_| self.reading.rows_tell) else { return };
        if self.is_wide() {
            return;
        }
        let far = |case: &Case| {
            let planned = case.asked.as_ref().and_then(|(_, plan)| plan.nodes.first()?.rows);
            planned.map_or(0.0, |planned| (planned.max(1.0) / seen.max(1.0)).ln().abs())
        };
        self.cases.sort_by(|a, b| far(a).total_cmp(&far(b)));
        let nearest = self.cases.first().map_or(0.0, far);
        self.cases.retain(|case| far(case) <= nearest + FIT.ln());
    }

    /// Values of one sort, those of ranges fitted to the rows seen, and the plan with them; `None` if the server
    /// understands no form of it.
    fn fitted(
        &self,
        lean: Lean,
        catalogue: &Catalogue,
        planner: &mut dyn Planner,
    ) -> Result<Option<Case>, Answer> {
        let mut guess = self.guesser(catalogue, lean, 1.0).values();
        let mut scale = 1.0;
        let mut last = None;
        for _ in 0..FITTINGS {
            let mut found = None;
            for stand_in in STAND_INS {
                let filling = Filling { rest: Some(stand_in), ..guess.filling.clone() };
                found = self.explain(&filling, guess.clone(), catalogue, planner)?;
                if found.is_some() {
                    break;
                }
            }
            let Some(case) = found else { return Ok(None) };
            let misfit = self.misfit(&case);
            last = Some(case);
            match misfit {
                Some(misfit) => scale *= misfit,
                None => break,
            }
            guess = self.guesser(catalogue, lean, scale).values();
        }
        Ok(last)
    }

    /// Asks for the plan as things are; `None` where the server did not understand.
    fn explain(
        &self,
        filling: &Filling,
        guess: Guess,
        catalogue: &Catalogue,
        planner: &mut dyn Planner,
    ) -> Result<Option<Case>, Answer> {
        let Some(explainable) = render(&self.reading, filling) else { return Ok(None) };
        let estimates = self.estimates(&guess, catalogue);
        let explainable = Explainable { estimates, ..explainable };
        match planner.plan(&explainable, &[]) {
            Ok(plan) => Ok(Some(Case { guess, asked: Some((explainable, plan)) })),
            Err(AskError { kind: AskErrorKind::Wrong, .. }) => Ok(None),
            Err(error) => Err(Answer::NotAsked(error)),
        }
    }

    /// What its filters are taken to keep.
    fn estimates(&self, guess: &Guess, catalogue: &Catalogue) -> Estimates {
        let reading = &self.reading;
        let table = |at: usize| catalogue.tables.get(at).map(|table| table.name.clone());
        let relations = reading.relations.iter();
        let filters = reading.filters.iter().zip(&guess.shares);
        Estimates {
            relations: relations
                .map(|one| (one.alias.clone(), table(one.table).unwrap_or_default()))
                .collect(),
            filters: filters
                .map(|(filter, share)| FilterEstimate {
                    relation: filter.relation,
                    of: filter.of.clone(),
                    share: *share,
                    arm: filter.arm,
                })
                .collect(),
            joins: reading
                .joins
                .iter()
                .map(|join| [&join.left, &join.right].map(|one| (one.relation, one.column.clone())))
                .collect(),
            limit: self.limit(),
        }
    }

    /// How many rows are wanted of those there are, where only the first are.
    pub(super) fn limit(&self) -> Option<f64> {
        let reading = &self.reading;
        let is_limited = reading.values.iter().any(|(_, what)| *what == ValueUse::Limit)
            || reading.sorts.iter().any(|sort| sort.limited);
        is_limited.then(|| self.statement.rows.unwrap_or(LIMIT_ROWS).max(1.0))
    }

    /// By how much the rows seen differ from those planned for, where other values of its ranges could mend it.
    fn misfit(&self, case: &Case) -> Option<f64> {
        if !case.guess.has_range || !self.reading.rows_tell {
            return None;
        }
        let seen = self.statement.rows?.max(1.0);
        let planned = case.asked.as_ref()?.1.nodes.first()?.rows?.max(1.0);
        let misfit = seen / planned;
        (!(1.0 / FIT..=FIT).contains(&misfit)).then_some(misfit)
    }
}

/// The statement, read; with what is known of its patterns.
fn understood(statement: &Statement, catalogue: &Catalogue) -> Result<Reading, Answer> {
    let quiet = |why| Err(Answer::Quiet(why));
    let dialect = dialect_of(catalogue.system);
    let by_sample = statement.sample.as_deref().and_then(|text| read(text, dialect, catalogue));
    let as_told = || read_as_told(&statement.text, dialect, catalogue, &statement.wording);
    let Some(mut reading) = by_sample.or_else(as_told) else {
        return quiet(Quiet::NotRead);
    };
    for filter in &mut reading.filters {
        if filter.test == Test::Like && filter.operand.is_open {
            match statement.pattern {
                Pattern::Prefix => filter.test = Test::LikePrefix,
                Pattern::Unknown | Pattern::Wildcard => {}
            }
        }
    }
    let is_any_large = (0..reading.relations.len()).any(|relation| {
        table_of(&reading, catalogue, relation).is_some_and(|table| !is_small(table))
    });
    if is_any_large { Ok(reading) } else { quiet(Quiet::SmallTables) }
}

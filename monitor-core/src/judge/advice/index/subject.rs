//! One statement made ready: read, with values, in a form its system explains.

use super::candidates::table_of;
use super::gates::{CALLS_MIN, MEAN_MIN, OBSERVED_MIN, is_small};
use super::values::{Guess, Guesser, LIMIT_ROWS};
use super::workload::{Pattern, Statement, Workload, dialect_of};
use super::{Answer, Quiet};
use crate::inquire::{
    AskError, AskErrorKind, Catalogue, Estimates, Explainable, FilterEstimate, IndexDraft, Plan,
    Planner,
};
use crate::judge::advice::query::{Filling, Reading, Test, ValueUse, read, render};

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
    /// Reads a statement and finds a form that its system explains.
    pub(super) fn of(
        place: usize,
        statement: &'a Statement,
        catalogue: &Catalogue,
        planner: Option<&mut (dyn Planner + '_)>,
    ) -> Result<Self, Answer> {
        let reading = understood(statement, catalogue)?;
        let mut subject = Self { place, statement, reading, guess: Guess::default(), asked: None };
        subject.guess = subject.guesser(catalogue, 1.0).values();
        if let Some(planner) = planner {
            subject.ask(catalogue, planner)?;
        }
        Ok(subject)
    }

    /// Whether a statement can have use for several indexes of a draft's table: it names the table more than once, or
    /// asks for one thing or another.
    pub(super) fn may_combine(&self, draft: &IndexDraft) -> bool {
        let relations = self.reading.relations.iter();
        let named = relations.filter(|relation| relation.name.eq_ignore_ascii_case(&draft.table));
        named.count() != 1 || self.reading.filters.iter().any(|filter| filter.arm.is_some())
    }

    fn guesser<'s>(&'s self, catalogue: &'s Catalogue, range_scale: f64) -> Guesser<'s> {
        Guesser { catalogue, reading: &self.reading, statement: self.statement, range_scale }
    }

    fn ask(&mut self, catalogue: &Catalogue, planner: &mut dyn Planner) -> Result<(), Answer> {
        if self.reading.relations.len() > VALUES_RELATIONS_MAX {
            let filling = self.guesser(catalogue, 1.0).bounds_only().filling;
            if self.explain(&filling, catalogue, planner)? {
                return Ok(());
            }
        }
        let mut scale = 1.0;
        for _ in 0..FITTINGS {
            let filling = self.guess.filling.clone();
            let explained = STAND_INS.iter().find_map(|stand_in| {
                let filling = Filling { rest: Some(stand_in), ..filling.clone() };
                self.explain(&filling, catalogue, planner)
                    .map(|done| done.then_some(()))
                    .transpose()
            });
            match explained {
                Some(explained) => explained?,
                None => return Err(Answer::Quiet(Quiet::NotExplained)),
            }
            match self.misfit() {
                Some(misfit) => scale *= misfit,
                None => break,
            }
            self.guess = self.guesser(catalogue, scale).values();
        }
        Ok(())
    }

    /// Asks for the plan as things are; whether the server understood.
    fn explain(
        &mut self,
        filling: &Filling,
        catalogue: &Catalogue,
        planner: &mut dyn Planner,
    ) -> Result<bool, Answer> {
        let Some(explainable) = render(&self.reading, filling) else { return Ok(false) };
        let explainable = Explainable { estimates: self.estimates(catalogue), ..explainable };
        match planner.plan(&explainable, &[]) {
            Ok(plan) => {
                self.asked = Some((explainable, plan));
                Ok(true)
            }
            Err(AskError { kind: AskErrorKind::Wrong, .. }) => Ok(false),
            Err(error) => Err(Answer::NotAsked(error)),
        }
    }

    /// What its filters are taken to keep.
    fn estimates(&self, catalogue: &Catalogue) -> Estimates {
        let reading = &self.reading;
        let table = |at: usize| catalogue.tables.get(at).map(|table| table.name.clone());
        let relations = reading.relations.iter();
        let filters = reading.filters.iter().zip(&self.guess.shares);
        let is_limited = reading.values.iter().any(|(_, what)| *what == ValueUse::Limit)
            || reading.sorts.iter().any(|sort| sort.limited);
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
            limit: is_limited.then(|| self.statement.rows.unwrap_or(LIMIT_ROWS).max(1.0)),
        }
    }

    /// By how much the rows seen differ from those planned for, where other values of its ranges could mend it.
    fn misfit(&self) -> Option<f64> {
        if !self.guess.has_range || !self.reading.rows_tell {
            return None;
        }
        let seen = self.statement.rows?.max(1.0);
        let planned = self.asked.as_ref()?.1.nodes.first()?.rows?.max(1.0);
        let misfit = seen / planned;
        (!(1.0 / FIT..=FIT).contains(&misfit)).then_some(misfit)
    }
}

/// The statement, read; with what is known of its patterns.
fn understood(statement: &Statement, catalogue: &Catalogue) -> Result<Reading, Answer> {
    let quiet = |why| Err(Answer::Quiet(why));
    let dialect = dialect_of(catalogue.system);
    let read_text = |text: &str| read(text, dialect, catalogue);
    let Some(mut reading) = read_text(statement.best_text()).or_else(|| read_text(&statement.text))
    else {
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

//! Which indexes a database misses, for what it has to do.
//!
//! Observed time first: a statement that is quick needs nothing. Then candidates from its text, the planner's choice
//! among them where it can try them out, gates against what is small, rare or dear to keep, and one set for the whole
//! workload. Pure: numbers and catalogue come in, and the planner is asked through its trait.

mod after;
mod answer;
mod candidates;
mod cover;
mod existing;
mod follow;
mod gates;
mod immutable;
mod inverted;
mod lean;
mod merge;
mod meter;
mod model;
mod pages;
mod partial;
mod plans;
mod scale;
mod search;
mod subject;
mod unused;
mod upkeep;
mod values;
mod width;
mod words;
mod workload;

use std::fmt;
use std::time::SystemTime;

use crate::inquire::{AskError, Catalogue, IndexDraft, Planner, Table};
use crate::judge::advice::{Confidence, Recommendation};

pub use after::{CALLS_EACH_MIN, HELPED_SHARE, Outcome, compare};
pub(crate) use answer::unasked;
pub use cover::{BESIDE_SAVING_MIN, VISIBLE_MIN};
pub(crate) use follow::Follower;
pub use follow::Sequel;
pub use gates::{
    CALLS_MIN, COST_MIN, DELETE_SHARE, MEAN_MIN, MODEL_SAVING_MIN, OBSERVED_MIN, PAGES_MIN,
    ROWS_MIN, SAVING_MIN, UPDATE_SHARE, WRITE_COST,
};
pub use merge::PER_TABLE_MAX;
pub(crate) use meter::WriteMeter;
pub use partial::PARTIAL_SHARE_MAX;
pub(crate) use plans::plans;
pub use unused::{UNUSED_AFTER, UNUSED_BYTES_MIN, UNUSED_WRITES_MIN};
pub use upkeep::{FOREIGN_KEY_ROWS_MIN, Upkeep, upkeep};
pub use words::{create_statements, drop_statements, index_name};
pub use workload::{Pattern, Statement, TableName, Workload, WriteRate, dialect_of};

use merge::Wish;
use search::Oracle;
use subject::Subject;

/// What the advisor says about a workload.
#[derive(Clone, Debug, Default)]
pub struct IndexAdvice {
    /// Advice, the most time first.
    pub recommendations: Vec<Recommendation>,
    /// The answer for each statement, in the order of the workload.
    pub answers: Vec<Answer>,
}

/// What the advisor says about one statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// These indexes help it.
    Found {
        /// The indexes.
        indexes: Vec<IndexDraft>,
        /// Its cost now.
        before: f64,
        /// Its cost with them.
        after: f64,
    },
    /// No index is advised, for a reason.
    Quiet(Quiet),
    /// It was not seen often or long enough.
    TooSoon,
    /// The database gave no answer.
    NotAsked(AskError),
}

/// Why no index is advised for a statement.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Quiet {
    /// Its calls are short already.
    Quick,
    /// The statement was not understood, or names no table of the catalogue.
    NotRead,
    /// The database's planner did not understand the form it was asked in.
    NotExplained,
    /// Its tables are small.
    SmallTables,
    /// It costs little.
    Cheap,
    /// Nothing it asks for could use an index, or those that exist serve it.
    NoCandidate,
    /// What could serve it is there already: this index.
    Covered(String),
    /// No index the planner was offered is of use to it.
    Unused,
    /// The best indexes save too little: this share.
    SavesLittle(f64),
    /// The table is written so often that keeping the index costs more than it saves.
    TooManyWrites,
    /// Other indexes advised make up for it.
    Dispensable,
    /// What it asks for lies inside a value, and how few rows it finds there is not known.
    RowsUnknown,
}

/// Says which indexes a workload misses.
///
/// With a planner that tries indexes out ([`Planner::what_if`]) advice is [`Confidence::Verified`]; otherwise a small
/// model stands in for it, says less, and its advice is [`Confidence::Modelled`]. Cost: tens of plans for each
/// statement that is slow enough, none for the others.
pub fn advise(
    workload: &Workload,
    catalogue: &Catalogue,
    mut planner: Option<&mut (dyn Planner + '_)>,
    now: SystemTime,
) -> IndexAdvice {
    let mut answers = vec![Answer::TooSoon; workload.statements.len()];
    let mut subjects = Vec::new();
    for (place, statement) in workload.statements.iter().enumerate() {
        let subject = subject::worth(statement, workload)
            .and_then(|()| Subject::of(place, statement, catalogue, planner.as_deref_mut()));
        match subject {
            Ok(subject) => subjects.push(subject),
            Err(answer) => answers[place] = answer,
        }
    }
    let set = updated_columns(workload, catalogue);
    let engine = Engine { workload, catalogue, set: &set };
    let (mut wishes, mut inverted): (Vec<Wish<'_>>, Vec<Wish<'_>>) = Default::default();
    let mut oracle = match planner {
        Some(planner) if planner.what_if() => Oracle::Planner(planner),
        _ => Oracle::Model(catalogue),
    };
    for subject in subjects {
        let place = subject.place;
        match engine.best(&subject, &mut oracle) {
            Ok(found) => wishes.push((subject, found)),
            Err(Answer::Quiet(quiet)) => match inverted::best(&subject, &engine) {
                Some(Ok(found)) => inverted.push((subject, found)),
                Some(Err(quiet)) => answers[place] = Answer::Quiet(quiet),
                None => answers[place] = Answer::Quiet(quiet),
            },
            Err(answer) => answers[place] = answer,
        }
    }
    if let Err(error) = merge::merge(&mut wishes, &mut oracle) {
        // Half a merge proves nothing: what is not verified is not said.
        wishes
            .iter()
            .for_each(|(subject, _)| answers[subject.place] = Answer::NotAsked(error.clone()));
        wishes.clear();
    }
    partial::make_partial(&mut wishes, catalogue);
    let saving_min = oracle.saving_min();
    for (subject, found) in &wishes {
        answers[subject.place] = made_already(found, catalogue).map_or_else(
            || answer_of(found, saving_min),
            |index| Answer::Quiet(Quiet::Covered(index)),
        );
    }
    wishes.retain(|(subject, _)| matches!(answers[subject.place], Answer::Found { .. }));
    let confidence = match oracle {
        Oracle::Planner(_) => Confidence::Verified,
        Oracle::Model(_) => Confidence::Modelled,
    };
    let mut recommendations = words::recommendations(&wishes, workload, catalogue, confidence, now);
    inverted::make_one(&mut inverted);
    for (subject, found) in &inverted {
        answers[subject.place] = answer_of(found, MODEL_SAVING_MIN);
    }
    let modelled = Confidence::Modelled;
    recommendations.extend(words::recommendations(&inverted, workload, catalogue, modelled, now));
    recommendations.sort_by_key(|one| std::cmp::Reverse(one.impact.time_per_hour));
    IndexAdvice { recommendations, answers }
}

/// The partial index, if all that was found for a statement is made already.
fn made_already(found: &search::Found, catalogue: &Catalogue) -> Option<String> {
    let mut made = found.drafts.iter().map(|draft| {
        let of = |table: &&Table| table.name == draft.table && table.schema == draft.schema;
        existing::same_partial(catalogue.tables.iter().find(of)?, draft)
    });
    let first = made.next()??;
    made.all(|one| one.is_some()).then(|| first.name.clone())
}

fn answer_of(found: &search::Found, saving_min: f64) -> Answer {
    if found.drafts.is_empty() {
        return Answer::Quiet(Quiet::Dispensable);
    }
    match saved(found) {
        share if share < saving_min => Answer::Quiet(Quiet::SavesLittle(share)),
        _ => Answer::Found {
            indexes: found.drafts.clone(),
            before: found.before,
            after: found.after,
        },
    }
}

/// The share of its cost that a statement saves.
fn saved(found: &search::Found) -> f64 {
    1.0 - found.after / found.before.max(1.0)
}

/// The columns that statements of the workload update, each with its table, in lower case.
fn updated_columns(workload: &Workload, catalogue: &Catalogue) -> Vec<(String, String)> {
    let dialect = dialect_of(catalogue.system);
    let is_update = |statement: &&Statement| {
        let start = statement.text.get(..6).unwrap_or_default();
        start.eq_ignore_ascii_case("update") || statement.text.contains(" update ")
    };
    let mut columns = Vec::new();
    for statement in workload.statements.iter().filter(is_update) {
        let Some(reading) = super::query::read(&statement.text, dialect, catalogue) else {
            continue;
        };
        for column in &reading.sets {
            let table = reading.relations.get(column.relation).map(|one| one.table);
            if let Some(table) = table.and_then(|table| catalogue.tables.get(table)) {
                columns.push((table.name.to_ascii_lowercase(), column.column.to_ascii_lowercase()));
            }
        }
    }
    columns
}

/// What all statements are judged by.
struct Engine<'a> {
    workload: &'a Workload,
    catalogue: &'a Catalogue,
    set: &'a [(String, String)],
}

impl Engine<'_> {
    /// The best indexes for one statement alone.
    fn best(
        &self,
        subject: &Subject<'_>,
        oracle: &mut Oracle<'_>,
    ) -> Result<search::Found, Answer> {
        let quiet = |why| Err(Answer::Quiet(why));
        let before = subject.first().asked.as_ref().and_then(|(_, plan)| plan.cost);
        if before.is_some_and(|before| before < gates::COST_MIN) {
            return quiet(Quiet::Cheap);
        }
        let mut all: Vec<IndexDraft> = Vec::new();
        for case in &subject.cases {
            for draft in candidates::candidates(&subject.reading, self.catalogue, &case.guess) {
                if !all.contains(&draft) {
                    all.push(draft);
                }
            }
        }
        let mut covered = None;
        let allowed: Vec<IndexDraft> =
            all.into_iter().filter(|draft| self.is_allowed(draft, &mut covered)).collect();
        if allowed.is_empty() {
            return quiet(covered.map_or(Quiet::NoCandidate, Quiet::Covered));
        }
        let found = self.chosen(subject, &allowed, oracle)?;
        if found.before < gates::COST_MIN {
            return quiet(Quiet::Cheap);
        }
        match saved(&found) {
            share if share < oracle.saving_min() => quiet(Quiet::SavesLittle(share)),
            _ => Ok(found),
        }
    }

    /// The planner's choice, less what costs more to keep than it saves.
    fn chosen(
        &self,
        subject: &Subject<'_>,
        candidates: &[IndexDraft],
        oracle: &mut Oracle<'_>,
    ) -> Result<search::Found, Answer> {
        let mut left = candidates.to_vec();
        let mut too_dear = false;
        loop {
            let is_allowed = |draft: &IndexDraft| self.is_allowed(draft, &mut None);
            let found =
                search::search(subject, &left, oracle, &is_allowed).map_err(Answer::NotAsked)?;
            let found = match found {
                Some(found) => {
                    Some(self.covered(subject, found, oracle).map_err(Answer::NotAsked)?)
                }
                None => None,
            };
            let Some(found) = found.filter(|found| !found.drafts.is_empty()) else {
                let why = if too_dear { Quiet::TooManyWrites } else { Quiet::Unused };
                return Err(Answer::Quiet(why));
            };
            let dear = found.drafts.iter().zip(&found.worth).find(|(draft, worth)| {
                !self.is_worth_writes(draft, **worth, subject.statement.calls_per_hour)
            });
            match dear {
                // What begins with the same column costs as much to keep.
                Some((dear, _)) => {
                    too_dear = true;
                    left.retain(|one| {
                        one.table != dear.table || one.key.first() != dear.key.first()
                    });
                }
                None => return Ok(found),
            }
        }
    }

    /// The same, with columns beside the keys where that pays.
    fn covered(
        &self,
        subject: &Subject<'_>,
        found: search::Found,
        oracle: &mut Oracle<'_>,
    ) -> Result<search::Found, AskError> {
        let mut trials = search::Trials::of(oracle, subject)?;
        let mut drafts = found.drafts.clone();
        let calls = subject.statement.calls_per_hour;
        let is_worth = |draft: &IndexDraft, saved| self.is_worth_writes(draft, saved, calls);
        cover::cover(subject, &mut trials, &mut drafts, self.catalogue, self.set, &is_worth)?;
        if drafts == found.drafts { Ok(found) } else { search::found(&mut trials, drafts) }
    }

    fn is_worth_writes(&self, draft: &IndexDraft, worth: f64, calls: f64) -> bool {
        calls * worth > gates::write_cost(draft, self.workload, self.catalogue, self.set)
    }

    /// Whether a draft is on a table that is worth it, and nothing that exists does the same.
    fn is_allowed(&self, draft: &IndexDraft, covered: &mut Option<String>) -> bool {
        let table = self
            .catalogue
            .tables
            .iter()
            .find(|table| table.name == draft.table && table.schema == draft.schema);
        let Some(table) = table else { return false };
        if gates::is_small(table) {
            return false;
        }
        let by = existing::covering(table, draft).or_else(|| existing::unique_within(table, draft));
        if let Some(index) = by {
            covered.get_or_insert_with(|| index.name.clone());
            return false;
        }
        true
    }
}

// === impl Quiet ===

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quick => {
                write!(f, "its calls take less than {} ms", MEAN_MIN.as_secs_f64() * 1e3)
            }
            Self::NotRead => f.write_str("the statement could not be read"),
            Self::NotExplained => f.write_str("the database could not explain it"),
            Self::SmallTables => f.write_str("its tables are too small"),
            Self::Cheap => write!(f, "it costs less than {COST_MIN:.0}"),
            Self::NoCandidate => f.write_str("nothing in it could use an index"),
            Self::Covered(index) => write!(f, "index {index} serves it"),
            Self::Unused => f.write_str("no index would be used"),
            Self::SavesLittle(share) => {
                write!(f, "the best indexes save only {:.0} %", share * 100.0)
            }
            Self::TooManyWrites => f.write_str("too many writes for what it saves"),
            Self::RowsUnknown => f.write_str(
                "it looks inside a value, and its rows do not tell how few have what it looks for",
            ),
            Self::Dispensable => f.write_str("other indexes advised make up for its own"),
        }
    }
}

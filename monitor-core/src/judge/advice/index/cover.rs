//! Columns kept beside a key, so that the table need not be looked into.

use super::gates::COST_MIN;
use super::partial::names_column;
use super::search::Trials;
use super::subject::Subject;
use super::{candidates::table_of, width};
use crate::capture::System;
use crate::inquire::{AskError, Catalogue, IndexDraft};

/// How many columns are kept beside a key at most.
const BESIDE_MAX: usize = 3;
/// Share of the table's pages that all transactions can see, from which on an index alone answers. A page that was
/// written since it was cleaned up has to be looked into all the same.
pub const VISIBLE_MIN: f64 = 0.9;
/// Share of what the statement costs with the key alone that has to be saved.
pub const BESIDE_SAVING_MIN: f64 = 0.5;

/// Keeps beside each key what its statement selects, where the planner says that this saves most of the rest.
///
/// `is_worth` says whether so many units a call pay for keeping a draft. Columns of `set` are updated and never kept: an
/// update that touches no indexed column is a fraction of one that does.
pub(super) fn cover(
    subject: &Subject<'_>,
    trials: &mut Trials<'_, '_>,
    drafts: &mut [IndexDraft],
    catalogue: &Catalogue,
    set: &[(String, String)],
    is_worth: &dyn Fn(&IndexDraft, f64) -> bool,
) -> Result<(), AskError> {
    if catalogue.system != System::PostgreSql || catalogue.version.0 < 11 || !trials.is_planner() {
        return Ok(());
    }
    for at in 0..drafts.len() {
        let Some(beside) = beside(subject, &drafts[at], catalogue, set) else { continue };
        let mut with = drafts.to_vec();
        with[at].include = beside;
        let (plain, covered) = (trials.cost(drafts)?, trials.cost(&with)?);
        let saved = plain - covered;
        let is_much = saved >= COST_MIN && saved >= BESIDE_SAVING_MIN * plain;
        if is_much && is_worth(&with[at], saved) {
            drafts[at] = with.swap_remove(at);
        }
    }
    Ok(())
}

/// The columns of a relation that a draft's key lacks, where they are few, short and never updated.
fn beside(
    subject: &Subject<'_>,
    draft: &IndexDraft,
    catalogue: &Catalogue,
    set: &[(String, String)],
) -> Option<Vec<String>> {
    let at = subject.only_relation(draft)?;
    let relation = &subject.reading.relations[at];
    let table = table_of(&subject.reading, catalogue, at)?;
    let is_still = table.all_visible.is_some_and(|share| share >= VISIBLE_MIN);
    if relation.all_used || relation.written || !is_still {
        return None;
    }
    let lacking = relation.used.iter().filter(|name| !names_column(draft, &name.to_lowercase()));
    let lacking: Vec<&String> = lacking.collect();
    let table_name = table.name.to_ascii_lowercase();
    let is_kept = |name: &&String| {
        let is_set =
            set.iter().any(|(of, one)| *of == table_name && one.eq_ignore_ascii_case(name));
        table.column(name).is_some_and(width::is_short) && !is_set
    };
    let fits = (1..=BESIDE_MAX).contains(&lacking.len()) && lacking.iter().all(is_kept);
    fits.then(|| lacking.into_iter().cloned().collect())
}

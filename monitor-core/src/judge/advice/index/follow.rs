//! Indexes that were advised: were they made, and did they help?

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{Answer, IndexAdvice, Outcome, Workload, compare};
use crate::identify::Fingerprint;
use crate::inquire::{Catalogue, Index, IndexDraft, Table};
use crate::snapshot::{Activity, Rollup};

/// An index that was advised, and is there now.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sequel {
    /// The statement it was advised for.
    pub statement: (Fingerprint, String),
    /// The index that serves it now, by its name.
    pub index: String,
    /// When it was first seen; it was made since the look before.
    pub seen_at: SystemTime,
    /// Whether it helped.
    pub outcome: Outcome,
}

/// Follows advised indexes: until they are made, and then for as long as the monitor runs.
///
/// At most [`FOLLOWED_MAX`]; further advice is not followed, and counted.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    followed: BTreeMap<(Fingerprint, String), Followed>,
    unfollowed: u64,
}

/// Advised indexes that are followed at a time.
const FOLLOWED_MAX: usize = 200;

#[derive(Debug)]
struct Followed {
    text: String,
    draft: IndexDraft,
    /// Indexes of the table when it was advised.
    known: Vec<String>,
    made: Option<Made>,
}

#[derive(Debug)]
struct Made {
    index: String,
    seen_at: SystemTime,
    /// The statement's calls until then.
    before: Activity,
}

// === impl Follower ===

impl Follower {
    /// Takes down what is advised now, and looks what became of what was advised before.
    pub(crate) fn look(
        &mut self,
        (indexes, workload): (&IndexAdvice, &Workload),
        catalogue: &Catalogue,
        lifetime: &Rollup,
        now: SystemTime,
    ) -> Vec<Sequel> {
        for (statement, answer) in workload.statements.iter().zip(&indexes.answers) {
            if let Answer::Found { indexes, .. } = answer {
                for draft in indexes {
                    self.follow(statement.fingerprint, &statement.text, draft, catalogue);
                }
            }
        }
        let mut sequels = Vec::new();
        for ((fingerprint, _), followed) in &mut self.followed {
            let reading =
                lifetime.statements.iter().find(|one| one.fingerprint == Some(*fingerprint));
            if let Some(reading) = reading {
                let sequel = followed.look(*fingerprint, &reading.activity, catalogue, now);
                sequels.extend(sequel);
            }
        }
        sequels
    }

    fn follow(
        &mut self,
        fingerprint: Fingerprint,
        text: &str,
        draft: &IndexDraft,
        catalogue: &Catalogue,
    ) {
        let key = (fingerprint, format!("{}.{} ({})", draft.schema, draft.table, draft.key_sql()));
        if self.followed.contains_key(&key) {
            return;
        }
        if self.followed.len() >= FOLLOWED_MAX {
            self.unfollowed += 1;
            return;
        }
        let indexes = table_of(draft, catalogue).map(|table| &table.indexes);
        let known = indexes.into_iter().flatten().map(|index| index.name.clone()).collect();
        let followed = Followed { text: text.to_owned(), draft: draft.clone(), known, made: None };
        self.followed.insert(key, followed);
    }

    pub(crate) fn unfollowed(&self) -> u64 {
        self.unfollowed
    }
}

// === impl Followed ===

impl Followed {
    fn look(
        &mut self,
        fingerprint: Fingerprint,
        activity: &Activity,
        catalogue: &Catalogue,
        now: SystemTime,
    ) -> Option<Sequel> {
        if self.made.is_none() {
            let index = self.index_in(catalogue)?;
            self.made = Some(Made { index, seen_at: now, before: activity.clone() });
        }
        let made = self.made.as_ref()?;
        Some(Sequel {
            statement: (fingerprint, self.text.clone()),
            index: made.index.clone(),
            seen_at: made.seen_at,
            outcome: compare(&made.before, &activity.since(&made.before)),
        })
    }

    /// An index that was made since and begins as the one advised: somebody may have good reasons to make it
    /// narrower, or wider.
    fn index_in(&self, catalogue: &Catalogue) -> Option<String> {
        let first = self.draft.key.first()?;
        let serves = |index: &&Index| {
            let begins_alike = index.key.first().is_some_and(|part| part.of == first.of);
            let is_kind = self.draft.method.is_none_or(|method| index.method == method);
            index.valid && is_kind && begins_alike && !self.known.contains(&index.name)
        };
        let table = table_of(&self.draft, catalogue)?;
        table.indexes.iter().find(serves).map(|index| index.name.clone())
    }
}

fn table_of<'a>(draft: &IndexDraft, catalogue: &'a Catalogue) -> Option<&'a Table> {
    let is_its = |table: &&Table| {
        table.name == draft.table && (draft.schema.is_empty() || table.schema == draft.schema)
    };
    catalogue.tables.iter().find(is_its)
}

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
/// At most [`FOLLOWED_MAX`]. Where there are more, the one that was advised longest ago and never made is let go; where all
/// are made or advised now, further advice is not followed, and counted.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    followed: BTreeMap<(Fingerprint, String), Followed>,
    /// Of what was advised at the last look.
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
    advised_at: SystemTime,
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
        self.unfollowed = 0;
        for (statement, answer) in workload.statements.iter().zip(&indexes.answers) {
            if let Answer::Found { indexes, .. } = answer {
                for draft in indexes {
                    let statement = (statement.fingerprint, &*statement.text);
                    self.follow(statement, draft, catalogue, now);
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
        (fingerprint, text): (Fingerprint, &str),
        draft: &IndexDraft,
        catalogue: &Catalogue,
        now: SystemTime,
    ) {
        let key = (fingerprint, format!("{}.{} ({})", draft.schema, draft.table, draft.key_sql()));
        if let Some(followed) = self.followed.get_mut(&key) {
            followed.advised_at = now;
            return;
        }
        if self.followed.len() >= FOLLOWED_MAX && !self.let_one_go(now) {
            self.unfollowed += 1;
            return;
        }
        let indexes = table_of(draft, catalogue).map(|table| &table.indexes);
        let known = indexes.into_iter().flatten().map(|index| index.name.clone()).collect();
        let (text, draft) = (text.to_owned(), draft.clone());
        let followed = Followed { text, draft, known, advised_at: now, made: None };
        self.followed.insert(key, followed);
    }

    /// Makes room, if there is an index that nobody made and that is not advised any more.
    fn let_one_go(&mut self, now: SystemTime) -> bool {
        let idle = self.followed.iter().filter(|(_, one)| one.made.is_none());
        let idle = idle.filter(|(_, one)| one.advised_at < now);
        let oldest = idle.min_by_key(|(_, one)| one.advised_at).map(|(key, _)| key.clone());
        oldest.is_some_and(|key| self.followed.remove(&key).is_some())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Catalogue, FOLLOWED_MAX, Fingerprint, Follower, IndexDraft, SystemTime};

    fn advise(follower: &mut Follower, table: usize, at: u64) {
        let draft = IndexDraft { table: format!("t{table}"), ..IndexDraft::default() };
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        let text = format!("select {table}");
        let statement = (Fingerprint::of_normalised(&text), &*text);
        follower.follow(statement, &draft, &Catalogue::default(), at);
    }

    #[test]
    fn what_nobody_made_and_nobody_advises_any_more_makes_room() {
        let mut follower = Follower::default();
        (0..FOLLOWED_MAX).for_each(|table| advise(&mut follower, table, table.min(1) as u64));
        advise(&mut follower, FOLLOWED_MAX, 1);
        let follows = |follower: &Follower, table: &str| {
            follower.followed.values().any(|followed| followed.draft.table == table)
        };
        assert!(follows(&follower, "t200") && !follows(&follower, "t0"));
        assert_eq!((follower.followed.len(), follower.unfollowed()), (FOLLOWED_MAX, 0));
        advise(&mut follower, FOLLOWED_MAX + 1, 1);
        assert_eq!((follows(&follower, "t201"), follower.unfollowed()), (false, 1));
    }
}

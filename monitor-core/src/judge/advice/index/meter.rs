//! How much is written to each table by everybody: the difference of the server's own counters between two looks.
//!
//! The sum since the server began to count would say less: whoever filled a table once would seem to do so for ever.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::gates::OBSERVED_MIN;
use super::workload::{TableName, WriteRate};
use crate::inquire::{Catalogue, Writes};

/// How long looks lie apart at most that are compared; the older one is replaced then.
const APART_MAX: Duration = Duration::from_secs(2 * 3600);

/// Remembers what the server had counted at two earlier looks. Memory: two counters for each table.
#[derive(Debug, Default)]
pub(crate) struct WriteMeter {
    /// What is compared with, and what takes its place.
    first: Option<Look>,
    next: Option<Look>,
}

#[derive(Debug)]
struct Look {
    at: SystemTime,
    counted: BTreeMap<TableName, Writes>,
}

// === impl WriteMeter ===

impl WriteMeter {
    /// The rows written an hour to each table since an earlier look. Empty where none is [`OBSERVED_MIN`] old.
    pub(crate) fn look(
        &mut self,
        catalogue: &Catalogue,
        now: SystemTime,
    ) -> BTreeMap<TableName, WriteRate> {
        let look = Look::of(catalogue, now);
        let rates = self.first.as_ref().map(|first| first.rates(&look)).unwrap_or_default();
        let age = |of: &Look| now.duration_since(of.at).unwrap_or_default();
        let is_old = |of: &Option<Look>| of.as_ref().is_some_and(|one| age(one) >= APART_MAX / 2);
        if self.first.as_ref().is_none_or(|first| age(first) >= APART_MAX) {
            self.first = self.next.take();
        }
        if self.first.is_none() {
            self.first = Some(look);
        } else if self.next.is_none() && is_old(&self.first) {
            self.next = Some(look);
        }
        rates
    }
}

// === impl Look ===

impl Look {
    fn of(catalogue: &Catalogue, at: SystemTime) -> Self {
        let tables = catalogue.tables.iter();
        let counted = tables
            .filter_map(|table| Some(((table.schema.clone(), table.name.clone()), table.writes?)));
        Self { at, counted: counted.collect() }
    }

    /// What was written between this look and a later one; nothing of tables whose counters were emptied meanwhile.
    fn rates(&self, later: &Self) -> BTreeMap<TableName, WriteRate> {
        let apart = later.at.duration_since(self.at).unwrap_or_default();
        if apart < OBSERVED_MIN {
            return BTreeMap::new();
        }
        let per_hour = 3600.0 / apart.as_secs_f64();
        let rates = later.counted.iter().filter_map(|(name, now)| {
            let before = self.counted.get(name)?;
            let rate = WriteRate {
                inserted: (now.inserted - before.inserted) * per_hour,
                updated: (now.updated - before.updated) * per_hour,
                deleted: (now.deleted - before.deleted) * per_hour,
            };
            let is_sound =
                [rate.inserted, rate.updated, rate.deleted].iter().all(|one| *one >= 0.0);
            is_sound.then(|| (name.clone(), rate))
        });
        rates.collect()
    }
}

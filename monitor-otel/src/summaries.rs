//! Which query summaries get numbers of their own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use monitor_core::capture::Database;
use opentelemetry::KeyValue;

use crate::{attributes, names};

/// Stands for every summary beyond the limit.
const OTHER: &str = "_other";

/// Attributes of calls, by database and query summary.
///
/// A summary that has its place keeps it: a metric that lost one of its series would start anew.
#[derive(Debug)]
pub(crate) struct Summaries {
    known: HashMap<Arc<Database>, BySummary>,
    count: usize,
    /// Summaries without a place, as far as they are counted: no more than have one.
    folded: HashSet<Arc<str>>,
    most: usize,
}

type BySummary = HashMap<Arc<str>, Arc<[KeyValue]>>;

// === impl Summaries ===

impl Summaries {
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), count: 0, folded: HashSet::new(), most }
    }

    /// The attributes of a call that went well.
    pub(crate) fn of(&mut self, database: &Arc<Database>, summary: &Arc<str>) -> Arc<[KeyValue]> {
        let known = self.known.entry(database.clone()).or_default();
        if let Some(attributes) = known.get(summary) {
            return attributes.clone();
        }
        if self.count < self.most {
            self.count += 1;
            return known.entry(summary.clone()).or_insert_with(|| of(database, summary)).clone();
        }
        if self.folded.len() < self.most {
            self.folded.insert(summary.clone());
        }
        known.entry(OTHER.into()).or_insert_with(|| of(database, OTHER)).clone()
    }

    /// Summaries without a place.
    pub(crate) fn folded(&self) -> usize {
        self.folded.len()
    }
}

fn of(database: &Database, summary: &str) -> Arc<[KeyValue]> {
    let mut attributes = attributes::database(database);
    if !summary.is_empty() {
        attributes.push(KeyValue::new(names::QUERY_SUMMARY, summary.to_owned()));
    }
    attributes.into()
}

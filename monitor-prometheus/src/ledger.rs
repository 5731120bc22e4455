//! Counters that only go up, also when a statement loses its place.
//!
//! The monitor keeps a bounded number of statements; one that makes room moves its numbers to
//! "other". A series made of statements would go down then, and Prometheus would take that for a
//! restart and count everything once more. So what happened since the last scrape is added to
//! series of our own, which never give anything back.

use std::collections::HashMap;
use std::sync::Arc;

use monitor_core::capture::Database;
use monitor_core::identify::Fingerprint;
use monitor_core::snapshot::{Activity, Rollup, StatementActivity};

/// The label of everything beyond the limit.
pub(crate) const OTHER: &str = "_other";

/// Activity by database and query summary.
#[derive(Debug)]
pub(crate) struct Ledger {
    series: HashMap<Key, Activity>,
    statements: HashMap<(Arc<Database>, Fingerprint), Activity>,
    databases: HashMap<Arc<Database>, Activity>,
    /// Summaries that did not get a series of their own.
    folded: HashMap<Key, ()>,
    summaries_max: usize,
}

/// A database and a query summary.
pub(crate) type Key = (Arc<Database>, Arc<str>);

// === impl Ledger ===

impl Ledger {
    pub(crate) fn new(summaries_max: usize) -> Self {
        Self {
            series: HashMap::new(),
            statements: HashMap::new(),
            databases: HashMap::new(),
            folded: HashMap::new(),
            summaries_max,
        }
    }

    /// Adds what happened since the last time.
    pub(crate) fn enter(&mut self, lifetime: &Rollup) {
        let mut before = std::mem::take(&mut self.statements);
        let mut totals = HashMap::<Arc<Database>, Activity>::new();
        let mut named = HashMap::<Arc<Database>, Activity>::new();
        // Most time first: while there is room, the series go to the heaviest.
        for statement in &lifetime.statements {
            let database = &statement.database;
            totals.entry(database.clone()).or_default().merge(&statement.activity);
            let Some(fingerprint) = statement.fingerprint else { continue };
            let key = (database.clone(), fingerprint);
            let known = before.remove(&key);
            let since = since(&statement.activity, known.as_ref());
            if since.calls > 0 {
                named.entry(database.clone()).or_default().merge(&since);
                let series = self.series_of(statement);
                self.series.entry(series).or_default().merge(&since);
            }
            self.statements.insert(key, statement.activity.clone());
        }
        for (database, total) in totals {
            self.enter_rest(database, total, &named);
        }
    }

    /// What no statement accounts for, among it the last calls of those that lost their place.
    fn enter_rest(
        &mut self,
        database: Arc<Database>,
        total: Activity,
        named: &HashMap<Arc<Database>, Activity>,
    ) {
        let all = since(&total, self.databases.get(&database));
        let rest = named.get(&database).map_or_else(|| all.clone(), |named| all.since(named));
        if rest.calls > 0 {
            self.series.entry((database.clone(), OTHER.into())).or_default().merge(&rest);
        }
        self.databases.insert(database, total);
    }

    fn series_of(&mut self, statement: &StatementActivity) -> Key {
        let key = (statement.database.clone(), statement.summary.clone());
        if self.series.contains_key(&key) {
            return key;
        }
        if self.series.len() < self.summaries_max {
            return key;
        }
        // Remembered only to be counted, and no more of them than there are series.
        if self.folded.len() < self.summaries_max {
            self.folded.insert(key, ());
        }
        (statement.database.clone(), OTHER.into())
    }

    /// The series that a summary's calls are entered in.
    pub(crate) fn key(&self, database: &Arc<Database>, summary: &Arc<str>) -> Key {
        let key = (database.clone(), summary.clone());
        if self.series.contains_key(&key) { key } else { (key.0, OTHER.into()) }
    }

    /// Every series, in a stable order.
    pub(crate) fn series(&self) -> Vec<(&Key, &Activity)> {
        let mut series: Vec<_> = self.series.iter().collect();
        series.sort_by_key(|(key, _)| *key);
        series
    }

    /// All series of each database together, in a stable order.
    pub(crate) fn databases(&self) -> Vec<(&Arc<Database>, &Activity)> {
        let mut databases: Vec<_> = self.databases.iter().collect();
        databases.sort_by_key(|(database, _)| *database);
        databases
    }

    /// Summaries exported as "other", as far as they are counted.
    pub(crate) fn folded(&self) -> usize {
        self.folded.len()
    }
}

/// What was added; everything, if the statement began anew meanwhile.
fn since(now: &Activity, before: Option<&Activity>) -> Activity {
    match before {
        Some(before) if now.calls >= before.calls => now.since(before),
        _ => now.clone(),
    }
}

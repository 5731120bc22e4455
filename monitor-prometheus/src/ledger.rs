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
    databases: Vec<Account>,
    statements: HashMap<(usize, Fingerprint), Known>,
    /// How often numbers were entered: tells statements that are gone.
    round: u64,
    /// Summaries that did not get a series of their own.
    folded: HashMap<Key, ()>,
    summaries_max: usize,
}

/// All calls of one database.
#[derive(Debug)]
struct Account {
    database: Arc<Database>,
    entered: Activity,
}

/// A statement as it was entered last.
#[derive(Debug)]
struct Known {
    activity: Activity,
    round: u64,
}

/// What one round finds of one database.
#[derive(Default)]
struct Found {
    calls: u64,
    /// What was added to statements that have numbers of their own.
    named: Activity,
}

/// A database and a query summary.
pub(crate) type Key = (Arc<Database>, Arc<str>);

// === impl Ledger ===

impl Ledger {
    pub(crate) fn new(summaries_max: usize) -> Self {
        Self {
            series: HashMap::new(),
            databases: Vec::new(),
            statements: HashMap::new(),
            round: 0,
            folded: HashMap::new(),
            summaries_max,
        }
    }

    /// Adds what happened since the last time. Costs mostly what was busy since then.
    pub(crate) fn enter(&mut self, lifetime: &Rollup) {
        self.round += 1;
        let mut found = Vec::<Found>::new();
        // Most time first: while there is room, the series go to the heaviest.
        for statement in &lifetime.statements {
            let place = self.place_of(&statement.database);
            found.resize_with(self.databases.len(), Found::default);
            found[place].calls += statement.activity.calls;
            self.enter_statement(place, statement, &mut found[place].named);
        }
        let round = self.round;
        self.statements.retain(|_, known| known.round == round);
        for (place, found) in found.into_iter().enumerate() {
            self.enter_rest(place, &found, lifetime);
        }
    }

    /// Where a database's account is; there are few.
    fn place_of(&mut self, database: &Arc<Database>) -> usize {
        let same =
            |known: &Account| Arc::ptr_eq(&known.database, database) || known.database == *database;
        self.databases.iter().position(same).unwrap_or_else(|| {
            let database = database.clone();
            self.databases.push(Account { database, entered: Activity::default() });
            self.databases.len() - 1
        })
    }

    fn enter_statement(
        &mut self,
        place: usize,
        statement: &StatementActivity,
        named: &mut Activity,
    ) {
        let Some(fingerprint) = statement.fingerprint else { return };
        let (activity, round) = (&statement.activity, self.round);
        let since = match self.statements.get_mut(&(place, fingerprint)) {
            Some(known) if known.activity.calls == activity.calls => {
                known.round = round;
                return;
            }
            Some(known) => {
                let since = since(activity, &known.activity);
                *known = Known { activity: activity.clone(), round };
                since
            }
            None => {
                let known = Known { activity: activity.clone(), round };
                self.statements.insert((place, fingerprint), known);
                activity.clone()
            }
        };
        named.merge(&since);
        let series = self.series_of(statement);
        self.series.entry(series).or_default().merge(&since);
    }

    /// What no statement accounts for, among it the last calls of those that lost their place. It is looked for only
    /// where a call is missing.
    fn enter_rest(&mut self, place: usize, found: &Found, lifetime: &Rollup) {
        let Account { database, entered } = &mut self.databases[place];
        if entered.calls + found.named.calls == found.calls {
            entered.merge(&found.named);
            return;
        }
        let mut total = Activity::default();
        let of_this = lifetime.statements.iter().filter(|known| known.database == *database);
        of_this.for_each(|statement| total.merge(&statement.activity));
        let rest = since(&total, entered).since(&found.named);
        *entered = total;
        if rest.calls > 0 {
            self.series.entry((database.clone(), OTHER.into())).or_default().merge(&rest);
        }
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
        let accounts = self.databases.iter();
        let mut databases: Vec<_> = accounts.map(|one| (&one.database, &one.entered)).collect();
        databases.sort_by_key(|(database, _)| *database);
        databases
    }

    /// Summaries exported as "other", as far as they are counted.
    pub(crate) fn folded(&self) -> usize {
        self.folded.len()
    }
}

/// What was added; everything, if the statement began anew meanwhile.
fn since(now: &Activity, before: &Activity) -> Activity {
    if now.calls >= before.calls { now.since(before) } else { now.clone() }
}

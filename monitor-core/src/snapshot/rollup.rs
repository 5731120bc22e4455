//! The same calls, seen from several sides.
//!
//! A call is counted once, for its statement. What a kind, a table, a list size or everything
//! together adds up to is the sum over statements, so the sides always agree.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rapidhash::RapidHashMap;

use super::{Activity, Adding, List, OriginalText};
use crate::capture::{Database, System};
use crate::identify::{Dialect, Fingerprint, Kind, ListSize, Tables, Wording};

/// Calls added up in total, and by statement, kind and table.
///
/// The total is there; each [`List`] is put together by whoever reads it first.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Rollup {
    /// All calls.
    pub total: Activity,
    /// By statement, most time first.
    pub statements: List<StatementActivity>,
    /// By kind, in the order of [`Kind::ALL`]; kinds never seen are left out.
    pub kinds: List<KindActivity>,
    /// By table, most time first. A call that touches two tables counts for both.
    pub tables: List<TableActivity>,
}

/// One statement on one database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatementActivity {
    /// Its identity; `None` for the calls of statements that gave up their place ("other").
    pub fingerprint: Option<Fingerprint>,
    /// Its normalised text; for "other" a description.
    pub text: Arc<str>,
    /// Operations and tables in a few words (OpenTelemetry's `db.query.summary`).
    pub summary: Arc<str>,
    /// Its kind.
    pub kind: Kind,
    /// The tables it reads and writes.
    pub tables: Arc<Tables>,
    /// What the literals of its texts tell, since the start, also in a window.
    pub wording: Wording,
    /// The first of its texts as it was sent, where [such are kept](crate::Builder::keep_literals_for_advice).
    pub sample: Option<OriginalText>,
    /// The database it runs on.
    pub database: Arc<Database>,
    /// From how long on its calls count as slow; `None` where none ever does, and for "other".
    pub slow_after: Option<Duration>,
    /// From how long on its calls count as very slow; `None` where none ever does, and for "other".
    pub very_slow_after: Option<Duration>,
    /// A comment in one of its texts says `monitor:mute`: nobody wants to hear about it.
    pub muted: bool,
    /// Its calls.
    pub activity: Activity,
    /// Its calls by the length of its longest list, if it has lists.
    pub by_list_size: Vec<ListActivity>,
}

/// Calls of one statement with lists of one size class.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListActivity {
    /// The size class.
    pub size: ListSize,
    /// The calls.
    pub activity: Activity,
}

/// All statements of one kind.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KindActivity {
    /// The kind.
    pub kind: Kind,
    /// The calls.
    pub activity: Activity,
}

/// All statements that touch one table of one database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableActivity {
    /// The table's name as statements write it, lower-cased.
    pub table: String,
    /// The database it is in.
    pub database: Arc<Database>,
    /// Calls that read it.
    pub reads: u64,
    /// Calls that write it; a call may do both.
    pub writes: u64,
    /// The calls, each once.
    pub activity: Activity,
}

// === impl Rollup ===

impl Rollup {
    /// Adds up readings of statements, each of one database and one list size class.
    pub(crate) fn of(readings: impl IntoIterator<Item = StatementActivity>) -> Self {
        let statements = List::from(by_time(merged(readings)));
        let mut total = Adding::default();
        statements.iter().for_each(|statement| total.add(&statement.activity));
        Self::with(total.into_sum(), statements)
    }

    /// A total that is known, and the statements that add up to it, one reading of each.
    pub(crate) fn lazy(
        total: Activity,
        statements: impl FnOnce() -> Vec<StatementActivity> + Send + 'static,
    ) -> Self {
        Self::with(total, List::lazy(move || by_time(statements())))
    }

    fn with(total: Activity, statements: List<StatementActivity>) -> Self {
        let (of_kinds, of_tables) = (statements.clone(), statements.clone());
        let kinds = List::lazy(move || kinds(&of_kinds));
        let tables = List::lazy(move || tables(&of_tables));
        Self { total, statements, kinds, tables }
    }

    /// Puts all lists together now, off the way of whoever reads them. Takes milliseconds where there are thousands of
    /// statements.
    pub fn put_together(&self) {
        self.statements.put_together();
        self.kinds.put_together();
        self.tables.put_together();
    }

    /// What was added since `earlier`, an older reading of the same monitor.
    ///
    /// A statement that counts less than it did has lost its place and got a new one: what it counts
    /// now is all that is known of it.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before: BTreeMap<StatementKey, &StatementActivity> =
            earlier.statements.iter().map(|statement| (statement.key(), statement)).collect();
        Self::of(self.statements.iter().map(|statement| match before.get(&statement.key()) {
            Some(before) if before.activity.calls <= statement.activity.calls => {
                statement.since(before)
            }
            _ => statement.clone(),
        }))
    }

    /// What one kind adds up to; nothing if it was not seen.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Activity {
        self.kinds
            .iter()
            .find(|known| known.kind == kind)
            .map(|known| known.activity.clone())
            .unwrap_or_default()
    }

    /// A table by its name, on whichever database has it first.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableActivity> {
        self.tables.iter().find(|table| table.table == name)
    }
}

// === impl StatementActivity ===

impl StatementActivity {
    /// The statements of one kind that have no place of their own.
    pub(crate) fn other(kind: Kind, database: Arc<Database>, activity: Activity) -> Self {
        let text = other_text(kind);
        Self {
            fingerprint: None,
            summary: text.clone(),
            text,
            kind,
            tables: Arc::default(),
            wording: Wording::default(),
            sample: None,
            database,
            slow_after: None,
            very_slow_after: None,
            muted: false,
            activity,
            by_list_size: Vec::new(),
        }
    }

    /// Whose SQL its text is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        dialect(self.database.system)
    }

    /// A place among statements: their keys in order, without a copy.
    fn order(&self) -> (Option<Fingerprint>, Kind, &Database) {
        (self.fingerprint, self.kind, &self.database)
    }

    /// Whether both are readings of one statement.
    fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
            && (self.fingerprint.is_some() || self.kind == other.kind)
            && (Arc::ptr_eq(&self.database, &other.database) || self.database == other.database)
    }

    /// What it is told apart by.
    pub(crate) fn key(&self) -> StatementKey {
        statement_key(self.fingerprint, self.kind, &self.database)
    }

    fn since(&self, earlier: &Self) -> Self {
        let lists = self.by_list_size.iter().map(|list| ListActivity {
            size: list.size,
            activity: match earlier.by_list_size.iter().find(|old| old.size == list.size) {
                Some(before) => list.activity.since(&before.activity),
                None => list.activity.clone(),
            },
        });
        Self {
            activity: self.activity.since(&earlier.activity),
            by_list_size: lists.filter(|list| list.activity.calls > 0).collect(),
            ..self.clone()
        }
    }

    /// Adds another reading of the same statement.
    fn add(&mut self, other: Self) {
        self.activity.merge(&other.activity);
        self.wording.merge(&other.wording);
        self.sample = self.sample.take().or(other.sample);
        self.muted |= other.muted;
        for list in other.by_list_size {
            match self.by_list_size.iter_mut().find(|known| known.size == list.size) {
                Some(known) => known.activity.merge(&list.activity),
                None => self.by_list_size.push(list),
            }
        }
        self.by_list_size.sort_by_key(|list| list.size);
    }
}

/// The SQL dialect of a system.
pub(crate) fn dialect(system: System) -> Dialect {
    match system {
        System::PostgreSql => Dialect::PostgreSql,
        System::MySql | System::MariaDb => Dialect::MySql,
        System::Sqlite => Dialect::Sqlite,
        System::OtherSql => Dialect::Generic,
    }
}

/// What makes two readings those of one statement. A kind may be found out later, so it tells only
/// those apart that are nothing but a kind.
pub(crate) type StatementKey = (Option<Fingerprint>, Option<Kind>, Arc<Database>);

/// The key of a statement, or of the others of its kind.
pub(crate) fn statement_key(
    fingerprint: Option<Fingerprint>,
    kind: Kind,
    database: &Arc<Database>,
) -> StatementKey {
    (fingerprint, fingerprint.is_none().then_some(kind), database.clone())
}

/// What stands in the place of a text for statements of a kind that have no place of their own.
pub(crate) fn other_text(kind: Kind) -> Arc<str> {
    format!("(other {kind} statements)").into()
}

/// Readings of the same statement added up. Of several the first one names the tables.
pub(crate) fn merged(
    readings: impl IntoIterator<Item = StatementActivity>,
) -> Vec<StatementActivity> {
    let readings = readings.into_iter();
    let (least, most) = readings.size_hint();
    let mut sums = Vec::<StatementActivity>::with_capacity(most.unwrap_or(least));
    // By fingerprint, the last of those that have it, and of each of them the one before it: on several databases, or of
    // several kinds where there is no fingerprint.
    let mut last = RapidHashMap::<Option<Fingerprint>, usize>::default();
    let mut before = Vec::<Option<usize>>::new();
    for reading in readings {
        let mut next = last.get(&reading.fingerprint).copied();
        while let Some(place) = next.filter(|place| !sums[*place].is_same(&reading)) {
            next = before[place];
        }
        match next {
            Some(place) => sums[place].add(reading),
            None => {
                before.push(last.insert(reading.fingerprint, sums.len()));
                sums.push(reading);
            }
        }
    }
    sums
}

/// Statements that were called, most time first.
fn by_time(mut statements: Vec<StatementActivity>) -> Vec<StatementActivity> {
    statements.retain(|statement| statement.activity.calls > 0);
    let time = |statement: &StatementActivity| statement.activity.time;
    most_time_first(statements, time, |a, b| a.order().cmp(&b.order()))
}

/// By key where times are equal: the same numbers are added and shown in the same order.
///
/// Sorts times, and then moves each of the items once: they are large.
fn most_time_first<T>(
    items: Vec<T>,
    time: impl Fn(&T) -> Duration,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let mut places: Vec<_> = items.iter().map(time).zip(0usize..).collect();
    places.sort_unstable_by(|(a_time, a), (b_time, b)| {
        let order = || order(&items[*a], &items[*b]).then(a.cmp(b));
        b_time.cmp(a_time).then_with(order)
    });
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(items.len());
    sorted.extend(places.into_iter().filter_map(|(_, place)| items[place].take()));
    sorted
}

/// What statements add up to by kind.
fn kinds(statements: &[StatementActivity]) -> Vec<KindActivity> {
    let mut kinds = BTreeMap::<Kind, Adding>::new();
    for statement in statements {
        kinds.entry(statement.kind).or_default().add(&statement.activity);
    }
    let kinds = kinds.into_iter();
    kinds.map(|(kind, sum)| KindActivity { kind, activity: sum.into_sum() }).collect()
}

/// What statements add up to by table, most time first.
fn tables(statements: &[StatementActivity]) -> Vec<TableActivity> {
    let mut places = RapidHashMap::<(&str, &Database), usize>::default();
    let mut tables = Vec::<TableActivity>::new();
    for statement in statements {
        let Tables { read, written, .. } = &*statement.tables;
        let only_read = read.iter().filter(|table| !written.contains(table));
        for name in written.iter().chain(only_read) {
            let place = *places.entry((name, &statement.database)).or_insert_with(|| {
                tables.push(TableActivity::none(name, &statement.database));
                tables.len() - 1
            });
            let table = &mut tables[place];
            table.activity.merge(&statement.activity);
            let calls = |touches: bool| if touches { statement.activity.calls } else { 0 };
            table.reads = table.reads.saturating_add(calls(read.contains(name)));
            table.writes = table.writes.saturating_add(calls(written.contains(name)));
        }
    }
    let time = |table: &TableActivity| table.activity.time;
    most_time_first(tables, time, |a, b| (&a.table, &a.database).cmp(&(&b.table, &b.database)))
}

// === impl TableActivity ===

impl TableActivity {
    fn none(table: &str, database: &Arc<Database>) -> Self {
        Self {
            table: table.to_owned(),
            database: database.clone(),
            reads: 0,
            writes: 0,
            activity: Activity::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollup_that_was_put_together_holds_nothing_it_was_made_of() {
        let pieces = Arc::new(());
        let held = pieces.clone();
        let statements = move || {
            let _made_of = held;
            Vec::new()
        };
        let rollup = Rollup::lazy(Activity::default(), statements);
        let kept = rollup.clone();
        assert_eq!(Arc::strong_count(&pieces), 2);
        rollup.put_together();
        assert_eq!((Arc::strong_count(&pieces), kept.statements.len()), (1, 0));
    }
}

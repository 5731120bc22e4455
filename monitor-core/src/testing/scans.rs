//! Whether statements read whole tables, by the plans that their database makes for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::Captured;
use crate::identify::{Fingerprint, Kind, Wording};
use crate::inquire::{
    Access, AskError, Asker, Catalogue, Plan, Planner, Table, rows_up_to, with_planner,
};
use crate::judge::advice::index::{self, Answer, Pattern, Quiet, Statement};
use crate::snapshot::ScopedCall;

/// A statement that reads a whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FullScan {
    /// The statement's identity.
    pub fingerprint: Fingerprint,
    /// Its normalised text.
    pub statement: Arc<str>,
    /// The line that called it first, where it is known.
    pub call_site: Option<Arc<str>>,
    /// The table.
    pub table: String,
    /// How its rows are got at, in the database's own words: `Seq Scan`, `SCAN orders`, `ALL orders`.
    pub way: String,
}

/// What the database says of the statements of a piece of work.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FullScans {
    /// Statements that read a whole table that is not small.
    pub found: Vec<FullScan>,
    /// Statements that were explained.
    pub explained: usize,
    /// Texts of statements that neither the reader of statements nor the database could make out: nothing is known of them.
    pub not_explained: Vec<Arc<str>>,
}

/// What makes statements of one text one, and what stands for all of them.
type Statements<'a> = BTreeMap<Fingerprint, (&'a ScopedCall, Vec<u64>)>;

// === impl Captured ===

impl Captured {
    /// Rows from which on [`assert_no_full_scan`](Self::assert_no_full_scan) minds that a table is read whole. A smaller
    /// one is read whole as fast, and every database does so though there is an index.
    pub const FULL_SCAN_ROWS_MIN: u64 = 1_000;

    /// No `select`, `update` or `delete` reads the whole of a table with [`FULL_SCAN_ROWS_MIN`](Self::FULL_SCAN_ROWS_MIN)
    /// rows or more, as far as its database's planner says.
    ///
    /// Fill the tables before: those of a test are mostly small. The database is asked over a connection of its own,
    /// `monitor_sqlx::asker` or `monitor_diesel::asker`, so what a transaction has not committed is not seen. It is asked
    /// for plans alone (`EXPLAIN`); no statement is run again. Values are not known, so a statement is planned for with
    /// several that fit, and told where all of these plans read the table whole. What gives some rows without asking
    /// for any in particular (`limit` alone) is left alone; what cannot be explained is too:
    /// [`full_scans`](Self::full_scans) names it.
    ///
    /// Panics as well where nothing could be asked.
    #[track_caller]
    pub fn assert_no_full_scan(&self, asker: &mut dyn Asker) {
        let of = asker.database();
        let scans = self.full_scans(asker);
        let error = scans.as_ref().err();
        assert!(
            error.is_none(),
            "cannot ask for plans: {}; give an asker that may read the tables",
            error.map(ToString::to_string).unwrap_or_default()
        );
        let scans = scans.unwrap_or_default();
        assert!(scans.found.is_empty(), "whole tables are read:\n{scans}");
        let is_of = |call: &ScopedCall| of.as_ref().is_none_or(|of| *call.record.database == *of);
        assert!(
            self.calls.is_empty() || self.calls.iter().any(is_of),
            "none of these queries is of the database that is asked; give an asker of their own:\n{self}"
        );
    }

    /// What the asker's database says of the statements; see [`assert_no_full_scan`](Self::assert_no_full_scan).
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub fn full_scans(&self, asker: &mut dyn Asker) -> Result<FullScans, AskError> {
        let statements = self.statements(asker);
        if statements.is_empty() {
            return Ok(FullScans::default());
        }
        let now = SystemTime::now();
        let large = |asker: &mut dyn Asker, catalogue: &mut Catalogue| {
            large_tables(asker, catalogue, &statements)
        };
        let explain = |large: Vec<String>, catalogue: &Catalogue, planner: &mut dyn Planner| {
            scans_of(&statements, &large, catalogue, planner)
        };
        let (scans, _) = with_planner(asker, now, large, explain)?;
        scans
    }

    /// The statements of the asker's database that may read a whole table, each with the rows it gave.
    fn statements(&self, asker: &dyn Asker) -> Statements<'_> {
        let database = asker.database();
        let mut found = Statements::new();
        for call in &self.calls {
            let record = &call.record;
            let is_its = database.as_ref().is_none_or(|asked| *record.database == *asked);
            let may_scan = matches!(record.kind, Kind::Select | Kind::Update | Kind::Delete);
            if is_its && may_scan {
                let (_, rows) = found.entry(record.fingerprint).or_insert((call, Vec::new()));
                rows.extend(record.rows.returned.or(record.rows.affected));
            }
        }
        found
    }
}

/// Tables of the statements that have enough rows, counted. What the catalogue says of them is put right: a table that was
/// just filled has no statistics yet.
fn large_tables(
    asker: &mut dyn Asker,
    catalogue: &mut Catalogue,
    statements: &Statements<'_>,
) -> Result<Vec<String>, AskError> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let tables = statements
        .values()
        .flat_map(|(call, _)| call.record.tables.read.iter().chain(&call.record.tables.written));
    let named: Vec<String> = tables.map(|name| last(name)).collect();
    let is_named = |table: &&mut Table| named.contains(&table.name.to_lowercase());
    let mut large = Vec::new();
    for table in catalogue.tables.iter_mut().filter(is_named) {
        let rows = rows_up_to(asker, table, Captured::FULL_SCAN_ROWS_MIN)?;
        if rows >= Captured::FULL_SCAN_ROWS_MIN {
            large.push(table.name.clone());
            table.rows = Some(table.rows.unwrap_or(0.0).max(rows as f64));
            table.pages = None;
        } else {
            table.rows = Some(rows as f64);
        }
    }
    Ok(large)
}

fn scans_of(
    statements: &Statements<'_>,
    large: &[String],
    catalogue: &Catalogue,
    planner: &mut dyn Planner,
) -> Result<FullScans, AskError> {
    let mut scans = FullScans::default();
    for (call, rows) in statements.values() {
        match index::plans(&statement(call, rows), catalogue, planner) {
            Ok(plans) => {
                scans.explained += 1;
                scans.found.extend(large.iter().filter_map(|table| scan(call, table, &plans)));
            }
            Err(Answer::NotAsked(error)) => return Err(error),
            Err(Answer::Quiet(Quiet::SmallTables)) => scans.explained += 1,
            Err(_) => scans.not_explained.push(call.record.statement.clone()),
        }
    }
    Ok(scans)
}

fn statement(call: &ScopedCall, rows: &[u64]) -> Statement {
    let record = &call.record;
    let mean = rows.iter().sum::<u64>() as f64 / rows.len().max(1) as f64;
    Statement {
        fingerprint: record.fingerprint,
        text: record.statement.to_string(),
        sample: None,
        calls: rows.len() as u64,
        calls_per_hour: 0.0,
        mean: record.duration,
        rows: (!rows.is_empty()).then_some(mean),
        list_len: None,
        pattern: Pattern::Unknown,
        wording: Wording::default(),
    }
}

/// Whether all plans read a table whole.
fn scan(call: &ScopedCall, table: &str, plans: &[Plan]) -> Option<FullScan> {
    let way = |plan: &Plan| {
        let node = plan.nodes.iter().find(|node| {
            node.access == Some(Access::Full)
                && node.table.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(table))
        });
        node.map(|node| node.what.clone())
    };
    let ways: Option<Vec<String>> = plans.iter().map(way).collect();
    Some(FullScan {
        fingerprint: call.record.fingerprint,
        statement: call.record.statement.clone(),
        call_site: call.record.call_site.map(|line| line.to_string().into()),
        table: table.to_owned(),
        way: ways?.into_iter().next()?,
    })
}

// === impl FullScans ===

/// A line for each statement, and the others'.
impl fmt::Display for FullScans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for FullScan { statement, call_site, table, way, .. } in &self.found {
            let at = call_site.as_ref().map(|line| format!(" at {line}")).unwrap_or_default();
            writeln!(f, "  {table} ({way}) by {statement}{at}")?;
        }
        for text in &self.not_explained {
            writeln!(f, "  not explained: {text}")?;
        }
        Ok(())
    }
}

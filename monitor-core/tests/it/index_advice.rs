//! Advice on indexes: reading statements, choosing, and what is left unsaid.

mod after;
mod choosing;
mod fewer;
mod inverted;
mod reading;
mod upkeep;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monitor_core::capture::System;
use monitor_core::identify::Dialect;
use monitor_core::inquire::{
    AskError, Catalogue, Column, Explainable, Index, IndexDraft, KeyPart, Plan, PlanNode, Planner,
    Spread, Table, UsedIndex,
};
use monitor_core::judge::advice::index::{
    Answer, IndexAdvice, Quiet, Statement, Workload, WriteRate, advise,
};

/// A column of integers with so many different values, from 1 up.
fn column(name: &str, distinct: f64) -> Column {
    let bounds = (0..=10).map(|n| format!("{:.0}", 1.0 + n as f64 * (distinct - 1.0) / 10.0));
    Column {
        name: name.into(),
        type_name: "integer".into(),
        nullable: false,
        collation: None,
        spread: Some(Spread { distinct, bounds: bounds.collect(), ..Spread::default() }),
    }
}

fn table(name: &str, rows: f64, columns: Vec<Column>) -> Table {
    Table {
        schema: "public".into(),
        name: name.into(),
        rows: Some(rows),
        pages: Some((rows / 100.0).ceil()),
        indexes: vec![Index {
            unique: true,
            primary: true,
            constraint: true,
            ..index("pkey", &["id"])
        }],
        columns,
        ..Table::default()
    }
}

fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.into(),
        key: columns.iter().map(|column| KeyPart::column(*column)).collect(),
        method: "btree".into(),
        valid: true,
        ..Index::default()
    }
}

/// A shop of orders, their items and a small table of countries.
fn catalogue() -> Catalogue {
    Catalogue {
        system: System::PostgreSql,
        version: (15, 0, 0),
        search_path: vec!["public".into()],
        tables: vec![
            table(
                "orders",
                300_000.0,
                vec![
                    column("id", 300_000.0),
                    column("customer_id", 50_000.0),
                    column("status", 5.0),
                    column("total", 100_000.0),
                    column("created_at", 250_000.0),
                ],
            ),
            table(
                "items",
                800_000.0,
                vec![
                    column("id", 800_000.0),
                    column("order_id", 300_000.0),
                    column("product_id", 10_000.0),
                ],
            ),
            table("countries", 40.0, vec![column("id", 40.0), column("code", 40.0)]),
        ],
        ..Catalogue::default()
    }
}

/// A planner that tries drafts out: reading a table costs its rows, unless a draft begins with one of these columns.
struct Fake {
    /// Table, the columns a key has to begin with, and what the statement costs with it.
    helps: Vec<(&'static str, &'static [&'static str], f64)>,
    before: f64,
    what_if: bool,
    error: Option<AskError>,
}

impl Fake {
    fn new(before: f64, helps: &[(&'static str, &'static [&'static str], f64)]) -> Self {
        Self { helps: helps.to_vec(), before, what_if: true, error: None }
    }
}

impl Planner for Fake {
    fn plan(&mut self, _: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut best = (self.before, None);
        for (table, columns, cost) in &self.helps {
            let place = with.iter().position(|draft| {
                let names: Vec<_> = draft.key.iter().filter_map(KeyPart::column_name).collect();
                draft.table == *table && names.starts_with(columns)
            });
            if place.is_some() && *cost < best.0 {
                best = (*cost, place);
            }
        }
        let node = PlanNode {
            what: "Scan".into(),
            cost: Some(best.0),
            rows: Some(10.0),
            index: best.1.map(UsedIndex::Draft),
            ..PlanNode::default()
        };
        Ok(Plan { cost: Some(best.0), nodes: vec![node] })
    }

    fn what_if(&self) -> bool {
        self.what_if
    }
}

/// A statement that runs a thousand times an hour and takes 20 ms.
fn slow(text: &str) -> Statement {
    Statement {
        calls: 10_000,
        calls_per_hour: 1_000.0,
        mean: Duration::from_millis(20),
        rows: Some(6.0),
        ..Statement::of_text(text, Dialect::PostgreSql)
    }
}

fn workload(statements: Vec<Statement>) -> Workload {
    let time_per_hour = statements.iter().map(|one| one.mean.mul_f64(one.calls_per_hour)).sum();
    Workload {
        statements,
        observed: Duration::from_secs(10 * 3600),
        time_per_hour,
        ..Workload::default()
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// What is advised for one statement.
fn one(statement: Statement, planner: &mut Fake) -> IndexAdvice {
    advise(&workload(vec![statement]), &catalogue(), Some(planner), now())
}

fn keys(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Found { indexes, .. } => {
            indexes.iter().map(|one| format!("{}({})", one.table, one.key_sql())).collect()
        }
        other => panic!("no index, but {other:?}"),
    }
}

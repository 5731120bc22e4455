//! A suite's files: statements, what is expected of each, and where its rows are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use monitor_core::identify::Dialect;
use monitor_core::judge::advice::index::{Pattern, Statement, Workload, WriteRate};
use monitor_tests::shop;
use serde_json::Value;

/// How long each suite is said to have been observed.
const OBSERVED: Duration = Duration::from_secs(7 * 24 * 3600);
/// A unit of PostgreSQL's planner in milliseconds, for statements whose time the suite does not tell (its README).
const MS_PER_UNIT: f64 = 0.0035;

/// A suite of statements.
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) queries: Vec<Query>,
    writes: BTreeMap<String, WriteRate>,
    /// Where its files are; `None` for the shop, which the workspace holds.
    folder: Option<PathBuf>,
}

/// A statement, and what was measured about it.
pub(crate) struct Query {
    pub(crate) id: String,
    pub(crate) sql: String,
    /// The statement with its real values.
    pub(crate) literal: String,
    pub(crate) expected: Option<Expected>,
    calls_per_hour: f64,
    mean_ms: Option<f64>,
    rows: Option<f64>,
    pattern: Pattern,
    dialect: Dialect,
}

/// What was measured.
pub(crate) struct Expected {
    /// Whether an index helps; otherwise none does.
    pub(crate) wants_index: bool,
    /// The lowest cost found with plain indexes, and with partial and covering ones too.
    pub(crate) best_cost: f64,
    pub(crate) ext_best_cost: f64,
    /// The cost without, as it was measured.
    pub(crate) c0: f64,
}

// === impl Suite ===

impl Suite {
    /// The shop, from the workspace's fixtures.
    pub(crate) fn shop() -> Result<Self> {
        let workload = include_str!("../../../tests/fixtures/shop/workload.json");
        let expected = include_str!("../../../tests/fixtures/shop/expected.pg.json");
        Self::of("shop", workload, expected, None)
    }

    /// The shop on SQLite or MariaDB, each statement with the time and rows it is measured with.
    pub(crate) fn shop_on(
        dialect: shop::Dialect,
        mut measure: impl FnMut(&str) -> Result<(Duration, usize)>,
    ) -> Result<Self> {
        let (name, expected) = match dialect {
            shop::Dialect::Sqlite => (
                "shop on SQLite",
                include_str!("../../../tests/fixtures/shop/expected.sqlite.json"),
            ),
            _ => (
                "shop on MariaDB",
                include_str!("../../../tests/fixtures/shop/expected.mysql.json"),
            ),
        };
        let mut suite = Self::shop()?;
        suite.name = name.to_owned();
        let expected: Value =
            serde_json::from_str(expected).context("the expectations are no JSON")?;
        let all = suite.queries.into_iter().zip(shop::workload());
        suite.queries = all
            .filter_map(|(query, origin)| query.on(&origin, dialect, &expected["queries"]))
            .collect();
        for query in &mut suite.queries {
            let (took, rows) =
                measure(&query.literal).with_context(|| format!("{} does not run", query.id))?;
            query.mean_ms = Some(took.as_secs_f64() * 1e3);
            query.rows = Some(rows as f64);
        }
        Ok(suite)
    }

    /// A suite of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::of(&name, &text("workload.json")?, &text("expected.json")?, Some(folder.to_owned()))
    }

    fn of(name: &str, workload: &str, expected: &str, folder: Option<PathBuf>) -> Result<Self> {
        let workload: Value = serde_json::from_str(workload).context("workload.json is no JSON")?;
        let expected: Value = serde_json::from_str(expected).context("expected.json is no JSON")?;
        let queries = workload["queries"].as_array().context("workload.json has no `queries`")?;
        let mut writes = BTreeMap::new();
        for (table, rate) in workload["write_rates_per_hour"].as_object().into_iter().flatten() {
            let number = |name: &str| rate[name].as_f64().unwrap_or(0.0);
            let rate = WriteRate {
                inserted: number("insert"),
                updated: number("update"),
                deleted: number("delete"),
            };
            writes.insert(table.clone(), rate);
        }
        Ok(Self {
            name: name.to_owned(),
            queries: queries
                .iter()
                .map(|query| Query::of(query, &expected))
                .collect::<Result<_>>()?,
            writes,
            folder,
        })
    }

    /// Adds the rows that writes change, which a driver tells, where they were not observed.
    pub(crate) fn count_writes(
        &mut self,
        mut rows: impl FnMut(&str) -> Result<Option<f64>>,
    ) -> Result<()> {
        for query in self.queries.iter_mut().filter(|query| query.rows.is_none()) {
            if !query.sql.trim_start().to_ascii_lowercase().starts_with("select") {
                query.rows = rows(&query.literal)?;
            }
        }
        Ok(())
    }

    /// What the advisor is given. With `constants` it sees those that stand in the prepared text.
    pub(crate) fn workload(&self, constants: bool) -> Workload {
        let statements: Vec<Statement> =
            self.queries.iter().map(|query| query.statement(constants)).collect();
        let time = statements.iter().map(|one| one.mean.mul_f64(one.calls_per_hour)).sum();
        Workload {
            statements,
            writes: self.writes.clone(),
            counted: BTreeMap::new(),
            observed: OBSERVED,
            time_per_hour: time,
        }
    }

    /// The statements that make the tables, and those that make the indexes that exist.
    pub(crate) fn schema(&self) -> Result<Vec<String>> {
        let Some(folder) = &self.folder else {
            use monitor_tests::shop::{Dialect, index_definitions, table_definitions};
            let all = table_definitions(Dialect::Postgres);
            let all = all.chain(index_definitions(Dialect::Postgres));
            return Ok(all.map(str::to_owned).collect());
        };
        let path = folder.join("schema.pg.sql");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let lines: Vec<&str> =
            text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let all = lines.join("\n");
        let all = all.split(';').map(str::trim).filter(|one| !one.is_empty());
        Ok(all.map(str::to_owned).collect())
    }

    /// What makes its rows.
    fn generator(&self, folder: &Path) -> Option<PathBuf> {
        let own = folder.join("gen.py");
        let known = (self.name == "tpch").then(|| PathBuf::from(TPCH));
        if own.is_file() { Some(own) } else { known }
    }

    /// The rows of its tables as CSV without a header, by table.
    pub(crate) fn rows(&self, tables: &[String]) -> Result<BTreeMap<String, String>> {
        let Some(folder) = &self.folder else {
            use monitor_tests::shop::{Scale, csv, tables};
            return Ok(tables()
                .iter()
                .map(|table| (table.name.to_owned(), csv(table, Scale::FULL)))
                .collect());
        };
        let generated = tempfile::tempdir()?;
        let places = [folder.clone(), folder.join("data"), generated.path().to_owned()];
        if tables.iter().all(|table| find(&places, table).is_none())
            && let Some(generator) = self.generator(folder)
        {
            generate(&generator, generated.path())?;
        }
        let mut rows = BTreeMap::new();
        for table in tables {
            let Some(path) = find(&places, table) else {
                bail!(
                    "{}: no rows for {table}: put {table}.csv, without a header, into {}",
                    self.name,
                    folder.join("data").display()
                );
            };
            rows.insert(table.clone(), std::fs::read_to_string(path)?);
        }
        Ok(rows)
    }
}

/// Makes the rows of TPC-H, which no folder holds.
const TPCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/tpch.py");

fn find(places: &[PathBuf], table: &str) -> Option<PathBuf> {
    let file = format!("{}.csv", table.replace('"', ""));
    places.iter().map(|place| place.join(&file)).find(|path| path.is_file())
}

fn generate(generator: &Path, into: &Path) -> Result<()> {
    let status = Command::new("python3")
        .arg(generator)
        .arg(into)
        .arg("1.0")
        .status()
        .context("cannot run python3 to generate rows")?;
    if status.success() { Ok(()) } else { bail!("{} failed, {status}", generator.display()) }
}

// === impl Query ===

impl Query {
    fn of(query: &Value, expected: &Value) -> Result<Self> {
        let text = |name: &str| query[name].as_str().map(str::to_owned);
        let id = text("id").context("a statement has no id")?;
        let sql = text("sql").with_context(|| format!("{id} has no sql"))?;
        let params = query["params"].as_array().cloned().unwrap_or_default();
        let shapes = query["param_shapes"].as_object();
        let shapes: Vec<&str> =
            shapes.into_iter().flat_map(|all| all.values()).filter_map(Value::as_str).collect();
        Ok(Self {
            literal: with_values(&sql, &params),
            expected: Expected::of(&expected[&id]),
            calls_per_hour: query["calls_per_hour"].as_f64().unwrap_or(1.0),
            mean_ms: query["mean_ms"].as_f64(),
            rows: query["rows_observed"].as_f64(),
            pattern: match shapes.as_slice() {
                [] => Pattern::Unknown,
                all if all.iter().all(|shape| *shape == "prefix") => Pattern::Prefix,
                _ => Pattern::Wildcard,
            },
            dialect: Dialect::PostgreSql,
            id,
            sql,
        })
    }

    /// The statement as another system gets it; `None` where nothing was measured there.
    fn on(mut self, query: &shop::Query, dialect: shop::Dialect, expected: &Value) -> Option<Self> {
        self.expected = Expected::of_steps(&expected[&self.id]);
        (self.dialect, self.sql) = match dialect {
            shop::Dialect::Sqlite => (Dialect::Sqlite, shop::for_sqlite(query).0),
            _ => (Dialect::MySql, shop::for_mysql(query).0),
        };
        self.literal = shop::inlined(query, dialect);
        query.engines.contains(&dialect).then_some(self)
    }

    fn statement(&self, constants: bool) -> Statement {
        let estimated = self.expected.as_ref().map_or(0.0, |one| one.c0 * MS_PER_UNIT);
        let mean_ms = self.mean_ms.unwrap_or(estimated);
        let observed = OBSERVED.as_secs_f64() / 3600.0;
        Statement {
            sample: constants.then(|| self.sql.clone()),
            calls: (self.calls_per_hour * observed) as u64,
            calls_per_hour: self.calls_per_hour,
            mean: Duration::from_secs_f64(mean_ms / 1e3),
            rows: self.rows,
            pattern: self.pattern,
            ..Statement::of_text(&self.sql, self.dialect)
        }
    }
}

/// The text with values for `$1`, `$2` and so on.
fn with_values(sql: &str, params: &[Value]) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let value = after[..end].parse::<usize>().ok().and_then(|n| params.get(n.wrapping_sub(1)));
        match value {
            Some(Value::String(text)) => out.push_str(&format!("'{}'", text.replace('\'', "''"))),
            Some(other) => out.push_str(&other.to_string()),
            None => out.push_str(&rest[at..=at + end]),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

// === impl Expected ===

impl Expected {
    fn of(expected: &Value) -> Option<Self> {
        let label = expected["label"].as_str()?;
        let best_cost = expected["best_cost"].as_f64()?;
        if label == "grey" {
            return None;
        }
        Some(Self {
            wants_index: label == "index",
            best_cost,
            ext_best_cost: expected["ext_best_cost"].as_f64().unwrap_or(best_cost).min(best_cost),
            c0: expected["c0"].as_f64()?,
        })
    }

    /// What was measured in steps of work.
    fn of_steps(expected: &Value) -> Option<Self> {
        let label = expected["label"].as_str().filter(|label| *label != "grey")?;
        let c0 = expected["steps_before"].as_f64()?;
        let best_cost = expected["steps_best"].as_f64().unwrap_or(c0);
        let wants_index = label == "index";
        Some(Self { wants_index, best_cost, ext_best_cost: best_cost, c0 })
    }
}

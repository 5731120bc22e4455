//! A database of the benchmark's own, loaded, and asked for true costs.

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tokio::runtime::Runtime;

use super::score::Costs;
use super::suite::Suite;

/// What the expectations were measured with, beside C collation and no parallel workers.
const SETTINGS: [&str; 5] = [
    "jit = off",
    "max_parallel_workers_per_gather = 0",
    "work_mem = '16MB'",
    "effective_cache_size = '4GB'",
    "random_page_cost = 4",
];

/// A loaded database.
pub(crate) struct Server {
    pub(crate) options: PgConnectOptions,
    runtime: Runtime,
    connection: PgConnection,
}

// === impl Server ===

impl Server {
    /// Makes a database for a suite on the server of an address, and fills it.
    pub(crate) fn load(url: &str, suite: &Suite) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server: PgConnectOptions = url.parse().context("the server's address is no URL")?;
        let name = format!("monitor_bench_{}", suite.name);
        let mut first = runtime.block_on(PgConnection::connect_with(&server))?;
        let mut statements = vec![
            format!("drop database if exists {name}"),
            format!("create database {name} template template0 lc_collate 'C' lc_ctype 'C'"),
        ];
        statements.extend(SETTINGS.map(|setting| format!("alter database {name} set {setting}")));
        for statement in statements {
            runtime.block_on(first.execute(AssertSqlSafe(statement)))?;
        }
        let options = server.database(&name);
        let connection = runtime.block_on(PgConnection::connect_with(&options))?;
        let mut loaded = Self { options, runtime, connection };
        loaded.fill(suite)?;
        Ok(loaded)
    }

    fn fill(&mut self, suite: &Suite) -> Result<()> {
        if suite.name == "pgbench" {
            self.fill_pgbench()?;
        } else {
            self.fill_from_rows(suite)?;
        }
        // An automatic one of the catalogues may stand in the way of the first; what counts is that all rows are known to
        // be visible, as the expectations have it.
        self.run("vacuum freeze")?;
        self.run("vacuum analyze")
    }

    fn fill_from_rows(&mut self, suite: &Suite) -> Result<()> {
        let starts = |one: &String, with: &str| one.to_ascii_lowercase().starts_with(with);
        let (schemas, others): (Vec<String>, Vec<String>) =
            suite.schema()?.into_iter().partition(|one| starts(one, "create schema"));
        let (tables, others): (Vec<String>, Vec<String>) =
            others.into_iter().partition(|one| starts(one, "create table"));
        let names: Vec<String> = tables.iter().filter_map(|one| table_name(one)).collect();
        let rows = suite.rows(&names)?;
        schemas.iter().chain(&tables).try_for_each(|one| self.run(one))?;
        // Rows that refer to others come in any order.
        self.run("set session_replication_role = replica")?;
        for name in &names {
            self.run(&format!("alter table {name} set (autovacuum_enabled = off)"))?;
            let Some(text) = rows.get(name) else { continue };
            self.copy(name, text.clone())?;
        }
        self.run("reset session_replication_role")?;
        others.iter().try_for_each(|one| self.run(one))
    }

    fn copy(&mut self, table: &str, rows: String) -> Result<()> {
        let sql = format!("copy {table} from stdin (format csv)");
        let Self { runtime, connection, .. } = self;
        runtime.block_on(async {
            let mut copy = connection.copy_in_raw(&sql).await?;
            copy.send(rows.into_bytes()).await?;
            copy.finish().await
        })?;
        Ok(())
    }

    /// The tables of `pgbench -i -I dtgv -s 5` with the same rows, and 400 000 rows of history.
    fn fill_pgbench(&mut self) -> Result<()> {
        const TABLES: [&str; 9] = [
            "create table pgbench_branches (bid int not null, bbalance int, filler char(88)) with (fillfactor = 100)",
            "create table pgbench_tellers (tid int not null, bid int, tbalance int, filler char(84)) with (fillfactor = 100)",
            "create table pgbench_accounts (aid int not null, bid int, abalance int, filler char(84)) with (fillfactor = 100)",
            "create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))",
            "insert into pgbench_branches (bid, bbalance) select g, 0 from generate_series(1, 5) g",
            "insert into pgbench_tellers (tid, bid, tbalance) select g, (g - 1) / 10 + 1, 0 from generate_series(1, 50) g",
            "insert into pgbench_accounts (aid, bid, abalance, filler) select g, (g - 1) / 100000 + 1, 0, '' from generate_series(1, 500000) g",
            "select setseed(0.5)",
            "insert into pgbench_history select 1 + g % 50, 1 + g % 5, 1 + (random() * 499999)::int, (random() * 1000)::int, timestamp '2024-01-01' + g * interval '13 s', '' from generate_series(1, 400000) g",
        ];
        TABLES.iter().try_for_each(|one| self.run(one))
    }

    /// Makes the extension that tries indexes out; whether it is there.
    pub(crate) fn has_hypopg(&mut self) -> bool {
        self.run("create extension if not exists hypopg").is_ok()
    }

    /// Runs a statement for what it does.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        let Self { runtime, connection, .. } = self;
        runtime
            .block_on(connection.execute(AssertSqlSafe(sql.to_owned())))
            .with_context(|| format!("the server refuses `{sql}`"))?;
        Ok(())
    }

    /// The rows an update or delete changes, with its real values, as the planner has it: nothing is changed.
    pub(crate) fn rows_changed(&mut self, sql: &str) -> Result<Option<f64>> {
        Ok(self.explained(sql)?["Plans"][0]["Plan Rows"].as_f64())
    }

    fn explained(&mut self, sql: &str) -> Result<serde_json::Value> {
        let Self { runtime, connection, .. } = self;
        let question = format!("explain (format json) {sql}");
        let row = runtime.block_on(connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(question))))?;
        let text: String = row.try_get_unchecked(0)?;
        let mut plan: serde_json::Value = serde_json::from_str(&text)?;
        Ok(plan[0]["Plan"].take())
    }

    fn cost_within(&mut self, sql: &str, indexes: &[String]) -> Result<f64> {
        for index in indexes {
            self.run(index)?;
        }
        self.explained(sql)?["Total Cost"].as_f64().context("the plan has no cost")
    }
}

impl Costs for Server {
    /// The planner's cost of a statement.
    fn cost(&mut self, sql: &str, indexes: &[String]) -> Result<f64> {
        self.run("begin")?;
        let cost = self.cost_within(sql, indexes);
        self.run("rollback")?;
        cost
    }
}

/// The name in `create table name(..`.
fn table_name(sql: &str) -> Option<String> {
    let rest = sql.get("create table".len()..)?.trim_start();
    let end = rest.find(|c: char| c == '(' || c.is_whitespace())?;
    Some(rest[..end].to_owned())
}

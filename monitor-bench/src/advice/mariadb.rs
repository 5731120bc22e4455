//! The shop on MariaDB, where the cost is rows touched.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use monitor_core::Monitor;
use monitor_core::inquire::mysql::{MysqlPlanner, survey};
use monitor_core::judge::advice::index::advise;
use monitor_tests::shop::{self, Dialect, Scale};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tokio::runtime::Runtime;

use super::indexes::{by_id, print_head, print_quiet, print_score};
use super::score::{Costs, score};
use super::suite::Suite;

/// The scale the expectations were measured at.
const SCALE: f64 = 0.3;
/// The benchmark's own database.
const NAME: &str = "monitor_bench_shop";
/// What is added up: every touch of a row, as in the expectations.
const TOUCHES: &str = "select cast(sum(variable_value) as char) from \
     information_schema.session_status where variable_name like 'HANDLER_READ%' \
     or variable_name in ('SORT_ROWS', 'HANDLER_TMP_WRITE')";

/// A database of our own, filled, whose statements' touches of rows are counted.
struct Server {
    options: MySqlConnectOptions,
    runtime: Runtime,
    connection: MySqlConnection,
}

/// Asks for advice on the shop, and scores it.
pub(crate) fn run(url: &str, verbose: bool) -> Result<()> {
    let started = Instant::now();
    let mut server = Server::load(url)?;
    let suite = Suite::shop_on(Dialect::Mysql, |sql| server.measure(sql))?;
    println!("\n{} (loaded in {:.0} s)", suite.name, started.elapsed().as_secs_f64());
    print_head();
    for (name, constants) in [("normalised texts, model", false), ("prepared texts, model", true)] {
        let started = Instant::now();
        let monitor = Monitor::builder().beat_by_hand().build()?;
        let mut asker = monitor_sqlx::asker::<sqlx::MySql>(&monitor, &server.options);
        let now = SystemTime::now();
        let survey = survey(&mut asker, now)?;
        let surveyed = started.elapsed().as_secs_f64();
        let mut planner = MysqlPlanner::new(&mut asker, &survey);
        let workload = suite.workload(constants);
        let advice = advise(&workload, &survey.catalogue, Some(&mut planner), now);
        let took = started.elapsed().as_secs_f64();
        let by_id = by_id(&suite, &advice, &survey.catalogue);
        let (score, lines) = score(&mut server, &suite, &by_id)?;
        print_score(name, &score, took);
        println!("    of that, the survey took {surveyed:.2} s");
        if verbose {
            lines.iter().for_each(|line| println!("    {} {}", line.id, line.text));
            print_quiet(&suite, &advice);
        }
    }
    Ok(())
}

// === impl Server ===

impl Server {
    fn load(url: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let options: MySqlConnectOptions = url.parse().context("the server's address is no URL")?;
        let mut first = runtime.block_on(MySqlConnection::connect_with(&options))?;
        for sql in [format!("drop database if exists {NAME}"), format!("create database {NAME}")] {
            runtime.block_on(first.execute(AssertSqlSafe(sql)))?;
        }
        let options = options.database(NAME);
        let connection = runtime.block_on(MySqlConnection::connect_with(&options))?;
        let mut server = Self { options, runtime, connection };
        shop::table_definitions(Dialect::Mysql).try_for_each(|sql| server.run(sql))?;
        for table in shop::tables() {
            server.run("begin")?;
            for sql in shop::insert_batches(table, Scale::of(SCALE), Dialect::Mysql, 1_000) {
                server.run(&sql)?;
            }
            server.run("commit")?;
        }
        shop::index_definitions(Dialect::Mysql).try_for_each(|sql| server.run(sql))?;
        for table in shop::tables() {
            server.run(&format!("analyze table {}", table.name))?;
        }
        Ok(server)
    }

    fn run(&mut self, sql: &str) -> Result<()> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        self.runtime.block_on(self.connection.execute(query))?;
        Ok(())
    }

    /// The time a statement takes, and the rows it gives or changes; it leaves no trace.
    fn measure(&mut self, sql: &str) -> Result<(Duration, usize)> {
        self.run("begin")?;
        let started = Instant::now();
        let done = self.rows(sql);
        let took = started.elapsed();
        self.run("rollback")?;
        Ok((took, done?))
    }

    fn rows(&mut self, sql: &str) -> Result<usize> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        if sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select")) {
            return Ok(self.runtime.block_on(self.connection.fetch_all(query))?.len());
        }
        let done = self.runtime.block_on(self.connection.execute(query))?;
        Ok(usize::try_from(done.rows_affected())?)
    }

    fn touches(&mut self) -> Result<f64> {
        let row = self.runtime.block_on(self.connection.fetch_one(sqlx::raw_sql(TOUCHES)))?;
        let sum: String = row.try_get_unchecked(0)?;
        Ok(sum.parse()?)
    }
}

impl Costs for Server {
    fn cost(&mut self, sql: &str, indexes: &[String]) -> Result<f64> {
        for index in indexes {
            self.run(index)?;
        }
        // The look at the counters touches rows itself.
        let empty = self.touches()?;
        let base = self.touches()?;
        let own = base - empty;
        let measured = self.measure(sql);
        let touched = self.touches()? - base - own;
        for index in indexes {
            let words: Vec<&str> = index.split_whitespace().collect();
            let (table, name) = (words.get(2).copied(), words.get(5).copied());
            if let (Some(table), Some(name)) = (table, name) {
                self.run(&format!("alter table {table} drop index {name}"))?;
            }
        }
        measured?;
        Ok(touched)
    }
}

//! The shop on SQLite, where the cost is steps of its virtual machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use monitor_core::Monitor;
use monitor_core::inquire::sqlite::{SqlitePlanner, survey};
use monitor_core::judge::advice::index::advise;
use monitor_tests::shop::{self, Dialect, Scale};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::runtime::Runtime;

use super::indexes::{by_id, print_head, print_quiet, print_score};
use super::score::{Costs, score};
use super::suite::Suite;

/// The scale the expectations were measured at.
const SCALE: f64 = 0.3;
/// Steps between two looks; that of the expectations.
const GRANULARITY: i32 = 20;

/// A file of our own, filled, whose statements' steps are counted.
struct File {
    path: PathBuf,
    runtime: Runtime,
    connection: SqliteConnection,
    steps: Arc<AtomicU64>,
}

/// Asks for advice on the shop, and scores it.
pub(crate) fn run(verbose: bool) -> Result<()> {
    let started = Instant::now();
    let folder = tempfile::tempdir()?;
    let mut file = File::load(&folder.path().join("shop.db"))?;
    let suite = Suite::shop_on(Dialect::Sqlite, |sql| file.measure(sql))?;
    println!("\n{} (loaded in {:.0} s)", suite.name, started.elapsed().as_secs_f64());
    print_head();
    for (name, constants) in [("normalised texts", false), ("prepared texts", true)] {
        let started = Instant::now();
        let monitor = Monitor::builder().beat_by_hand().build()?;
        let options = SqliteConnectOptions::new().filename(&file.path);
        let mut asker = monitor_sqlx::asker::<sqlx::Sqlite>(&monitor, &options);
        let now = SystemTime::now();
        let survey = survey(&mut asker, now)?;
        let surveyed = started.elapsed().as_secs_f64();
        let mut planner = SqlitePlanner::new(&mut asker, &survey)?;
        let workload = suite.workload(constants);
        let advice = advise(&workload, &survey.catalogue, Some(&mut planner), now);
        let took = started.elapsed().as_secs_f64();
        let by_id = by_id(&suite, &advice, &survey.catalogue);
        let (score, lines) = score(&mut file, &suite, &by_id)?;
        print_score(name, &score, took);
        println!("    of that, the survey took {surveyed:.2} s");
        if verbose {
            lines.iter().for_each(|line| println!("    {} {}", line.id, line.text));
            print_quiet(&suite, &advice);
        }
    }
    println!("{:<28} {:>6} {:>6} {:>9} {:>6}", ".expert of the CLI", "1.00", "", "0.72", "10");
    Ok(())
}

// === impl File ===

impl File {
    fn load(path: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let connection = runtime.block_on(SqliteConnection::connect_with(&options))?;
        let steps = Arc::new(AtomicU64::new(0));
        let mut file = Self { path: path.to_owned(), runtime, connection, steps };
        shop::table_definitions(Dialect::Sqlite).try_for_each(|sql| file.run(sql))?;
        file.run("begin")?;
        for table in shop::tables() {
            for sql in shop::insert_batches(table, Scale::of(SCALE), Dialect::Sqlite, 1_000) {
                file.run(&sql)?;
            }
        }
        file.run("commit")?;
        shop::index_definitions(Dialect::Sqlite).try_for_each(|sql| file.run(sql))?;
        file.run("analyze")?;
        let counted = file.steps.clone();
        let Self { runtime, connection, .. } = &mut file;
        runtime.block_on(async {
            let mut handle = connection.lock_handle().await?;
            handle.set_progress_handler(GRANULARITY, move || {
                counted.fetch_add(u64::from(GRANULARITY.unsigned_abs()), Relaxed);
                true
            });
            anyhow::Ok(())
        })?;
        Ok(file)
    }

    fn run(&mut self, sql: &str) -> Result<()> {
        self.runtime.block_on(self.connection.execute(AssertSqlSafe(sql.to_owned())))?;
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
}

impl Costs for File {
    fn cost(&mut self, sql: &str, indexes: &[String]) -> Result<f64> {
        self.run("begin")?;
        let mut cost = || -> Result<f64> {
            for index in indexes {
                // What is printed analyses everything; the new index is what is new.
                let create = index.split(';').next().unwrap_or_default();
                self.run(create)?;
                let name = create.split_whitespace().nth(2).unwrap_or_default();
                self.run(&format!("analyze {name}"))?;
            }
            self.steps.store(0, Relaxed);
            self.rows(sql)?;
            Ok(self.steps.load(Relaxed) as f64)
        };
        let cost = cost();
        self.run("rollback")?;
        cost
    }
}

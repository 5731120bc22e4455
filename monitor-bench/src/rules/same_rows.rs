//! Whether a statement and what the advice makes of it give the same rows, on real databases full of nasty data.
//!
//! Tables are empty, of one row and of many, with NULLs, duplicates and the values that the statement asks for and their
//! neighbours. SQLite runs in this process; PostgreSQL and MariaDB or MySQL where a server is named.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use monitor_core::capture::System;
use monitor_core::inquire::{Catalogue, Column, Table};
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row, SqliteConnection,
};
use tokio::runtime::{Builder, Runtime};

use super::catalogue::{Schema, of_schema};
use super::rewrites::{Case, advised, read, systems};

/// Rows of each table, one try after another.
const SIZES: [usize; 7] = [0, 1, 4, 30, 60, 61, 62];

/// What came of all tries.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Tries in which both gave rows.
    pub(super) with_rows: usize,
    pub(super) tries: usize,
    /// Cases that gave other rows, on which system, and with how many rows in each table.
    pub(super) others: Vec<String>,
}

/// Who wrote a statement differently.
#[derive(Clone, Copy)]
enum By {
    Hand,
    Advice,
}

/// A database to try things on.
struct Server {
    runtime: Runtime,
    connection: AnyConnection,
    system: System,
}

enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// Numbers that follow one another like dice, and are the same each time.
struct Dice(u64);

/// Tries every case of a folder that has a rewrite, on each of its systems that can be reached.
pub(super) fn all(folder: &Path) -> Result<Outcome> {
    all_by(folder, By::Hand)
}

/// The same with what the advice itself makes of a statement, where that is finished SQL.
pub(super) fn all_advised(folder: &Path) -> Result<Outcome> {
    all_by(folder, By::Advice)
}

fn all_by(folder: &Path, by: By) -> Result<Outcome> {
    let cases = read(folder)?;
    let mut outcome = Outcome::default();
    for (name, system) in systems() {
        let Some(mut server) = Server::of(system)? else { continue };
        let schemas: BTreeSet<_> = cases.iter().filter_map(|case| case.schema.as_ref()).collect();
        for schema in schemas {
            let catalogue = of_schema(system, &Schema::read(folder, schema)?, &[])?;
            server.enter(&catalogue)?;
            for case in cases.iter().filter(|case| case.schema.as_ref() == Some(schema)) {
                let Some(fix) = &case.fix_sql else { continue };
                if !case.engines.iter().any(|one| one == name) {
                    continue;
                }
                let fix = match by {
                    By::Hand => Some(fix.clone()),
                    By::Advice => advised(case, system, &Schema::read(folder, schema)?)?,
                };
                if let Some(fix) = fix {
                    server.tries(case, &fix, &catalogue, name, &mut outcome)?;
                }
            }
            server.leave()?;
        }
    }
    Ok(outcome)
}

/// What everything stands in, which is thrown away.
fn home() -> String {
    format!("monitor_same_rows_{}", std::process::id())
}

// === impl Server ===

impl Server {
    /// The server of a system, where one is named; SQLite needs none.
    fn of(system: System) -> Result<Option<Self>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let url = |variable| std::env::var(variable).ok();
        let connection = match system {
            System::Sqlite => AnyConnection::Sqlite(
                runtime.block_on(SqliteConnection::connect("sqlite::memory:"))?,
            ),
            System::PostgreSql => match url(crate::POSTGRES_URL) {
                Some(url) => {
                    AnyConnection::Postgres(runtime.block_on(PgConnection::connect(&url))?)
                }
                None => return Ok(None),
            },
            _ => match url(crate::MYSQL_URL) {
                Some(url) => {
                    AnyConnection::MySql(runtime.block_on(MySqlConnection::connect(&url))?)
                }
                None => return Ok(None),
            },
        };
        Ok(Some(Self { runtime, connection, system }))
    }

    fn tries(
        &mut self,
        case: &Case,
        fix: &str,
        catalogue: &Catalogue,
        system: &'static str,
        outcome: &mut Outcome,
    ) -> Result<()> {
        for size in SIZES {
            let mut dice = Dice::of(&case.id, size);
            for table in &catalogue.tables {
                self.fill(table, size, &case.sql, &mut dice)?;
            }
            let [one, other, only_one, only_other] = self
                .compare(&case.sql, fix)
                .with_context(|| format!("cannot compare {} on {system}", case.id))?;
            outcome.tries += 1;
            outcome.with_rows += usize::from(one > 0);
            if one != other || only_one + only_other > 0 {
                outcome.others.push(format!("{} on {system}, {size} rows", case.id));
            }
        }
        Ok(())
    }

    /// Makes the tables, where nothing else is.
    fn enter(&mut self, catalogue: &Catalogue) -> Result<()> {
        let home = home();
        match self.system {
            System::Sqlite => self.run("begin")?,
            System::PostgreSql => {
                let mut schemas: Vec<_> =
                    catalogue.tables.iter().map(|table| table.schema.as_str()).collect();
                schemas.retain(|schema| *schema != "public");
                schemas.sort_unstable();
                schemas.dedup();
                self.run(&format!("begin; create schema {home}"))?;
                for schema in &schemas {
                    self.run(&format!("create schema {schema}"))?;
                }
                schemas.insert(0, &home);
                self.run(&format!("set local search_path to {}", schemas.join(", ")))?;
            }
            _ => self.run(&format!("create database {home}; use {home}"))?,
        }
        for table in &catalogue.tables {
            let columns: Vec<_> = table.columns.iter().map(|one| self.definition(one)).collect();
            let keys = table.indexes.iter().filter(|index| index.unique).map(|index| {
                let columns: Vec<_> = index.leading_columns().map(|one| self.name(one)).collect();
                format!(", unique ({})", columns.join(", "))
            });
            let keys: String = keys.collect();
            let name = self.table(table);
            self.run(&format!("create table {name} ({}{keys})", columns.join(", ")))?;
        }
        if self.system == System::MySql {
            // Tables are there to stay; what they hold is never written out.
            self.run("begin")?;
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<()> {
        match self.system {
            System::Sqlite | System::PostgreSql => self.run("rollback"),
            _ => self.run(&format!("drop database {}", home())),
        }
    }

    /// Gives a table other rows.
    fn fill(&mut self, table: &Table, size: usize, sql: &str, dice: &mut Dice) -> Result<()> {
        let name = self.table(table);
        self.run(&format!("delete from {name}"))?;
        if size == 0 {
            return Ok(());
        }
        let is_key = |column: &Column| {
            let mut unique = table.indexes.iter().filter(|index| index.unique);
            unique.any(|index| index.leading_columns().last() == Some(&column.name))
        };
        let row = |row| {
            let of = |column| value(column, sql, is_key(column).then_some(row), dice);
            let values: Vec<_> = table.columns.iter().map(of).collect();
            format!("({})", values.join(", "))
        };
        let rows: Vec<_> = (0..size).map(row).collect();
        // A row whose key is there already is left out.
        let (insert, conflict) = match self.system {
            System::MySql | System::MariaDb => ("insert ignore into", ""),
            _ => ("insert into", "on conflict do nothing"),
        };
        self.run(&format!("{insert} {name} values {} {conflict}", rows.join(", ")))
    }

    /// Rows of the one, rows of the other, and how many different ones only one of them gives.
    fn compare(&mut self, one: &str, other: &str) -> Result<[i64; 4]> {
        let only = |a, b| {
            format!("(select count(*) from (select * from ({a}) a except select * from ({b}) b) c)")
        };
        let count = |a| format!("(select count(*) from ({a}) a)");
        let sql = format!(
            "select {}, {}, {}, {}",
            count(one),
            count(other),
            only(one, other),
            only(other, one)
        );
        let sql = AssertSqlSafe(sql);
        let Self { runtime, connection, .. } = self;
        macro_rules! numbers {
            ($connection:expr) => {{
                let row = runtime.block_on($connection.fetch_one(sqlx::raw_sql(sql)))?;
                [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]
            }};
        }
        Ok(match connection {
            AnyConnection::Sqlite(connection) => numbers!(connection),
            AnyConnection::Postgres(connection) => numbers!(connection),
            AnyConnection::MySql(connection) => numbers!(connection),
        })
    }

    fn run(&mut self, sql: &str) -> Result<()> {
        let text = AssertSqlSafe(sql.to_owned());
        let Self { runtime, connection, .. } = self;
        let query = sqlx::raw_sql(text);
        let done = match connection {
            AnyConnection::Sqlite(one) => runtime.block_on(one.execute(query)).map(|_| ()),
            AnyConnection::Postgres(one) => runtime.block_on(one.execute(query)).map(|_| ()),
            AnyConnection::MySql(one) => runtime.block_on(one.execute(query)).map(|_| ()),
        };
        done.with_context(|| format!("cannot run {sql}"))
    }

    fn name(&self, name: &str) -> String {
        match self.system {
            System::MySql | System::MariaDb => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }

    fn table(&self, table: &Table) -> String {
        match (self.system, table.schema.as_str()) {
            (System::PostgreSql, schema) if schema != "public" => {
                format!("{schema}.{}", self.name(&table.name))
            }
            _ => self.name(&table.name),
        }
    }

    fn definition(&self, column: &Column) -> String {
        let type_name = match (self.system, column.type_name.as_str()) {
            (System::PostgreSql, name) => name.to_owned(),
            (_, name) if name.starts_with("timestamp") => "datetime".to_owned(),
            (_, name) => name.to_owned(),
        };
        let null = if column.nullable { "" } else { " not null" };
        format!("{} {type_name}{null}", self.name(&column.name))
    }
}

// === impl Dice ===

impl Dice {
    fn of(case: &str, size: usize) -> Self {
        let seed = case.bytes().fold(size as u64 + 1, |all, byte| all * 31 + u64::from(byte));
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// One of so many sides, from zero; by xorshift64 (Marsaglia, 2003).
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % sides.max(1)
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A value of a column, as SQL writes it: often one that the statement asks for or its neighbour, at times NULL.
fn value(column: &Column, sql: &str, key: Option<usize>, dice: &mut Dice) -> String {
    if column.nullable && dice.below(4) == 0 {
        return "null".to_owned();
    }
    let type_name = column.type_name.as_str();
    let is = |names: &[&str]| names.iter().any(|name| type_name.starts_with(name));
    if is(&["date", "timestamp"]) {
        const DAYS: [&str; 9] = [
            "2024-02-29",
            "2024-03-01",
            "2024-03-04",
            "2024-03-05",
            "2024-03-06",
            "2024-03-07",
            "2024-03-08",
            "2024-03-31",
            "2024-04-01",
        ];
        const TIMES: [&str; 4] = ["00:00:00", "00:00:01", "12:30:00", "23:59:59"];
        let day = dice.one_of(&DAYS);
        return if type_name == "date" {
            format!("'{day}'")
        } else {
            format!("'{day} {}'", dice.one_of(&TIMES))
        };
    }
    if is(&["bool"]) {
        return if dice.below(2) == 0 { "true" } else { "false" }.to_owned();
    }
    let asked = literals(sql);
    if is(&["int", "bigint", "smallint", "numeric", "double", "real"]) {
        let near = near(&asked, if type_name == "smallint" { 30_000 } else { 10_000_000 });
        return match key {
            Some(row) if near.is_empty() || dice.below(3) > 0 => (row + 1).to_string(),
            _ if !near.is_empty() && dice.below(4) > 0 => {
                let beside = [0, 0, -1, 1][dice.below(4)];
                (near[dice.below(near.len())] + beside).to_string()
            }
            _ => (dice.below(9) + 1).to_string(),
        };
    }
    let texts: Vec<&str> = asked.iter().copied().chain(["", "a", "A", "b", "1", "5"]).collect();
    let width = type_name.split(['(', ')']).nth(1).and_then(|n| n.parse().ok()).unwrap_or(10);
    let text: String = match key {
        Some(row) if dice.below(3) > 0 => format!("k{row}"),
        _ => dice.one_of(&texts).to_owned(),
    };
    format!("'{}'", text.chars().take(width).collect::<String>())
}

/// The numbers a statement asks for, and what two of them come to: where a sum is moved to the other side, that is the border.
fn near(asked: &[&str], below: i64) -> Vec<i64> {
    let numbers: Vec<i64> = asked.iter().filter_map(|one| one.parse().ok()).collect();
    let pairs = numbers.iter().flat_map(|a| numbers.iter().flat_map(move |b| [a - b, a + b]));
    let all = numbers.iter().copied().chain(pairs);
    all.filter(|number| number.abs() < below).collect()
}

/// The literals of a statement, without quotes.
fn literals(sql: &str) -> Vec<&str> {
    let quoted = sql.split('\'').skip(1).step_by(2);
    let numbers =
        sql.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.parse::<i64>().is_ok());
    quoted.chain(numbers).collect()
}

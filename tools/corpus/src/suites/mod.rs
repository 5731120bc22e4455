//! The suites, and how each keeps its statements.

mod mariadb;
mod postgres;
mod split;
mod sqlglot;
mod sqlite;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use monitor_core::identify::Dialect;

/// Statements of one origin, in one dialect.
pub(crate) struct Suite {
    /// Where they come from.
    pub(crate) name: &'static str,
    /// Whose SQL they are.
    pub(crate) dialect: Dialect,
    /// Each text once.
    pub(crate) statements: BTreeSet<String>,
}

/// The longest statement that is taken, in bytes: a file that was cut wrongly is one long statement.
const STATEMENT_BYTES_MAX: usize = 256 * 1024;

/// Reads what `cargo xtask corpus` fetched: a folder for each of the packages.
pub(crate) fn read(folder: &Path) -> Result<Vec<Suite>> {
    let suites = vec![
        suite("PostgreSQL", Dialect::PostgreSql, &folder.join("postgresql"), "sql", postgres::statements)?,
        suite("MariaDB", Dialect::MySql, &folder.join("mariadb"), "test", mariadb::statements)?,
        suite("SQLite", Dialect::Sqlite, &folder.join("sqlite3"), "test", sqlite::statements)?,
        suite("sqlglot", Dialect::Generic, &folder.join("sqlglot"), "sql", sqlglot::fixtures)?,
        sqlglot_tests("sqlglot, PostgreSQL", Dialect::PostgreSql, folder, "test_postgres.py")?,
        sqlglot_tests("sqlglot, MySQL", Dialect::MySql, folder, "test_mysql.py")?,
        sqlglot_tests("sqlglot, SQLite", Dialect::Sqlite, folder, "test_sqlite.py")?,
    ];
    Ok(suites)
}

fn sqlglot_tests(name: &'static str, dialect: Dialect, folder: &Path, file: &str) -> Result<Suite> {
    suite(name, dialect, &folder.join("sqlglot"), file, sqlglot::tests)
}

/// The statements of all files below `folder` with this name, or ending: `test_sepgsql` is a script.
fn suite(
    name: &'static str,
    dialect: Dialect,
    folder: &Path,
    ending: &str,
    statements: fn(&str) -> Vec<String>,
) -> Result<Suite> {
    let mut files = Vec::new();
    find(folder, ending, &mut files)?;
    let mut found = BTreeSet::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let taken = statements(&String::from_utf8_lossy(&bytes)).into_iter();
        found.extend(taken.filter(|text| !text.trim().is_empty() && text.len() <= STATEMENT_BYTES_MAX));
    }
    if found.is_empty() {
        bail!("no statement of {name} below {}; fetch them with `cargo xtask corpus`", folder.display());
    }
    Ok(Suite { name, dialect, statements: found })
}

fn find(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}; fetch it with `cargo xtask corpus`", folder.display()))?;
    for entry in entries {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if kind.is_dir() {
            find(&path, ending, files)?;
        } else if kind.is_file() && (path.ends_with(ending) || path.extension().is_some_and(|own| own == ending)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

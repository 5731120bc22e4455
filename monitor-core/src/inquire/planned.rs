//! A database's catalogue and its planner, whatever system it is.

use std::time::SystemTime;

use super::mysql::{self, MysqlPlanner};
use super::postgres::{self, PostgresPlanner};
use super::sqlite::{self, SqlitePlanner};
use super::{AskError, Asker, Catalogue, Planner, Table, quoted};
use crate::capture::System;

/// Reads what a database holds and hands it on with its planner.
///
/// `prepare` comes between: it may ask more, and correct what was read. Gives what `work` gives, and the catalogue.
pub(crate) fn with_planner<P, T>(
    asker: &mut dyn Asker,
    at: SystemTime,
    prepare: impl FnOnce(&mut dyn Asker, &mut Catalogue) -> Result<P, AskError>,
    work: impl FnOnce(P, &Catalogue, &mut dyn Planner) -> T,
) -> Result<(T, Catalogue), AskError> {
    match asker.system() {
        System::PostgreSql => {
            let mut catalogue = postgres::read_catalogue(asker, at)?;
            let prepared = prepare(asker, &mut catalogue)?;
            let mut planner = PostgresPlanner::new(asker, &catalogue);
            Ok((work(prepared, &catalogue, &mut planner), catalogue))
        }
        System::Sqlite => {
            let mut survey = sqlite::survey(asker, at)?;
            let prepared = prepare(asker, &mut survey.catalogue)?;
            let mut planner = SqlitePlanner::new(asker, &survey)?;
            let done = work(prepared, &survey.catalogue, &mut planner);
            drop(planner);
            Ok((done, survey.catalogue))
        }
        _ => {
            let mut survey = mysql::survey(asker, at)?;
            let prepared = prepare(asker, &mut survey.catalogue)?;
            let mut planner = MysqlPlanner::new(asker, &survey);
            let done = work(prepared, &survey.catalogue, &mut planner);
            Ok((done, survey.catalogue))
        }
    }
}

/// How many rows a table has, counted up to `most` of them. Reads no more than those.
pub(crate) fn rows_up_to(asker: &mut dyn Asker, table: &Table, most: u64) -> Result<u64, AskError> {
    let name = |name: &str| match asker.system() {
        System::MySql | System::MariaDb => format!("`{}`", name.replace('`', "``")),
        _ => quoted(name),
    };
    let schema = match table.schema.as_str() {
        "" => String::new(),
        schema => format!("{}.", name(schema)),
    };
    let rows = format!("select 1 as one from {schema}{} limit {most}", name(&table.name));
    let text =
        if matches!(asker.system(), System::MySql | System::MariaDb) { "char" } else { "text" };
    let question = format!("select cast(count(*) as {text}) from ({rows}) counted");
    let answer = asker.ask(&question)?;
    let first = answer.rows.into_iter().next().and_then(|row| row.into_iter().next()?);
    Ok(first.and_then(|count| count.parse().ok()).unwrap_or(0))
}

//! How often indexes are used and tables written, where a MariaDB or MySQL server counts that.

use std::time::{Duration, SystemTime};

use crate::capture::System;
use crate::inquire::cells::Cells;
use crate::inquire::{AskError, AskErrorKind, Asker, Catalogue, Index, Table, Writes};

/// Seconds the server runs; `{}` is the schema that has the status.
const UPTIME: &str =
    "select cast(variable_value as char) from {}.global_status where variable_name = 'UPTIME'";

/// Whether reads and writes of tables are counted by the performance schema.
const IS_COUNTED: &str = "select cast(count(*) as char) from performance_schema.setup_instruments i, \
     performance_schema.setup_consumers c where i.name = 'wait/io/table/sql/handler' \
     and i.enabled = 'YES' and c.name = 'global_instrumentation' and c.enabled = 'YES'";

const INDEX_USE: &str = "select object_name, index_name, cast(count_star as char) \
     from performance_schema.table_io_waits_summary_by_index_usage \
     where object_schema = database() and index_name is not null";

const TABLE_USE: &str = "select object_name, cast(count_insert as char), \
     cast(count_update as char), cast(count_delete as char) \
     from performance_schema.table_io_waits_summary_by_table where object_schema = database()";

/// Whether MariaDB keeps user statistics since its start: one that was told so later does not say when.
const HAS_USER_STATISTICS: &str = "select global_value from information_schema.system_variables \
     where variable_name = 'USERSTAT' and global_value = 'ON' and global_value_origin <> 'SQL'";

const USER_INDEX_USE: &str = "select table_name, index_name, cast(rows_read as char) \
     from information_schema.index_statistics where table_schema = database()";

const USER_TABLE_USE: &str = "select table_name, cast(rows_changed as char) \
     from information_schema.table_statistics where table_schema = database()";

/// Adds what the server counts, since it was started. What the user may not read is left out.
///
/// The performance schema tells more and is asked first; MariaDB's user statistics stand in for it.
pub(super) fn read_usage(
    asker: &mut dyn Asker,
    catalogue: &mut Catalogue,
    at: SystemTime,
) -> Result<(), AskError> {
    let is_mariadb = catalogue.system == System::MariaDb;
    let status = if is_mariadb { "information_schema" } else { "performance_schema" };
    let uptime = rows(asker, &UPTIME.replace("{}", status))?.pop().and_then(|mut row| row.number());
    catalogue.counting_since =
        uptime.and_then(|seconds| at.checked_sub(Duration::from_secs_f64(seconds.max(0.0))));
    let is_counted = rows(asker, IS_COUNTED)?.pop().is_some_and(|mut row| row.flag());
    if is_counted {
        return by_performance_schema(asker, catalogue);
    }
    if is_mariadb && !rows(asker, HAS_USER_STATISTICS)?.is_empty() {
        by_user_statistics(asker, catalogue)?;
    }
    Ok(())
}

fn by_performance_schema(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    for mut row in rows(asker, INDEX_USE)? {
        let (table, index, scans) = (row.text(), row.text(), row.number());
        if let Some(index) = index_of(catalogue, &table, &index) {
            index.scans = scans.map(|scans| scans as u64);
        }
    }
    for mut row in rows(asker, TABLE_USE)? {
        let table = row.text();
        let counts = [row.number(), row.number(), row.number()];
        if let (Some(table), [Some(inserted), Some(updated), Some(deleted)]) =
            (table_of(catalogue, &table), counts)
        {
            table.writes = Some(Writes { inserted, updated, deleted, hot: None });
        }
    }
    Ok(())
}

/// Lists only what was used. Which sort of writing it was it does not tell: all of it counts as the dearest, inserting.
fn by_user_statistics(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    let indexes = catalogue.tables.iter_mut().flat_map(|table| &mut table.indexes);
    indexes.for_each(|index| index.scans = Some(0));
    for mut row in rows(asker, USER_INDEX_USE)? {
        let (table, index, read) = (row.text(), row.text(), row.number());
        if let Some(index) = index_of(catalogue, &table, &index) {
            index.scans = read.map(|read| read as u64);
        }
    }
    for mut row in rows(asker, USER_TABLE_USE)? {
        let (table, changed) = (row.text(), row.number());
        if let (Some(table), Some(inserted)) = (table_of(catalogue, &table), changed) {
            table.writes = Some(Writes { inserted, ..Writes::default() });
        }
    }
    Ok(())
}

/// The rows of an answer; none where the user may not ask, or the server does not know the question.
fn rows(asker: &mut dyn Asker, question: &str) -> Result<Vec<Cells>, AskError> {
    match asker.ask(question) {
        Err(error) if matches!(error.kind, AskErrorKind::Denied | AskErrorKind::Wrong) => {
            Ok(Vec::new())
        }
        answer => Ok(answer?.rows.into_iter().map(Cells::of).collect()),
    }
}

fn table_of<'a>(catalogue: &'a mut Catalogue, name: &str) -> Option<&'a mut Table> {
    catalogue.tables.iter_mut().find(|table| table.name == name)
}

fn index_of<'a>(catalogue: &'a mut Catalogue, table: &str, name: &str) -> Option<&'a mut Index> {
    table_of(catalogue, table)?.indexes.iter_mut().find(|index| index.name == name)
}

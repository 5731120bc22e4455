//! MariaDB's and MySQL's catalogue, read into plain data.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{rows, usage};
use crate::capture::System;
use crate::inquire::cells::Cells;
use crate::inquire::{
    AskError, AskErrorKind, Asker, Catalogue, Column, ForeignKey, Index, KeyPart, Sample, Table,
    TableKind,
};

/// How many tables are read, the largest first.
const TABLES_MAX: usize = 500;
/// Bytes of InnoDB's pages as it is built by default; the statistics count in them.
const INNODB_PAGE_BYTES: f64 = 16_384.0;

/// What a MariaDB or MySQL database says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// What it holds.
    pub catalogue: Catalogue,
    /// A sample of each table that has rows, by its name.
    pub(super) samples: BTreeMap<String, Sample>,
}

// Casts to text: diesel reads cells in a binary protocol.
const TABLES: &str = "select table_name, table_type, cast(table_rows as char), \
     cast(data_length as char), cast(unix_timestamp(create_time) as char) \
     from information_schema.tables \
     where table_schema = database() order by data_length desc";

const COLUMNS: &str = "select table_name, column_name, cast(column_type as char), \
     is_nullable, cast(collation_name as char) from information_schema.columns \
     where table_schema = database() order by table_name, ordinal_position";

/// Its key's parts; whether the planner leaves the index alone stands at `{}`, what a part without a column is at
/// `{expression}`.
const INDEXES: &str = "select table_name, index_name, cast(non_unique as char), column_name, \
     collation, cast(sub_part as char), index_type, {}, {expression} from information_schema.statistics \
     where table_schema = database() order by table_name, index_name, seq_in_index";

const FOREIGN_KEYS: &str = "select constraint_name, table_schema, table_name, column_name, \
     referenced_table_schema, referenced_table_name, referenced_column_name \
     from information_schema.key_column_usage where table_schema = database() \
     and referenced_table_name is not null order by table_name, constraint_name, ordinal_position";

const INDEX_SIZES: &str = "select table_name, index_name, cast(stat_value as char) \
     from mysql.innodb_index_stats where database_name = database() and stat_name = 'size'";

/// What the connection's database holds: ten questions, and two for each table.
///
/// Columns are described by a sample: at most 2 000 rows are read of a table. Tables that the user may not read are
/// not seen by the server's own rules; sizes of indexes are missing without a right on `mysql.innodb_index_stats`, and how
/// often they are used without one on `performance_schema`.
///
/// # Errors
///
/// When one of the questions has no answer.
pub fn survey(asker: &mut dyn Asker, at: SystemTime) -> Result<Survey, AskError> {
    let mut survey = Survey::default();
    let catalogue = &mut survey.catalogue;
    catalogue.at = Some(at);
    read_server(asker, catalogue)?;
    let made = read_tables(asker, catalogue)?;
    read_columns(asker, catalogue)?;
    read_indexes(asker, catalogue)?;
    for (table, made) in catalogue.tables.iter_mut().zip(made) {
        // Whatever changes a table's definition makes it anew: none of its indexes is younger.
        table.indexes.iter_mut().for_each(|index| index.since = made);
    }
    usage::read_usage(asker, catalogue, at)?;
    read_sizes(asker, catalogue)?;
    catalogue.foreign_keys = foreign_keys(asker)?;
    for table in &mut survey.catalogue.tables {
        let sample = match rows::sample(asker, table) {
            // One table that is locked or hidden hides no other.
            Err(error) if error.kind != AskErrorKind::Gone && error.kind != AskErrorKind::Spent => {
                continue;
            }
            sample => sample?,
        };
        if let Some(sample) = sample {
            for column in &mut table.columns {
                column.spread = sample.spread(&column.name);
            }
            survey.samples.insert(table.name.clone(), sample);
        }
    }
    Ok(survey)
}

fn read_server(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    let row = asker.ask("select version(), database()")?.rows.pop().unwrap_or_default();
    let mut cells = Cells::of(row);
    catalogue.version = version_of(&cells.text());
    catalogue.search_path = cells.optional().into_iter().collect();
    // Known once a question was answered.
    catalogue.system = asker.system();
    Ok(())
}

/// `10.11.6-MariaDB-0+deb12u1` as its three numbers.
fn version_of(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// The tables, and when each was made or changed last.
fn read_tables(
    asker: &mut dyn Asker,
    catalogue: &mut Catalogue,
) -> Result<Vec<Option<SystemTime>>, AskError> {
    let mut made = Vec::new();
    let schema = catalogue.search_path.first().cloned().unwrap_or_default();
    let mut rows = asker.ask(&format!("{TABLES} limit {}", TABLES_MAX + 1))?.rows;
    catalogue.tables_left_out = rows.len().saturating_sub(TABLES_MAX);
    rows.truncate(TABLES_MAX);
    for row in rows {
        let mut cells = Cells::of(row);
        let name = cells.text();
        let kind = match cells.text().as_str() {
            "BASE TABLE" => TableKind::Ordinary,
            _ => TableKind::View,
        };
        let (rows, bytes) = (cells.number(), cells.number());
        made.push(cells.moment());
        catalogue.tables.push(Table {
            schema: schema.clone(),
            name,
            kind,
            rows,
            bytes: bytes.map(|bytes| bytes as u64),
            pages: bytes.map(|bytes| (bytes / Table::PAGE_BYTES).ceil()),
            ..Table::default()
        });
    }
    Ok(made)
}

fn table_of<'a>(catalogue: &'a mut Catalogue, name: &str) -> Option<&'a mut Table> {
    catalogue.tables.iter_mut().find(|table| table.name == name)
}

fn read_columns(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    for row in asker.ask(COLUMNS)?.rows {
        let mut cells = Cells::of(row);
        let Some(table) = table_of(catalogue, &cells.text()) else { continue };
        let (name, type_name) = (cells.text(), cells.text());
        let nullable = cells.text() == "YES";
        let collation = cells.optional();
        table.columns.push(Column { name, type_name, nullable, collation, spread: None });
    }
    Ok(())
}

fn read_indexes(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    let hidden = match (catalogue.system, catalogue.version) {
        (System::MariaDb, version) if version >= (10, 6, 0) => "ignored",
        (System::MySql, version) if version >= (8, 0, 0) => {
            "case is_visible when 'NO' then 'YES' end"
        }
        _ => "null",
    };
    let expression = match (catalogue.system, catalogue.version) {
        (System::MySql, version) if version >= (8, 0, 13) => "cast(expression as char)",
        _ => "null",
    };
    let question = INDEXES.replace("{}", hidden).replace("{expression}", expression);
    for row in asker.ask(&question)?.rows {
        let mut cells = Cells::of(row);
        let Some(table) = table_of(catalogue, &cells.text()) else { continue };
        let (name, not_unique, column) = (cells.text(), cells.flag(), cells.optional());
        let descending = cells.text() == "D";
        let prefix = cells.number().map(|chars| chars as u32);
        let method = cells.text().to_ascii_lowercase();
        let valid = cells.text() != "YES";
        let expression = cells.text();
        if table.indexes.last().is_none_or(|last| last.name != name) {
            let primary = name == "PRIMARY";
            table.indexes.push(Index {
                name,
                method,
                unique: !not_unique,
                primary,
                constraint: primary,
                valid,
                ..Index::default()
            });
        }
        let part = column.map_or_else(|| KeyPart::expression(expression), KeyPart::column);
        if let Some(index) = table.indexes.last_mut() {
            index.key.push(KeyPart { descending, prefix, ..part });
        }
    }
    Ok(())
}

/// Sizes of indexes, for a user who may read them.
fn read_sizes(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    let rows = match asker.ask(INDEX_SIZES) {
        Err(error) if matches!(error.kind, AskErrorKind::Denied | AskErrorKind::Wrong) => {
            return Ok(());
        }
        answer => answer?.rows,
    };
    for row in rows {
        let mut cells = Cells::of(row);
        let Some(table) = table_of(catalogue, &cells.text()) else { continue };
        let (name, pages) = (cells.text(), cells.number());
        let bytes = pages.map(|pages| pages * INNODB_PAGE_BYTES);
        if let Some(index) = table.indexes.iter_mut().find(|index| index.name == name) {
            index.bytes = bytes.map(|bytes| bytes as u64);
            index.pages = bytes.map(|bytes| bytes / Table::PAGE_BYTES);
        }
    }
    Ok(())
}

fn foreign_keys(asker: &mut dyn Asker) -> Result<Vec<ForeignKey>, AskError> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for row in asker.ask(FOREIGN_KEYS)?.rows {
        let mut cells = Cells::of(row);
        let name = cells.text();
        let (child, column) = ((cells.text(), cells.text()), cells.text());
        let (parent, parent_column) = ((cells.text(), cells.text()), cells.text());
        if keys.last().is_none_or(|last| last.name != name || last.child != child) {
            keys.push(ForeignKey { name, child, parent, ..ForeignKey::default() });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(column);
            key.parent_columns.push(parent_column);
        }
    }
    Ok(keys)
}

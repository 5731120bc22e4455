//! SQLite's catalogue, read into plain data, and what its planner needs beside it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::rows;
use crate::capture::System;
use crate::inquire::cells::Cells;
use crate::inquire::cost::ROW_ID;
use crate::inquire::{
    AskError, AskErrorKind, Asker, Catalogue, Column, ForeignKey, Index, KeyPart, Sample, Table,
    TableKind,
};

/// How many tables are read, the first ones made first.
const TABLES_MAX: usize = 500;
/// Bytes of a row beside its values: its header and its cell in the page.
const ROW_BYTES: f64 = 8.0;

/// What a SQLite database says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// What it holds.
    pub catalogue: Catalogue,
    /// The statements that made it: of tables, indexes and views, in order.
    pub(super) schema: Vec<String>,
    /// The rows of `sqlite_stat1`, where ANALYZE was run: table, index, numbers.
    pub(super) stat1: Vec<(String, Option<String>, String)>,
    /// A sample of each table that has rows, by its name.
    pub(super) samples: BTreeMap<String, Sample>,
}

const SCHEMA: &str = "select type, name, sql from sqlite_master \
     where sql is not null and name not like 'sqlite_%' and type in ('table', 'index', 'view') \
     order by type <> 'table', type <> 'index', rowid";

const COLUMNS: &str = "select m.name, c.name, c.type, c.\"notnull\", c.pk from sqlite_master m, \
     pragma_table_xinfo(m.name) c where m.type = 'table' and m.name not like 'sqlite_%' \
     and c.hidden <> 1 order by m.rowid, c.cid";

const INDEXES: &str = "select m.name, i.name, i.\"unique\", i.origin, p.name, p.\"desc\", p.coll, \
     p.cid, s.sql from sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) p \
     left join sqlite_master s on s.type = 'index' and s.name = i.name \
     where m.type = 'table' and m.name not like 'sqlite_%' and p.key \
     order by m.rowid, i.seq, p.seqno";

const FOREIGN_KEYS: &str = "select m.name, k.id, k.\"table\", k.\"from\", k.\"to\" \
     from sqlite_master m, pragma_foreign_key_list(m.name) k \
     where m.type = 'table' order by m.rowid, k.id, k.seq";

/// What a SQLite database holds: six questions, and two or three for each table.
///
/// Rows are estimated from the row ids that are taken, columns from a sample: at most some 26 000 rows are read of a
/// table, of whatever size.
///
/// # Errors
///
/// When one of the questions has no answer.
pub fn survey(asker: &mut dyn Asker, at: SystemTime) -> Result<Survey, AskError> {
    let mut survey = Survey::default();
    let catalogue = &mut survey.catalogue;
    catalogue.system = System::Sqlite;
    catalogue.at = Some(at);
    let version = asker.ask("select sqlite_version()")?.rows.pop().unwrap_or_default();
    catalogue.version = version_of(&Cells::of(version).text());
    survey.schema = schema(asker, catalogue)?;
    read_columns(asker, catalogue)?;
    read_indexes(asker, catalogue)?;
    catalogue.foreign_keys = foreign_keys(asker)?;
    survey.stat1 = stat1(asker)?;
    for table in &mut survey.catalogue.tables {
        let told = survey.stat1.iter().find(|(name, ..)| *name == table.name);
        let told = told.and_then(|(_, _, numbers)| numbers.split(' ').next()?.parse().ok());
        let (rows, sample) = rows::rows(asker, table, told)?;
        table.rows = rows;
        if let Some(sample) = sample {
            describe(table, &sample);
            survey.samples.insert(table.name.clone(), sample);
        }
    }
    Ok(survey)
}

fn version_of(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

fn schema(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<Vec<String>, AskError> {
    let mut schema = Vec::new();
    for row in asker.ask(SCHEMA)?.rows {
        let mut cells = Cells::of(row);
        let (is_table, name, sql) = (cells.text() == "table", cells.text(), cells.text());
        if is_table && catalogue.tables.len() >= TABLES_MAX {
            catalogue.tables_left_out += 1;
            continue;
        }
        if is_table {
            let kind = kind_of(&sql);
            catalogue.tables.push(Table { name, kind, ..Table::default() });
        }
        schema.push(sql);
    }
    Ok(schema)
}

fn kind_of(sql: &str) -> TableKind {
    let sql = sql.to_ascii_lowercase();
    let words: Vec<&str> = sql.split_whitespace().collect();
    let after = sql.rsplit(')').next().unwrap_or_default();
    let options = after.replace(',', " ");
    let options: Vec<&str> = options.split_whitespace().collect();
    match words.get(1) {
        // Its rows are somewhere else; nobody indexes them.
        Some(&"virtual") => TableKind::Foreign,
        _ if options.windows(2).any(|pair| pair == ["without", "rowid"]) => TableKind::WithoutRowId,
        _ => TableKind::Ordinary,
    }
}

fn table_of<'a>(catalogue: &'a mut Catalogue, name: &str) -> Option<&'a mut Table> {
    catalogue.tables.iter_mut().find(|table| table.name == name)
}

fn read_columns(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    for row in asker.ask(COLUMNS)?.rows {
        let mut cells = Cells::of(row);
        let Some(table) = table_of(catalogue, &cells.text()) else { continue };
        let (name, type_name) = (cells.text(), cells.text());
        let (not_null, key) = (cells.flag(), cells.flag());
        // The row id under a name of its own; what the table is sorted by.
        if key && type_name.eq_ignore_ascii_case("integer") && table.indexes.is_empty() {
            table.indexes.push(row_id(&name));
        } else if key && !table.indexes.is_empty() {
            table.indexes.retain(|index| index.name != ROW_ID);
        }
        let nullable = !not_null && !key;
        table.columns.push(Column { name, type_name, nullable, ..Column::default() });
    }
    Ok(())
}

fn row_id(column: &str) -> Index {
    Index {
        name: ROW_ID.to_owned(),
        key: vec![KeyPart::column(column)],
        method: "btree".to_owned(),
        unique: true,
        primary: true,
        constraint: true,
        valid: true,
        ..Index::default()
    }
}

fn read_indexes(asker: &mut dyn Asker, catalogue: &mut Catalogue) -> Result<(), AskError> {
    let mut last = String::new();
    for row in asker.ask(INDEXES)?.rows {
        let mut cells = Cells::of(row);
        let Some(table) = table_of(catalogue, &cells.text()) else { continue };
        let (name, unique, origin) = (cells.text(), cells.flag(), cells.text());
        let (column, descending, collation) = (cells.optional(), cells.flag(), cells.optional());
        let (_, definition) = (cells.number(), cells.optional());
        let sql = definition.as_deref().unwrap_or_default();
        if name != last {
            last.clone_from(&name);
            // A composite primary key has an index, and is no row id.
            if origin == "pk" {
                table.indexes.retain(|index| index.name != ROW_ID);
            }
            table.indexes.push(Index {
                name,
                method: "btree".to_owned(),
                unique,
                primary: origin == "pk",
                constraint: origin != "c",
                valid: true,
                predicate: predicate_of(sql),
                definition: definition.clone(),
                ..Index::default()
            });
        }
        let Some(index) = table.indexes.last_mut() else { continue };
        let part = match column {
            Some(column) => KeyPart::column(column),
            None => KeyPart::expression(part_of(sql, index.key.len()).unwrap_or_default()),
        };
        let collation = collation.filter(|name| !name.eq_ignore_ascii_case("binary"));
        index.key.push(KeyPart { descending, collation, ..part });
    }
    Ok(())
}

/// The condition of a partial index.
fn predicate_of(sql: &str) -> Option<String> {
    let (_, end) = key_of(sql)?;
    let rest = sql[end..].trim_start();
    let word = rest.get(..5).filter(|word| word.eq_ignore_ascii_case("where"))?;
    Some(rest[word.len()..].trim().to_owned())
}

/// One part of an index's key as it was written.
fn part_of(sql: &str, at: usize) -> Option<String> {
    let (start, end) = key_of(sql)?;
    let (mut depth, mut from, mut part) = (0, start + 1, 0);
    for (place, c) in sql[..end].char_indices().skip_while(|(place, _)| *place <= start) {
        match c {
            '(' => depth += 1,
            ',' | ')' if depth == 0 => {
                if part == at {
                    return Some(sql[from..place].trim().to_owned());
                }
                (part, from) = (part + 1, place + 1);
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the key's bracket opens, and the place after it closes.
fn key_of(sql: &str) -> Option<(usize, usize)> {
    let start = sql.find('(')?;
    let mut depth = 0;
    for (place, c) in sql.char_indices().skip_while(|(place, _)| *place < start) {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some((start, place + 1)),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn foreign_keys(asker: &mut dyn Asker) -> Result<Vec<ForeignKey>, AskError> {
    let mut keys: Vec<(String, ForeignKey)> = Vec::new();
    for row in asker.ask(FOREIGN_KEYS)?.rows {
        let mut cells = Cells::of(row);
        let (child, id, parent) = (cells.text(), cells.text(), cells.text());
        let (from, to) = (cells.text(), cells.optional());
        let id = format!("{child} {id}");
        if keys.last().is_none_or(|(last, _)| *last != id) {
            let key = ForeignKey {
                child: (String::new(), child),
                parent: (String::new(), parent),
                ..ForeignKey::default()
            };
            keys.push((id, key));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(from);
            key.parent_columns.extend(to);
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// What ANALYZE left; nothing where it never ran.
fn stat1(asker: &mut dyn Asker) -> Result<Vec<(String, Option<String>, String)>, AskError> {
    let rows = match asker.ask("select tbl, idx, stat from sqlite_stat1") {
        Err(error) if error.kind == AskErrorKind::Wrong => return Ok(Vec::new()),
        answer => answer?.rows,
    };
    let read = |row| {
        let mut cells = Cells::of(row);
        (cells.text(), cells.optional(), cells.text())
    };
    Ok(rows.into_iter().map(read).collect())
}

/// What a sample tells of a table: its size, and how values are spread.
fn describe(table: &mut Table, sample: &Sample) {
    let mut width = ROW_BYTES;
    for column in &mut table.columns {
        column.spread = sample.spread(&column.name);
        let own = column.spread.as_ref();
        let cell = own.and_then(|spread| spread.width.map(|width| width * (1.0 - spread.nulls)));
        width += 1.0 + stored_width(&column.type_name, cell.unwrap_or(0.0));
    }
    let bytes = table.rows.unwrap_or(0.0) * width;
    table.bytes = Some(bytes as u64);
    table.pages = Some((bytes / Table::PAGE_BYTES).ceil());
}

/// Bytes of a value on disk: a number takes about half as many as it has digits.
fn stored_width(type_name: &str, digits: f64) -> f64 {
    if type_name.to_ascii_lowercase().contains("int") { digits / 2.0 } else { digits }
}

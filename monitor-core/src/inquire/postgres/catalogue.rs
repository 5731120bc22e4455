//! PostgreSQL's catalogue, read into plain data.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::questions::{
    COLUMNS, COLUMNS_ORDER, FOREIGN_KEYS, FOREIGN_KEYS_ORDER, INDEXES, INDEXES_ORDER, SERVER,
    TABLES,
};
use crate::capture::System;
use crate::inquire::cells::Cells;
use crate::inquire::{
    AskError, Asker, Catalogue, Column, ForeignKey, Index, KeyPart, Spread, Table, TableKind,
    Writes,
};

/// How many tables are read, the largest first. What is left out is counted in
/// [`Catalogue::tables_left_out`].
pub const TABLES_MAX: usize = 500;

/// What a PostgreSQL database holds: five questions, none of which waits for a lock on a table.
///
/// Needs no right beyond connecting; columns that the user may not read have no statistics.
///
/// # Errors
///
/// When one of the questions has no answer.
pub fn read_catalogue(asker: &mut dyn Asker, at: SystemTime) -> Result<Catalogue, AskError> {
    let mut catalogue = server(asker)?;
    catalogue.at = Some(at);
    let limit = TABLES_MAX + 1;
    let mut rows = asker.ask(&format!("{TABLES}{limit}"))?.rows;
    catalogue.tables_left_out = rows.len().saturating_sub(TABLES_MAX);
    rows.truncate(TABLES_MAX);
    let mut tables = BTreeMap::new();
    for row in rows {
        let mut cells = Cells::of(row);
        tables.insert(cells.text(), table(&mut cells));
    }
    if tables.is_empty() {
        return Ok(catalogue);
    }
    let oids = tables.keys().cloned().collect::<Vec<_>>().join(",");
    read_columns(asker, &oids, &mut tables)?;
    read_indexes(asker, &oids, &mut tables)?;
    catalogue.foreign_keys = foreign_keys(asker, &oids)?;
    catalogue.tables = tables.into_values().collect();
    Ok(catalogue)
}

fn server(asker: &mut dyn Asker) -> Result<Catalogue, AskError> {
    let mut catalogue = Catalogue { system: System::PostgreSql, ..Catalogue::default() };
    if let Some(row) = asker.ask(SERVER)?.rows.into_iter().next() {
        let mut cells = Cells::of(row);
        let number = cells.number().unwrap_or(0.0) as u32;
        catalogue.version = (number / 10_000, number % 10_000, 0);
        catalogue.extensions = cells.words();
        catalogue.search_path = cells.words();
        catalogue.collation = cells.optional();
        catalogue.counting_since = cells.moment();
        catalogue.replicas = cells.number().map(|count| count as u32);
        catalogue.is_replica = cells.truth();
    }
    Ok(catalogue)
}

fn table(cells: &mut Cells) -> Table {
    let mut table = Table {
        schema: cells.text(),
        name: cells.text(),
        kind: match cells.text().as_str() {
            "p" => TableKind::Partitioned,
            "m" => TableKind::Materialised,
            "v" => TableKind::View,
            "f" => TableKind::Foreign,
            _ => TableKind::Ordinary,
        },
        // -1 where it was never analyzed.
        rows: cells.number().filter(|&rows| rows >= 0.0),
        pages: cells.number(),
        ..Table::default()
    };
    table.bytes = table.pages.map(|pages| (pages * Table::PAGE_BYTES) as u64);
    let visible = cells.number();
    table.all_visible = visible
        .zip(table.pages)
        .map(|(visible, pages)| if pages > 0.0 { (visible / pages).min(1.0) } else { 0.0 });
    table.dead_rows = cells.number();
    table.modified_since_analyze = cells.number();
    table.analyzed = cells.moment();
    let writes = [cells.number(), cells.number(), cells.number()];
    if let [Some(inserted), Some(updated), Some(deleted)] = writes {
        table.writes = Some(Writes { inserted, updated, deleted, hot: cells.number() });
    }
    table
}

fn read_columns(
    asker: &mut dyn Asker,
    oids: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), AskError> {
    for row in asker.ask(&format!("{COLUMNS}{oids}{COLUMNS_ORDER}"))?.rows {
        let mut cells = Cells::of(row);
        let Some(table) = tables.get_mut(&cells.text()) else { continue };
        let mut column = Column {
            name: cells.text(),
            type_name: cells.text(),
            nullable: !cells.truth(),
            collation: cells.optional(),
            spread: None,
        };
        column.spread = spread(&mut cells, table.rows.unwrap_or(0.0));
        table.columns.push(column);
    }
    Ok(())
}

fn spread(cells: &mut Cells, rows: f64) -> Option<Spread> {
    let nulls = cells.number()?;
    // A negative number is a share of the rows.
    let distinct = cells.number()?;
    let distinct = if distinct < 0.0 { -distinct * rows } else { distinct };
    let width = cells.number();
    let correlation = cells.number();
    let values = cells.list();
    let shares = cells.list().into_iter().filter_map(|share| share.parse().ok());
    Some(Spread {
        nulls,
        distinct,
        width,
        correlation,
        common: values.into_iter().zip(shares).collect(),
        bounds: cells.list(),
    })
}

fn read_indexes(
    asker: &mut dyn Asker,
    oids: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), AskError> {
    let mut last = String::new();
    for row in asker.ask(&format!("{INDEXES}{oids}{INDEXES_ORDER}"))?.rows {
        let mut cells = Cells::of(row);
        let Some(table) = tables.get_mut(&cells.text()) else { continue };
        let oid = cells.text();
        let index = Index {
            name: cells.text(),
            method: cells.text(),
            unique: cells.truth(),
            primary: cells.truth(),
            valid: cells.truth(),
            replica_identity: cells.truth(),
            constraint: cells.truth(),
            predicate: cells.optional(),
            pages: cells.number(),
            scans: cells.number().map(|scans| scans as u64),
            touched: cells.number(),
            definition: cells.optional(),
            ..Index::default()
        };
        if oid != last {
            let bytes = index.pages.map(|pages| (pages * Table::PAGE_BYTES) as u64);
            table.indexes.push(Index { bytes, ..index });
            last = oid;
        }
        if let Some(index) = table.indexes.last_mut() {
            add_part(index, &mut cells);
        }
    }
    Ok(())
}

fn add_part(index: &mut Index, cells: &mut Cells) {
    let is_beside = cells.truth();
    let column = cells.optional();
    let definition = cells.text();
    let part = match column {
        Some(column) if is_beside => {
            index.include.push(column);
            return;
        }
        Some(column) => KeyPart::column(column),
        None => KeyPart::expression(definition),
    };
    index.key.push(KeyPart {
        descending: cells.text() == "1",
        operator_class: cells.optional(),
        collation: cells.optional(),
        nulls_swapped: cells.truth(),
        ..part
    });
}

fn foreign_keys(asker: &mut dyn Asker, oids: &str) -> Result<Vec<ForeignKey>, AskError> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    let mut last = String::new();
    for row in asker.ask(&format!("{FOREIGN_KEYS}{oids}{FOREIGN_KEYS_ORDER}"))?.rows {
        let mut cells = Cells::of(row);
        let oid = cells.text();
        let key = ForeignKey {
            name: cells.text(),
            child: (cells.text(), cells.text()),
            parent: (cells.text(), cells.text()),
            ..ForeignKey::default()
        };
        if oid != last {
            keys.push(key);
            last = oid;
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(cells.text());
            key.parent_columns.push(cells.text());
        }
    }
    Ok(keys)
}

//! What a case's database holds, read from its schema.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use monitor_core::capture::System;
use monitor_core::inquire::{Catalogue, Column, Index, KeyPart, Table};
use sqlparser::ast::{
    ColumnOption, CreateIndex, CreateTable, Expr, Ident, ObjectName, Statement, TableConstraint,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::fixtures;

/// A schema that cases are about, in PostgreSQL's words, and how many rows its tables have.
pub(super) struct Schema {
    sql: String,
    rows: BTreeMap<String, f64>,
}

/// Rows of each table of the shop at scale 1.
const SHOP: [(&str, f64); 14] = [
    ("countries", 30.0),
    ("categories", 40.0),
    ("settings", 200.0),
    ("customers", 50_000.0),
    ("products", 10_000.0),
    ("orders", 300_000.0),
    ("order_items", 800_000.0),
    ("events", 500_000.0),
    ("sessions", 50_000.0),
    ("audit_log", 200_000.0),
    ("reviews", 100_000.0),
    ("tickets", 60_000.0),
    ("messages", 200_000.0),
    ("inventory_moves", 200_000.0),
];

// === impl Schema ===

impl Schema {
    /// The shop, which all cases are about that name no schema.
    pub(super) fn shop() -> Result<Self> {
        let sql = std::fs::read_to_string(fixtures().join("shop/schema.pg.sql"))?;
        let rows = SHOP.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect();
        Ok(Self { sql, rows })
    }

    /// A schema of a folder of cases.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self> {
        let folder = folder.join("rewrites/schemas");
        let read = |file: &str| {
            let path = folder.join(file);
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))
        };
        let mut rows: BTreeMap<String, BTreeMap<String, f64>> =
            serde_json::from_str(&read("rows.json")?)
                .context("rows.json names schemas, their tables and how many rows each has")?;
        let sql = read(&format!("{name}.sql"))?;
        Ok(Self { sql, rows: rows.remove(name).unwrap_or_default() })
    }
}

/// The catalogue of a schema with further indexes.
pub(super) fn of_schema(system: System, schema: &Schema, indexes: &[String]) -> Result<Catalogue> {
    let mut catalogue = Catalogue { system, ..Catalogue::default() };
    for text in std::iter::once(&schema.sql).chain(indexes) {
        let statements = Parser::parse_sql(&PostgreSqlDialect {}, text).with_context(|| {
            format!("cannot read the schema at `{}`", text.lines().next().unwrap_or_default())
        })?;
        for statement in statements {
            match statement {
                Statement::CreateTable(create) => {
                    catalogue.tables.push(table(&create, &schema.rows))
                }
                Statement::CreateIndex(create) => {
                    let (_, name) = names(&create.table_name);
                    let number = catalogue.tables.iter().map(|table| table.indexes.len()).sum();
                    if let Some(table) =
                        catalogue.tables.iter_mut().find(|table| table.name == name)
                    {
                        table.indexes.push(index(&create, number));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(catalogue)
}

/// The schema and the table that a name means, as the catalogue has them: without quotes.
fn names(name: &ObjectName) -> (String, String) {
    let mut parts =
        name.0.iter().rev().filter_map(|part| part.as_ident().map(|ident| ident.value.clone()));
    let table = parts.next().unwrap_or_default();
    (parts.next().unwrap_or_else(|| "public".into()), table)
}

fn table(create: &CreateTable, rows: &BTreeMap<String, f64>) -> Table {
    let (schema, name) = names(&create.name);
    let mut table = Table { rows: rows.get(&name).copied(), schema, name, ..Table::default() };
    for column in &create.columns {
        let mut nullable = true;
        for option in &column.options {
            match &option.option {
                ColumnOption::NotNull => nullable = false,
                ColumnOption::PrimaryKey(_) => {
                    nullable = false;
                    table.indexes.push(key(std::slice::from_ref(&column.name.value), true));
                }
                ColumnOption::Unique(_) => {
                    table.indexes.push(key(std::slice::from_ref(&column.name.value), false))
                }
                _ => {}
            }
        }
        table.columns.push(Column {
            name: column.name.value.clone(),
            type_name: column.data_type.to_string().to_lowercase(),
            nullable,
            ..Column::default()
        });
    }
    for constraint in &create.constraints {
        if let TableConstraint::PrimaryKey(primary) = constraint {
            let columns: Vec<_> =
                primary.columns.iter().map(|column| plain(&column.column.expr)).collect();
            table.indexes.push(key(&columns, true));
        }
    }
    table
}

fn plain(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        other => other.to_string(),
    }
}

fn key(columns: &[String], primary: bool) -> Index {
    Index {
        name: columns.join("_") + if primary { "_pkey" } else { "_key" },
        key: columns.iter().map(KeyPart::column).collect(),
        method: "btree".into(),
        unique: true,
        primary,
        constraint: true,
        valid: true,
        ..Index::default()
    }
}

fn index(create: &CreateIndex, number: usize) -> Index {
    let parts = create.columns.iter().map(|part| match &part.column.expr {
        Expr::Identifier(Ident { value, .. }) => KeyPart::column(value.clone()),
        expr => KeyPart::expression(expr.to_string()),
    });
    Index {
        name: create.name.as_ref().map_or_else(|| format!("index_{number}"), ToString::to_string),
        key: parts.collect(),
        include: create.include.iter().map(|ident| ident.value.clone()).collect(),
        method: create
            .using
            .as_ref()
            .map_or_else(|| "btree".into(), |using| using.to_string().to_lowercase()),
        unique: create.unique,
        valid: true,
        ..Index::default()
    }
}

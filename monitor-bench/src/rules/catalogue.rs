//! What the shop's database holds, read from its schema.

use anyhow::{Context, Result};
use monitor_core::capture::System;
use monitor_core::inquire::{Catalogue, Column, Index, KeyPart, Table};
use sqlparser::ast::{
    ColumnOption, CreateIndex, CreateTable, Expr, Ident, Statement, TableConstraint,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// Rows of each table of the shop at scale 1.
const ROWS: [(&str, f64); 14] = [
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

/// The catalogue of a schema, in PostgreSQL's words, with further indexes.
pub(super) fn of_schema(system: System, schema: &str, indexes: &[String]) -> Result<Catalogue> {
    let mut catalogue = Catalogue { system, ..Catalogue::default() };
    for text in std::iter::once(schema).chain(indexes.iter().map(String::as_str)) {
        let statements = Parser::parse_sql(&PostgreSqlDialect {}, text).with_context(|| {
            format!("cannot read the schema at `{}`", text.lines().next().unwrap_or_default())
        })?;
        for statement in statements {
            match statement {
                Statement::CreateTable(create) => catalogue.tables.push(table(&create)),
                Statement::CreateIndex(create) => {
                    let name = create.table_name.to_string();
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

fn table(create: &CreateTable) -> Table {
    let name = create.name.to_string();
    let mut table = Table {
        schema: "public".into(),
        rows: ROWS.iter().find(|(known, _)| *known == name).map(|(_, rows)| *rows),
        name,
        ..Table::default()
    };
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
                primary.columns.iter().map(|column| column.column.expr.to_string()).collect();
            table.indexes.push(key(&columns, true));
        }
    }
    table
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

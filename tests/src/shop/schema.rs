//! The shop's tables as each database defines them.

/// A database's own way to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
pub enum Dialect {
    /// MariaDB and MySQL.
    #[serde(rename = "mysql")]
    Mysql,
    /// PostgreSQL.
    #[serde(rename = "pg")]
    Postgres,
    /// SQLite.
    #[serde(rename = "sqlite")]
    Sqlite,
}

/// Tables and indexes, statements separated by semicolons.
pub fn schema(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Mysql => include_str!("../../fixtures/shop/schema.mysql.sql"),
        Dialect::Postgres => include_str!("../../fixtures/shop/schema.pg.sql"),
        Dialect::Sqlite => include_str!("../../fixtures/shop/schema.sqlite.sql"),
    }
}

/// The `CREATE TABLE` statements, referenced tables first.
pub fn table_definitions(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    statements(dialect).filter(|sql| sql.starts_with("CREATE TABLE"))
}

/// The secondary indexes that exist before advice is asked for; made faster after the rows are in.
pub fn index_definitions(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    statements(dialect).filter(|sql| !sql.starts_with("CREATE TABLE"))
}

/// The schema has one statement a line, and comments on lines of their own.
fn statements(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    schema(dialect)
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(|line| line.trim_end_matches(';'))
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Dialect, index_definitions, table_definitions};
    use crate::shop::tables;

    #[test]
    fn every_dialect_defines_the_tables_and_columns_we_fill_in_the_order_we_fill_them() {
        for dialect in [Dialect::Mysql, Dialect::Postgres, Dialect::Sqlite] {
            let defined: Vec<(&str, Vec<&str>)> = table_definitions(dialect).map(parse).collect();
            let filled: Vec<(&str, Vec<&str>)> =
                tables().iter().map(|table| (table.name, table.columns.to_vec())).collect();
            assert_eq!(defined, filled);
            assert_eq!(index_definitions(dialect).count(), 5);
        }
    }

    /// `CREATE TABLE t(a int, b numeric(10,2))` as `t` and its columns.
    fn parse(sql: &'static str) -> (&'static str, Vec<&'static str>) {
        let (head, body) = sql.split_once('(').unwrap();
        let columns = body.split(", ").map(|column| column.split(' ').next().unwrap());
        (head.rsplit(' ').next().unwrap(), columns.collect())
    }
}

//! What a database holds, as plain data: tables, columns, indexes, keys, and what is known of their numbers.
//!
//! Everything optional may be hidden from the monitor's user by a missing right, or not known to the system at all.

use std::time::SystemTime;

use crate::capture::{Database, System};

/// What one database holds, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// The system; MariaDB is told apart from MySQL.
    pub system: System,
    /// The database it is of, as the application's calls name it. `None` where that is not known: then it is taken to be
    /// the database of all statements of its system.
    pub database: Option<Database>,
    /// The server's version as major, minor and patch; zero where a part is not known. PostgreSQL's
    /// patch is always zero.
    pub version: (u32, u32, u32),
    /// When it was read; `None` for a catalogue made by hand.
    pub at: Option<SystemTime>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Since when the counters of use are counted ([`Index::scans`]).
    pub counting_since: Option<SystemTime>,
    /// Names of extensions, or of features that only some servers have: `hypopg`, `pg_trgm`.
    pub extensions: Vec<String>,
    /// The collation of texts whose column has none of its own: `C`, `en_US.UTF-8`.
    pub collation: Option<String>,
    /// Tables that were left out because a limit was reached.
    pub tables_left_out: usize,
    /// Schemas in which a name without one is looked up, in that order.
    pub search_path: Vec<String>,
    /// Replicas that follow this server, as far as it tells; each counts the use of indexes for itself.
    pub replicas: Option<u32>,
    /// Whether this server is a replica itself: then others may use what it does not.
    pub is_replica: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its schema (PostgreSQL) or database (MariaDB); empty on SQLite.
    pub schema: String,
    /// Its name, in its true case and without quotes.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Rows, as estimated.
    pub rows: Option<f64>,
    /// Pages of its data, of [`Table::PAGE_BYTES`] each.
    pub pages: Option<f64>,
    /// Bytes of its data, without indexes.
    pub bytes: Option<u64>,
    /// Share of pages whose rows all transactions can see, from 0 to 1 (PostgreSQL): what an
    /// index-only scan need not look up.
    pub all_visible: Option<f64>,
    /// Rows that are dead and not yet cleaned up.
    pub dead_rows: Option<f64>,
    /// Rows changed since statistics were gathered last.
    pub modified_since_analyze: Option<f64>,
    /// When statistics were gathered last.
    pub analyzed: Option<SystemTime>,
    /// Rows inserted, updated and deleted since [`Catalogue::counting_since`].
    pub writes: Option<Writes>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its indexes, the primary key's included.
    pub indexes: Vec<Index>,
}

/// Rows written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Writes {
    /// Rows inserted.
    pub inserted: f64,
    /// Rows updated.
    pub updated: f64,
    /// Rows deleted.
    pub deleted: f64,
    /// Those updated that no index had to be written for (PostgreSQL's HOT updates), where the server tells.
    pub hot: Option<f64>,
}

/// What a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TableKind {
    /// An ordinary table.
    #[default]
    Ordinary,
    /// The whole of a partitioned table; its partitions are not listed.
    Partitioned,
    /// A view whose rows are stored.
    Materialised,
    /// A view.
    View,
    /// A table of another server.
    Foreign,
    /// A table that is its own primary key's index (SQLite's `without rowid`).
    WithoutRowId,
}

/// A column and how its values are spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Its name, in its true case and without quotes.
    pub name: String,
    /// Its type as the system writes it: `integer`, `character varying(40)`.
    pub type_name: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its collation, where it is not the database's own.
    pub collation: Option<String>,
    /// How its values are spread, where statistics were gathered and may be read.
    pub spread: Option<Spread>,
}

/// How a column's values are spread: statistics, which hold values.
///
/// The values are the database's own and only used to ask it for plans. They appear in no advice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Share of rows that are NULL, from 0 to 1.
    pub nulls: f64,
    /// Distinct values that are not NULL, an absolute number.
    pub distinct: f64,
    /// Bytes of a value on average.
    pub width: Option<f64>,
    /// The most common values as text, with the share of all rows that have each, most common first.
    pub common: Vec<(String, f64)>,
    /// Bounds of slices with equally many rows each, of all values but the common ones, as text, ascending.
    pub bounds: Vec<String>,
    /// How well the order of values fits the order of rows on disk, from -1 to 1.
    pub correlation: Option<f64>,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key, in order.
    pub key: Vec<KeyPart>,
    /// Columns kept in it beside the key, by name.
    pub include: Vec<String>,
    /// Its condition as SQL, for a partial index.
    pub predicate: Option<String>,
    /// How it is built: `btree`, `gin`, `hash`.
    pub method: String,
    /// Whether no two rows have the same key.
    pub unique: bool,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// Whether a constraint owns it: the primary key, a unique constraint, an exclusion. It cannot be
    /// dropped by itself.
    pub constraint: bool,
    /// Whether it names rows to replicas, so that it may not go.
    pub replica_identity: bool,
    /// Whether it can be used: a build that failed leaves one that can't.
    pub valid: bool,
    /// Its pages.
    pub pages: Option<f64>,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// How often it was looked into since [`Catalogue::counting_since`].
    pub scans: Option<u64>,
    /// How often a page of it was read or written since then. Each row that is written needs one at least, so an index
    /// that was touched less is younger.
    pub touched: Option<f64>,
    /// When it was made at the latest, where the server tells.
    pub since: Option<SystemTime>,
    /// Its statement of definition, where the system keeps one.
    pub definition: Option<String>,
}

/// One part of an index's key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPart {
    /// What is indexed.
    pub of: KeyOf,
    /// Whether values descend.
    pub descending: bool,
    /// Whether NULLs stand at the other end than they do by default: first where values ascend, last where they
    /// descend (PostgreSQL).
    pub nulls_swapped: bool,
    /// The collation, where it is not the column's own.
    pub collation: Option<String>,
    /// The operator class, where it is not the type's default: `text_pattern_ops`.
    pub operator_class: Option<String>,
    /// How many characters of the value are kept (MariaDB), where not all.
    pub prefix: Option<u32>,
}

/// What a part of a key is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyOf {
    /// A column, by name.
    Column(String),
    /// An expression, as SQL: `lower(email)`. Empty where the server does not tell: then it equals nothing.
    Expression(String),
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignKey {
    /// The constraint's name; empty where it has none.
    pub name: String,
    /// The table that refers, as schema and name.
    pub child: (String, String),
    /// Its columns.
    pub columns: Vec<String>,
    /// The table referred to, as schema and name.
    pub parent: (String, String),
    /// That table's columns, in the same order.
    pub parent_columns: Vec<String>,
}

// === impl Catalogue ===

impl Catalogue {
    /// The table a statement means by a name, with or without a schema before it.
    ///
    /// Looks in the schemas of [`Catalogue::search_path`] in their order, then in all others; `None` where two are
    /// meant as likely. Case does not matter, as statements are kept in lower case. Cost: one pass over the tables.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        let (schema, name) = match name.rsplit_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, name),
        };
        let found = self.tables.iter().filter(|table| {
            table.name.eq_ignore_ascii_case(name)
                && schema.is_none_or(|schema| is_schema(schema, &table.schema))
        });
        let place = |table: &Table| {
            let place = self.search_path.iter().position(|one| *one == table.schema);
            (place.unwrap_or(usize::MAX), table.name != name)
        };
        let mut found: Vec<&Table> = found.collect();
        found.sort_by_key(|table| place(table));
        match found.as_slice() {
            [one, other, ..] if place(one) == place(other) => None,
            found => found.first().copied(),
        }
    }

    /// The foreign keys of a table.
    pub fn foreign_keys_of<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a ForeignKey> {
        self.foreign_keys
            .iter()
            .filter(|key| key.child.0 == table.schema && key.child.1 == table.name)
    }

    /// Whether the server has an extension or feature of this name.
    #[must_use]
    pub fn has_extension(&self, name: &str) -> bool {
        self.extensions.iter().any(|one| one == name)
    }
}

/// Whether a schema as written, perhaps with a database before it, is this one.
fn is_schema(written: &str, schema: &str) -> bool {
    let last = written.rsplit('.').next().unwrap_or(written);
    last.eq_ignore_ascii_case(schema) || (schema.is_empty() && last.eq_ignore_ascii_case("main"))
}

// === impl Table ===

impl Table {
    /// Bytes of a page on PostgreSQL as it is built by default; SQLite and InnoDB are reckoned in the same.
    pub const PAGE_BYTES: f64 = 8192.0;

    /// A column by its name, in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The primary key's index.
    #[must_use]
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.primary)
    }
}

// === impl Index ===

impl Index {
    /// The columns that lead its key, up to the first expression or shortened column.
    pub fn leading_columns(&self) -> impl Iterator<Item = &str> {
        self.key.iter().map_while(|part| match &part.of {
            KeyOf::Column(name) if part.prefix.is_none() => Some(name.as_str()),
            _ => None,
        })
    }
}

// === impl KeyPart ===

impl KeyPart {
    /// A column as it is.
    #[must_use]
    pub fn column(name: impl Into<String>) -> Self {
        Self { of: KeyOf::Column(name.into()), ..Self::default() }
    }

    /// An expression, as SQL.
    #[must_use]
    pub fn expression(sql: impl Into<String>) -> Self {
        Self { of: KeyOf::Expression(sql.into()), ..Self::default() }
    }

    /// The column's name, if it is one.
    #[must_use]
    pub fn column_name(&self) -> Option<&str> {
        match &self.of {
            KeyOf::Column(name) => Some(name),
            KeyOf::Expression(_) => None,
        }
    }
}

// === impl KeyOf ===

impl Default for KeyOf {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

//! Which columns a key can hold: those with an order, and values short enough.

use crate::capture::System;
use crate::inquire::{Column, KeyPart, Table};

/// The most characters a type may allow for its column to be kept beside what is looked up.
const SHORT_CHARS_MAX: u32 = 255;
/// The longest value on average, in bytes, where the type bounds nothing: far below the 2704 bytes at which
/// PostgreSQL refuses a key.
const WIDTH_MAX: f64 = 100.0;
/// The longest value known, in bytes, where the type bounds nothing.
const VALUE_BYTES_MAX: usize = 500;
/// Bytes of a key that InnoDB takes at most, with its usual row formats.
const INNODB_KEY_BYTES_MAX: u32 = 3072;
/// Bytes of a character in `utf8mb4`.
const CHAR_BYTES: u32 = 4;
/// Types without an order a B-tree can keep, or whose values are long by nature.
const NEVER: [&str; 27] = [
    "json",
    "jsonb",
    "xml",
    "bytea",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "tsvector",
    "tsquery",
    "geometry",
    "geography",
    "geometrycollection",
    "geomcollection",
    "linestring",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "hstore",
    "vector",
    "halfvec",
    "sparsevec",
    "xid",
    "cid",
];

/// Whether a key may hold a column: its values are sorted, and bounded by their type or, as far as known, short.
pub(super) fn is_key(column: &Column, system: System) -> bool {
    let is_mysql = matches!(system, System::MySql | System::MariaDb);
    match Width::of(&column.type_name) {
        Width::Never => false,
        Width::Fixed => true,
        Width::Chars(chars) if chars <= SHORT_CHARS_MAX => true,
        // There a key on a text needs a length, and nobody knows which.
        Width::Unbounded if is_mysql => false,
        Width::Unbounded if column.spread.is_none() => system == System::Sqlite,
        Width::Unbounded | Width::Chars(_) => are_short(column),
    }
}

/// Whether a column may be kept in a key only to save a look into the table.
pub(super) fn is_short(column: &Column) -> bool {
    match Width::of(&column.type_name) {
        Width::Fixed => true,
        Width::Chars(chars) => chars <= SHORT_CHARS_MAX,
        Width::Unbounded | Width::Never => false,
    }
}

/// Whether a key is no longer than the system takes.
pub(super) fn fits(key: &[KeyPart], table: &Table, system: System) -> bool {
    let bytes = |part: &KeyPart| {
        let column = part.column_name().and_then(|name| table.column(name));
        match column.map(|column| Width::of(&column.type_name)) {
            Some(Width::Chars(chars)) => chars.saturating_mul(CHAR_BYTES),
            _ => 8,
        }
    };
    !matches!(system, System::MySql | System::MariaDb)
        || key.iter().map(bytes).fold(0, u32::saturating_add) <= INNODB_KEY_BYTES_MAX
}

/// Whether the values are short, as far as statistics tell.
fn are_short(column: &Column) -> bool {
    column.spread.as_ref().is_some_and(|spread| {
        let mut values = spread.common.iter().map(|(value, _)| value).chain(&spread.bounds);
        spread.width.is_none_or(|width| width <= WIDTH_MAX)
            && values.all(|value| value.len() <= VALUE_BYTES_MAX)
    })
}

/// How long a type lets values be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// A few bytes.
    Fixed,
    /// So many characters.
    Chars(u32),
    /// As long as they like.
    Unbounded,
    /// No key at all.
    Never,
}

// === impl Width ===

impl Width {
    fn of(type_name: &str) -> Self {
        let whole = type_name.to_ascii_lowercase();
        let name = whole.split('(').next().unwrap_or_default().trim();
        let first = name.split(' ').next().unwrap_or_default();
        let bare = first.rsplit('.').next().unwrap_or_default();
        if NEVER.contains(&bare) || whole.ends_with("[]") || bare.ends_with("blob") {
            return Self::Never;
        }
        let holds_text = ["char", "text", "clob", "binary", "bit varying"]
            .iter()
            .any(|word| name.contains(word));
        if !holds_text {
            return Self::Fixed;
        }
        let chars = whole
            .split_once('(')
            .and_then(|(_, rest)| rest.split([')', ',']).next()?.trim().parse().ok());
        match chars {
            Some(chars) => Self::Chars(chars),
            // `char` alone is one character.
            None if matches!(name, "char" | "character" | "\"char\"" | "binary") => Self::Chars(1),
            None => Self::Unbounded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, KeyPart, System, Table, fits, is_key, is_short};
    use crate::inquire::Spread;

    fn column(type_name: &str, width: Option<f64>) -> Column {
        let spread = width.map(|width| Spread { width: Some(width), ..Spread::default() });
        Column { name: "c".into(), type_name: type_name.into(), spread, ..Column::default() }
    }

    #[test]
    fn a_key_holds_short_values_with_an_order_only() {
        for (type_name, width, expected) in [
            ("integer", None, (true, true)),
            ("timestamp with time zone", None, (true, true)),
            ("character varying(40)", None, (true, true)),
            ("character varying(4000)", Some(2_000.0), (false, false)),
            ("text", Some(20.0), (true, false)),
            ("text", Some(900.0), (false, false)),
            ("text", None, (false, false)),
            ("jsonb", Some(20.0), (false, false)),
            ("point", None, (false, false)),
            ("bytea", Some(16.0), (false, false)),
            ("character varying(20)[]", None, (false, false)),
            ("public.geometry(Point,4326)", None, (false, false)),
        ] {
            let column = column(type_name, width);
            let found = (is_key(&column, System::PostgreSql), is_short(&column));
            assert_eq!(found, expected, "{type_name} {width:?}");
        }
    }

    #[test]
    fn mysql_takes_no_text_without_a_length_and_no_key_over_its_limit() {
        for type_name in ["text", "mediumtext", "longblob", "json"] {
            assert!(!is_key(&column(type_name, Some(9.0)), System::MySql), "{type_name}");
        }
        let table = Table { columns: vec![column("varchar(800)", None)], ..Table::default() };
        assert!(!fits(&[KeyPart::column("c")], &table, System::MySql));
        assert!(fits(&[KeyPart::column("c")], &table, System::PostgreSql));
    }
}

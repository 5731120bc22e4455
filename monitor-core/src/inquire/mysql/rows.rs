//! A few rows of a MariaDB or MySQL table: bounded, however large it is.

use crate::inquire::{AskError, Asker, KeyOf, Sample, Table, TableKind};

/// How many keys are looked up, spread over the whole table.
const KEYS: i64 = 2_000;
/// How many of them have to be there; else the first rows are taken.
const KEYS_FOUND_MIN: usize = 200;
/// How many rows are taken where there is no key to spread them by.
const FIRST_ROWS: usize = 2_000;
/// Characters of a value that are looked at. Longer values that begin alike count as one.
const VALUE_CHARS: u32 = 64;

/// A sample of a table: rows with evenly spread primary keys where the key is a number, else the first ones.
///
/// The first rows of a table are its oldest, as a rule, and tell less: nothing says then how values changed.
pub(super) fn sample(asker: &mut dyn Asker, table: &Table) -> Result<Option<Sample>, AskError> {
    if table.kind != TableKind::Ordinary || table.rows == Some(0.0) {
        return Ok(None);
    }
    let mut rows = match number_key(table) {
        Some(key) => by_keys(asker, table, key)?,
        None => Vec::new(),
    };
    if rows.len() < KEYS_FOUND_MIN {
        let name = backticked(&table.name);
        let question = format!("select {} from {name} limit {FIRST_ROWS}", values(table));
        rows = asker.ask(&question)?.rows;
    }
    let of = table.rows.unwrap_or(0.0).max(rows.len() as f64);
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    Ok((!rows.is_empty()).then_some(Sample { columns, rows, of }))
}

/// The primary key, where it is one whole number.
fn number_key(table: &Table) -> Option<&str> {
    let [part] = table.primary_key()?.key.as_slice() else { return None };
    let KeyOf::Column(name) = &part.of else { return None };
    let column = table.column(name)?;
    column.type_name.to_ascii_lowercase().contains("int").then_some(&column.name)
}

fn by_keys(
    asker: &mut dyn Asker,
    table: &Table,
    key: &str,
) -> Result<Vec<Vec<Option<String>>>, AskError> {
    let (name, key) = (backticked(&table.name), backticked(key));
    let ends = format!("select cast(min({key}) as char), cast(max({key}) as char) from {name}");
    let ends = asker.ask(&ends)?;
    let end = |at: usize| ends.rows.first()?.get(at)?.as_ref()?.parse::<i64>().ok();
    let (Some(first), Some(last)) = (end(0), end(1)) else { return Ok(Vec::new()) };
    let step = (last.saturating_sub(first) / KEYS).max(1);
    // Each moved a little and irregularly, so that no pattern of keys falls in with the steps.
    let keys: Vec<String> = (0..KEYS)
        .map(|n| {
            first.saturating_add(n.saturating_mul(step)).saturating_add(n * (n * 31 + 7919) % step)
        })
        .take_while(|key| *key <= last)
        .map(|key| key.to_string())
        .collect();
    let question = format!(
        "select {} from {name} where {key} in ({}) order by {key}",
        values(table),
        keys.join(",")
    );
    Ok(asker.ask(&question)?.rows)
}

/// The columns' values as short texts; of what is not text only the size is looked at.
fn values(table: &Table) -> String {
    let value = |name: &str, type_name: &str| {
        let name = backticked(name);
        let type_name = type_name.to_ascii_lowercase();
        let is_opaque = ["blob", "binary", "geometry", "point", "polygon", "bit"]
            .iter()
            .any(|word| type_name.contains(word));
        if is_opaque {
            format!("cast(length({name}) as char)")
        } else {
            format!("left(cast({name} as char), {VALUE_CHARS})")
        }
    };
    let columns = table.columns.iter();
    columns.map(|one| value(&one.name, &one.type_name)).collect::<Vec<_>>().join(", ")
}

/// A name in the quotes that both systems take in every mode.
fn backticked(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

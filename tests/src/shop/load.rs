//! Rows in the form a database loads fastest.

use super::value::Row;
use super::{Dialect, Scale, Table};

/// A table as CSV without a header, for PostgreSQL's `COPY t FROM STDIN (FORMAT csv)`.
pub fn csv(table: &'static Table, scale: Scale) -> String {
    let mut out = String::new();
    for row in table.rows(scale) {
        write_row(&row, &mut out, |value, out| value.write_csv(out), ",");
        out.push('\n');
    }
    out
}

/// A table as `INSERT` statements of several rows each, for SQLite and MariaDB.
///
/// A thousand rows a statement are quick and stay below every server's packet limit. Send them in one transaction.
pub fn insert_batches(
    table: &'static Table,
    scale: Scale,
    dialect: Dialect,
    rows_per_statement: usize,
) -> impl Iterator<Item = String> {
    let mut rows = table.rows(scale).peekable();
    let head = format!("INSERT INTO {}({}) VALUES ", table.name, table.columns.join(", "));
    std::iter::from_fn(move || {
        rows.peek()?;
        let mut sql = head.clone();
        for (at, row) in rows.by_ref().take(rows_per_statement.max(1)).enumerate() {
            sql.push_str(if at == 0 { "(" } else { ", (" });
            write_row(&row, &mut sql, |value, out| value.write_sql(dialect, out), ", ");
            sql.push(')');
        }
        Some(sql)
    })
}

fn write_row(
    row: &Row,
    out: &mut String,
    write: impl Fn(&super::Value, &mut String),
    between: &str,
) {
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
        }
        write(value, out);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Dialect, Scale, Value, table, tables};
    use super::{csv, insert_batches};

    const SMALL: f64 = 0.01;

    /// FNV-1a: fixed by its publication, unlike the standard library's hasher.
    fn hash(text: &str) -> u64 {
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    fn column(name: &str, column: &str) -> Vec<Value> {
        let table = table(name);
        let at = table.columns.iter().position(|&c| c == column).unwrap();
        table.rows(Scale::of(SMALL)).map(|mut row| row.swap_remove(at)).collect()
    }

    fn share(name: &str, of: &str, wanted: impl Fn(&Value) -> bool) -> f64 {
        let values = column(name, of);
        values.iter().filter(|value| wanted(value)).count() as f64 / values.len() as f64
    }

    #[test]
    fn a_scale_multiplies_the_tables_that_grow() {
        let total = |scale| tables().iter().map(|table| table.count(scale)).sum::<usize>();
        assert_eq!(total(Scale::FULL), 2_470_270);
        assert_eq!(total(Scale::of(0.1)), 247_270);
        assert_eq!(table("orders").count(Scale::of(0.3)), 90_000);
        assert_eq!(table("products").count(Scale::of(0.000_001)), 1);
        for table in tables() {
            let lines = csv(table, Scale::of(SMALL)).lines().count();
            assert_eq!(lines, table.count(Scale::of(SMALL)), "{}", table.name);
        }
    }

    #[test]
    fn the_bytes_are_the_same_everywhere_and_for_ever() {
        let all: String = tables().iter().map(|table| csv(table, Scale::of(SMALL))).collect();
        assert_eq!(hash(&all), GOLDEN, "{:#x}", hash(&all));
    }

    /// Measured expectations are about these bytes; a new value needs them measured again.
    const GOLDEN: u64 = 0x2b2_21be_b942_740c;

    #[test]
    fn every_reference_leads_to_a_row() {
        for (from, key, to, id) in [
            ("categories", "parent_id", "categories", "id"),
            ("customers", "country", "countries", "code"),
            ("customers", "referrer_id", "customers", "id"),
            ("events", "customer_id", "customers", "id"),
            ("inventory_moves", "product_id", "products", "id"),
            ("messages", "recipient_id", "customers", "id"),
            ("messages", "sender_id", "customers", "id"),
            ("order_items", "order_id", "orders", "id"),
            ("order_items", "product_id", "products", "id"),
            ("orders", "customer_id", "customers", "id"),
            ("orders", "shipping_country", "countries", "code"),
            ("products", "category_id", "categories", "id"),
            ("reviews", "customer_id", "customers", "id"),
            ("reviews", "product_id", "products", "id"),
            ("sessions", "customer_id", "customers", "id"),
            ("tickets", "customer_id", "customers", "id"),
        ] {
            let known: BTreeSet<String> = column(to, id).iter().map(Value::to_string).collect();
            for value in column(from, key) {
                let found = value == Value::Null || known.contains(&value.to_string());
                assert!(found, "{from}.{key} {value} is in no {to}.{id}");
            }
        }
    }

    #[test]
    fn keys_are_unique() {
        for (name, key) in [
            ("countries", "code"),
            ("customers", "email"),
            ("orders", "id"),
            ("products", "sku"),
            ("sessions", "token"),
        ] {
            let values = column(name, key);
            let distinct: BTreeSet<String> = values.iter().map(Value::to_string).collect();
            assert_eq!(distinct.len(), values.len(), "{name}.{key}");
        }
    }

    #[test]
    fn shares_are_what_the_expectations_were_measured_on() {
        let is = |text: &'static str| move |value: &Value| *value == Value::Text(text.into());
        let null = |value: &Value| *value == Value::Null;
        for (name, expected, found) in [
            ("referrer", 0.80, share("customers", "referrer_id", null)),
            ("coupon", 0.95, share("orders", "coupon_code", null)),
            ("deleted", 0.98, share("tickets", "deleted_at", null)),
            ("read", 0.05, share("messages", "read_at", null)),
            ("delivered", 0.92, share("orders", "status", is("delivered"))),
            ("open", 0.04, share("tickets", "state", is("open"))),
            ("view", 0.60, share("events", "kind", is("view"))),
            ("approved", 0.80, share("reviews", "approved", |v| *v == Value::Bool(true))),
            // Half the orders come from an eighth of the 500 customers.
            (
                "skew",
                0.50,
                share("orders", "customer_id", |v| matches!(v, Value::Int(id) if *id <= 62)),
            ),
        ] {
            assert!((found - expected).abs() < 0.05, "{name}: {found}, not {expected}");
        }
    }

    #[test]
    fn batches_hold_every_row_once() {
        let table = table("categories");
        let batches: Vec<String> =
            insert_batches(table, Scale::FULL, Dialect::Sqlite, 15).collect();
        assert_eq!(batches.len(), 3);
        assert!(batches[0].starts_with(
            "INSERT INTO categories(id, parent_id, name) VALUES (1, NULL, 'cat 1'), (2, "
        ));
        assert!(batches[2].ends_with("(40, 1, 'cat 40')"));
        assert_eq!(batches.concat().matches("'cat ").count(), 40);
    }
}

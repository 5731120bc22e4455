//! A text that was never seen: what its identity costs, beside a parse.

use std::hint::black_box;

use anyhow::Result;
use monitor_core::identify::{Dialect, Normaliser, identify};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

use crate::report::{Cell, Table};
use crate::rounds::{Rounds, Variant};

/// How aims find the table, its row and its column.
pub const TABLE: &str = "first-sight";
/// What is asked of every new text.
pub const NORMALISED: &str = "normalised text and fingerprint";
/// Rows of values, a megabyte of them.
pub const LONG: &str = "1 MB INSERT";

const KEY: &str = "select id, name, email from users where id = 42";
const JOINS: &str = "select o.id, o.total, c.name, c.email, a.street, a.city, p.title, i.qty, i.price, s.carrier \
    from orders o join customers c on c.id = o.customer_id join addresses a on a.id = c.address_id \
    join order_items i on i.order_id = o.id join products p on p.id = i.product_id \
    left join shipments s on s.order_id = o.id \
    where o.created_at >= '2026-01-01' and o.status in ('open', 'paid', 'sent') and c.country = 'DE' and i.qty > 3 \
    order by o.created_at desc limit 50 offset 100";
const LONG_BYTES: usize = 1 << 20;

pub(super) fn run() -> Result<Vec<Table>> {
    let long = insert();
    let mut table = Table::new(
        TABLE,
        "First sight of a text",
        "medians; the library needs the first line for a new text, the second for a new statement. A parse names tables better, \
         and runs on the monitor's own thread, for short texts alone",
        &[],
    );
    for (column, text, rounds, block) in [
        ("select by key", KEY.to_owned(), 101, 500),
        ("5 joins", JOINS.to_owned(), 101, 50),
        (LONG, long, 15, 1),
    ] {
        let mut variants = variants(text.leak());
        let rounds = Rounds::run(&mut variants, rounds, block);
        for (variant, cost) in variants.iter().zip(rounds.costs()) {
            table.set(variant.name, column, Cell::Nanos(cost.median));
        }
    }
    Ok(vec![table])
}

fn variants(text: &'static str) -> Vec<Variant> {
    let fingerprint = || {
        let mut normaliser = Normaliser::new();
        move |_| {
            black_box(normaliser.normalise(black_box(text), Dialect::PostgreSql).fingerprint);
        }
    };
    vec![
        Variant::new(NORMALISED, fingerprint()),
        Variant::new("the same (A/A)", fingerprint()),
        Variant::new("with kind, tables and summary", |_| {
            black_box(identify(black_box(text), Dialect::PostgreSql));
        }),
        Variant::new("sqlparser: tokens", |_| {
            black_box(Tokenizer::new(&PostgreSqlDialect {}, black_box(text)).tokenize().is_ok());
        }),
        Variant::new("sqlparser: parse", |_| {
            black_box(Parser::parse_sql(&PostgreSqlDialect {}, black_box(text)).is_ok());
        }),
    ]
}

fn insert() -> String {
    let mut text = "insert into events (id, kind, payload, at) values ".to_owned();
    let mut n = 0;
    while text.len() < LONG_BYTES {
        text.push_str(if n == 0 { "" } else { ", " });
        text.push_str(&format!("({n}, 'click', 'page-{n}', '2026-01-01 12:00:00')"));
        n += 1;
    }
    text
}

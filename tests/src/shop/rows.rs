//! One row of each table, from its number and a stream of random numbers.
//!
//! The shares matter: rare states, mostly empty columns and skewed keys are what an index is good or useless for.

use super::random::Random;
use super::tables::Counts;
use super::value::{Row, Value};

pub(super) const COUNTRIES: i64 = 30;
pub(super) const CATEGORIES: i64 = 40;

/// Categories up to this one are at the top.
const TOP_CATEGORIES: i64 = 8;

/// The customer that statement `s54` deletes.
const DELETED_CUSTOMER: i64 = 7102;

/// The shop's life: two years from 2023-01-01.
const LIFE_SECONDS: f64 = 730.0 * 86_400.0;

const WORDS: [&str; 26] = [
    "alpha", "bravo", "cedar", "delta", "ember", "flint", "grove", "hazel", "ivory", "jade",
    "krill", "lumen", "maple", "north", "ocean", "pearl", "quartz", "river", "stone", "tulip",
    "umber", "vivid", "willow", "xenon", "yield", "zephyr",
];

pub(super) fn country(_: &mut Random, _: &Counts, number: i64) -> Row {
    let code = country_code(number - 1);
    let name = format!("Country {code}");
    vec![text(code), text(name), text(format!("region{}", (number - 1) % 5))]
}

pub(super) fn category(_: &mut Random, _: &Counts, number: i64) -> Row {
    let parent = (number > TOP_CATEGORIES).then(|| Value::Int(1 + number % TOP_CATEGORIES));
    vec![Value::Int(number), optional(parent), text(format!("cat {number}"))]
}

pub(super) fn setting(random: &mut Random, _: &Counts, number: i64) -> Row {
    vec![
        Value::Int(number),
        text(format!("key.{number}")),
        text(format!("v{number}")),
        any_time(random),
    ]
}

pub(super) fn customer(random: &mut Random, counts: &Counts, number: i64) -> Row {
    const STATUS: [(&str, f64); 3] = [("active", 0.97), ("suspended", 0.02), ("deleted", 0.01)];
    vec![
        Value::Int(number),
        text(format!("User{number}@Mail{}.example", number % 50)),
        words(random, 2),
        text(country_code((random.unit().powi(2) * COUNTRIES as f64) as i64)),
        text(format!("city{}", random.skewed(2000))),
        text(random.pick(&STATUS)),
        sometimes(random, 0.2, |random| Value::Int(random.between(1, counts.customers))),
        text(format!("+{:02}{:09}", random.between(10, 89), random.between(0, 999_999_999))),
        Value::Bool(random.chance(0.5)),
        time_of(number, counts.customers),
    ]
}

pub(super) fn product(random: &mut Random, _: &Counts, number: i64) -> Row {
    vec![
        Value::Int(number),
        text(format!("SKU-{number:06}")),
        words(random, 3),
        Value::Int(random.between(1, CATEGORIES)),
        price(random.unit().powi(2) * 500.0 + 1.0),
        Value::Int(random.between(0, 500)),
        Value::Bool(random.chance(0.9)),
        any_time(random),
        text(format!(
            "{{\"color\":\"{}\",\"w\":{}}}",
            random.choice(&WORDS),
            random.between(1, 99)
        )),
    ]
}

pub(super) fn order(random: &mut Random, counts: &Counts, number: i64) -> Row {
    const STATUS: [(&str, f64); 5] = [
        ("delivered", 0.92),
        ("shipped", 0.04),
        ("paid", 0.02),
        ("pending", 0.01),
        ("cancelled", 0.01),
    ];
    let created = time_of(number, counts.orders);
    vec![
        Value::Int(number),
        Value::Int(buyer(random, counts)),
        text(random.pick(&STATUS)),
        price(random.unit().powi(3) * 2000.0 + 1.0),
        text(country_code(random.between(0, COUNTRIES - 1))),
        sometimes(random, 0.05, |random| text(format!("CPN{}", random.between(1, 300)))),
        created.clone(),
        created,
    ]
}

pub(super) fn order_item(random: &mut Random, counts: &Counts, number: i64) -> Row {
    vec![
        Value::Int(number),
        // In the order of the orders, as they were taken.
        Value::Int(1 + number * (counts.orders - 1) / counts.order_items),
        Value::Int(random.skewed(counts.products)),
        Value::Int(random.between(1, 5)),
        price(random.unit() * 300.0 + 1.0),
    ]
}

pub(super) fn event(random: &mut Random, counts: &Counts, number: i64) -> Row {
    const KIND: [(&str, f64); 5] =
        [("view", 0.6), ("click", 0.25), ("search", 0.1), ("error", 0.001), ("cart", 0.049)];
    vec![
        Value::Int(number),
        Value::Int(random.skewed(counts.customers)),
        text(random.pick(&KIND)),
        time_of(number, counts.events),
        text(random.choice(&WORDS).repeat(8)),
    ]
}

pub(super) fn session(random: &mut Random, counts: &Counts, number: i64) -> Row {
    vec![
        Value::Int(number),
        text(format!("tok{:016x}{:016x}", random.next(), random.next())),
        Value::Int(random.skewed(counts.customers)),
        any_time(random),
        text("d".repeat(60)),
    ]
}

pub(super) fn audit_entry(random: &mut Random, counts: &Counts, number: i64) -> Row {
    const ENTITY: [(&str, f64); 3] = [("order", 0.6), ("customer", 0.2), ("product", 0.2)];
    vec![
        Value::Int(number),
        text(random.pick(&ENTITY)),
        Value::Int(random.between(1, counts.orders)),
        Value::Int(random.between(1, 200)),
        time_of(number, counts.audit_log),
        text("update"),
    ]
}

pub(super) fn review(random: &mut Random, counts: &Counts, number: i64) -> Row {
    vec![
        Value::Int(number),
        Value::Int(random.skewed(counts.products)),
        Value::Int(random.between(1, counts.customers)),
        Value::Int(random.between(1, 5)),
        Value::Bool(random.chance(0.8)),
        time_of(number, counts.reviews),
        words(random, 12),
    ]
}

pub(super) fn ticket(random: &mut Random, counts: &Counts, number: i64) -> Row {
    const STATE: [(&str, f64); 3] = [("closed", 0.94), ("open", 0.04), ("waiting", 0.02)];
    vec![
        Value::Int(number),
        Value::Int(random.between(1, counts.customers)),
        Value::Int(random.between(1, 60)),
        text(random.pick(&STATE)),
        Value::Int(random.between(1, 4)),
        sometimes(random, 0.02, any_time),
        time_of(number, counts.tickets),
        text(format!("ticket {number}")),
    ]
}

pub(super) fn message(random: &mut Random, counts: &Counts, number: i64) -> Row {
    let sent = time_of(number, counts.messages);
    vec![
        Value::Int(number),
        Value::Int(random.between(1, (counts.messages / 12).max(1))),
        Value::Int(random.between(1, counts.customers)),
        Value::Int(random.skewed(counts.customers)),
        sent.clone(),
        sometimes(random, 0.95, |_| sent),
        text(random.choice(&WORDS).repeat(12)),
    ]
}

pub(super) fn inventory_move(random: &mut Random, counts: &Counts, number: i64) -> Row {
    vec![
        Value::Int(number),
        Value::Int(random.skewed(counts.products)),
        Value::Int(random.between(1, 6)),
        Value::Int(random.between(-9, 9)),
        time_of(number, counts.inventory_moves),
    ]
}

/// Who orders: anybody but the customer that a statement of the workload deletes, which orders would forbid.
fn buyer(random: &mut Random, counts: &Counts) -> i64 {
    match random.skewed(counts.customers) {
        DELETED_CUSTOMER => 1,
        other => other,
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn words(random: &mut Random, count: usize) -> Value {
    let words: Vec<&str> = (0..count).map(|_| random.choice(&WORDS)).collect();
    text(words.join(" "))
}

fn country_code(number: i64) -> String {
    format!("c{number:02}")
}

fn price(amount: f64) -> Value {
    Value::Cents((amount * 100.0).round() as i64)
}

fn optional(value: Option<Value>) -> Value {
    value.unwrap_or(Value::Null)
}

/// A value with this probability, otherwise nothing.
fn sometimes(random: &mut Random, share: f64, value: impl FnOnce(&mut Random) -> Value) -> Value {
    optional(random.chance(share).then(|| value(random)))
}

fn any_time(random: &mut Random) -> Value {
    Value::Time((random.unit() * LIFE_SECONDS) as u32)
}

/// The moment of row `number` of `count`: rows are spread evenly over the shop's life, in order.
fn time_of(number: i64, count: i64) -> Value {
    Value::Time((number as f64 / count as f64 * LIFE_SECONDS) as u32)
}

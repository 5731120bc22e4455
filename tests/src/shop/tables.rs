//! The shop's tables: names, columns, how many rows, and where the rows come from.

use super::random::Random;
use super::rows;
use super::value::Row;

/// Fixed for ever: another seed is other data, and measured expectations would no longer be about it.
const SEED: u64 = 20_240_601;

/// How large the shop is; 1.0 has 2.5 million rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale(f64);

impl Scale {
    /// The full shop: 50 000 customers, 300 000 orders, 800 000 order items, 500 000 events.
    pub const FULL: Self = Self(1.0);

    /// A part of the full shop, or a multiple.
    ///
    /// # Panics
    ///
    /// If the scale is not above zero, or so large (above 100) that ids would not fit their columns.
    pub fn of(scale: f64) -> Self {
        assert!(scale > 0.0 && scale <= 100.0, "a scale is above 0 and at most 100, not {scale}");
        Self(scale)
    }

    fn rows(self, full: u32) -> i64 {
        ((f64::from(full) * self.0) as i64).max(1)
    }
}

/// How many rows each table that grows has at a scale; rows refer to each other by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) customers: i64,
    pub(super) products: i64,
    pub(super) orders: i64,
    pub(super) order_items: i64,
    pub(super) events: i64,
    pub(super) sessions: i64,
    pub(super) audit_log: i64,
    pub(super) reviews: i64,
    pub(super) tickets: i64,
    pub(super) messages: i64,
    pub(super) inventory_moves: i64,
}

impl Counts {
    fn at(scale: Scale) -> Self {
        Self {
            customers: scale.rows(50_000),
            products: scale.rows(10_000),
            orders: scale.rows(300_000),
            order_items: scale.rows(800_000),
            events: scale.rows(500_000),
            sessions: scale.rows(50_000),
            audit_log: scale.rows(200_000),
            reviews: scale.rows(100_000),
            tickets: scale.rows(60_000),
            messages: scale.rows(200_000),
            inventory_moves: scale.rows(200_000),
        }
    }
}

/// A table of the shop.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in the order of a row's values.
    pub columns: &'static [&'static str],
    count: fn(&Counts) -> i64,
    row: fn(&mut Random, &Counts, i64) -> Row,
}

impl Table {
    /// How many rows it has.
    pub fn count(&self, scale: Scale) -> usize {
        usize::try_from((self.count)(&Counts::at(scale))).expect("counts are positive")
    }

    /// Its rows, made one at a time and the same each time.
    pub fn rows(&'static self, scale: Scale) -> impl Iterator<Item = Row> {
        let counts = Counts::at(scale);
        let mut random = Random::named(SEED, self.name);
        (1..=(self.count)(&counts)).map(move |number| (self.row)(&mut random, &counts, number))
    }
}

/// Every table, referenced ones first: filled in this order, no foreign key is ever broken.
pub fn tables() -> &'static [Table] {
    &TABLES
}

/// A table by name.
///
/// # Panics
///
/// If the shop has no such table.
pub fn table(name: &str) -> &'static Table {
    TABLES
        .iter()
        .find(|table| table.name == name)
        .unwrap_or_else(|| panic!("the shop has no table `{name}`"))
}

static TABLES: [Table; 14] = [
    Table {
        name: "countries",
        columns: &["code", "name", "region"],
        count: |_| rows::COUNTRIES,
        row: rows::country,
    },
    Table {
        name: "categories",
        columns: &["id", "parent_id", "name"],
        count: |_| rows::CATEGORIES,
        row: rows::category,
    },
    Table {
        name: "settings",
        columns: &["id", "skey", "sval", "updated_at"],
        count: |_| 200,
        row: rows::setting,
    },
    Table {
        name: "customers",
        columns: &[
            "id",
            "email",
            "name",
            "country",
            "city",
            "status",
            "referrer_id",
            "phone",
            "marketing",
            "created_at",
        ],
        count: |counts| counts.customers,
        row: rows::customer,
    },
    Table {
        name: "products",
        columns: &[
            "id",
            "sku",
            "name",
            "category_id",
            "price",
            "stock",
            "active",
            "created_at",
            "attrs",
        ],
        count: |counts| counts.products,
        row: rows::product,
    },
    Table {
        name: "orders",
        columns: &[
            "id",
            "customer_id",
            "status",
            "total",
            "shipping_country",
            "coupon_code",
            "created_at",
            "updated_at",
        ],
        count: |counts| counts.orders,
        row: rows::order,
    },
    Table {
        name: "order_items",
        columns: &["id", "order_id", "product_id", "qty", "price"],
        count: |counts| counts.order_items,
        row: rows::order_item,
    },
    Table {
        name: "events",
        columns: &["id", "customer_id", "kind", "occurred_at", "payload"],
        count: |counts| counts.events,
        row: rows::event,
    },
    Table {
        name: "sessions",
        columns: &["id", "token", "customer_id", "expires_at", "data"],
        count: |counts| counts.sessions,
        row: rows::session,
    },
    Table {
        name: "audit_log",
        columns: &["id", "entity_type", "entity_id", "actor_id", "created_at", "action"],
        count: |counts| counts.audit_log,
        row: rows::audit_entry,
    },
    Table {
        name: "reviews",
        columns: &["id", "product_id", "customer_id", "rating", "approved", "created_at", "body"],
        count: |counts| counts.reviews,
        row: rows::review,
    },
    Table {
        name: "tickets",
        columns: &[
            "id",
            "customer_id",
            "assignee_id",
            "state",
            "priority",
            "deleted_at",
            "created_at",
            "title",
        ],
        count: |counts| counts.tickets,
        row: rows::ticket,
    },
    Table {
        name: "messages",
        columns: &["id", "thread_id", "sender_id", "recipient_id", "sent_at", "read_at", "body"],
        count: |counts| counts.messages,
        row: rows::message,
    },
    Table {
        name: "inventory_moves",
        columns: &["id", "product_id", "warehouse_id", "delta", "moved_at"],
        count: |counts| counts.inventory_moves,
        row: rows::inventory_move,
    },
];

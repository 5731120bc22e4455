//! What the busy shop of the page's tests asks its database, each from a line of its own.

use std::panic::Location;

/// One statement of the shop, and how it behaves.
pub(crate) struct Work {
    pub(crate) text: &'static str,
    pub(crate) per_second: f64,
    /// The median of its times, and how widely they are spread around it.
    pub(crate) median_ms: f64,
    pub(crate) spread: f64,
    pub(crate) rows: u64,
    /// The share of calls that fail.
    pub(crate) failing: f64,
    pub(crate) route: &'static str,
    pub(crate) is_report: bool,
    pub(crate) writes: bool,
    /// Whether it gets slow in the minutes of trouble.
    pub(crate) suffers: bool,
    pub(crate) site: &'static Location<'static>,
}

/// A read of so many a second, with its median in milliseconds and its rows.
#[track_caller]
const fn read(
    route: &'static str,
    per_second: f64,
    median_ms: f64,
    rows: u64,
    text: &'static str,
) -> Work {
    Work {
        text,
        per_second,
        median_ms,
        spread: 0.5,
        rows,
        failing: 0.000_3,
        route,
        is_report: false,
        writes: false,
        suffers: false,
        site: Location::caller(),
    }
}

#[track_caller]
const fn write(
    route: &'static str,
    per_second: f64,
    median_ms: f64,
    failing: f64,
    text: &'static str,
) -> Work {
    let site = Location::caller();
    Work { writes: true, failing, site, ..read(route, per_second, median_ms, 1, text) }
}

/// The shop's statements.
pub(crate) const SHOP: [Work; 19] = [
    Work {
        suffers: true,
        spread: 0.8,
        ..read(
            "GET /orders",
            6.0,
            21.0,
            48,
            "SELECT o.id, o.placed_at, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = $1 AND o.placed_at > now() - interval '7 days' ORDER BY o.placed_at DESC LIMIT 50",
        )
    },
    Work {
        suffers: true,
        ..read(
            "GET /products/search",
            3.4,
            14.0,
            20,
            "SELECT id, name, price FROM products WHERE lower(name) LIKE $1 AND active ORDER BY popularity DESC LIMIT 20",
        )
    },
    read(
        "GET /products/:id",
        21.0,
        0.55,
        1,
        "SELECT id, name, description, price, stock FROM products WHERE id = $1",
    ),
    read(
        "GET /products/:id",
        18.0,
        1.2,
        9,
        "SELECT r.id, r.stars, r.body, c.name FROM reviews r JOIN customers c ON c.id = r.customer_id WHERE r.product_id = $1 ORDER BY r.created_at DESC LIMIT 10",
    ),
    read(
        "*",
        26.0,
        0.32,
        1,
        "SELECT id, customer_id, expires_at FROM sessions WHERE token = $1 AND expires_at > now()",
    ),
    read(
        "GET /cart",
        7.0,
        0.9,
        4,
        "SELECT i.id, i.quantity, p.name, p.price FROM cart_items i JOIN products p ON p.id = i.product_id WHERE i.cart_id = $1",
    ),
    read("GET /cart", 9.0, 0.4, 1, "SELECT id, email, name FROM customers WHERE id = $1"),
    read(
        "GET /",
        1.2,
        6.5,
        12,
        "SELECT p.id, p.name, sum(i.quantity) AS sold FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.created_at > now() - interval '1 day' GROUP BY p.id, p.name ORDER BY sold DESC LIMIT 12",
    ),
    read(
        "GET /stock",
        0.8,
        2.4,
        30,
        "SELECT product_id, quantity FROM stock_levels WHERE product_id IN ($1, $2, $3, $4, $5, $6, $7, $8)",
    ),
    read(
        "GET /",
        1.6,
        9.5,
        3,
        "SELECT id, name, price FROM products WHERE active ORDER BY random() LIMIT 3",
    ),
    read(
        "GET /clearance",
        0.3,
        31.0,
        60,
        "SELECT id, name FROM products WHERE id NOT IN (SELECT product_id FROM order_items WHERE created_at > $1)",
    ),
    write(
        "POST /cart",
        3.2,
        1.1,
        0.002,
        "INSERT INTO cart_items (cart_id, product_id, quantity) VALUES ($1, $2, $3) ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = cart_items.quantity + 1",
    ),
    write(
        "POST /orders",
        1.1,
        2.2,
        0.004,
        "INSERT INTO orders (customer_id, status, total, placed_at) VALUES ($1, $2, $3, now()) RETURNING id",
    ),
    write(
        "POST /orders",
        2.6,
        1.6,
        0.001,
        "INSERT INTO order_items (order_id, product_id, quantity, price) VALUES ($1, $2, $3, $4)",
    ),
    Work {
        suffers: true,
        ..write(
            "POST /orders",
            1.1,
            3.1,
            0.006,
            "UPDATE products SET stock = stock - $1 WHERE id = $2 AND stock >= $1",
        )
    },
    write(
        "*",
        4.0,
        0.7,
        0.0,
        "UPDATE sessions SET expires_at = now() + interval '1 hour' WHERE id = $1",
    ),
    write(
        "job clean-up",
        0.15,
        38.0,
        0.0,
        "DELETE FROM sessions WHERE expires_at < now() - interval '30 days'",
    ),
    Work {
        is_report: true,
        spread: 0.35,
        ..read(
            "job revenue",
            0.06,
            820.0,
            31,
            "SELECT date_trunc('day', placed_at) AS day, count(*), sum(total) FROM orders WHERE placed_at > now() - interval '1 month' GROUP BY 1 ORDER BY 1",
        )
    },
    Work {
        is_report: true,
        spread: 0.3,
        ..read(
            "job newsletter",
            0.2,
            64.0,
            900,
            "SELECT c.id, c.email FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.placed_at > now() - interval '90 days')",
        )
    },
];

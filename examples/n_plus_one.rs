//! Does a request ask the database once for every row, and what does it gain to ask once for all?

use std::time::Duration;

use monitor_core::{Monitor, ScopeRule, show};
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use sqlx::{QueryBuilder, Row, Sqlite};

/// A page shows so many orders with what is in them.
const ORDERS: i64 = 50;

#[tokio::main]
async fn main() -> Outcome {
    // A local file answers in microseconds; behind a network this is left at its ten milliseconds.
    let rule = ScopeRule::default().calls_max(10).repeats_time_min(Duration::ZERO);
    let monitor = Monitor::builder().scopes(rule).build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);

    // With axum, `monitor_tower::ScopeLayer` names requests by itself.
    let before = monitor.scope("GET /orders, before").wrap(row_by_row(&pool)).await?;
    let after = monitor.scope("GET /orders, after").wrap(all_at_once(&pool)).await?;
    assert_eq!(before, after, "both pages show the same");

    let snapshot = monitor.snapshot();
    for scope in &snapshot.scopes {
        println!(
            "{}: {} queries, {} in the database of {}; over budget: {}",
            scope.name,
            scope.calls,
            show::duration(scope.busy_time),
            show::duration(scope.time),
            scope.over_budget,
        );
        for repeated in &scope.repeats {
            println!("    {} × {}", repeated.calls_max, repeated.text);
            println!("    at {}", repeated.call_site.as_deref().unwrap_or("?"));
            println!("    behind {}", repeated.behind_call_site.as_deref().unwrap_or("?"));
            println!("    asking once would save about {}", show::duration(repeated.saved));
        }
    }

    // In a test of the page, the same is an assertion, with the statements in its message.
    let (page, captured) = monitor.capture(all_at_once(&pool)).await;
    page?;
    captured.assert_no_n_plus_one();
    captured.assert_max_queries(2);
    Ok(())
}

/// One query for the orders, and one more for each of them.
async fn row_by_row(pool: &MonitoredPool<Sqlite>) -> Result<usize, sqlx::Error> {
    let orders = sqlx::query("SELECT id FROM orders ORDER BY id LIMIT ?");
    let mut items = 0;
    for order in orders.bind(ORDERS).fetch_all(&pool.here()).await? {
        let of_order = sqlx::query("SELECT product FROM order_items WHERE order_id = ?");
        items += of_order.bind(order.get::<i64, _>(0)).fetch_all(&pool.here()).await?.len();
    }
    Ok(items)
}

/// One query for the orders, and one for what is in all of them; PostgreSQL says `= any($1)`.
async fn all_at_once(pool: &MonitoredPool<Sqlite>) -> Result<usize, sqlx::Error> {
    let orders = sqlx::query("SELECT id FROM orders ORDER BY id LIMIT ?");
    let orders = orders.bind(ORDERS).fetch_all(&pool.here()).await?;
    let mut of_orders = QueryBuilder::new("SELECT product FROM order_items WHERE order_id IN (");
    let mut ids = of_orders.separated(", ");
    for order in &orders {
        ids.push_bind(order.get::<i64, _>(0));
    }
    of_orders.push(")");
    Ok(of_orders.build().fetch_all(&pool.here()).await?.len())
}

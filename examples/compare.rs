//! Did the deploy make anything slower? Save a snapshot before, compare it with one after.

use std::time::Duration;

use monitor_core::judge::{self, ChangeKind};
use monitor_core::{Monitor, show};
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Outcome {
    let shop = Shop::open().await?;

    // Build 41 serves a while. Before it stops, its numbers go into a file (here: a string).
    let monitor = Monitor::builder().build_id("41").build()?;
    serve(&MonitoredPool::new(shop.pool(1).await?, &monitor), 1).await?;
    let saved = show::json(&monitor.snapshot(), &monitor.health())?;

    // Build 42 comes with a migration that drops an index it takes for unused, and has stopped
    // asking for the customer of each order.
    sqlx::query("DROP INDEX order_items_order").execute(&shop.pool(1).await?).await?;
    let monitor = Monitor::builder().build_id("42").build()?;
    serve(&MonitoredPool::new(shop.pool(1).await?, &monitor), 0).await?;

    let before = show::load(&saved)?;
    let comparison = judge::compare(&before, &monitor.snapshot());
    println!("{}", show::comparison(&comparison));

    for statement in comparison.changed() {
        if let Some(slower) = statement.change(ChangeKind::Slower) {
            println!(
                "`{}` takes {:.1} times as long",
                statement.text,
                slower.after / slower.before
            );
        }
    }
    Ok(())
}

/// Four hundred page views: an order, what was ordered, and perhaps the customer.
async fn serve(pool: &MonitoredPool<sqlx::Sqlite>, customers: i64) -> Result<(), sqlx::Error> {
    for order in 1..=400_i64 {
        sleep(Duration::from_millis(1)).await;
        sqlx::query("SELECT status, total FROM orders WHERE id = ?")
            .bind(order)
            .fetch_one(pool)
            .await?;
        sqlx::query("SELECT product, qty FROM order_items WHERE order_id = ?")
            .bind(order)
            .fetch_all(pool)
            .await?;
        for _ in 0..customers {
            sqlx::query("SELECT name FROM customers WHERE id = ?")
                .bind(order)
                .fetch_one(pool)
                .await?;
        }
    }
    Ok(())
}

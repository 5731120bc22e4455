//! How do I watch an sqlx pool? Wrap it, and use it as before.

use monitor_core::Monitor;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;

#[tokio::main]
async fn main() -> Outcome {
    let shop = Shop::open().await?;
    let pool = shop.pool(4).await?; // your pool, however you make it

    let monitor = Monitor::builder().build()?;
    let pool = MonitoredPool::new(pool, &monitor);

    // From here on nothing changes: `&pool`, `&mut *tx` and the `query!` family work as before.
    let (orders,): (i64,) = sqlx::query_as("SELECT count(*) FROM orders").fetch_one(&pool).await?;
    let mut tx = pool.begin().await?;
    sqlx::query("UPDATE orders SET status = ? WHERE id = ?")
        .bind("shipped")
        .bind(orders)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;

    // Calls made for a user or a route carry it into the histories.
    sqlx::query("SELECT name FROM customers WHERE id = ?")
        .bind(7)
        .fetch_optional(&pool.for_user("7").tagged("GET /me"))
        .await?;

    for call in monitor.recent_calls(10) {
        println!("{:>10.1?}  {}  {:?}", call.duration, call.statement, call.user);
    }
    println!("\n{}", monitor.report());
    Ok(())
}

//! Where does the time go? By statement, by kind and by table; and as JSON.

use monitor_core::identify::Kind;
use monitor_core::{Monitor, show};
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;

#[tokio::main]
async fn main() -> Outcome {
    let monitor = Monitor::builder().build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);
    for id in 1..=50 {
        sqlx::query("SELECT o.id, i.product FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = ?")
            .bind(id)
            .fetch_all(&pool)
            .await?;
        sqlx::query("UPDATE orders SET total = total + 1 WHERE id = ?")
            .bind(id)
            .execute(&pool)
            .await?;
    }
    sqlx::query("DELETE FROM order_items WHERE order_id > 2990").execute(&pool).await?;
    sqlx::query("CREATE TABLE archive AS SELECT * FROM orders WHERE status = 'shipped'")
        .execute(&pool)
        .await?;

    let all = monitor.snapshot().lifetime;
    println!("statements");
    for statement in &all.statements {
        let numbers = &statement.activity;
        println!("  {:>4} × {:>9.1?}  {}", numbers.calls, numbers.mean(), statement.text);
    }
    println!("kinds");
    for kind in &all.kinds {
        println!(
            "  {:<8} {:>4} calls, {} rows changed",
            kind.kind, kind.activity.calls, kind.activity.rows_affected
        );
    }
    println!("tables");
    for table in &all.tables {
        println!("  {:<12} {:>3} reads, {:>3} writes", table.table, table.reads, table.writes);
    }
    println!("inserts so far: {}", all.kind(Kind::Insert).calls);

    let json = show::json(&monitor.snapshot(), &monitor.health())?;
    println!("as JSON: {} bytes, beginning {:.80}", json.len(), json);
    Ok(())
}

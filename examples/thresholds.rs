//! How do I set my own thresholds? On the builder; a value that makes no sense is refused in words.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;

#[tokio::main]
async fn main() -> Outcome {
    let monitor = Monitor::builder()
        .slow(Duration::from_millis(5))
        .very_slow(Duration::from_millis(50))
        .average_time(Duration::from_millis(20))
        .error_rate(0.01)
        .pool_usage(0.5)
        .calls_per_second(2_000.0)
        .leak_after(Duration::from_secs(30))
        .leaked_connections(1)
        .failed_connections(3)
        .slow_statements_max(50)
        .alerts_max(500)
        .build()?;

    let refused = Monitor::builder().error_rate(5.0).build();
    println!("5.0 as an error rate: {}", refused.err().map(|e| e.to_string()).unwrap_or_default());

    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);
    for rows in [1_000, 30_000, 1_000_000] {
        sqlx::query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT sum(i) FROM n")
            .bind(rows)
            .fetch_one(&pool)
            .await?;
        sqlx::query("SELECT sum(total) FROM orders WHERE id < ?")
            .bind(rows)
            .fetch_one(&pool)
            .await?;
    }

    println!("\nslow:");
    for call in monitor.slow_queries(10) {
        println!("{:>10.1?}  {}", call.duration, call.statement);
    }
    println!("very slow:");
    for call in monitor.very_slow_queries(10) {
        println!("{:>10.1?}  {}", call.duration, call.statement);
    }
    println!("health: {}", monitor.health().status);
    Ok(())
}

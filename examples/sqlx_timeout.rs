//! Why did a checkout time out, and what were my transactions doing? Options that are watched, on sqlx.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::CallSite;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPoolOptions;
use sqlx::Sqlite;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Outcome {
    let shop = Shop::open().await?;
    let monitor = Monitor::builder().build()?;
    let pool = MonitoredPoolOptions::<Sqlite>::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(300))
        .name("shop")
        .connect(&monitor, &format!("sqlite://{}", shop.path()))
        .await?;

    // A transaction stays open while the service waits for somebody else.
    let mut tx = pool.begin().await?;
    let status = "UPDATE orders SET status = ? WHERE id = ?";
    sqlx::query(status).bind("paid").bind(7).execute(&mut *tx).await?;
    let hurried = tokio::spawn({
        let pool = pool.clone();
        async move { sqlx::query("SELECT 1").execute(&pool.here()).await.is_err() }
    });
    sleep(Duration::from_millis(500)).await;
    sqlx::query(status).bind("shipped").bind(7).execute(&mut *tx).await?;
    tx.commit().await?;
    println!("the other gave up: {}\n", hurried.await?);

    for (pool, explanation) in monitor.timeouts() {
        println!("{pool}: {}", explanation.text);
    }
    let source = &monitor.snapshot().sources[0];
    for gap in &source.transactions.gaps {
        let line = |line: Option<CallSite>| line.map_or("?".into(), |line| line.to_string());
        println!(
            "idle for {:.1?} between {} and {}",
            gap.longest,
            line(gap.after),
            line(gap.before)
        );
    }
    println!("connections made: {}", source.connections.created);
    Ok(())
}

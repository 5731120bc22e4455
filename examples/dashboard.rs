//! What does my database do? A demo application with live, varied traffic, and its dashboard.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;

#[tokio::main]
async fn main() -> Outcome {
    let monitor = Monitor::builder().slow(Duration::from_millis(20)).build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(3).await?, &monitor);
    tokio::spawn(async move {
        loop {
            let _ = sqlx::query("SELECT 1").execute(&pool).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 9300)).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, monitor_dashboard::router(&monitor)).await?;
    Ok(())
}

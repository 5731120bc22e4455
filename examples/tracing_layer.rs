//! How do I watch code I cannot change? Add a layer: it listens to what sqlx itself reports.

use monitor_core::Monitor;
use monitor_examples::{Outcome, Shop};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main]
async fn main() -> Outcome {
    let monitor = Monitor::builder().build()?;
    tracing_subscriber::registry()
        .with(monitor_sqlx::layer(&monitor))
        // Filter other layers one by one: a filter for the whole registry would hide sqlx's events.
        .with(tracing_subscriber::fmt::layer().with_filter(LevelFilter::INFO))
        .init();

    // Code of somebody else, with a pool of its own.
    let shop = Shop::open().await?;
    let pool = shop.pool(2).await?;
    for id in 1..=20 {
        sqlx::query("SELECT * FROM orders WHERE id = ?").bind(id).fetch_all(&pool).await?;
    }
    pool.close().await;

    println!("{}", monitor.report());
    Ok(())
}

//! Is my pool large enough, and who holds its connections?

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Database, PoolLevels, System};
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Outcome {
    let monitor = Monitor::builder().leak_after(Duration::from_millis(200)).build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(3).await?, &monitor);

    // Three take a connection and keep it; two more wait, and one of them gives up.
    let kept = (pool.acquire().await?, pool.acquire().await?, pool.acquire().await?);
    let impatient = tokio::spawn({
        let pool = pool.clone();
        async move { tokio::time::timeout(Duration::from_millis(100), pool.acquire()).await.is_err() }
    });
    let timed_out = sqlx::query("SELECT 1").execute(&pool).await;
    println!("the service sees: {:?}, {:?}", timed_out.map(|_| ()), impatient.await?);

    let snapshot = monitor.snapshot();
    for (source, pool) in snapshot.pools() {
        println!("pool {}: {:.0} % in use", source.name, pool.usage().unwrap_or_default() * 100.0);
        println!("{:#?}", pool.checkouts);
        for held in &pool.held {
            let line = held.call_site.map(|line| line.to_string()).unwrap_or_default();
            println!("  out for {:.1?}, taken at {line}", held.held);
        }
        println!("  {} of them count as leaked", pool.leaked);
    }
    for finding in monitor.health().findings {
        println!("{}: {}", finding.severity, finding.message);
    }
    drop(kept);
    sleep(Duration::from_millis(10)).await;

    // A pool no adapter knows: push in what it says of itself.
    let legacy = monitor.pool("legacy", Database::of(System::MySql));
    legacy.set_levels(PoolLevels { size: 10, idle: 1, max: Some(10), ..PoolLevels::default() });
    println!("{}", monitor.report());
    Ok(())
}

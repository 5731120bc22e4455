//! Is my database there, and what do I answer to Kubernetes? It goes away while nobody calls, and comes
//! back; a probe notices.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::judge::CheckKind;
use monitor_core::show::{self, Details, HealthFormat};
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use sqlx::Connection;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::time::sleep;

const FORMATS: [HealthFormat; 6] = [
    HealthFormat::Text,
    HealthFormat::Json,
    HealthFormat::HealthJson,
    HealthFormat::Actuator,
    HealthFormat::Livez,
    HealthFormat::Readyz,
];

#[tokio::main]
async fn main() -> Outcome {
    let monitor = Monitor::builder().build()?;
    let shop = Shop::open().await?;
    let path = shop.path();
    let pool = SqlitePoolOptions::new().max_connections(2).connect(&path).await?;
    // A service asks every 10 s or so; this one is in a hurry.
    let pool = MonitoredPool::builder(pool).probe(Duration::from_millis(500)).build(&monitor);

    sqlx::query("SELECT count(*) FROM orders").fetch_one(&pool).await?;
    show_all("a call was answered", &monitor);

    // The file moves away, and the connections that hold it open are closed.
    let hidden = format!("{path}.hidden");
    std::fs::rename(&path, &hidden)?;
    while let Some(connection) = pool.try_acquire() {
        connection.detach().close().await?;
    }
    sleep(Duration::from_millis(700)).await;
    show_all("one probe has failed", &monitor);
    sleep(Duration::from_millis(6_500)).await;
    show_all("probes have failed for more than five seconds", &monitor);

    std::fs::rename(&hidden, &path)?;
    let answer = pool.probe().await;
    show_all(&format!("asked by hand: {}", answer.as_str()), &monitor);

    // What a readiness probe shall not depend on is left out.
    let health = monitor.health().without(CheckKind::Latency).without(CheckKind::Alerts);
    let ready = show::health(&health, HealthFormat::Readyz, Details::Full);
    println!("== for those who may know names\n{}", ready.body);
    pool.close().await;
    Ok(())
}

/// What a web framework would answer, in each shape.
fn show_all(title: &str, monitor: &Monitor) {
    let health = monitor.health();
    println!("== {title}: {}", health.status);
    for check in health.checks.iter().filter(|check| check.kind == CheckKind::Connectivity) {
        println!("connectivity: {}", check.message);
    }
    for format in FORMATS {
        let answer = show::health(&health, format, Details::Word);
        let first = answer.body.lines().next().unwrap_or_default();
        println!(
            "{:>10} {} {:<47} {first}",
            format!("{format:?}"),
            answer.status,
            answer.content_type
        );
    }
    println!();
}

//! How do many instances of my service add up in one Prometheus?
//!
//! Runs three for a minute, or as many seconds as it is told: `cargo run --example fleet -- 20`. Give Prometheus the
//! configuration it prints, and compare what the queries answer with what the monitors know.

use std::time::{Duration, Instant};

use monitor_core::Monitor;
use monitor_core::snapshot::Activity;
use monitor_examples::{Outcome, Shop};
use monitor_prometheus::{Exporter, Listener};
use monitor_sqlx::MonitoredPool;

/// One instance: its database, its monitor, and where its metrics are.
struct Instance {
    _shop: Shop,
    pool: MonitoredPool<sqlx::Sqlite>,
    monitor: Monitor,
    listener: Listener,
}

const INSTANCES: u32 = 3;

/// What to ask Prometheus for.
const QUERIES: &str = r#"calls, exactly:   sum(db_client_operation_duration_seconds_count)
p99, all calls:   histogram_quantile(0.99, sum by (le) (db_client_operation_duration_seconds_bucket))
p99, lately:      histogram_quantile(0.99, sum by (le) (rate(db_client_operation_duration_seconds_bucket[1m])))
calls per second: sum(rate(db_client_operation_duration_seconds_count[1m]))
by instance:      sum by (instance) (db_client_operation_duration_seconds_count)"#;

#[tokio::main]
async fn main() -> Outcome {
    let seconds = std::env::args().nth(1).map_or(Ok(60), |seconds| seconds.parse())?;
    let mut fleet = Vec::new();
    for _ in 0..INSTANCES {
        fleet.push(start().await?);
    }
    let targets: Vec<_> = fleet.iter().map(|one| format!("'{}'", one.listener.address())).collect();
    println!(
        "prometheus.yml:\n\nscrape_configs:\n  - job_name: shop\n    scrape_interval: 1s\n    static_configs: [{{targets: [{}]}}]\n\nprometheus --config.file=prometheus.yml\n\n{QUERIES}\n",
        targets.join(", ")
    );
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut busy = Vec::new();
    for (one, number) in fleet.iter().zip(1..) {
        busy.push(tokio::spawn(work(one.pool.clone(), number, end)));
    }
    for one in busy {
        one.await??;
    }

    // The same sum, without Prometheus: histograms and counters add up without loss.
    let mut all = Activity::default();
    for one in &fleet {
        let total = one.monitor.snapshot().lifetime.total;
        println!("{}: {} calls, p99 {:.3?}", one.listener.address(), total.calls, total.p99());
        all.merge(&total);
    }
    println!("all: {} calls, p99 {:.3?}", all.calls, all.p99());
    Ok(())
}

async fn start() -> Result<Instance, Box<dyn std::error::Error>> {
    let monitor = Monitor::builder().build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);
    let listener = Listener::start(Exporter::new(&monitor), "127.0.0.1:0")?;
    Ok(Instance { _shop: shop, pool, monitor, listener })
}

/// Each instance has other work: the third is busier, and with larger queries.
async fn work(
    pool: MonitoredPool<sqlx::Sqlite>,
    number: u32,
    end: Instant,
) -> Result<(), sqlx::Error> {
    while Instant::now() < end {
        let orders = sqlx::query("SELECT id, total FROM orders WHERE customer_id < ?");
        orders.bind(number * number * 20).fetch_all(&pool).await?;
        tokio::time::sleep(Duration::from_millis(u64::from(20 / number))).await;
    }
    Ok(())
}

//! How do I hear of trouble while it happens, and when it is over?

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::judge::{AlertEvent, Notice};
use monitor_core::show::duration;
use monitor_examples::Outcome;
use monitor_sqlx::{MonitoredPool, MonitoredPoolConnection};
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::time::{Instant, interval, sleep};

/// When what goes wrong, in seconds.
const KEEP_MOST: u64 = 2;
const KEEP_ALL: u64 = 5;
const GIVE_BACK: u64 = 8;
const SLOW: u64 = 10;
const END: u64 = 14;

#[tokio::main]
async fn main() -> Outcome {
    // A receiver's end for the service's own code; `Slack`, `PagerDuty`, `Alertmanager`, `Webhook`, `Log` are sinks as well, and
    // `on_alert(|alert| ..)` takes a closure. Times are short, so that you need not wait.
    let (sink, mut notices) = monitor_notify::channel(100);
    let monitor = Monitor::builder()
        .slow(Duration::from_millis(200))
        .pool_usage(0.75)
        .alert_held_for(Duration::from_secs(1))
        .alert_clear_for(Duration::from_secs(2))
        .sink(sink)
        .build()?;
    let pool = SqlitePoolOptions::new().max_connections(8).connect("sqlite::memory:").await?;
    let pool = MonitoredPool::new(pool, &monitor);
    tokio::spawn(traffic(pool.clone()));

    let mut kept = Vec::new();
    let mut seconds = interval(Duration::from_secs(1));
    let start = Instant::now();
    loop {
        tokio::select! {
            Some(notice) = notices.recv() => print(&notice),
            _ = seconds.tick() => {
                let second = start.elapsed().as_secs();
                if second == END {
                    break;
                }
                goes_wrong(second, &pool, &mut kept).await?;
                // Alerts are reviewed every five seconds; this example is too impatient for that.
                monitor.review_alerts();
                println!("{}", now(second, &monitor));
            }
        }
    }

    println!("\nafterwards");
    for alert in monitor.alerts() {
        let (kind, times) = (alert.finding.kind, alert.times_seen);
        println!("  {kind:<12} {:<9} seen {times} times, {}", alert.state, alert.finding.subject);
    }
    for sink in monitor.snapshot().sinks {
        println!(
            "  {} was told {} notices, {} wait",
            sink.name,
            sink.delivered,
            sink.waiting.len()
        );
    }
    Ok(())
}

/// An ordinary service: some fifty queries a second.
async fn traffic(pool: MonitoredPool<Sqlite>) {
    while sqlx::query("SELECT 1").execute(&pool).await.is_ok() {
        sleep(Duration::from_millis(15)).await;
    }
}

/// First a bug keeps six of eight connections, then all; then a query takes its time.
async fn goes_wrong(
    second: u64,
    pool: &MonitoredPool<Sqlite>,
    kept: &mut Vec<MonitoredPoolConnection<Sqlite>>,
) -> Outcome {
    match second {
        KEEP_MOST | KEEP_ALL => {
            while kept.len() < if second == KEEP_MOST { 6 } else { 8 } {
                kept.push(pool.acquire().await?);
            }
        }
        GIVE_BACK => kept.clear(),
        SLOW => {
            let count = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000000) \
                         select count(*) from n";
            sqlx::query(count).fetch_one(pool).await?;
        }
        _ => {}
    }
    Ok(())
}

/// One line about this second.
fn now(second: u64, monitor: &Monitor) -> String {
    let snapshot = monitor.snapshot();
    let levels = snapshot.pools().find_map(|(_, pool)| pool.levels).unwrap_or_default();
    let (used, max) = (levels.in_use() as usize, levels.max.unwrap_or_default() as usize);
    let bar = "█".repeat(used) + &"░".repeat(max.saturating_sub(used));
    let (calls, health) = (snapshot.lifetime.total.calls, monitor.health().status);
    format!("{second:>3} s  pool {bar}  {calls:>5} calls  {health}")
}

fn print(notice: &Notice) {
    let (sign, color) = match notice.event {
        AlertEvent::Fired => ("▲", 33),
        AlertEvent::Worsened => ("▲", 31),
        AlertEvent::Resolved => ("✔", 32),
        _ => ("·", 36),
    };
    let finding = &notice.alert.finding;
    let lasted = notice.at.duration_since(notice.alert.since).unwrap_or_default();
    let said = match notice.event {
        AlertEvent::Resolved => format!("{} is over after {}", finding.kind, duration(lasted)),
        event => format!("{} {event}, {}: {}", finding.kind, finding.severity, finding.message),
    };
    let (on, off) = match std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        true => (format!("\u{1b}[{color}m"), "\u{1b}[0m"),
        false => (String::new(), ""),
    };
    println!("       {on}{sign} {said}{off}");
}

//! How do I hear of trouble while it happens, and when it is over?

use std::sync::mpsc;
use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::judge::Severity;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use tokio::time::{Instant, sleep};

#[tokio::main]
async fn main() -> Outcome {
    // The callback runs on the monitor's own thread; what it does with an alert is yours: a log
    // line, a chat message, a page. Here it goes down a channel.
    let (tell, told) = mpsc::channel();
    let monitor = Monitor::builder()
        .pool_usage(0.5)
        .alert_held_for(Duration::ZERO)
        .alert_clear_for(Duration::from_secs(5))
        .on_alert(move |alert| drop(tell.send(alert.clone())))
        .build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);

    let mut held = Some((pool.acquire().await?, pool.acquire().await?));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(17) {
        sleep(Duration::from_millis(200)).await;
        for alert in told.try_iter() {
            println!(
                "{:>4.1?}  {:<8} {:<8} {}",
                start.elapsed(),
                alert.state.as_str(),
                alert.finding.severity,
                alert.finding.message
            );
        }
        if start.elapsed() > Duration::from_secs(6) && held.take().is_some() {
            println!("{:>4.1?}  both connections go back", start.elapsed());
        }
    }

    println!("\nhistory, warnings and worse:");
    for alert in monitor.alerts().iter().filter(|a| a.finding.severity >= Severity::Warning) {
        println!("  {} {} seen {} times", alert.finding.kind, alert.state, alert.times_seen);
    }
    Ok(())
}

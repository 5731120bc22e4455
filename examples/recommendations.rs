//! What should I change, and why does the monitor say nothing about the rest?

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::judge::advice::{AdviceSettings, Verdict};
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use sqlx::AssertSqlSafe;

#[tokio::main]
async fn main() -> Outcome {
    // A service leaves this at its minute: what was watched for a moment is hardly a habit.
    let settings = AdviceSettings::default().observe_for(Duration::ZERO);
    let monitor = Monitor::builder().recommendations(settings).build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(2).await?, &monitor);

    // A page deep in a result, values written into the text, orders counted to know whether there is one.
    for page in 0..8 {
        let deep =
            format!("SELECT id FROM order_items ORDER BY id LIMIT 20 OFFSET {}", 8_000 + 20 * page);
        sqlx::query(AssertSqlSafe(deep)).fetch_all(&pool).await?;
        sqlx::query("SELECT count(*) > 0 FROM orders WHERE customer_id = ?")
            .bind(page)
            .fetch_all(&pool)
            .await?;
        sqlx::query("SELECT product FROM order_items WHERE order_id = ?")
            .bind(page)
            .fetch_all(&pool)
            .await?;
    }
    for customer in 0..80 {
        let by_name =
            format!("SELECT name FROM customers WHERE email = 'user{customer}@example.com'");
        sqlx::query(AssertSqlSafe(by_name)).fetch_optional(&pool).await?;
    }

    // A service asks `recommendations()`, which the monitor keeps up to date; here we do not wait for it.
    let advice = monitor.look_for_advice();
    for one in &advice.recommendations {
        println!("{} ({}, {} effort)  {}", one.rule, one.priority, one.effort, one.title);
        println!("    {}", one.meaning);
        println!("    try: {}", one.remedy.join("; "));
        println!("    key, to mute it: {}\n", one.key);
    }

    println!("and why nothing else:");
    for answer in &advice.answers {
        let reason = answer.reasons.iter().find(|reason| reason.verdict == answer.verdict);
        if let Some(reason) = reason.filter(|_| answer.verdict != Verdict::Found) {
            println!("  {:<22} {}: {}", answer.rule, answer.verdict, reason.why);
        }
    }
    Ok(())
}

//! What does it look like? A small shop does mixed work for a few seconds, through sqlx and through
//! diesel, with a slow query, an error, an N+1 loop and an exhausted pool in it.
//!
//! Live lines while it runs, then the report: `cargo run --example quickstart`

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use monitor_core::Monitor;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use sqlx::Sqlite;
use tokio::time::{Instant, sleep};

const RUNS_FOR: Duration = Duration::from_secs(6);
const POOL_SIZE: u32 = 4;

type Pool = MonitoredPool<Sqlite>;

#[tokio::main]
async fn main() -> Outcome {
    // Monitoring, in three lines. The thresholds are lower than the defaults, so that something is
    // slow within a few seconds.
    let monitor = Monitor::builder()
        .slow(Duration::from_millis(200))
        .on_alert(|alert| println!("  {}: {}", alert.state, alert.finding.message))
        .build()?;
    let shop = Shop::open().await?;
    let pool = MonitoredPool::new(shop.pool(POOL_SIZE).await?, &monitor);
    monitor_diesel::install(&monitor)?;

    let until = Instant::now() + RUNS_FOR;
    let reports = std::thread::spawn({
        let path = shop.path();
        move || daily_report(&path, until.into_std())
    });
    tokio::try_join!(
        show_orders(&pool, until),
        take_orders(&pool, until),
        one_slow_query(&pool),
        one_duplicate(&pool),
        one_exhausted_pool(&pool),
        live_lines(&monitor, until),
    )?;
    reports.join().map_err(|_| "the report thread panicked")?.map_err(|e| e.to_string())?;

    println!("\n{}", monitor.report());
    Ok(())
}

/// A page that loads a list, and then one thing more for every row of it: N+1.
async fn show_orders(pool: &Pool, until: Instant) -> sqlx::Result<()> {
    let mut customer = 0;
    while Instant::now() < until {
        customer = customer % 500 + 1;
        let orders: Vec<(i64,)> = sqlx::query_as("SELECT id FROM orders WHERE customer_id = ?")
            .bind(customer)
            .fetch_all(pool)
            .await
            .or_else(unless_pool_is_exhausted)?;
        for (order,) in orders {
            sqlx::query("SELECT product, qty FROM order_items WHERE order_id = ?")
                .bind(order)
                .fetch_all(pool)
                .await
                .or_else(unless_pool_is_exhausted)?;
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A transaction that writes.
async fn take_orders(pool: &Pool, until: Instant) -> sqlx::Result<()> {
    let mut number = 10_000;
    while Instant::now() < until {
        number += 1;
        let Ok(mut tx) = pool.begin().await else { continue };
        sqlx::query(
            "INSERT INTO orders (id, customer_id, status, total) VALUES (?, ?, 'new', 9.5)",
        )
        .bind(number)
        .bind(number % 500)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE orders SET status = 'pending' WHERE id = ?")
            .bind(number)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        sleep(Duration::from_millis(35)).await;
    }
    Ok(())
}

/// A query that counts to a few million.
async fn one_slow_query(pool: &Pool) -> sqlx::Result<()> {
    sleep(Duration::from_millis(1_500)).await;
    sqlx::query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n")
        .fetch_one(pool)
        .await?;
    Ok(())
}

/// An email address that is taken already.
async fn one_duplicate(pool: &Pool) -> sqlx::Result<()> {
    sleep(Duration::from_millis(2_500)).await;
    let taken =
        sqlx::query("INSERT INTO customers (email, name) VALUES ('user1@example.com', 'Eve')");
    if let Err(error) = taken.execute(pool).await {
        println!("  the service sees: {error}");
    }
    Ok(())
}

/// Somebody takes every connection and does something else with them.
async fn one_exhausted_pool(pool: &Pool) -> sqlx::Result<()> {
    sleep(Duration::from_millis(3_500)).await;
    let mut taken = Vec::new();
    for _ in 0..POOL_SIZE {
        taken.push(pool.acquire().await?);
    }
    sleep(Duration::from_millis(900)).await;
    Ok(())
}

/// While the pool is exhausted the service has nothing to show, and goes on.
fn unless_pool_is_exhausted<T: Default>(error: sqlx::Error) -> sqlx::Result<T> {
    match error {
        sqlx::Error::PoolTimedOut => Ok(T::default()),
        other => Err(other),
    }
}

async fn live_lines(monitor: &Monitor, until: Instant) -> sqlx::Result<()> {
    while Instant::now() < until {
        sleep(Duration::from_secs(1)).await;
        let now = monitor.snapshot();
        let total = &now.lifetime.total;
        let pool = now.pools().find_map(|(_, pool)| Some((pool.levels?.in_use(), pool.clone())));
        let (in_use, waiting) = pool.map_or((0, 0), |(used, pool)| (used, pool.checkouts.waiting));
        println!(
            "{:>2} s  {:>5} calls  {:>6.1}/s  p95 {:>9.2?}  {} failed  {} slow  pool {in_use}/{POOL_SIZE}, {waiting} waiting",
            now.uptime.as_secs(),
            total.calls,
            now.calls_per_second(),
            total.p95(),
            total.failed,
            total.slow,
        );
    }
    Ok(())
}

#[allow(missing_docs, reason = "diesel writes it")]
mod schema {
    diesel::table! {
        orders (id) {
            id -> BigInt,
            customer_id -> BigInt,
            status -> Text,
            total -> Double,
        }
    }
}

use schema::orders;

#[derive(QueryableByName)]
struct Seller {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "a real service would show it")]
    product: String,
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "a real service would show it")]
    sold: i64,
}

/// The same database through diesel: once installed, every connection is watched.
fn daily_report(
    path: &str,
    until: std::time::Instant,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = SqliteConnection::establish(path)?;
    diesel::sql_query("PRAGMA busy_timeout = 2000").execute(&mut connection)?;
    while std::time::Instant::now() < until {
        let pending: i64 = orders::table
            .filter(orders::status.eq("pending"))
            .count()
            .get_result(&mut connection)?;
        let best_sellers = "SELECT product, sum(qty) AS sold FROM order_items GROUP BY product ORDER BY sold DESC LIMIT 5";
        let sellers: Vec<Seller> = diesel::sql_query(best_sellers).load(&mut connection)?;
        let wanted = orders::id.eq_any([pending, sellers.len() as i64, 7]);
        orders::table.filter(wanted).select(orders::total).load::<f64>(&mut connection)?;
        std::thread::sleep(Duration::from_millis(150));
    }
    Ok(())
}

//! What does my database do? A demo application with live, varied traffic, and its dashboard.
//!
//! `cargo run --example dashboard [-- address [token]]`

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::judge::advice::AdviceSettings;
use monitor_dashboard::Dashboard;
use monitor_examples::{Outcome, Shop};
use monitor_sqlx::MonitoredPool;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, Sqlite};
use tokio::time::sleep;

type Pool = MonitoredPool<Sqlite>;

/// Visitors of the shop at a time.
const VISITORS: u64 = 6;

#[tokio::main]
async fn main() -> Outcome {
    let advice = AdviceSettings::default().every(Duration::from_secs(30));
    let monitor = Monitor::builder()
        .slow(Duration::from_millis(25))
        .very_slow(Duration::from_millis(250))
        .recommendations(advice.observe_for(Duration::from_secs(20)))
        .build_id(concat!("demo ", env!("CARGO_PKG_VERSION")))
        .build()?;
    let shop = Shop::open().await?;
    let web = watched("web", shop.pool(5).await?, &monitor);
    let jobs = watched("jobs", shop.pool(2).await?, &monitor);
    monitor.ask_database(monitor_sqlx::asker::<Sqlite>(&monitor, &web.connect_options()));

    for visitor in 0..VISITORS {
        let pool = web.clone();
        tokio::spawn(async move {
            for round in 0.. {
                // What fails is in the dashboard; a demo goes on.
                let _ = visit(&pool, visitor * 1_000 + round).await;
                sleep(Duration::from_millis(40 + (round * 37 + visitor * 91) % 400)).await;
            }
        });
    }
    for worker in 0..3 {
        tokio::spawn(work(jobs.clone(), worker));
    }

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9300".into());
    let mut dashboard = Dashboard::new(&monitor).actions();
    if let Some(token) = std::env::args().nth(2) {
        dashboard = dashboard.token(token);
    }
    let serving = dashboard.bind(address.parse()?).await?;
    println!("http://{}/", serving.address()?);
    serving.run().await;
    Ok(())
}

fn watched(name: &str, pool: SqlitePool, monitor: &Monitor) -> Pool {
    MonitoredPool::builder(pool).name(name).probe(Duration::from_secs(5)).build(monitor)
}

/// One visitor does one thing.
async fn visit(pool: &Pool, number: u64) -> Result<(), sqlx::Error> {
    let customer = i64::try_from(number % 500).unwrap_or_default() + 1;
    match number % 16 {
        0..5 => profile(pool, customer).await,
        5..9 => orders(pool, customer).await,
        9..12 => search(pool, customer).await,
        12 | 13 => buy(pool, customer).await,
        14 => register(pool, customer).await,
        _ => page(pool, customer).await,
    }
}

async fn profile(pool: &Pool, customer: i64) -> Result<(), sqlx::Error> {
    let pool = pool.for_user(customer.to_string()).tagged("GET /me").here();
    let by_key = "SELECT name, email FROM customers WHERE id = ?";
    sqlx::query(by_key).bind(customer).fetch_one(&pool).await.map(drop)
}

/// The orders of a customer, and then each order's items one by one: N+1.
async fn orders(pool: &Pool, customer: i64) -> Result<(), sqlx::Error> {
    let pool = pool.tagged("GET /orders").here();
    let unindexed = "SELECT id, status, total FROM orders WHERE customer_id = ? ORDER BY id DESC";
    let orders: Vec<SqliteRow> = sqlx::query(unindexed).bind(customer).fetch_all(&pool).await?;
    let mut connection = pool.acquire().await?;
    for order in orders {
        sqlx::query("SELECT product, qty FROM order_items WHERE order_id = ?")
            .bind(order.get::<i64, _>("id"))
            .fetch_all(&mut connection)
            .await?;
    }
    Ok(())
}

async fn search(pool: &Pool, number: i64) -> Result<(), sqlx::Error> {
    let pool = pool.tagged("GET /search").here();
    let like = "SELECT DISTINCT order_id FROM order_items WHERE product LIKE ?";
    sqlx::query(like).bind(format!("%{}", number % 40)).fetch_all(&pool).await.map(drop)
}

/// A transaction that now and then is rolled back, and thinks meanwhile.
async fn buy(pool: &Pool, customer: i64) -> Result<(), sqlx::Error> {
    let mut tx = pool.tagged("POST /orders").begin().await?;
    sqlx::query("INSERT INTO orders (customer_id, status, total) VALUES (?, 'pending', ?)")
        .bind(customer)
        .bind(customer % 97)
        .execute(&mut *tx)
        .await?;
    sleep(Duration::from_millis(15)).await;
    sqlx::query("UPDATE customers SET name = name WHERE id = ?")
        .bind(customer)
        .execute(&mut *tx)
        .await?;
    if customer % 7 == 0 { tx.rollback().await } else { tx.commit().await }
}

/// An e-mail address that is taken already.
async fn register(pool: &Pool, customer: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO customers (email, name) VALUES (?, 'Ann')")
        .bind(format!("user{customer}@example.com"))
        .execute(&pool.tagged("POST /register").here())
        .await
        .map(drop)
}

/// A page deep in a list.
async fn page(pool: &Pool, customer: i64) -> Result<(), sqlx::Error> {
    let pool = pool.tagged("GET /items").here();
    let deep = "SELECT id, product FROM order_items ORDER BY product, id LIMIT 20 OFFSET ?";
    sqlx::query(deep).bind(5_000 + customer).fetch_all(&pool).await.map(drop)
}

/// Jobs that share too few connections: a report that is slow, and a pause that keeps its connection.
async fn work(pool: Pool, worker: u64) {
    let pool = pool.tagged("nightly report");
    for round in 0_u64.. {
        let _ = report(&pool, (round + worker).is_multiple_of(8)).await;
        sleep(Duration::from_millis(200 + worker * 130)).await;
    }
}

async fn report(pool: &Pool, lingers: bool) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let grouped = "SELECT c.name, sum(i.qty) FROM customers c JOIN orders o ON o.customer_id = c.id \
                   JOIN order_items i ON i.order_id = o.id GROUP BY c.name ORDER BY 2 DESC";
    sqlx::query(grouped).fetch_all(&mut connection).await?;
    if lingers {
        sleep(Duration::from_millis(1_500)).await;
    }
    Ok(())
}

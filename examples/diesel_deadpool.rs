//! How do I watch diesel-async and its pool? Wrap the pool you have.

use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, RunQueryDsl};
use monitor_core::Monitor;
use monitor_diesel::MonitoredConnection;
use monitor_diesel::deadpool::MonitoredPool;
use monitor_examples::{Outcome, Shop};

#[allow(missing_docs, reason = "diesel writes it")]
mod schema {
    diesel::table! {
        customers (id) {
            id -> BigInt,
            email -> Text,
            name -> Text,
        }
    }
}

use schema::customers;

/// Elsewhere it would be `MonitoredConnection<AsyncPgConnection>`, or `AsyncPgConnection` alone.
type Connection = SyncConnectionWrapper<MonitoredConnection<SqliteConnection>>;

#[tokio::main]
async fn main() -> Outcome {
    let shop = Shop::open().await?;
    let monitor = Monitor::builder().build()?;
    monitor_diesel::install(&monitor)?;

    let manager = AsyncDieselConnectionManager::<Connection>::new(shop.path());
    let pool = Pool::builder(manager).max_size(3).build()?;
    let database = monitor_diesel::database_of(&shop.path());
    let pool = MonitoredPool::new("shop", pool, &monitor, database);

    let mut requests = Vec::new();
    for id in 1..=30 {
        let pool = pool.clone();
        requests.push(tokio::spawn(async move {
            // What it waits for the pool is the checkout's, not the query's.
            let mut connection = pool.get().await.ok()?;
            let name = customers::table.find(id).select(customers::name);
            name.first::<String>(&mut connection).await.ok()
        }));
    }
    for request in requests {
        request.await?;
    }

    let mut connection = pool.get().await?;
    let undone: QueryResult<()> = connection
        .transaction(async |connection| {
            let rename = diesel::update(customers::table.find(7)).set(customers::name.eq("Eve"));
            rename.execute(connection).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    println!("the service sees: {undone:?}");

    println!("{}", monitor.report());
    Ok(())
}

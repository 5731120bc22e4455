//! How do I watch a diesel pool? One line where it is built; a wrapped connection knows rows too.

use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use monitor_core::Monitor;
use monitor_diesel::MonitoredConnection;
use monitor_diesel::r2d2::PoolMonitor;
use monitor_examples::{Outcome, Shop};

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

fn main() -> Outcome {
    let shop = tokio::runtime::Runtime::new()?.block_on(Shop::open())?;
    let monitor = Monitor::builder().build()?;
    monitor_diesel::install(&monitor)?;

    // Precise mode is the type of the connection: `SqliteConnection` would do, and tell no rows.
    let manager = ConnectionManager::<MonitoredConnection<SqliteConnection>>::new(shop.path());
    let builder = Pool::builder().max_size(2).connection_timeout(Duration::from_millis(200));
    let watch = PoolMonitor::new("shop", &monitor, monitor_diesel::database_of(&shop.path()));
    let pool = watch.build(builder, manager)?;

    for customer in 1..=20 {
        let mut connection = pool.get()?;
        let of_customer = orders::table.filter(orders::customer_id.eq(customer));
        let _: Vec<(i64, f64)> =
            of_customer.select((orders::id, orders::total)).load(&mut connection)?;
        connection.transaction(|connection| {
            let paid = diesel::update(of_customer).set(orders::status.eq("paid"));
            paid.execute(connection)
        })?;
    }

    // Two keep what they have, and a third waits in vain. `watch.get` remembers who asked.
    let _kept = (watch.get(&pool)?, watch.get(&pool)?);
    if let Err(error) = watch.get(&pool) {
        println!("the service sees: {error}");
    }
    for (pool, explanation) in monitor.timeouts() {
        println!("{pool}: {}", explanation.text);
    }
    println!("{}", monitor.report());
    Ok(())
}

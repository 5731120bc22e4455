//! How do I watch diesel? Install once, before the first connection is made.

use diesel::prelude::*;
use monitor_core::Monitor;
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

fn main() -> Outcome {
    let shop = tokio::runtime::Runtime::new()?.block_on(Shop::open())?;

    let monitor = Monitor::builder().build()?;
    monitor_diesel::install(&monitor)?;

    // Every connection made from here on is watched: sync or async, pooled or not.
    let mut connection = SqliteConnection::establish(&shop.path())?;
    let name: String = customers::table.find(7).select(customers::name).first(&mut connection)?;
    connection.transaction(|connection| {
        diesel::update(customers::table.find(7))
            .set(customers::name.eq(format!("{name} the Second")))
            .execute(connection)
    })?;

    println!("{}", monitor.report());
    Ok(())
}

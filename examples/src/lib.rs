//! What the examples share: a small shop in a SQLite file that goes away with the example.

use std::error::Error;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tempfile::TempDir;

/// What an example's `main` returns.
pub type Outcome = Result<(), Box<dyn Error>>;

/// A SQLite file in a folder of its own; both are deleted when this is dropped.
#[derive(Debug)]
pub struct Shop {
    folder: TempDir,
}

/// Customers, orders and what was ordered: a few thousand rows.
const TABLES: &str = "
    pragma journal_mode = wal;
    create table customers (id integer primary key, email text not null unique, name text not null);
    create table orders (
        id integer primary key, customer_id integer not null, status text not null, total real not null
    );
    create table order_items (
        id integer primary key, order_id integer not null, product text not null, qty integer not null
    );
    create index order_items_order on order_items (order_id);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
        insert into customers select i, 'user' || i || '@example.com', 'User ' || i from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
        insert into orders
        select i, 1 + i % 500, case i % 20 when 0 then 'pending' else 'shipped' end, i % 97 from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 9000)
        insert into order_items select i, 1 + i % 3000, 'product ' || i % 40, 1 + i % 5 from n;
";

impl Shop {
    /// Makes the file and fills it.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be written.
    pub async fn open() -> Result<Self, Box<dyn Error>> {
        let shop = Self { folder: TempDir::new()? };
        let pool = shop.pool(1).await?;
        sqlx::raw_sql(TABLES).execute(&pool).await?;
        pool.close().await;
        Ok(shop)
    }

    /// An ordinary sqlx pool, as a service would have it.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub async fn pool(&self, connections: u32) -> Result<SqlitePool, sqlx::Error> {
        let file = SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        let options = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(std::time::Duration::from_millis(300));
        options.connect_with(file).await
    }

    /// Where the file is, for diesel.
    #[must_use]
    pub fn path(&self) -> String {
        self.folder.path().join("shop.db").display().to_string()
    }
}

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

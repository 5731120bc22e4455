//! A web shop: its schema, its rows at any scale, and the statements it runs with what is known about them.
//!
//! See `tests/fixtures/shop/README.md` for where it comes from. Loading it, where `run` sends a statement:
//!
//! ```
//! use monitor_tests::shop::{self, Dialect, Scale};
//! # let mut statements = 0;
//! # let mut run = |_sql: &str| statements += 1;
//!
//! let scale = Scale::of(0.01);
//! for sql in shop::table_definitions(Dialect::Sqlite) {
//!     run(sql);
//! }
//! for table in shop::tables() {
//!     for sql in shop::insert_batches(table, scale, Dialect::Sqlite, 500) {
//!         run(&sql);
//!     }
//! }
//! for sql in shop::index_definitions(Dialect::Sqlite) {
//!     run(sql);
//! }
//! # assert!(statements > 50);
//! ```
//!
//! PostgreSQL takes [`csv`] faster: `COPY customers FROM STDIN (FORMAT csv)`.

mod expected;
mod load;
mod placeholders;
mod random;
mod rows;
mod schema;
mod tables;
mod value;
mod workload;

pub use expected::{Expected, Verdict, expected};
pub use load::{csv, insert_batches};
pub use placeholders::{for_mysql, for_postgres, for_sqlite, inlined};
pub use schema::{Dialect, index_definitions, schema, table_definitions};
pub use tables::{Scale, Table, table, tables};
pub use value::{Row, Value};
pub use workload::{Label, Param, Query, WriteRate, query, workload, write_rates};
